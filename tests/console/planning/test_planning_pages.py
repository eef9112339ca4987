"""Pages of planning: a plan filed and made tasks, a single task, the approval queue, two units' visits made one."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

import pytest_asyncio

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act, ItemVersion
from agency.model import Role, UnitKind
from foundation.database import Database
from tests.builders import LONG_AGO, OfficerWithPhone, a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.inspection.drawing.builders import a_credit_code
from tests.support import FixedClock

ITEM = "JC-1"


class Units(NamedTuple):
    ours: UUID
    theirs: UUID
    officers: list[OfficerWithPhone]


@pytest_asyncio.fixture
async def units(database: Database, clock: FixedClock) -> Units:
    """Two departments of a city with a head each, three officers of ours, one published item."""
    city = await a_unit(database)
    async with database.transaction() as db:
        ours, theirs = [
            (await agency.add_unit(db, UnitKind.DEPARTMENT, name, name, date(2020, 1, 1), parent_id=city)).id
            for name in ("城管局", "环保局")
        ]
        item = ItemVersion(
            code=ITEM,
            act=Act.INSPECTION,
            name_zh="油烟检查",
            name_en="Fumes",
            legal_basis="条例",
            unit_id=city,
            begins=date(2026, 1, 1),
        )
        await items.add_version(db, item, LONG_AGO, None)
    await somebody(database, ours, "ours", Role.ENTITY_HEAD)
    await somebody(database, theirs, "theirs", Role.ENTITY_HEAD)
    return Units(ours, theirs, [await an_officer(database, ours) for _ in range(2)])


def a_task_form(unit_id: UUID, **changes: object) -> dict[str, object]:
    return {
        "title": "油烟投诉核查",
        "unit_id": str(unit_id),
        "source": "COMPLAINT",
        "due_on": "2026-06-20",
        "uscc": a_credit_code(1),
        "enterprise_name": "大智餐饮",
        "items": ITEM,
    } | changes


async def made(desk: Desk, unit_id: UUID, **changes: object) -> str:
    """The address of the preparation page of a new task."""
    answer = await desk.send("/desk/inspections/new", a_task_form(unit_id, **changes))
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"].partition("?")[0]


async def test_a_plan_is_filed_line_by_line_and_made_tasks_for_a_team_that_may_go(desk: Desk, units: Units) -> None:
    await desk.sign_in("ours")
    plan = {
        "title": "年度计划",
        "unit_id": str(units.ours),
        "source": "PLAN",
        "published_on": "2026-06-15",
        "begins": "2026-06-15",
        "ends": "2026-12-31",
        "items": ITEM,
        "counts_why": "日常检查",
        "targets": f"{a_credit_code(1)}，大智餐饮，大智路1号\n{a_credit_code(2)}\t一元餐饮",
    }
    wrong = await desk.send("/desk/inspection-plans", plan | {"targets": "大智餐饮"})
    assert wrong.status_code == 400
    assert "无法识别“大智餐饮”" in text_of(wrong)
    filed = await desk.send("/desk/inspection-plans", plan)
    path = filed.headers["location"].partition("?")[0]
    team = {"due_on": "2026-06-20", "officers": str(units.officers[0].person_id)}
    alone = await desk.send(path, team)
    assert alone.status_code == 422
    assert "至少应有 2 名" in text_of(alone)
    both = [str(officer.person_id) for officer in units.officers]
    assert (await desk.send(path, team | {"officers": both})).status_code == 303
    shown = text_of(await desk.read(path))
    assert shown.count("待检查") == 2
    assert "下达任务" not in shown


async def test_the_head_approves_what_waits_and_nobody_of_another_unit_finds_it(desk: Desk, units: Units) -> None:
    await desk.sign_in("ours")
    path = await made(desk, units.ours)
    assert "等待批准的检查" in text_of(await desk.read("/desk"))
    assert "大智餐饮" in text_of(await desk.read("/desk/inspections", unapproved="true"))
    await desk.sign_in("theirs")
    assert (await desk.send(path, {"step": "approval"})).status_code == 404
    await desk.sign_in("ours")
    assert (await desk.send(path, {"step": "approval", "note": "同意"})).status_code == 303
    assert "已批准" in text_of(await desk.read(path))
    assert "大智餐饮" not in text_of(await desk.read("/desk/inspections", unapproved="true"))


async def test_two_units_agree_at_their_pages_to_visit_together_and_part_again(desk: Desk, units: Units) -> None:
    await desk.sign_in("theirs")
    theirs = await made(desk, units.theirs)
    await desk.sign_in("ours")
    ours = await made(desk, units.ours)
    page = (await desk.read(ours)).text
    other_id = theirs.split("/")[-2]
    assert f'value="{other_id}"' in page
    assert (await desk.send(ours, {"step": "proposal", "other_id": other_id})).status_code == 303
    await desk.sign_in("theirs")
    assert "环保局" in text_of(await desk.read("/desk/joint-visits"))
    merge_id = (await desk.read(theirs)).text.partition('name="merge_id" value="')[2][:36]
    assert (await desk.send(theirs, {"step": "answer", "merge_id": merge_id, "agreed": "true"})).status_code == 303
    assert "联合检查" in text_of(await desk.read(theirs))
    assert (await desk.send(theirs, {"step": "part", "merge_id": merge_id})).status_code == 400
    parted = await desk.send(theirs, {"step": "part", "merge_id": merge_id, "reason": "改期"})
    assert parted.status_code == 303
    assert "已解除合并" in text_of(await desk.read(theirs))


async def test_a_form_of_no_known_step_is_refused(desk: Desk, units: Units) -> None:
    await desk.sign_in("ours")
    path = await made(desk, units.ours)
    assert (await desk.send(path, {"step": "bribe"})).status_code == 400
