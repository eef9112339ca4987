"""The modified z-score by hand, and how it behaves when counts are shifted or scaled."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.anomalies.http import explained, monday
from evidence.anomalies.rules import Deviation, Measure, Series, anomalies, compared, usual

WEEK = date(2026, 6, 8)
UNIT = UUID(int=1)
counts = st.lists(st.integers(0, 10_000), min_size=8, max_size=40)


@pytest.mark.parametrize(
    ("values", "count", "deviation", "by", "z"),
    [
        # median 5, deviations 4 3 2 1 0 1 2 3 4: their median 2; 0.6745 * 15 / 2
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 20, 2, Deviation.MEDIAN, 5.06),
        # median 0, MAD 0, MeanAD 8 / 8 = 1; 10 / 1.253314
        ([0, 0, 0, 0, 0, 0, 0, 8], 10, 1, Deviation.MEAN, 7.98),
        # all the same: one count; 0.6745 * 6
        ([4] * 8, 10, 1, Deviation.ONE, 4.05),
    ],
)
def test_the_score_is_what_a_hand_reckons(
    values: list[int], count: int, deviation: float, by: Deviation, z: float
) -> None:
    found = compared(count, values, 8)
    assert found is not None
    assert (found.usual.deviation, found.usual.by, found.z, found.high) == (deviation, by, z, True)


def test_too_little_is_compared_with_nothing() -> None:
    assert usual([1] * 7, 8) is None
    assert usual([], 0) is None


@given(counts, st.integers(0, 10_000), st.integers(0, 1000))
def test_counts_that_are_all_shifted_score_the_same(values: list[int], count: int, by: int) -> None:
    before, after = usual(values, 8), usual([value + by for value in values], 8)
    assert before is not None
    assert after is not None
    assert after.z(count + by) == pytest.approx(before.z(count))


@given(counts, st.integers(0, 10_000), st.integers(1, 50))
def test_counts_that_are_all_scaled_score_the_same_unless_they_are_all_equal(
    values: list[int], count: int, by: int
) -> None:
    before, after = usual(values, 8), usual([value * by for value in values], 8)
    assert before is not None
    assert after is not None
    factor = by if before.by is Deviation.ONE else 1
    assert after.z(count * by) == pytest.approx(before.z(count) * factor)


@given(counts, st.integers(0, 10_000), st.randoms())
def test_the_order_of_the_past_says_nothing(values: list[int], count: int, random: object) -> None:
    assert compared(count, sorted(values), 8) == compared(count, values[::-1], 8)


def a_series(tag: str, past: list[int], now: int, *, held: int = 0) -> Series:
    weeks = [WEEK - timedelta(weeks=len(past) - at) for at in range(len(past))]
    captures = {week: count for week, count in zip(weeks, past, strict=True) if count} | {WEEK: now}
    first = weeks[0] if weeks else WEEK
    return Series(
        uuid4(), tag, "SPEED_RADAR_FIXED", UNIT, first, {Measure.CAPTURES: captures, Measure.HELD: {WEEK: held}}
    )


def test_a_device_far_above_its_own_past_is_told_with_its_numbers() -> None:
    [found] = anomalies([a_series("SRF-001", [8, 9, 10, 11, 12, 10, 9, 11, 10, 8], 60)], WEEK)
    assert (found.measure, found.count, found.same_kind) == (Measure.CAPTURES, 60, None)
    assert found.own is not None
    assert found.own.usual.size == 10
    for language in ("zh-CN", "en"):
        words = explained(found, language)
        assert all(number in words for number in ("SRF-001", "60", "10", "33.73", "3.5", "2026-06-08"))


def test_a_device_far_above_its_kind_in_the_same_week_is_told_though_it_was_always_so() -> None:
    fleet = [a_series(f"SRF-{number}", [30] * 10, 28 + number % 5) for number in range(12)]
    [found] = anomalies([*fleet, a_series("SRF-HIGH", [300, 310, 290, 305, 295] * 2, 300)], WEEK)
    assert found.tag == "SRF-HIGH"
    assert found.same_kind is not None
    assert (found.own and found.own.high, found.same_kind.high) == (False, True)


def test_few_captures_a_short_past_and_low_counts_are_not_told() -> None:
    assert anomalies([a_series("FEW", [0] * 10, 19)], WEEK) == []
    assert anomalies([a_series("SHORT", [1] * 7, 500)], WEEK) == []
    assert anomalies([a_series("LOW", [500, 501, 499] * 4, 20)], WEEK) == []


def test_refusals_are_a_measure_of_their_own() -> None:
    found = anomalies([a_series("SRF-001", [30] * 10, 30, held=9)], WEEK)
    assert [(one.measure, one.count) for one in found] == [(Measure.HELD, 9)]


def test_weeks_without_a_capture_are_zeros_from_the_first_week_on() -> None:
    series = a_series("SRF-001", [7, 0, 0, 5], 1)
    assert series.past(Measure.CAPTURES, WEEK) == [7, 0, 0, 5]
    assert monday(date(2026, 6, 14)) == WEEK
