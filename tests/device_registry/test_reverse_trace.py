"""What a bad finding lays open: from the last good result to it; opened once, and never smaller afterwards."""

from datetime import date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from device_registry import queries
from device_registry.model import (
    CheckSubject,
    Correction,
    Device,
    Fact,
    Facts,
    InServiceCheck,
    Interval,
    Nature,
    Trace,
    TraceCause,
    VerificationCertificate,
    VoidCause,
    Window,
)
from device_registry.problems import FactAlreadyRecorded
from device_registry.record import correct, derive, record_fact
from device_registry.register import register_device
from device_registry.rules import windows, withdrawn
from foundation.civil import FIRST_DAY, beginning_of
from foundation.database import Database
from tests.device_registry.builders import (
    a_fail,
    a_pass,
    a_registration,
    a_void,
    beijing,
    gathered,
    in_service,
)
from tests.support import FixedClock

INSTANT = timedelta(microseconds=1)
AT_TEN = beijing("2026-03-01 10:00") + INSTANT
ALWAYS = beginning_of(FIRST_DAY)
PASS = a_pass("2026-01-10", "2027-01-09")
OLDER = a_pass("2025-01-10", "2026-01-09")


def a_check(checked_at: str, *, good: bool, subject: CheckSubject = CheckSubject.REFERENCE) -> InServiceCheck:
    return InServiceCheck(subject=subject, checked_at=beijing(checked_at), within_tolerance=good)


GOOD = a_check("2026-02-01 09:00", good=True)
CLOCK_GOOD = a_check("2026-02-01 09:00", good=True, subject=CheckSubject.CLOCK)
SEAL = a_void("2026-03-01 10:00", VoidCause.SEAL_BROKEN)
FAIL = a_fail("2026-03-01")


@pytest.mark.parametrize(
    ("before", "finding", "begins", "ends"),
    [
        ([PASS], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([OLDER, PASS], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([PASS, GOOD], FAIL, "2026-02-01 09:00", beijing("2026-03-02")),
        ([PASS, CLOCK_GOOD], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([PASS, a_check("2026-02-01 09:00", good=False)], FAIL, "2026-01-10", beijing("2026-03-02")),
        # of the day of the failure itself, only what was issued before it is known to be earlier
        ([PASS, a_pass("2026-03-01", "2027-02-28")], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([PASS, a_check("2026-03-01 08:00", good=True)], FAIL, "2026-01-10", beijing("2026-03-02")),
        (
            [PASS, a_pass("2026-03-01", "2027-02-28", sequence=1)],
            a_fail("2026-03-01", sequence=2),
            "2026-03-01",
            beijing("2026-03-02"),
        ),
        (
            [PASS, a_pass("2026-03-01", "2027-02-28", sequence=2)],
            a_fail("2026-03-01", sequence=1),
            "2026-01-10",
            beijing("2026-03-02"),
        ),
        ([PASS, a_pass("2026-04-01", "2027-03-31")], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([PASS, a_fail("2026-02-01")], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([PASS, a_void("2026-02-01 10:00")], FAIL, "2026-01-10", beijing("2026-03-02")),
        ([replace(PASS, nature=Nature.CALIBRATION)], FAIL, None, beijing("2026-03-02")),
        ([], FAIL, None, beijing("2026-03-02")),
        ([PASS], SEAL, "2026-01-10", AT_TEN),
        ([PASS, GOOD], SEAL, "2026-02-01 09:00", AT_TEN),
        ([PASS, a_check("2026-03-01 09:59", good=True)], SEAL, "2026-03-01 09:59", AT_TEN),
        ([PASS, a_check("2026-03-01 10:00", good=True)], SEAL, "2026-01-10", AT_TEN),
        ([PASS, a_pass("2026-03-01", "2027-02-28")], SEAL, "2026-01-10", AT_TEN),
        ([PASS], a_check("2026-03-01 10:00", good=False), "2026-01-10", AT_TEN),
        (
            [PASS, a_check("2026-03-01 09:00", good=True, subject=CheckSubject.CALIBRATOR_BEFORE)],
            a_check("2026-03-01 10:00", good=False, subject=CheckSubject.CALIBRATOR_AFTER),
            "2026-03-01 09:00",
            AT_TEN,
        ),
        (
            [PASS, GOOD, a_check("2026-01-20 09:00", good=True, subject=CheckSubject.CLOCK)],
            a_check("2026-03-01 10:00", good=False, subject=CheckSubject.CLOCK),
            "2026-01-20 09:00",
            AT_TEN,
        ),
        (
            [PASS, GOOD],
            a_check("2026-03-01 10:00", good=False, subject=CheckSubject.CLOCK),
            None,
            AT_TEN,
        ),
    ],
)  # fmt: skip
def test_a_window_reaches_from_the_last_good_result_to_the_finding(
    before: list[Fact], finding: Fact, begins: str | None, ends: datetime
) -> None:
    [window] = [one for one in windows(gathered(*before, finding)) if one.cause_fact == finding.id]
    assert (window.span.begins, window.span.ends) == (_instant(begins), ends)
    assert (window.good_fact is None) == (begins is None)


def _instant(text: str | None) -> datetime:
    if text is None:
        return ALWAYS
    return beijing(text)


@pytest.mark.parametrize("cause", [VoidCause.REPAIR, VoidCause.RELOCATION, VoidCause.FIRMWARE])
def test_what_is_done_with_a_device_lays_nothing_open_of_the_time_before(cause: VoidCause) -> None:
    assert windows(gathered(PASS, GOOD, a_void("2026-03-01 10:00", cause))) == []


GAS = ("CH4", "H2S", "CO")


def gas(*facts: Fact) -> Facts:
    return gathered(*facts, channels=GAS)


def test_a_channel_that_fails_reaches_back_to_its_own_last_pass() -> None:
    passes = [
        a_pass(f"2026-0{month}-01", "2026-12-31", channel=channel, number=f"{channel}-{month}")
        for channel, month in zip(GAS, (1, 2, 3), strict=True)
    ]
    [window] = windows(gas(*passes, GOOD, a_fail("2026-05-01", channel="H2S")))
    assert (window.channel, window.span.begins, window.good_fact) == ("H2S", beijing("2026-02-01"), passes[1].id)
    [window] = windows(gas(*passes, GOOD, a_void("2026-05-01 10:00", VoidCause.SEAL_BROKEN)))
    assert window.span.begins == beijing("2026-01-01"), "a broken seal is every channel's, back to the oldest pass"
    [window] = windows(gas(*passes[1:], a_void("2026-05-01 10:00", VoidCause.SEAL_BROKEN)))
    assert window.span.begins == ALWAYS, "a channel that never passed was never known to be good"


NOW = beijing("2026-06-15 12:00")


@pytest.mark.parametrize(
    ("others", "gone", "begins", "ends"),
    [
        ([], PASS, "2026-01-10", NOW + INSTANT),
        ([], OLDER, "2025-01-10", beijing("2026-01-10")),
        ([PASS], OLDER, "2025-01-10", beijing("2026-01-10")),
        ([a_pass("2026-04-01", "2027-03-31")], PASS, "2026-01-10", beijing("2026-04-01")),
        ([OLDER, FAIL], PASS, "2025-01-10", beijing("2026-03-01")),
        ([FAIL], PASS, None, beijing("2026-03-01")),
        ([PASS, FAIL], GOOD, "2026-01-10", beijing("2026-02-01 09:00")),
    ],
)
def test_a_good_result_that_is_taken_back_lays_open_what_had_rested_on_it(
    others: list[Fact], gone: Fact, begins: str | None, ends: datetime
) -> None:
    [window] = withdrawn(gathered(*others, gone), gathered(*others), NOW)
    assert (window.cause, window.cause_fact) == (TraceCause.RESULT_WITHDRAWN, gone.id)
    assert (window.span.begins, window.span.ends) == (_instant(begins), ends)


def test_a_certificate_that_is_put_right_is_not_taken_back() -> None:
    fixed = replace(PASS, certificate_no="LX-2", id=OLDER.id)
    assert withdrawn(gathered(PASS), gathered(fixed), NOW) == []
    assert withdrawn(gathered(PASS, FAIL), gathered(fixed, FAIL), NOW) == []
    earlier = replace(fixed, verified_on=date(2026, 1, 8))
    [window] = withdrawn(gathered(PASS, FAIL), gathered(earlier, FAIL), NOW)
    assert (window.span.begins, window.span.ends) == (beijing("2026-01-08"), beijing("2026-01-10")), "the difference"


def test_what_is_no_good_result_can_be_taken_back_without_a_trace() -> None:
    for gone in (FAIL, SEAL, a_check("2026-02-01 09:00", good=False), replace(PASS, nature=Nature.CALIBRATION)):
        assert withdrawn(gathered(OLDER, gone), gathered(OLDER), NOW) == []
    assert withdrawn(gathered(PASS, GOOD), gathered(PASS), NOW) == [], "nothing had been found after the check"


# Whatever is learnt in whatever order

DAYS = st.integers(1, 28).map(lambda day: f"2026-02-{day:02}")
HOURS = st.tuples(DAYS, st.integers(0, 23)).map(lambda at: f"{at[0]} {at[1]:02}:00")
CHANNELS = st.sampled_from(GAS)
SEQUENCES = st.none() | st.integers(1, 3)
SUBJECTS = st.sampled_from(CheckSubject)
FACTS = st.one_of(
    st.builds(lambda day, which, n: a_pass(day, "2026-12-31", channel=which, sequence=n), DAYS, CHANNELS, SEQUENCES),
    st.builds(lambda day, channel, n: a_fail(day, channel=channel, sequence=n), DAYS, CHANNELS, SEQUENCES),
    st.builds(lambda at, good, subject: a_check(at, good=good, subject=subject), HOURS, st.booleans(), SUBJECTS),
    st.builds(a_void, HOURS, st.sampled_from([VoidCause.SEAL_BROKEN, VoidCause.REPAIR])),
)
HISTORIES = st.lists(FACTS, max_size=8)


def learnt(facts: list[Fact], channels: tuple[str, ...] = GAS) -> dict[UUID, Window]:
    """The windows as they are opened while the facts become known one by one: each once, as it was then."""
    opened: dict[UUID, Window] = {}
    known = gathered(channels=channels)
    for fact in facts:
        known = known.and_(fact)
        for window in windows(known):
            opened.setdefault(window.cause_fact, window)
    return opened


@given(HISTORIES, FACTS)
def test_a_further_fact_only_adds(history: list[Fact], further: Fact) -> None:
    before, after = learnt(history), learnt([*history, further])
    assert before.items() <= after.items()
    assert len(after) - len(before) <= 1


@given(HISTORIES, FACTS)
def test_a_bad_finding_changes_no_other_window_and_a_good_result_makes_none_longer(
    history: list[Fact], further: Fact
) -> None:
    before = {window.cause_fact: window for window in windows(gas(*history))}
    after = {window.cause_fact: window for window in windows(gas(*history, further))}
    own = after.pop(further.id, None)
    assert after.keys() == before.keys()
    if own is not None:
        assert after == before
    for cause, window in after.items():
        assert before[cause].span.begins <= window.span.begins
        assert before[cause].span.ends == window.span.ends


@given(HISTORIES)
def test_every_bad_finding_has_one_window_which_holds_what_was_found_and_begins_at_something_good(
    history: list[Fact],
) -> None:
    facts = gas(*history)
    found = windows(facts)
    bad: list[Fact] = [
        *facts.failure_notices,
        *(check for check in facts.in_service_checks if not check.within_tolerance),
        *(event for event in facts.void_events if event.cause is VoidCause.SEAL_BROKEN),
    ]
    assert sorted(window.cause_fact for window in found) == sorted(fact.id for fact in bad)
    for window in found:
        assert window.span.ends is not None
        assert window.span.begins < window.span.ends
        good = facts.by_id(window.good_fact) if window.good_fact else None
        match good:
            case VerificationCertificate():
                assert window.span.begins == beginning_of(good.verified_on)
            case InServiceCheck():
                assert (good.within_tolerance, good.checked_at) == (True, window.span.begins)
            case _:
                assert window.span.begins == ALWAYS


@given(st.lists(FACTS, max_size=4))
def test_known_at_once_the_order_does_not_matter(history: list[Fact]) -> None:
    answers = {tuple(windows(gas(*some))) for some in permutations(history)}
    assert len(answers) == 1


@given(HISTORIES, st.data())
def test_what_a_correction_takes_away_covers_every_window_as_it_would_be_now(
    history: list[Fact], data: st.DataObject
) -> None:
    """A window that was opened stays as it is, so the growth must lie in the new one."""
    if not history:
        return
    gone = data.draw(st.sampled_from(history))
    before, after = gas(*history), gas(*(fact for fact in history if fact is not gone))
    opened = [*windows(before), *withdrawn(before, after, NOW)]
    for window in windows(after):
        for instant in (window.span.begins, window.span.ends - INSTANT if window.span.ends else NOW):
            assert any(one.span.begins <= instant < (one.span.ends or NOW) for one in opened)


# Kept in the database


async def traces(database: Database, device: Device) -> list[Trace]:
    async with database.connection() as db:
        return await queries.traces_over(db, device.id, Interval(ALWAYS, beijing("2099-01-01")))


async def test_a_failure_opens_its_trace_once_however_often_it_is_derived(
    database: Database, clock: FixedClock, device: Device
) -> None:
    for fact in (PASS, in_service(), FAIL):
        await record_fact(database, clock, device.id, fact)
    with pytest.raises(FactAlreadyRecorded):
        await record_fact(database, clock, device.id, FAIL)
    opened = await traces(database, device)
    assert [trace.window for trace in opened] == windows(gathered(PASS, FAIL))
    async with database.transaction() as db:
        devices = await queries.locked_devices(db, [device.id])
        facts = await queries.facts_of_all(db, [device.id])
        heard: list[object] = []

        async def listen(_: object, changes: object) -> None:
            heard.append(changes)

        await derive(db, clock, devices, facts, facts, {device.id: "again"}, on_change=listen)
    assert heard == []
    assert await traces(database, device) == opened


async def test_listeners_hear_of_a_trace_in_the_transaction_that_opens_it_though_no_standing_changes(
    database: Database, clock: FixedClock, device: Device
) -> None:
    heard: list[tuple[int, int, tuple[TraceCause, ...]]] = []

    async def listen(_: object, changes: object) -> None:
        assert isinstance(changes, list)
        heard.extend(
            (len(one.lost), len(one.gained), tuple(trace.window.cause for trace in one.opened)) for one in changes
        )

    await record_fact(database, clock, device.id, FAIL, on_change=listen)
    assert heard == [(0, 0, (TraceCause.FAILURE,))], "not in service, so there was no standing to lose"


async def test_a_pass_found_later_leaves_the_window_as_it_was(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await record_fact(database, clock, device.id, OLDER)
    await record_fact(database, clock, device.id, FAIL)
    opened = await traces(database, device)
    await record_fact(database, clock, device.id, PASS)
    assert await traces(database, device) == opened
    assert opened[0].window.span.begins == beijing("2025-01-10")


async def test_windows_may_overlap_and_a_finding_that_is_corrected_leaves_its_window(
    database: Database, clock: FixedClock, device: Device
) -> None:
    person = await _somebody(database)
    for fact in (PASS, SEAL, FAIL):
        await record_fact(database, clock, device.id, fact)
    opened = await traces(database, device)
    assert {trace.window.cause for trace in opened} == {TraceCause.FAILURE, TraceCause.SEAL_BROKEN}
    wrong = Correction(superseded_id=FAIL.id, replacement=None, reason="误录")
    await correct(database, clock, device.id, wrong, recorded_by=person)
    assert await traces(database, device) == opened
    withdrawal = Correction(superseded_id=PASS.id, replacement=None, reason="证书被撤销")
    await correct(database, clock, device.id, withdrawal, recorded_by=person)
    [added] = [trace for trace in await traces(database, device) if trace not in opened]
    assert (added.window.cause, added.window.cause_fact) == (TraceCause.RESULT_WITHDRAWN, PASS.id)
    assert added.window.span.begins == ALWAYS, "nothing good is known before the seal was broken any more"
    assert added.opened_by == person


async def test_a_meter_of_several_gases_of_which_one_channel_fails(database: Database, clock: FixedClock) -> None:
    meter = await register_device(database, clock, a_registration("GAS-1", "GAS_MULTI"))
    for number, channel in enumerate(meter.channels, start=1):
        passed = a_pass(f"2026-0{number}-01", "2027-01-31", channel=channel, number=channel)
        await record_fact(database, clock, meter.id, passed)
    await record_fact(database, clock, meter.id, a_fail("2026-05-20", channel=meter.channels[2]))
    [trace] = await traces(database, meter)
    assert (trace.window.channel, trace.window.span.begins) == (meter.channels[2], beijing("2026-03-01"))


async def _somebody(database: Database) -> UUID:
    async with database.transaction() as db:
        person: UUID = await db.fetchval(
            "insert into person (kind, name_zh, name_en, unit_id) select 'STAFF', '管理员', 'Manager', id from unit"
            " returning id"
        )
    return person
