"""`/desk/supervision`: the self-proof first, then what needs a person, each leading to its page."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from agency.model import Role
from device_registry.model import Datum, VerificationFailureNotice
from evidence.custodian import Custodian
from evidence.self_proof.model import Cycle, Step, Tried
from evidence.self_proof.queries import keep_cycle
from evidence.transparency_log.published import JOB
from foundation import jobs
from foundation.civil import beginning_of
from tests.builders import OfficerWithPhone, a_device, a_photo, a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.evidence.test_admission import hand_in
from tests.evidence.test_reassessment import learn
from tests.support import FixedClock

CAPTURED = beginning_of(date(2026, 6, 1))
FAILURE = VerificationFailureNotice(failed_on=date(2026, 6, 10), notice_no="F-1", issuing_body="—")
NOTHING_WRONG = "以下均无异常"


@pytest.fixture
async def officer(custodian: Custodian, desk: Desk) -> OfficerWithPhone:
    unit_id = await a_unit(custodian.database)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    return await an_officer(custodian.database, unit_id)


async def proved(custodian: Custodian, *failing: Step) -> None:
    steps = [Tried(step, step not in failing, "found otherwise" if step in failing else "", 3) for step in Step]
    async with custodian.database.connection() as db:
        await keep_cycle(db, Cycle(uuid4(), custodian.clock.now(), steps))


async def test_the_self_proof_comes_first_green_red_with_its_step_or_amber(
    desk: Desk, custodian: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    assert "自证未知" in text_of(await desk.read("/desk/supervision"))
    await proved(custodian)
    clock.advance(timedelta(hours=1))
    green = text_of(await desk.read("/desk/supervision"))
    assert "自证通过" in green
    assert green.index("自证通过") < green.index(NOTHING_WRONG)
    await proved(custodian, Step.REMOVAL)
    red = text_of(await desk.read("/desk/supervision"))
    assert "自证未通过" in red
    assert "对象锁：删除原件被拒绝" in red
    assert "found otherwise" in red
    assert "对象锁：缩短保存期限被拒绝" not in red
    clock.advance(timedelta(minutes=1))
    await proved(custodian)
    assert "自证通过" in text_of(await desk.read("/desk/supervision"))
    clock.advance(timedelta(hours=27))
    await desk.sign_in("supervisor")
    assert "自证未知" in text_of(await desk.read("/desk/supervision"))


async def test_what_is_wrong_leads_to_its_page_and_what_is_not_is_said_in_one_line(
    desk: Desk, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    quiet = await desk.read("/desk/supervision")
    assert 'class="panel" id=' not in quiet.text
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id)
    overdue = await a_device(
        custodian.database,
        custodian.clock,
        officer.unit_id,
        tag="SLM-OVERDUE",
        verified=(date(2025, 1, 10), date(2026, 1, 9)),
    )
    nowhere = {"longitude": 200, "latitude": 95, "datum": Datum.WGS84}
    elsewhere, _ = await hand_in(custodian, officer, CAPTURED, place=nowhere)
    future, _ = await hand_in(custodian, officer, custodian.clock.now() + timedelta(hours=1))
    await hand_in(custodian, officer, CAPTURED, device_tag=overdue.tag)
    same = [(await hand_in(custodian, officer, CAPTURED, a_photo(7)))[0] for _ in range(2)]
    changed, _ = await hand_in(custodian, officer, CAPTURED, a_photo(9))
    await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(
        custodian, meter, VerificationFailureNotice(failed_on=date(2026, 6, 10), notice_no="F-1", issuing_body="—")
    )
    async with custodian.database.transaction() as db:
        await db.execute(
            "update object_last_read set outcome = 'CHANGED' where sha256 ="
            " (select sha256 from reception where evidence_id = $1)",
            changed,
        )
        await jobs.enqueue(db, JOB, {}, custodian.clock.now())
        job = await jobs.lease(db, custodian.clock.now(), timedelta(minutes=1))
        while job and job.kind != JOB:
            job = await jobs.lease(db, custodian.clock.now(), timedelta(minutes=1))
        assert job is not None
        await jobs.failed(db, job, "LogForked: holds another root", custodian.clock.now())
        trace_id = await db.fetchval("select id from reverse_trace")
    page = await desk.read("/desk/supervision")
    block = {
        part.partition('"')[0]: part.partition("</section>")[0] for part in page.text.split('class="panel" id="')[1:]
    }
    assert list(block) == ["log", "faults", "past-due", "traces", "conflicts", "same", "reasons"]
    assert "LogForked" in block["log"]
    assert f"/desk/evidence/{changed}" in block["faults"]
    assert f"/desk/devices/{overdue.id}" in block["past-due"]
    assert f"/desk/traces/{trace_id}" in block["traces"]
    assert all(f"/desk/evidence/{one}" in block["conflicts"] for one in (elsewhere, future))
    assert all(f"/desk/evidence/{one}" in block["same"] for one in same)
    assert "逾期未审" in text_of(page).partition(NOTHING_WRONG)[2].partition("不采纳的理由")[0]
    for path in (
        f"/desk/evidence/{changed}",
        f"/desk/devices/{overdue.id}",
        f"/desk/traces/{trace_id}",
        "/desk/traces",
    ):
        assert (await desk.read(path)).status_code == 200, path


async def test_a_review_is_late_the_day_after_its_last(
    desk: Desk, custodian: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, clock, officer.unit_id)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert 'id="late-reviews"' not in (await desk.read("/desk/supervision")).text
    clock.advance(timedelta(days=60))
    await desk.sign_in("supervisor")
    late = (await desk.read("/desk/supervision")).text.partition('id="late-reviews"')[2]
    assert f"/desk/evidence/{evidence_id}" in late


async def test_what_other_units_have_is_not_shown(desk: Desk, custodian: Custodian, officer: OfficerWithPhone) -> None:
    nowhere = {"longitude": 200, "latitude": 95, "datum": Datum.WGS84}
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, place=nowhere)
    assert str(evidence_id) in (await desk.read("/desk/supervision")).text
    await somebody(custodian.database, await a_unit(custodian.database), "stranger", Role.SUPERVISOR)
    await desk.sign_in("stranger")
    page = await desk.read("/desk/supervision")
    assert str(evidence_id) not in page.text
    assert NOTHING_WRONG in text_of(page)
