"""`/desk/inspections`: within reach, what was told, what is missing, and every look at it in the custody chain."""

from datetime import date, timedelta

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Checklist, Point
from agency.model import Role
from evidence.custodian import Custodian
from foundation.civil import day_of
from inspection.pushing import push
from tests.agency.enforcement_items.builders import an_item
from tests.builders import a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.inspection.builders import AT, a_task, told

CONFORMS = {"type": "FINDING", "item": "F-01", "result": "CONFORMS", "note": "灶台已清洗"}


async def test_a_supervisor_sees_what_was_told_and_what_is_missing(desk: Desk, custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, officer)
    await push(custodian, [told(officer, task.id, CONFORMS)], officer.courier)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    assert "演示餐饮店甲" in text_of(await desk.read("/desk/inspections"))
    assert "没有这类检查" in text_of(await desk.read("/desk/inspections", tab="CLOSED"))
    seen = text_of(await desk.read(f"/desk/inspections/{task.id}"))
    assert "灶台已清洗" in seen
    assert "没有扫码入企记录" in seen
    assert "执法终端" in seen


async def test_the_checklist_is_that_of_the_day_of_the_visit(desk: Desk, custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit_id)
    await an_item(custodian.database, unit_id)
    async with custodian.database.transaction() as db:
        for text, begins in (("当时的要点", date(2020, 1, 1)), ("后来的要点", day_of(AT))):
            checklist = Checklist(
                code="CATERING", version=1, unit_id=unit_id, title="餐饮", items=(Point("F-01", text, "—"),),
                item_codes=("JC-001",), begins=begins,
            )  # fmt: skip
            await items.add_checklist(db, checklist, custodian.clock.now(), None)
    task = await a_task(custodian.database, custodian.clock, officer, items=["JC-001"], checklist="CATERING")
    before = AT - timedelta(days=1)
    await push(custodian, [told(officer, task.id, CONFORMS, earliest=before, latest=before)], officer.courier)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    seen = text_of(await desk.read(f"/desk/inspections/{task.id}"))
    assert "当时的要点" in seen
    assert "后来的要点" not in seen


async def test_a_look_is_told_to_custody_and_the_page_looking_again_is_not(desk: Desk, custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    task = await a_task(custodian.database, custodian.clock, await an_officer(custodian.database, unit_id))
    person_id = await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    await desk.read(f"/desk/inspections/{task.id}")
    await desk.read(f"/desk/inspections/{task.id}", live="true")
    async with custodian.database.connection() as db:
        looked = await db.fetch("select actor_id from custody_entry where event = 'inspection:record:viewed'")
    assert [row["actor_id"] for row in looked] == [person_id]


async def test_what_is_told_differently_is_shown_from_both_sides(desk: Desk, custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    one, other = await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, one, other)
    differs = CONFORMS | {"note": "灶台有油污"}
    await push(custodian, [told(one, task.id, CONFORMS), told(other, task.id, differs)], one.courier)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    worse = {"type": "FINDING", "item": "F-02", "result": "DOES_NOT_CONFORM"}
    await push(
        custodian, [told(one, task.id, worse), told(other, task.id, worse | {"result": "CONFORMS"})], one.courier
    )
    seen = text_of(await desk.read(f"/desk/inspections/{task.id}"))
    assert "不符合" in seen
    assert "检查要点 F-02" in seen
    assert "CONFORM" not in seen
    assert "2 处记录不一致" in seen
    assert "灶台已清洗" in seen
    assert "灶台有油污" in seen
    assert "2 处记录不一致" in text_of(await desk.read("/desk/inspections"))


async def test_another_units_inspection_is_not_there(desk: Desk, custodian: Custodian) -> None:
    unit_id, elsewhere = await a_unit(custodian.database), await a_unit(custodian.database)
    task = await a_task(custodian.database, custodian.clock, await an_officer(custodian.database, elsewhere))
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    assert "演示餐饮店甲" not in text_of(await desk.read("/desk/inspections"))
    assert (await desk.read(f"/desk/inspections/{task.id}")).status_code == 404


async def test_what_a_phone_told_after_its_revocation_is_marked_until_somebody_answers_for_it(
    desk: Desk, custodian: Custodian
) -> None:
    unit_id = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, officer)
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, officer.phone_id, custodian.clock.now())
    await push(custodian, [told(officer, task.id, CONFORMS)], officer.courier)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(custodian.database, unit_id, "reviewer", Role.LEGAL_REVIEWER)
    path = f"/desk/inspections/{task.id}"
    fields = {"phone_id": str(officer.phone_id), "reason": "找回"}
    await desk.sign_in("reviewer")
    assert "认可注销后提交的记录" not in text_of(await desk.read(path))
    assert (await desk.send(f"{path}/vouching", fields)).status_code == 403
    await desk.sign_in("supervisor")
    assert "注销后提交 1 条" in text_of(await desk.read("/desk/inspections"))
    seen = text_of(await desk.read(path))
    assert "灶台已清洗" in seen
    assert "注销后提交，不计入" in seen
    assert (await desk.send(f"{path}/vouching", fields | {"reason": " "})).status_code == 400
    assert (await desk.send(f"{path}/vouching", fields)).status_code == 303
    assert "注销后提交" not in text_of(await desk.read(path))
    assert (await desk.send(f"{path}/vouching", fields)).status_code == 409
