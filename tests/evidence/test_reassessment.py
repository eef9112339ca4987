"""Facts arrive late: admissions go in the same transaction, verdicts are added, none is edited."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from device_registry import queries as registry
from device_registry import record
from device_registry.model import (
    CheckSubject,
    Device,
    Fact,
    InServiceCheck,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
)
from evidence import queries
from evidence.custodian import Custodian
from evidence.model import Verdict
from evidence.reassessment import Suspension, judge_again
from foundation.civil import beginning_of, end_of
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_device, verify
from tests.evidence.test_admission import hand_in

FIRST, LAST = date(2026, 1, 10), date(2026, 5, 3)


@pytest_asyncio.fixture
async def meter(custodian: Custodian, officer: OfficerWithPhone) -> Device:
    return await a_device(custodian.database, custodian.clock, officer.unit_id, verified=(FIRST, LAST))


async def learn(custodian: Custodian, device: Device, fact: Fact) -> None:
    heard = Suspension(custodian.clock)
    await record.record_fact(custodian.database, custodian.clock, device.id, fact, on_change=heard)


async def verdicts(custodian: Custodian, evidence_id: UUID) -> list[Verdict]:
    async with custodian.database.connection() as db:
        return await queries.verdicts_of(db, evidence_id)


async def admitted(custodian: Custodian) -> list[UUID]:
    async with custodian.database.connection() as db:
        rows = await db.fetch("select evidence_id from admission order by evidence_id")
    return [row["evidence_id"] for row in rows]


def story(found: list[Verdict]) -> list[tuple[str, list[str]]]:
    return [(verdict.outcome, [reason.code for reason in verdict.reasons]) for verdict in found]


async def test_a_failure_told_late_suspends_at_once_what_it_covers_and_nothing_else(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    before, _ = await hand_in(custodian, officer, beginning_of(date(2026, 2, 1)), device_tag=meter.tag)
    inside, _ = await hand_in(custodian, officer, beginning_of(date(2026, 3, 20)), device_tag=meter.tag)
    still_good = beginning_of(date(2026, 2, 15))
    checked = InServiceCheck(subject=CheckSubject.REFERENCE, checked_at=still_good, within_tolerance=True)
    await learn(custodian, meter, checked)
    failure = VerificationFailureNotice(failed_on=date(2026, 3, 15), notice_no="F-1", issuing_body="—")
    await learn(custodian, meter, failure)
    assert await admitted(custodian) == [before]
    first, second = await verdicts(custodian, inside)
    assert (first.outcome, second.outcome) == ("ADMITTED", "UNDETERMINED")
    await do_due(custodian)
    assert story(await verdicts(custodian, inside)) == [
        ("ADMITTED", []),
        ("UNDETERMINED", ["ADMISSION_SUSPENDED"]),
        ("HELD", ["VERIFICATION_FAILED"]),
    ]
    assert story(await verdicts(custodian, before)) == [("ADMITTED", [])]


async def test_a_certificate_found_late_lets_held_evidence_count_from_a_new_verdict_on(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, tag="SLM-9", verified=None)
    evidence_id, judged = await hand_in(custodian, officer, beginning_of(date(2026, 2, 1)), device_tag=meter.tag)
    assert judged.verdict.outcome == "HELD"
    await verify(custodian.database, custodian.clock, meter, FIRST, LAST, Suspension(custodian.clock))
    await do_due(custodian)
    assert story(await verdicts(custodian, evidence_id)) == [("HELD", ["NEVER_VERIFIED"]), ("ADMITTED", [])]
    assert await admitted(custodian) == [evidence_id]


async def test_judging_again_without_a_new_fact_adds_nothing(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, end_of(LAST) + timedelta(days=1), device_tag=meter.tag)
    void = VoidEvent(cause=VoidCause.REPAIR, occurred_at=end_of(LAST) - timedelta(days=1))
    await learn(custodian, meter, void)
    assert await judge_again(custodian, evidence_id, "VoidEvent"), "there is one reason more"
    assert not await judge_again(custodian, evidence_id, "VoidEvent")
    assert len(await verdicts(custodian, evidence_id)) == 2


async def test_a_failure_and_the_hand_in_it_covers_at_the_same_time_never_leave_an_admission(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    captured: datetime = beginning_of(date(2026, 3, 20))
    failure = VerificationFailureNotice(failed_on=date(2026, 3, 15), notice_no="F-2", issuing_body="—")
    answers: list[Any] = await asyncio.gather(
        *(hand_in(custodian, officer, captured, device_tag=meter.tag) for _ in range(4)),
        learn(custodian, meter, failure),
        return_exceptions=True,
    )
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    await do_due(custodian)
    assert await admitted(custodian) == []


async def test_a_certificate_recorded_while_evidence_is_being_judged_waits_and_is_heard_afterwards(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    """Two connections. Heard beside the judgement, its job could run before there is anything to judge again."""
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, tag="SLM-8", verified=None)
    heard = Suspension(custodian.clock)
    async with custodian.database.transaction() as judging:
        await registry.hold_standing(judging, meter.tag)
        recording = asyncio.create_task(verify(custodian.database, custodian.clock, meter, FIRST, LAST, heard))
        await asyncio.sleep(0.5)
        assert not recording.done()
    await recording


async def test_a_judgement_holds_the_standing_it_rests_on(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    """While a fact about the device is being recorded, evidence of it waits to be judged."""
    async with custodian.database.transaction() as recording:
        await registry.locked_devices(recording, [meter.id])
        captured = beginning_of(date(2026, 2, 1))
        handing_in = asyncio.create_task(hand_in(custodian, officer, captured, device_tag=meter.tag))
        await asyncio.sleep(1)
        assert not handing_in.done()
    evidence_id, _ = await handing_in
    assert await admitted(custodian) == [evidence_id]
