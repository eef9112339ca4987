"""A double-random drawing in pages, from the pools to what the public reads."""

import re

from agency.model import Role
from foundation.database import Database
from tests.agency.enforcement_items.builders import an_item
from tests.builders import a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.inspection.drawing.builders import a_credit_code


async def test_a_drawing_goes_from_its_pools_to_the_public_in_pages(desk: Desk, database: Database) -> None:
    unit_id = await a_unit(database)
    await somebody(database, unit_id, "head", Role.ENTITY_HEAD)
    officers = [str((await an_officer(database, unit_id)).person_id) for _ in range(3)]
    await desk.sign_in("head")
    assert "还没有双随机抽取" in (await desk.read("/desk/drawings")).text
    pools = {
        "unit_id": str(unit_id),
        "title": "餐饮油烟抽查",
        "basis": "年度抽查计划",
        "numbers": "高 1\n低 2",
        "team_size": "2",
        "enterprises": "\n".join(
            f"{a_credit_code(one)}\t餐饮店{one}号\t解放大道\t餐饮\t{'高' if one < 2 else '低'}\t2" for one in range(6)
        ),
        "officers": officers,
        "conflicts": f"X-{officers[0]}，{a_credit_code(1)}，亲属",
        "beacon_source": "彩票开奖号码",
    }
    wrong = await desk.send("/desk/drawings", pools | {"conflicts": f"谁也不是，{a_credit_code(1)}，亲属"})
    assert (wrong.status_code, 'id="error-conflicts"' in wrong.text) == (400, True)
    wrong = await desk.send("/desk/drawings", pools | {"numbers": "高 很多"})
    assert (wrong.status_code, 'id="error-numbers"' in wrong.text) == (400, True)
    wrong = await desk.send("/desk/drawings", pools | {"enterprises": "只有名称"})
    assert (wrong.status_code, 'id="error-enterprises"' in wrong.text) == (400, True)
    made = await desk.send("/desk/drawings", pools)
    path = made.headers["location"].partition("?")[0]
    assert (made.status_code, "亲属" in (await desk.read(path)).text) == (303, True)
    public = path.replace("/desk/", "/public/")
    assert (await desk.read(public)).status_code == 404

    assert (await desk.send(path, {"step": "freeze"})).status_code == 303
    assert "结果尚未公开" in (await desk.read(public)).text
    assert (await desk.send(path, {"step": "draw"})).status_code == 422
    assert (await desk.send(path, {"step": "draw", "beacon": "03 11"})).status_code == 303
    assert (await desk.send(path, {"step": "draw", "beacon": "03 12"})).status_code == 409
    assert "抽取结果" in text_of(await desk.read(path))
    assert (await desk.send(path, {})).status_code == 400
    assert (await desk.send(path, {"step": "publish"})).status_code == 303

    wish = {"step": "tasks", "due_on": "2026-06-20", "items": ["JC-001"]}
    assert (await desk.send(path, wish)).status_code == 422
    await an_item(database, unit_id)
    made = await desk.send(path, wish)
    assert made.headers["location"] == f"{path}?made=3&full=0"
    page = await desk.read(made.headers["location"])
    assert "已下达 3 项任务" in text_of(page)
    assert ('value="tasks"' in page.text, page.text.count("/preparation")) == (False, 3)

    desk.client.cookies.clear()
    read = await desk.read(public)
    assert "set-cookie" not in read.headers
    assert len(re.findall(r"餐饮店\d号", read.text)) == 3
    assert not any(officer in read.text for officer in officers)
    assert "亲属" not in read.text
    assert "餐饮油烟抽查" in (await desk.read("/public/drawings")).text


async def test_who_only_reviews_reads_drawings_and_takes_no_step(desk: Desk, database: Database) -> None:
    await somebody(database, await a_unit(database), "reviewer", Role.LEGAL_REVIEWER)
    await desk.sign_in("reviewer")
    page = await desk.read("/desk/drawings")
    assert (page.status_code, 'name="enterprises"' in page.text) == (200, False)
    assert (await desk.send("/desk/drawings", {})).status_code == 403
