"""A correction reaches what stood on the corrected fact: admissions go at once, new verdicts come, old ones stay."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind
from device_registry import queries as registry
from device_registry import record
from device_registry.model import (
    Correction,
    Device,
    Fact,
    VerificationCertificate,
    VerificationFailureNotice,
)
from evidence.custodian import Custodian
from evidence.model import Conclusion
from evidence.reassessment import Suspension
from evidence.reverse_trace import conclude, confirm
from foundation.civil import beginning_of
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_device
from tests.evidence.test_admission import hand_in
from tests.evidence.test_reassessment import admitted, learn, story, verdicts
from tests.evidence.test_reverse_trace import queue

FIRST, LAST = date(2026, 1, 10), date(2026, 6, 9)


@pytest_asyncio.fixture
async def meter(custodian: Custodian, officer: OfficerWithPhone) -> Device:
    return await a_device(custodian.database, custodian.clock, officer.unit_id, verified=(FIRST, LAST))


@pytest_asyncio.fixture
async def corrector(custodian: Custodian, unit_id: UUID) -> UUID:
    async with custodian.database.transaction() as db:
        return (await agency.add_person(db, PersonKind.STAFF, "管理员", "Manager", unit_id)).id


@pytest_asyncio.fixture
async def confirmer(custodian: Custodian, unit_id: UUID) -> UUID:
    async with custodian.database.transaction() as db:
        return (await agency.add_person(db, PersonKind.STAFF, "审核员", "Reviewer", unit_id)).id


async def certificate_of(custodian: Custodian, device: Device) -> VerificationCertificate:
    async with custodian.database.connection() as db:
        [found] = (await registry.facts_of(db, device.id)).certificates
    return found


async def corrected(
    custodian: Custodian, device: Device, fact: Fact, replacement: Fact | None, recorded_by: UUID
) -> None:
    await record.correct(
        custodian.database,
        custodian.clock,
        device.id,
        Correction(superseded_id=fact.id, replacement=replacement, reason="误录"),
        recorded_by=recorded_by,
        on_change=Suspension(custodian.clock),
    )


def again(certificate: VerificationCertificate, **changes: Any) -> VerificationCertificate:
    return VerificationCertificate(
        **{name: getattr(certificate, name) for name in certificate.__struct_fields__ if name != "id"} | changes
    )


async def test_a_certificate_that_ended_earlier_takes_away_what_was_admitted_beyond_it(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, corrector: UUID
) -> None:
    within, _ = await hand_in(custodian, officer, beginning_of(date(2026, 2, 1)), device_tag=meter.tag)
    beyond, _ = await hand_in(custodian, officer, beginning_of(date(2026, 5, 1)), device_tag=meter.tag)
    wrong = await certificate_of(custodian, meter)
    await corrected(custodian, meter, wrong, again(wrong, valid_until=date(2026, 4, 9)), corrector)
    assert await admitted(custodian) == [within]
    await do_due(custodian)
    assert story(await verdicts(custodian, beyond)) == [
        ("ADMITTED", []),
        ("UNDETERMINED", ["ADMISSION_SUSPENDED"]),
        ("HELD", ["VERIFICATION_OVERDUE"]),
    ]
    assert await admitted(custodian) == [within]


async def test_a_certificate_that_never_was_opens_a_trace_over_what_stood_on_it(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, corrector: UUID
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, beginning_of(date(2026, 2, 1)), device_tag=meter.tag)
    await corrected(custodian, meter, await certificate_of(custodian, meter), None, corrector)
    assert await admitted(custodian) == []
    async with custodian.database.connection() as db:
        traced = await db.fetch(
            "select evidence_id from trace_item join reverse_trace on reverse_trace.id = trace_id where device_id = $1",
            meter.id,
        )
    assert [row["evidence_id"] for row in traced] == [evidence_id]
    await do_due(custodian)
    assert [outcome for outcome, _ in story(await verdicts(custodian, evidence_id))][:2] == ["ADMITTED", "UNDETERMINED"]
    assert await admitted(custodian) == []


async def test_a_failure_that_never_was_gives_the_verdict_back_by_a_new_one(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, corrector: UUID, confirmer: UUID
) -> None:
    """The trace that it opened is for two people to close, as every one: nothing counts again before."""
    evidence_id, _ = await hand_in(custodian, officer, beginning_of(date(2026, 3, 20)), device_tag=meter.tag)
    wrong = VerificationFailureNotice(failed_on=date(2026, 3, 20), notice_no="F-1", issuing_body="—")
    await learn(custodian, meter, wrong)
    await do_due(custodian)
    before = await verdicts(custodian, evidence_id)
    await corrected(custodian, meter, wrong, None, corrector)
    await do_due(custodian)
    assert await admitted(custodian) == []
    [(trace_id, _)] = await queue(custodian.database)
    database, clock = custodian.database, custodian.clock
    await conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "误录的通知书", by=corrector)
    await confirm(database, clock, trace_id, [evidence_id], by=confirmer)
    await do_due(custodian)
    after = await verdicts(custodian, evidence_id)
    assert after[: len(before)] == before, "what was judged stays to be read"
    assert after[-1].outcome == "ADMITTED"
    assert await admitted(custodian) == [evidence_id]
