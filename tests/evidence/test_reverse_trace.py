"""Evidence captured in the window of a reverse trace waits for one person to conclude and a second one to confirm."""

import asyncio
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind
from device_registry import queries as registry
from device_registry.model import (
    CheckSubject,
    Device,
    InServiceCheck,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
)
from device_registry.record import record_fact
from evidence import queries
from evidence.custodian import Custodian
from evidence.model import Conclusion, ItemState
from evidence.problems import ConcluderConfirms, OwnEvidence, TraceItemNotConcluded, TraceItemNotOpen
from evidence.reassessment import Suspension
from evidence.reverse_trace import conclude, confirm, send_back
from foundation.civil import beginning_of, end_of
from foundation.database import Database
from foundation.problem import NotFound
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_device, at
from tests.evidence.test_admission import hand_in
from tests.evidence.test_reassessment import admitted, learn, story, verdicts

FIRST, LAST = date(2026, 1, 10), date(2026, 12, 9)
FAILURE = VerificationFailureNotice(failed_on=date(2026, 5, 15), notice_no="F-1", issuing_body="—")
CAPTURED = beginning_of(date(2026, 3, 20))
SEAL = VoidEvent(cause=VoidCause.SEAL_BROKEN, occurred_at=beginning_of(date(2026, 5, 10)))


class Reviewers(NamedTuple):
    one: UUID
    other: UUID


@pytest_asyncio.fixture
async def meter(custodian: Custodian, officer: OfficerWithPhone) -> Device:
    return await a_device(custodian.database, custodian.clock, officer.unit_id, verified=(FIRST, LAST))


@pytest_asyncio.fixture
async def reviewers(custodian: Custodian, unit_id: UUID) -> Reviewers:
    async with custodian.database.transaction() as db:
        people = [await agency.add_person(db, PersonKind.STAFF, "法制审核员", "Reviewer", unit_id) for _ in range(2)]
    return Reviewers(*(person.id for person in people))


async def queue(database: Database) -> list[tuple[UUID, UUID]]:
    async with database.connection() as db:
        rows = await db.fetch("select trace_id, evidence_id from trace_item order by trace_id, evidence_id")
    return [(row[0], row[1]) for row in rows]


async def state(database: Database, trace_id: UUID, evidence_id: UUID) -> ItemState:
    async with database.connection() as db:
        [item] = await queries.trace_items_by_id(db, trace_id, [evidence_id])
    return item.state


async def test_what_was_captured_since_the_last_good_result_is_suspended_with_the_failure_and_queued(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    good = InServiceCheck(
        subject=CheckSubject.REFERENCE, checked_at=beginning_of(date(2026, 2, 1)), within_tolerance=True
    )
    await learn(custodian, meter, good)
    before, _ = await hand_in(custodian, officer, beginning_of(date(2026, 1, 20)), device_tag=meter.tag)
    inside, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    last, _ = await hand_in(custodian, officer, end_of(FAILURE.failed_on) - timedelta(minutes=1), device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    assert await admitted(custodian) == [before]
    assert {evidence_id for _, evidence_id in await queue(custodian.database)} == {inside, last}
    assert story(await verdicts(custodian, inside)) == [("ADMITTED", []), ("UNDETERMINED", ["REVERSE_TRACE"])]
    assert story(await verdicts(custodian, last))[1:] == [("UNDETERMINED", ["ADMISSION_SUSPENDED", "REVERSE_TRACE"])]
    await do_due(custodian)
    assert len(await verdicts(custodian, inside)) == 2, "judged again, it is as it was"
    assert story(await verdicts(custodian, last))[2:] == [("HELD", ["VERIFICATION_FAILED", "REVERSE_TRACE"])]
    async with custodian.database.connection() as db:
        custody = [entry.event for entry in await queries.custody_of(db, inside)]
    assert custody[-1] == "evidence:admission:suspended"


async def test_what_is_handed_in_later_joins_the_queue_unless_something_else_holds_it(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    await learn(custodian, meter, FAILURE)
    late, judged = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert (judged.verdict.outcome, [reason.code for reason in judged.verdict.reasons]) == (
        "UNDETERMINED",
        ["REVERSE_TRACE"],
    )
    held, judged = await hand_in(custodian, officer, CAPTURED, b"<svg/>", device_tag=meter.tag)
    assert (judged.verdict.outcome, [reason.code for reason in judged.verdict.reasons]) == (
        "HELD",
        ["CONTENT_NOT_ACCEPTED", "REVERSE_TRACE"],
    )
    queued = {evidence_id for _, evidence_id in await queue(custodian.database)}
    assert (late in queued, held in queued) == (True, False)


async def test_what_waits_for_another_reason_joins_the_queue_when_it_is_judged_again(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    nowhere = {"longitude": 0, "latitude": 0, "datum": "WGS84"}
    unclear, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag, place=nowhere)
    await learn(custodian, meter, FAILURE)
    await do_due(custodian)
    assert story(await verdicts(custodian, unclear))[1:] == [("UNDETERMINED", ["PLACE_UNKNOWN", "REVERSE_TRACE"])]
    assert [evidence_id for _, evidence_id in await queue(custodian.database)] == [unclear]


@pytest.mark.parametrize(
    ("conclusion", "outcome", "codes"),
    [
        (Conclusion.KEEP, "ADMITTED", []),
        (Conclusion.EXCLUDE, "HELD", ["REVERSE_TRACE_EXCLUDE"]),
        (Conclusion.DECISION_TO_CORRECT, "HELD", ["REVERSE_TRACE_DECISION_TO_CORRECT"]),
    ],
)
async def test_a_confirmed_conclusion_decides_and_nothing_before_it_does(
    custodian: Custodian,
    officer: OfficerWithPhone,
    meter: Device,
    reviewers: Reviewers,
    conclusion: Conclusion,
    outcome: str,
    codes: list[str],
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    database, clock = custodian.database, custodian.clock
    await conclude(database, clock, trace_id, [evidence_id], conclusion, "夜间读数", by=reviewers.one)
    await do_due(custodian)
    assert await admitted(custodian) == []
    await confirm(database, clock, trace_id, [evidence_id], by=reviewers.other)
    await do_due(custodian)
    assert story(await verdicts(custodian, evidence_id))[2:] == [(outcome, codes)]
    assert (await admitted(custodian) == [evidence_id]) == (conclusion is Conclusion.KEEP)
    async with database.connection() as db:
        to_correct = await queries.decisions_to_correct(db, [officer.unit_id], None, 10)
        counts = (await queries.trace_counts(db, [trace_id]))[trace_id]
        events = [entry.event for entry in await queries.custody_of(db, evidence_id)]
        assert await queries.traces_with_work(db) == []
    assert [item.evidence_id for item in to_correct] == [evidence_id] * (conclusion is Conclusion.DECISION_TO_CORRECT)
    assert sum(counts) == 1
    assert events[-3:-1] == ["evidence:trace:concluded", "evidence:trace:confirmed"]
    verdict = (await verdicts(custodian, evidence_id))[-1]
    assert verdict.inputs["reverse_traces"][0]["concluded"] == [conclusion, "夜间读数"], "frozen with the verdict"


async def test_a_conclusion_sent_back_needs_another_and_one_that_was_confirmed_is_for_good(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    database, clock = custodian.database, custodian.clock
    with pytest.raises(TraceItemNotConcluded):
        await confirm(database, clock, trace_id, [evidence_id], by=reviewers.other)
    await conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=reviewers.one)
    with pytest.raises(TraceItemNotOpen):
        await conclude(database, clock, trace_id, [evidence_id], Conclusion.EXCLUDE, "—", by=reviewers.other)
    for answer in (confirm, send_back):
        with pytest.raises(ConcluderConfirms) as refused:
            await answer(database, clock, trace_id, [evidence_id], "—", by=reviewers.one)
        assert str(evidence_id) in refused.value.spoken("zh-CN")["detail"]
    await send_back(database, clock, trace_id, [evidence_id], "理由不足", by=reviewers.other)
    assert await state(database, trace_id, evidence_id) is ItemState.OPEN
    await conclude(database, clock, trace_id, [evidence_id], Conclusion.EXCLUDE, "误差不利于当事人", by=reviewers.other)
    assert await state(database, trace_id, evidence_id) is ItemState.CONCLUDED
    await confirm(database, clock, trace_id, [evidence_id], by=reviewers.one)
    assert await state(database, trace_id, evidence_id) is ItemState.CONFIRMED
    for refusal in (
        conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=reviewers.one),
        confirm(database, clock, trace_id, [evidence_id], by=reviewers.other),
    ):
        with pytest.raises((TraceItemNotOpen, TraceItemNotConcluded)):
            await refusal


async def test_who_captured_does_not_conclude_and_what_is_not_in_the_queue_cannot_be_concluded(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    other, _ = await hand_in(custodian, officer, CAPTURED)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    database, clock = custodian.database, custodian.clock
    with pytest.raises(OwnEvidence):
        await conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=officer.person_id)
    with pytest.raises(NotFound):
        await conclude(database, clock, trace_id, [evidence_id, other], Conclusion.KEEP, "—", by=reviewers.one)
    assert await state(database, trace_id, evidence_id) is ItemState.OPEN, "all or none"


async def test_two_windows_over_one_capture_need_a_conclusion_each(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    await learn(custodian, meter, SEAL)
    await do_due(custodian)
    queued = await queue(custodian.database)
    assert [one for _, one in queued] == [evidence_id, evidence_id]
    for count, (trace_id, _) in enumerate(queued, start=1):
        for_all = (custodian.database, custodian.clock, trace_id, [evidence_id])
        await conclude(*for_all, Conclusion.KEEP, "—", by=reviewers.one)
        await confirm(*for_all, by=reviewers.other)
        await do_due(custodian)
        assert (await admitted(custodian) == [evidence_id]) == (count == 2)


async def test_two_people_who_conclude_at_the_same_time_leave_one_conclusion(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    answers = await asyncio.gather(
        *(
            conclude(custodian.database, custodian.clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=person)
            for person in reviewers
        ),
        return_exceptions=True,
    )
    assert sorted(map(type, answers), key=str) == sorted([type(None), TraceItemNotOpen], key=str)


# A failure is recorded while evidence is judged


async def test_a_failure_waits_for_what_is_being_judged_and_then_takes_it_away(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    """Two connections: one holds the device while it judges, the other records."""
    async with custodian.database.transaction() as judging:
        await registry.hold_standing(judging, meter.tag)
        recording = asyncio.create_task(learn(custodian, meter, FAILURE))
        await asyncio.sleep(0.3)
        assert not recording.done()
    await recording


async def test_judging_and_recording_at_the_same_time_leave_no_admission_and_nothing_out_of_the_queue(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    early = [(await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag))[0] for _ in range(2)]
    answers = await asyncio.gather(
        *(hand_in(custodian, officer, CAPTURED, device_tag=meter.tag) for _ in range(4)),
        learn(custodian, meter, FAILURE),
        learn(custodian, meter, SEAL),
        return_exceptions=True,
    )
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    await do_due(custodian)
    assert await admitted(custodian) == []
    late = [answer[0] for answer in answers if isinstance(answer, tuple)]
    queued = await queue(custodian.database)
    assert sorted(evidence_id for _, evidence_id in queued) == sorted([*early, *late] * 2)


# The database refuses too


ADMIT = """
    insert into admission (evidence_id, by_device, device_tag, device_id, verification_needed, captured,
                           verified_during, admitted_at)
    select id, by_device, device_tag, $2, true, captured, captured, now() from evidence where id = $1
"""


async def test_the_applications_own_role_cannot_admit_in_a_window_without_a_confirmed_keep(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    database, clock = custodian.database, custodian.clock

    async def refused() -> None:
        async with database.connection() as db:
            assert await db.fetchval("select current_user") == "plumbline"
            with pytest.raises(asyncpg.CheckViolationError) as error:
                await db.execute(ADMIT, evidence_id, meter.id)
        assert error.value.constraint_name == "admission_outside_reverse_trace"

    await refused()
    await conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=reviewers.one)
    await refused()
    await send_back(database, clock, trace_id, [evidence_id], "—", by=reviewers.other)
    await refused()
    await conclude(database, clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=reviewers.one)
    await confirm(database, clock, trace_id, [evidence_id], by=reviewers.other)
    async with database.connection() as db:
        await db.execute(ADMIT, evidence_id, meter.id)
    assert await admitted(custodian) == [evidence_id]


async def test_an_admission_made_by_hand_beside_a_failure_is_waited_for_and_taken_away(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    """Two connections, and the first holds nothing but what the database makes it hold."""
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    async with custodian.database.transaction() as by_hand:
        await by_hand.execute("delete from admission")
        await by_hand.execute(ADMIT, evidence_id, meter.id)
        recording = asyncio.create_task(learn(custodian, meter, FAILURE))
        await asyncio.sleep(0.3)
        assert not recording.done()
    await recording
    assert await admitted(custodian) == []
    assert [one for _, one in await queue(custodian.database)] == [evidence_id]


async def test_a_trace_over_admissions_that_nobody_suspended_is_refused(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await record_fact(custodian.database, custodian.clock, meter.id, FAILURE)
    assert refused.value.constraint_name == "reverse_trace_suspends_admissions"
    await record_fact(custodian.database, custodian.clock, meter.id, FAILURE, on_change=Suspension(custodian.clock))


async def test_four_eyes_and_history_hold_for_the_applications_own_role(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, reviewers: Reviewers
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await learn(custodian, meter, FAILURE)
    [(trace_id, _)] = await queue(custodian.database)
    await conclude(custodian.database, custodian.clock, trace_id, [evidence_id], Conclusion.KEEP, "—", by=reviewers.one)
    answer = "insert into trace_confirmation values ($1, $2, 1, $3, $4, $5, $6, now())"
    async with custodian.database.connection() as db:
        for values, constraint in (
            ((reviewers.one, True, None, reviewers.one), "trace_needs_second_person"),
            ((reviewers.other, True, None, reviewers.one), "trace_confirmation_of_conclusion"),
            ((reviewers.one, False, None, reviewers.other), "trace_sent_back_with_reason"),
        ):
            with pytest.raises((asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError)) as refused:
                await db.execute(answer, trace_id, evidence_id, *values)
            assert refused.value.constraint_name == constraint
        for table in ("reverse_trace", "trace_item", "trace_conclusion", "trace_confirmation"):
            for statement in (f"delete from {table}", f"update {table} set trace_id = trace_id"):
                with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)):
                    await db.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("update reverse_trace set span = 'empty'")


async def test_a_capture_without_a_device_is_in_no_window(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    await learn(custodian, meter, FAILURE)
    _, judged = await hand_in(custodian, officer, at(custodian.clock, days=30))
    assert judged.verdict.outcome == "ADMITTED"
