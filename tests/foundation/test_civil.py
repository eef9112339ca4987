"""Beijing civil days and instants: every day from 1900 on, the years of summer time included."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.civil import FIRST_DAY, LAST_DAY, beginning_of, day_of, end_of, spoken

A_MICROSECOND = timedelta(microseconds=1)
A_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 5, 4), datetime(2026, 5, 3, 16, tzinfo=UTC)),
        (date(2024, 2, 29), datetime(2024, 2, 28, 16, tzinfo=UTC)),
        (date(1988, 7, 1), datetime(1988, 6, 30, 15, tzinfo=UTC)),  # summer time, nine hours ahead
    ],
)
def test_a_day_begins_at_midnight_in_beijing(day: date, begins: datetime) -> None:
    assert beginning_of(day) == begins


def test_every_day_ends_where_the_next_begins_and_its_edges_belong_where_they_should() -> None:
    day = date(1900, 1, 1)
    while day < date(2101, 1, 1):
        begins, ends = beginning_of(day), end_of(day)
        assert ends == beginning_of(day + A_DAY)
        assert timedelta(hours=22) < ends - begins < timedelta(hours=26)
        assert (day_of(begins - A_MICROSECOND), day_of(begins)) == (day - A_DAY, day)
        day += A_DAY


def test_days_that_change_the_clock_are_not_24_hours_long() -> None:
    lengths = {(end_of(day) - beginning_of(day)) for day in (date(1986, 5, 4), date(1986, 9, 14), date(2026, 5, 4))}
    assert lengths == {timedelta(hours=23), timedelta(hours=25), timedelta(hours=24)}


@given(st.timedeltas(timedelta(days=1), timedelta(days=365 * 8000)))
def test_an_instant_lies_in_its_day(since: timedelta) -> None:
    instant = datetime(1900, 1, 1, tzinfo=UTC) + since
    day = day_of(instant)
    assert beginning_of(day) <= instant < end_of(day)


@pytest.mark.parametrize("day", [date.min, FIRST_DAY - A_DAY, LAST_DAY + A_DAY, date.max])
def test_days_outside_the_range_are_refused(day: date) -> None:
    with pytest.raises(ValueError, match="outside"):
        beginning_of(day)


def test_the_first_and_the_last_day_can_be_said() -> None:
    assert day_of(beginning_of(FIRST_DAY)) == FIRST_DAY
    assert day_of(beginning_of(LAST_DAY)) == LAST_DAY


def test_an_instant_is_spoken_in_beijing_time() -> None:
    assert spoken(datetime(2026, 5, 3, 6, 5, 9, tzinfo=UTC)) == "2026-05-03 14:05:09"
