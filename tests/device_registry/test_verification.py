"""What the facts about a device say about when it was verified."""

from datetime import date, datetime

import pytest
from msgspec.structs import replace

from device_registry.model import Fact, Nature, Occasion, VerifiedPeriod
from device_registry.rules import longest_valid_until, verified_periods
from foundation.civil import spoken
from tests.device_registry.builders import a_fail, a_pass, a_void, beijing, gathered

REPAIRED = Occasion.AFTER_REPAIR


def spans_of(*facts: Fact, channels: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The verified spans in Beijing time, adjoining ones joined."""
    joined: list[VerifiedPeriod] = []
    for period in verified_periods(gathered(*facts, channels=channels)):
        if joined and joined[-1].ends == period.begins:
            joined[-1] = VerifiedPeriod(joined[-1].begins, period.ends, period.certificates)
        else:
            joined.append(period)
    return [(said(period.begins), said(period.ends)) for period in joined]


def said(instant: datetime) -> str:
    return spoken(instant)[:16].removesuffix(" 00:00")


A_YEAR = a_pass("2025-05-04", "2026-05-03")

CASES: dict[str, tuple[list[Fact], list[tuple[str, str]]]] = {
    "no facts, no period": ([], []),
    "a pass holds from the beginning of its day to the end of its last": ([A_YEAR], [("2025-05-04", "2026-05-04")]),
    "a pass may hold for a single day": ([a_pass("2024-02-29", "2024-02-29")], [("2024-02-29", "2024-03-01")]),
    "calibration never satisfies": (
        [replace(A_YEAR, nature=Nature.CALIBRATION)],
        [],
    ),
    "calibration does not displace a pass": (
        [A_YEAR, replace(a_pass("2025-09-01", "2025-09-30"), nature=Nature.CALIBRATION)],
        [("2025-05-04", "2026-05-04")],
    ),
    "a failure closes its whole day": ([A_YEAR, a_fail("2025-12-01")], [("2025-05-04", "2025-12-01")]),
    "a pass after a failure opens again": (
        [A_YEAR, a_fail("2025-12-01"), a_pass("2025-12-10", "2026-12-09")],
        [("2025-05-04", "2025-12-01"), ("2025-12-10", "2026-12-10")],
    ),
    "renewal next week heals no gap": (
        [A_YEAR, a_pass("2026-05-11", "2027-05-10")],
        [("2025-05-04", "2026-05-04"), ("2026-05-11", "2027-05-11")],
    ),
    "renewal on the last valid day leaves no gap": (
        [A_YEAR, a_pass("2026-05-03", "2027-05-02")],
        [("2025-05-04", "2027-05-03")],
    ),
    "an early renewal governs from its day, even where it ends sooner": (
        [A_YEAR, a_pass("2025-10-01", "2025-12-31")],
        [("2025-05-04", "2026-01-01")],
    ),
    "the later of two results of a day rules: fail after pass": (
        [a_pass("2025-05-04", "2026-05-03", sequence=1), a_fail("2025-05-04", sequence=2)],
        [],
    ),
    "the later of two results of a day rules: pass after fail": (
        [a_pass("2025-05-04", "2026-05-03", sequence=2), a_fail("2025-05-04", sequence=1)],
        [("2025-05-04", "2026-05-04")],
    ),
    "pass and fail of a day in unknown order: fail": ([A_YEAR, a_fail("2025-05-04")], []),
    "pass and fail of a day with the same number: fail": (
        [a_pass("2025-05-04", "2026-05-03", sequence=1), a_fail("2025-05-04", sequence=1)],
        [],
    ),
    "a fail without a number may be the last of the day": (
        [a_pass("2025-05-04", "2026-05-03", sequence=9), a_fail("2025-05-04")],
        [],
    ),
    "two passes of a day in unknown order: the earlier last day": (
        [A_YEAR, a_pass("2025-05-04", "2025-11-03")],
        [("2025-05-04", "2025-11-04")],
    ),
    "two passes of a day in known order: the later": (
        [a_pass("2025-05-04", "2025-11-03", sequence=1), a_pass("2025-05-04", "2026-05-03", sequence=2)],
        [("2025-05-04", "2026-05-04")],
    ),
    "a void event ends it at its instant": (
        [A_YEAR, a_void("2025-08-01 14:30")],
        [("2025-05-04", "2025-08-01 14:30")],
    ),
    "a pass on the day of a void event counts as before it": (
        [A_YEAR, a_void("2025-08-01 14:30"), a_pass("2025-08-01", "2026-07-31")],
        [("2025-05-04", "2025-08-01 14:30")],
    ),
    "a pass after repair on the day of the void event counts from its instant": (
        [A_YEAR, a_void("2025-08-01 14:30"), a_pass("2025-08-01", "2026-07-31", occasion=REPAIRED)],
        [("2025-05-04", "2026-08-01")],
    ),
    "a pass after repair does not reach back to the morning before the event": (
        [a_void("2025-08-01 14:30"), a_pass("2025-08-01", "2026-07-31", occasion=REPAIRED)],
        [("2025-08-01 14:30", "2026-08-01")],
    ),
    "a pass after repair counts from the last of two events of its day": (
        [
            A_YEAR,
            a_void("2025-08-01 09:00"),
            a_void("2025-08-01 15:00"),
            a_pass("2025-08-01", "2026-07-31", occasion=REPAIRED),
        ],
        [("2025-05-04", "2025-08-01 09:00"), ("2025-08-01 15:00", "2026-08-01")],
    ),
    "a void event at midnight voids the pass of the day it begins": (
        [a_void("2025-05-04 00:00"), A_YEAR],
        [],
    ),
    "a pass the day after the void event opens": (
        [A_YEAR, a_void("2025-08-01 14:30"), a_pass("2025-08-02", "2026-08-01")],
        [("2025-05-04", "2025-08-01 14:30"), ("2025-08-02", "2026-08-02")],
    ),
    "a void event before the first pass does nothing": (
        [a_void("2025-05-03 23:59"), A_YEAR],
        [("2025-05-04", "2026-05-04")],
    ),
    "a fail and a pass after repair on the day of the repair": (
        [
            A_YEAR,
            a_fail("2025-08-01", sequence=1),
            a_void("2025-08-01 11:00"),
            a_pass("2025-08-01", "2026-07-31", occasion=REPAIRED, sequence=2),
        ],
        [("2025-05-04", "2025-08-01"), ("2025-08-01 11:00", "2026-08-01")],
    ),
    "a certificate for a channel says nothing about an instrument without channels": (
        [a_pass("2025-05-04", "2026-05-03", channel="CO")],
        [],
    ),
    "civil days of the summer-time years are shorter and longer than 24 hours": (
        [a_pass("1986-05-04", "1986-05-04"), a_pass("1991-09-15", "1991-09-15")],
        [("1986-05-04", "1986-05-05"), ("1991-09-15", "1991-09-16")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_verified(case: str) -> None:
    facts, expected = CASES[case]
    assert spans_of(*facts) == expected
    assert spans_of(*reversed(facts)) == expected, "the order in which facts arrive must not matter"


CO, O2 = (a_pass("2025-01-01", "2025-12-31", channel="CO"), a_pass("2025-03-01", "2026-02-28", channel="O2"))


def test_a_multi_gas_meter_is_verified_while_every_channel_is() -> None:
    assert spans_of(CO, O2, channels=("CO", "O2")) == [("2025-03-01", "2026-01-01")]


def test_one_channel_without_a_pass_is_enough_to_bar_it() -> None:
    assert spans_of(CO, O2, channels=("CO", "O2", "H2S")) == []


def test_a_certificate_without_channel_covers_none_of_a_multi_channel_device() -> None:
    assert spans_of(a_pass("2025-01-01", "2025-12-31"), channels=("CO", "O2")) == []


def test_the_failure_of_one_channel_closes_the_device() -> None:
    assert spans_of(CO, O2, a_fail("2025-06-01", channel="O2"), channels=("CO", "O2")) == [("2025-03-01", "2025-06-01")]


def test_a_change_of_certificates_begins_a_new_period_without_a_gap() -> None:
    first, second = a_pass("2025-05-04", "2026-05-03"), a_pass("2026-04-20", "2027-04-19")
    assert verified_periods(gathered(second, first)) == [
        VerifiedPeriod(beijing("2025-05-04"), beijing("2026-04-20"), (first.id,)),
        VerifiedPeriod(beijing("2026-04-20"), beijing("2027-04-20"), (second.id,)),
    ]


def test_of_two_certificates_that_may_both_be_the_last_of_a_day_the_one_that_ends_first_is_named() -> None:
    shorter = a_pass("2025-05-04", "2025-11-03", number="9")
    assert [period.certificates for period in verified_periods(gathered(A_YEAR, shorter))] == [(shorter.id,)]


def test_a_period_names_one_certificate_a_channel_in_the_order_of_the_kind() -> None:
    assert [period.certificates for period in verified_periods(gathered(O2, CO, channels=("O2", "CO")))] == [
        (O2.id, CO.id)
    ]


@pytest.mark.parametrize(
    ("verified_on", "months", "last"),
    [
        ("2024-03-15", 12, "2025-03-14"),
        ("2024-08-31", 6, "2025-02-27"),
        ("2024-02-29", 12, "2025-02-27"),
        ("2023-03-01", 12, "2024-02-29"),
        ("2025-12-31", 2, "2026-02-27"),
        ("2025-01-01", 12, "2025-12-31"),
    ],
)
def test_the_longest_interval_is_counted_in_months_not_days(verified_on: str, months: int, last: str) -> None:
    assert longest_valid_until(date.fromisoformat(verified_on), months) == date.fromisoformat(last)
