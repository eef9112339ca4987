"""A review of case files in pages, from its commitment to the closing of an order."""

import re
from datetime import timedelta

from evidence.case_file_review.sheets import digest_of, standard
from foundation.database import Database
from tests.console.conftest import Desk, text_of
from tests.evidence.case_file_review.builders import a_city
from tests.evidence.case_file_review.test_rules import full
from tests.support import FixedClock

PATH = "/desk/case-file-reviews"
PDF = b"%PDF-1.7 what was mended"


def sheet(**lost: int) -> dict[str, str]:
    """The form of a sheet: what is found is ticked."""
    typed = {f"reason.{one.code}": one.reason for one in full(**lost)}
    typed |= {f"points.{one.code}": str(one.points) for one in full(**lost) if one.points is not None}
    return typed | {f"found.{one.code}": "true" for one in full(**lost) if one.found}


async def test_a_review_goes_from_its_commitment_to_the_closing_of_an_order_in_pages(  # noqa: PLR0915 - one story
    desk: Desk, database: Database, clock: FixedClock
) -> None:
    city = await a_city(database, clock)
    await desk.sign_in("supervisor")
    assert "还没有案卷评查" in (await desk.read(PATH)).text
    new = city.campaign(digest_of(standard()).hex(), number="1")
    wrong = await desk.send(PATH, new | {"share": "10"})
    assert (wrong.status_code, 'id="error-number"' in wrong.text) == (422, True)
    path = (await desk.send(PATH, new)).headers["location"]
    page = await desk.read(path)
    assert "期间内案卷 6 件" in text_of(page)
    assert 'value="draw"' not in page.text
    public = path.replace("/desk/", "/public/")
    conflict = {"step": "conflict", "unit_id": str(city.bureau), "reason": "近亲属"}
    await desk.sign_in("reviewer")
    assert (await desk.send(path, conflict)).status_code == 303
    assert (await desk.send(path, {"step": "draw"})).status_code == 404

    clock.advance(timedelta(days=20))
    await desk.sign_in("supervisor")
    assert 'value="draw"' in (await desk.read(path)).text
    assert (await desk.send(path, {"step": "draw"})).status_code == 303
    assert (await desk.send(path, {"step": "draw"})).status_code == 409
    drawn = await desk.read(path)
    [case] = set(re.findall(rf"{path}/files/([0-9a-f-]{{36}})", drawn.text))
    file = f"{path}/files/{case}"
    assert "待评查案卷" in (await desk.read("/desk")).text
    refused = await desk.send(f"{file}/judgement", sheet(V3=1) | {"reason.V3": ""})
    assert (refused.status_code, "须说明理由" in refused.text) == (422, True)
    assert re.search(r'name="found.V3" value="true" checked', refused.text)
    for name in ("supervisor", "other"):
        await desk.sign_in(name)
        done = await desk.send(f"{file}/judgement", sheet(V3=1, S2=5))
        assert (done.status_code, done.headers["location"]) == (303, path)
    assert "不合格" in text_of(await desk.read(path))
    ordered = await desk.send(f"{file}/order", {"demand": "补正", "working_days": "5"})
    order = ordered.headers["location"]

    await desk.sign_in("head")
    assert "待回复的整改通知" in (await desk.read("/desk")).text
    assert "2026-07-10" in (await desk.read("/desk/rectification-orders")).text
    told = await desk.read(order)
    assert (
        "执法人员少于两人" in told.text,
        "supervisor" in text_of(told).split("整改回复")[0].split("发现问题")[1],
    ) == (True, False)
    replied = await desk.send(order, {"step": "reply", "text": "已补正"}, files={"documents": ("a.pdf", PDF)})
    assert replied.status_code == 303, text_of(replied)
    await desk.sign_in("supervisor")
    shown = await desk.read(order)
    [document] = re.findall(rf"{order}/documents/[0-9a-f]{{64}}", shown.text)
    assert (await desk.read(document)).content == PDF
    returned = await desk.send(order, {"step": "return", "ordinal": "1"})
    assert (returned.status_code, "退回须说明理由" in returned.text) == (422, True)
    assert (await desk.send(order, {"step": "accept", "ordinal": "1"})).status_code == 303
    assert 'value="close"' not in (await desk.read(order)).text
    assert (await desk.send(order, {"step": "close"})).status_code == 409
    await desk.sign_in("other")
    assert (await desk.send(order, {"step": "close"})).status_code == 303
    assert "已销号" in text_of(await desk.read(order))
    assert "已办结" in text_of(await desk.read(path))
    desk.client.cookies.clear()
    read = await desk.read(public)
    assert ("set-cookie" in read.headers, case in read.text, "近亲属" in read.text) == (False, True, False)


async def test_who_neither_ordered_nor_reviews_sees_no_campaign(
    desk: Desk, database: Database, clock: FixedClock
) -> None:
    city = await a_city(database, clock, cases=1)
    await desk.sign_in("supervisor")
    path = (await desk.send(PATH, city.campaign(digest_of(standard()).hex()))).headers["location"]
    await desk.sign_in("insider")
    assert (await desk.read(path)).status_code == 404
    assert (await desk.send(PATH, {})).status_code == 403
    await desk.sign_in("head")
    assert (await desk.read(PATH)).status_code == 403
