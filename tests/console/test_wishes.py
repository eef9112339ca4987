"""The page of an inspection: a supervisor asks for one piece of evidence first, and sees who still has it."""

from agency.model import Role
from evidence.custodian import Custodian
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of
from tests.inspection.test_wishes import on_a_phone


async def test_at_the_desk_a_supervisor_asks_and_sees_who_still_has_it(desk: Desk, custodian: Custodian) -> None:
    photo = await on_a_phone(custodian)
    await somebody(custodian.database, photo.unit_id, "supervisor", Role.SUPERVISOR, words="主管甲")
    await desk.sign_in("supervisor")
    page = f"/desk/inspections/{photo.inspection_id}"
    assert "要求优先上传" in text_of(await desk.read(page))
    answer = await desk.send(f"{page}/evidence/{photo.evidence_id}/wish")
    assert answer.status_code == 303
    seen = text_of(await desk.read(page))
    assert "已要求优先上传" in seen
    assert "主管甲要求，还在终端“执法终端”上" in seen
    await photo.arrive()
    seen = text_of(await desk.read(page))
    assert "要求优先上传" not in seen


async def test_who_may_not_ask_sees_no_button_and_is_refused(desk: Desk, custodian: Custodian) -> None:
    photo = await on_a_phone(custodian)
    elsewhere = await a_unit(custodian.database)
    await somebody(custodian.database, photo.unit_id, "lawyer", Role.LEGAL_REVIEWER)
    await somebody(custodian.database, elsewhere, "stranger", Role.SUPERVISOR)
    page = f"/desk/inspections/{photo.inspection_id}"
    await desk.sign_in("lawyer")
    assert "要求优先上传" not in text_of(await desk.read(page))
    assert (await desk.send(f"{page}/evidence/{photo.evidence_id}/wish")).status_code == 403
    await desk.sign_in("stranger")
    assert (await desk.send(f"{page}/evidence/{photo.evidence_id}/wish")).status_code == 404
    async with custodian.database.connection() as db:
        assert await db.fetchval("select count(*) from evidence_wish") == 0
