"""The drawing of a device's years says what the rules say, stretch by stretch."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.devices.device_file import DeviceFile
from console.devices.time_line import MOST_LANES, WIDTH, TimeLine, time_line
from device_registry.model import Fact, Facts, Span, VerifiedPeriod
from device_registry.rules import History, service_periods, verified_periods
from tests.device_registry.builders import a_device, a_fail, a_pass, a_void, beijing, gathered, in_service

NOW = beijing("2026-06-15 12:00")
DAYS = st.dates(date(2022, 1, 1), date(2026, 6, 14)).map(date.isoformat)


def drawn(*facts: Fact, known: Facts | None = None) -> TimeLine:
    known = known or gathered(*facts)
    return time_line(DeviceFile(a_device(), known, History(known), NOW, "某单位"), "zh-CN")


def tones(line: TimeLine, row: int = 0) -> list[str]:
    return [stretch.tone for stretch in line.rows[row].stretches]


def test_a_gap_between_two_certificates_is_seen() -> None:
    line = drawn(in_service("2024-01-01 00:00"), a_pass("2024-01-01", "2024-12-31"), a_pass("2025-03-01", "2027-02-28"))
    assert tones(line) == ["none", "good", "bad", "good"]
    gap = line.rows[0].stretches[2]
    assert gap.words == "逾期未检定（2025-01-01 至 2025-03-01）"


def test_use_before_the_first_verification_is_a_gap_and_waiting_for_it_is_none() -> None:
    assert tones(drawn(in_service("2025-01-01 00:00"), a_pass("2025-06-01", "2026-12-31"))) == ["none", "bad", "good"]
    assert tones(drawn(a_pass("2025-06-01", "2026-12-31"))) == ["none", "good"]


def test_a_verification_that_holds_is_drawn_to_its_last_day_and_one_that_does_not_ends_today() -> None:
    holds = drawn(in_service("2026-01-01 00:00"), a_pass("2026-01-01", "2026-12-31"))
    assert sum(stretch.width for stretch in holds.rows[0].stretches) > holds.today
    failed = drawn(in_service("2026-01-01 00:00"), a_pass("2026-01-01", "2026-12-31"), a_fail("2026-06-01"))
    assert round(sum(stretch.width for stretch in failed.rows[0].stretches), 1) == failed.today


@given(
    passes=st.lists(st.tuples(DAYS, st.integers(1, 700)), max_size=6),
    fails=st.lists(DAYS, max_size=3),
    voids=st.lists(DAYS, max_size=3),
    since=DAYS,
)
def test_every_instant_is_drawn_as_the_rules_judge_it(
    passes: list[tuple[str, int]], fails: list[str], voids: list[str], since: str
) -> None:
    facts: list[Fact] = [in_service(f"{since} 00:00")]
    facts += [a_pass(day, (date.fromisoformat(day) + timedelta(days=run)).isoformat()) for day, run in passes]
    facts += [a_fail(day) for day in fails]
    facts += [a_void(f"{day} 08:00") for day in voids]
    known = gathered(*facts)
    line = drawn(known=known)
    periods_of_rows: list[list[VerifiedPeriod] | list[Span]] = [verified_periods(known), service_periods(known)]
    for row, periods in enumerate(periods_of_rows):
        for stretch in line.rows[row].stretches:
            assert 0 <= stretch.x <= WIDTH
            if stretch.width < 1:
                continue
            middle = _instant(line, stretch.x + stretch.width / 2, known)
            if middle > NOW and row == 1:
                continue
            inside = any(p.begins <= middle and (p.ends is None or middle < p.ends) for p in periods)
            assert (stretch.tone == "good") == inside, (row, stretch, middle)
    assert all(mark.lane < MOST_LANES for mark in line.marks)
    assert len(line.marks) == len(facts)


def _instant(line: TimeLine, x: float, known: Facts) -> datetime:
    """Back from the drawing: today and the first mark are known on both sides."""
    first = min(line.marks, key=lambda mark: mark.x)
    starts = {fact.id: instant for fact, instant in _starts(known)}
    at_first = starts[first.fact_id]
    if line.today - first.x < 1:
        return NOW
    return at_first + (NOW - at_first) * ((x - first.x) / (line.today - first.x))


def _starts(known: Facts) -> list[tuple[Fact, datetime]]:
    return [
        *((fact, beijing(f"{fact.verified_on} 00:00")) for fact in known.certificates),
        *((fact, beijing(f"{fact.failed_on} 00:00")) for fact in known.failure_notices),
        *((fact, fact.occurred_at) for fact in known.void_events),
        *((fact, fact.occurred_at) for fact in known.service_events),
    ]


def test_many_facts_of_one_day_lie_below_each_other() -> None:
    line = drawn(
        in_service("2026-06-01 00:00"), *(a_pass("2026-06-01", "2027-05-31", number=f"N{n}") for n in range(4))
    )
    assert sorted(mark.lane for mark in line.marks) == [0, 1, 2, 3, 4]
