"""Working days in China, from a calendar that is data: `working_days.toml`, and what an operator adds to it.

All days are Beijing civil days. A year that the calendar does not know is never guessed: WorkingDaysUnknown is raised.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import NamedTuple

from msgspec import Struct

from foundation.problem import Problem

A_DAY = timedelta(days=1)
MOST_DAYS = 3660
"""Ten years: no term of law that is counted in days is longer."""
DUE_FROM = (12, 1)
"""Month and day from which the coming year should be known: the notice comes out in late October or in November."""


class WorkingDaysUnknown(Problem):
    """Nobody has entered the holidays and make-up days of that year, so a term that reaches into it has no end yet."""

    slug, status = "working-days-unknown", HTTPStatus.CONFLICT


class WorkingDays(Struct, frozen=True):
    """Which years are known, and on which days of them China rests or works otherwise than the week says."""

    years: frozenset[int]
    otherwise: Mapping[date, bool]
    """True: it is worked."""

    def extended(self, years: frozenset[int], otherwise: Mapping[date, bool]) -> "WorkingDays":
        """With what an operator knows better, day by day."""
        return WorkingDays(self.years | years, {**self.otherwise, **otherwise})


class Term(StrEnum):
    """A term of law that runs in an inspection or a case."""

    PRESERVATION_DECISION = "PRESERVATION_DECISION"
    HEARING_REQUEST = "HEARING_REQUEST"
    HEARING_NOTICE = "HEARING_NOTICE"
    DECISION = "DECISION"
    SERVICE = "SERVICE"
    PAYMENT = "PAYMENT"
    SEIZURE = "SEIZURE"
    SEIZURE_EXTENSION = "SEIZURE_EXTENSION"
    CRIME_TRANSFER_DECISION = "CRIME_TRANSFER_DECISION"
    PUBLICATION = "PUBLICATION"


class Length(NamedTuple):
    """So many days, negative: before. `to_a_working_day`: a last day that nobody works moves to the next worked one."""

    days: int
    working: bool
    source: str
    to_a_working_day: bool = False


TERMS = {
    Term.PRESERVATION_DECISION: Length(7, True, "行政处罚法 Art. 56, 85"),
    Term.HEARING_REQUEST: Length(5, True, "行政处罚法 Art. 64(1), 85"),
    Term.HEARING_NOTICE: Length(-7, True, "行政处罚法 Art. 64(2), 85: before the hearing"),
    Term.DECISION: Length(90, False, "行政处罚法 Art. 60"),
    Term.SERVICE: Length(7, True, "行政处罚法 Art. 61, 85"),
    Term.PAYMENT: Length(15, False, "行政处罚法 Art. 67; last day: 民法典 Art. 203", to_a_working_day=True),
    Term.SEIZURE: Length(30, False, "行政强制法 Art. 25"),
    Term.SEIZURE_EXTENSION: Length(30, False, "行政强制法 Art. 25"),
    Term.CRIME_TRANSFER_DECISION: Length(3, False, "行政执法机关移送涉嫌犯罪案件的规定 Art. 5"),
    Term.PUBLICATION: Length(7, True, "国办发〔2018〕118号"),
}
"""行政处罚法 Art. 85: the two, three, five and seven days of that law are working days; all others are calendar
days, and so are those of another law or regulation unless it says otherwise.

Only the party's time to pay is lengthened where its last day is a holiday: what binds the authority ends when it ends.
"""


@cache
def published() -> WorkingDays:
    """What the State Council published, of the years that came with this version."""
    otherwise: dict[date, bool] = {}
    years = tomllib.loads(files("foundation").joinpath("working_days.toml").read_text("utf-8"))
    for year in years.values():
        for first, last, _ in year["rest"]:
            day = date.fromisoformat(first)
            while day <= date.fromisoformat(last):
                otherwise[day] = False
                day += A_DAY
        otherwise |= dict.fromkeys(map(date.fromisoformat, year["work"]), True)
    return WorkingDays(frozenset(map(int, years)), otherwise)


def is_working_day(calendar: WorkingDays, day: date) -> bool:
    """Raises WorkingDaysUnknown."""
    if day.year not in calendar.years:
        raise WorkingDaysUnknown(year=day.year, members={"year": day.year})
    return calendar.otherwise.get(day, day.weekday() < 5)


def add_working_days(calendar: WorkingDays, day: date, count: int) -> date:
    """The `count`th working day after the day, or before it where `count` is negative; the day itself never counts.

    0 gives the day itself, whether it is worked or not. Raises WorkingDaysUnknown; ValueError beyond MOST_DAYS.
    """
    if abs(count) > MOST_DAYS:
        raise ValueError(f"{count} working days")
    step, left = (A_DAY if count > 0 else -A_DAY), abs(count)
    while left:
        day += step
        left -= is_working_day(calendar, day)
    return day


def working_days_between(calendar: WorkingDays, after: date, until: date) -> int:
    """How many of the days after `after`, up to and with `until`, are worked; none where `until` is not later.

    Raises WorkingDaysUnknown; ValueError beyond MOST_DAYS.
    """
    span = (until - after).days
    if span > MOST_DAYS:
        raise ValueError(f"{span} days")
    return sum(is_working_day(calendar, after + number * A_DAY) for number in range(1, span + 1))


def last_day(calendar: WorkingDays, term: Term, begun_on: date) -> date:
    """The last day of the term, inclusive; the day on which it begins does not count (民法典 Art. 201).

    Of a term before something, which is given instead: the last day on which it is kept.

    Raises WorkingDaysUnknown where that takes a year nobody has entered.
    """
    length = TERMS[term]
    if length.working:
        return add_working_days(calendar, begun_on, length.days)
    day = begun_on + length.days * A_DAY
    while length.to_a_working_day and not is_working_day(calendar, day):
        day += A_DAY
    return day


def missing_year(calendar: WorkingDays, today: date) -> int | None:
    """The year that should be known by today and is not: this one, and from December 1 on the next one."""
    due = [today.year, *([today.year + 1] if (today.month, today.day) >= DUE_FROM else [])]
    return next((year for year in due if year not in calendar.years), None)
