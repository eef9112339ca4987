"""Working days: what was published, the shape of every year, and what happens where nobody knows."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.working_days import (
    TERMS,
    Term,
    WorkingDaysUnknown,
    add_working_days,
    is_working_day,
    last_day,
    missing_year,
    published,
    working_days_between,
)

CALENDAR = published()
KNOWN = st.dates(date(2024, 6, 1), date(2026, 6, 30))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 2, 14), True),  # a Saturday before the Spring Festival
        (date(2026, 2, 16), False),  # a Monday within it
        (date(2026, 1, 4), True),
        (date(2025, 10, 8), False),
        (date(2025, 10, 9), True),
        (date(2024, 2, 9), True),  # New Year's Eve of 2024 was not a holiday
        (date(2026, 11, 28), False),  # an ordinary Saturday
    ],
)
def test_days_are_worked_as_the_state_council_said(day: date, worked: bool) -> None:
    assert is_working_day(CALENDAR, day) is worked


@pytest.mark.parametrize("year", sorted(CALENDAR.years))
def test_every_year_rests_on_the_days_fixed_by_law_and_makes_up_only_on_weekends(year: int) -> None:
    """全国年节及纪念日放假办法: eleven days until 2024, thirteen since; what is more is made up for."""
    days = {day: worked for day, worked in CALENDAR.otherwise.items() if day.year == year}
    assert all(day.weekday() >= 5 for day, worked in days.items() if worked)
    weekdays_off = sum(day.weekday() < 5 for day, worked in days.items() if not worked)
    made_up = sum(days.values())
    on_weekends = 13 - (2 if year < 2025 else 0) - (weekdays_off - made_up)
    assert 0 <= on_weekends <= 4  # legal holidays that fell on weekends, if the rest was given on weekdays
    for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
        assert days[date(year, month, day)] is False
    assert 245 <= sum(is_working_day(CALENDAR, date(year, 1, 1) + timedelta(n)) for n in range(365)) <= 252


@given(KNOWN, st.integers(1, 60))
def test_counting_forth_and_between_agree(day: date, count: int) -> None:
    end = add_working_days(CALENDAR, day, count)
    assert is_working_day(CALENDAR, end)
    assert working_days_between(CALENDAR, day, end) == count
    assert working_days_between(CALENDAR, day, end - timedelta(days=1)) == count - 1


@given(KNOWN, st.integers(1, 60))
def test_back_from_where_it_led_no_day_is_lost(day: date, count: int) -> None:
    start = add_working_days(CALENDAR, day, -count)
    assert is_working_day(CALENDAR, start)
    assert working_days_between(CALENDAR, start - timedelta(days=1), day - timedelta(days=1)) == count


def test_notice_of_a_hearing_is_given_seven_working_days_before_it() -> None:
    assert last_day(CALENDAR, Term.HEARING_NOTICE, date(2026, 3, 2)) == date(2026, 2, 13)


def test_the_three_days_of_a_transfer_are_those_of_the_calendar() -> None:
    """The administrative penalty law makes working days of its own three days, not of a regulation's."""
    assert last_day(CALENDAR, Term.CRIME_TRANSFER_DECISION, date(2026, 10, 1)) == date(2026, 10, 4)


@given(KNOWN, st.sampled_from([term for term, length in TERMS.items() if length.working and length.days > 0]))
def test_a_term_of_working_days_is_never_shorter_than_its_days(day: date, term: Term) -> None:
    assert (last_day(CALENDAR, term, day) - day).days >= TERMS[term].days


def test_seven_days_over_the_spring_festival_are_more_than_two_weeks() -> None:
    assert last_day(CALENDAR, Term.PRESERVATION_DECISION, date(2026, 2, 12)) == date(2026, 2, 28)


def test_only_the_time_to_pay_is_lengthened_by_a_holiday_at_its_end() -> None:
    assert last_day(CALENDAR, Term.PAYMENT, date(2026, 9, 16)) == date(2026, 10, 8)
    assert last_day(CALENDAR, Term.SEIZURE, date(2026, 9, 3)) == date(2026, 10, 3)


def test_nobody_guesses_a_year_that_is_not_entered() -> None:
    with pytest.raises(WorkingDaysUnknown):
        is_working_day(CALENDAR, date(2027, 1, 4))
    with pytest.raises(WorkingDaysUnknown):
        last_day(CALENDAR, Term.SERVICE, date(2026, 12, 28))


def test_what_an_operator_enters_holds_over_what_was_published() -> None:
    changed = CALENDAR.extended(frozenset({2027}), {date(2026, 11, 27): False})
    assert is_working_day(changed, date(2026, 11, 27)) is False
    assert last_day(changed, Term.SERVICE, date(2026, 12, 28)) == date(2027, 1, 6)


def test_the_next_year_is_missing_from_december_on() -> None:
    assert missing_year(CALENDAR, date(2026, 11, 30)) is None
    assert missing_year(CALENDAR, date(2026, 12, 1)) == 2027
    assert missing_year(CALENDAR, date(2028, 1, 1)) == 2028
