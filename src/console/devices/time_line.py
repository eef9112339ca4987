"""A device's years as a drawing: when it was verified, in service and lawfully sited, and what happened when.

Only geometry and words are made here; the drawing itself is `parts/time_line.html`. The drawing is WIDTH units wide.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from console.devices.device_file import DeviceFile
from device_registry.model import Reason, State
from device_registry.rules.verification import Ledger, ledgers_of
from foundation.civil import BEIJING, beginning_of, day_of, end_of, spoken
from foundation.words import Language, say

WIDTH = 1000
AT_LEAST, BEFOREHAND, AFTERWARDS = timedelta(days=60), timedelta(days=15), timedelta(days=45)
"""What is always shown before today, and what lies before the first and after the last thing known."""
MOST_YEARS = 20
MOST_LABELS = 12
HALF_A_LABEL = 25
A_MARK = 13
DAYS_BY_QUARTER = 3 * 366
MOST_LANES = 5


class Stretch(NamedTuple):
    """`tone` is good, bad or none; `words` are said on hover and focus."""

    x: float
    width: float
    tone: str
    words: str


class Row(NamedTuple):
    name: str
    stretches: list[Stretch]


class Mark(NamedTuple):
    """A fact at its instant; `shape` tells kinds apart without colour."""

    x: float
    lane: int
    """Marks that would cover each other lie below each other."""
    shape: str
    words: str
    fact_id: UUID


class Tick(NamedTuple):
    x: float
    label: str


class TimeLine(NamedTuple):
    rows: list[Row]
    marks: list[Mark]
    lanes: int
    ticks: list[Tick]
    today: float
    picked: float | None


def time_line(file: DeviceFile, language: Language, picked: datetime | None = None) -> TimeLine:
    """From the first thing known to a little after the last, today included."""
    happened = [*_happened(file, language)]
    ledgers = ledgers_of(file.facts) if file.device.verification_needed else []
    first_known = min((instant for instant, *_ in happened), default=file.now)
    begins = max(min(first_known, file.now - AT_LEAST), file.now - timedelta(days=365 * MOST_YEARS)) - BEFOREHAND
    latest = [end_of(holds.valid_until) for ledger in ledgers if (holds := ledger.in_force(file.now))]
    ends = min(max([file.now, *latest]), file.now + timedelta(days=365 * MOST_YEARS)) + AFTERWARDS
    whole = (ends - begins).total_seconds()

    def x_of(instant: datetime) -> float:
        return round(WIDTH * min(max((instant - begins).total_seconds() / whole, 0), 1), 1)

    def stretches(
        edges: Iterable[datetime], found: Callable[[datetime], tuple[str, str]], until: datetime
    ) -> list[Stretch]:
        """What holds from edge to edge; neighbours that say the same are one."""
        inside = sorted({edge for edge in edges if begins < edge < until})
        drawn: list[tuple[datetime, datetime, str, str]] = []
        for start, end in pairwise([begins, *inside, until]):
            tone, words = found(start)
            if drawn and drawn[-1][2:] == (tone, words):
                drawn[-1] = (drawn[-1][0], end, tone, words)
            else:
                drawn.append((start, end, tone, words))
        return [
            Stretch(x_of(start), round(x_of(end) - x_of(start), 1), tone, _between(words, start, end, language))
            for start, end, tone, words in drawn
        ]

    rows = []
    for ledger in ledgers:
        channel = say(language, "page.time-line.channel", channel=ledger.channel) if ledger.channel else ""
        holds = ledger.in_force(file.now)
        until = end_of(holds.valid_until) if holds else file.now
        name = say(language, "page.time-line.verification") + channel
        rows.append(
            Row(name, stretches([*ledger.edges(), *file.history.instants], _verified(file, ledger, language), until))
        )
    served = stretches(file.history.instants, _served(file, language), file.now)
    rows.append(Row(say(language, "page.time-line.service"), served))
    if file.device.siting_needed:
        edges = [*file.history.instants, *file.history.siting.edges()]
        rows.append(Row(say(language, "page.time-line.siting"), stretches(edges, _sited(file, language), file.now)))
    marks: list[Mark] = []
    ends_of_lanes: list[float] = []
    for instant, shape, words, fact_id in sorted(happened, key=lambda mark: mark[0]):
        if begins <= instant <= ends:
            lane = _free_lane(ends_of_lanes, x_of(instant))
            marks.append(Mark(x_of(instant), lane, shape, f"{spoken_day(instant)} {words}", fact_id))
    inside = picked is not None and begins <= picked <= ends
    return TimeLine(
        rows,
        marks,
        len(ends_of_lanes),
        _ticks(begins, ends, x_of),
        x_of(file.now),
        x_of(picked) if picked and inside else None,
    )


def _free_lane(ends: list[float], x: float) -> int:
    """The first lane in which a mark at `x` covers none; `ends` is kept. Where all are taken, the last."""
    lane = next((number for number, end in enumerate(ends) if end <= x), len(ends))
    if lane == len(ends) and lane < MOST_LANES:
        ends.append(0)
    lane = min(lane, MOST_LANES - 1)
    ends[lane] = x + A_MARK
    return lane


def spoken_day(instant: datetime) -> str:
    """The Beijing day, with the time unless it is the very beginning of the day."""
    return day_of(instant).isoformat() if instant == beginning_of(day_of(instant)) else spoken(instant)[:16]


def _verified(file: DeviceFile, ledger: Ledger, language: Language) -> Callable[[datetime], tuple[str, str]]:
    def found(instant: datetime) -> tuple[str, str]:
        certificate = ledger.in_force(instant)
        if certificate:
            return "good", say(language, "page.time-line.verified", number=certificate.certificate_no)
        reasons = [bar.reason for bar in ledger.bars(instant)]
        words = [say(language, f"page.time-line.{reason}") for reason in reasons]
        unused = file.history.at(instant).state is not State.IN_SERVICE
        return "none" if unused and reasons == [Reason.NEVER_VERIFIED] else "bad", (
            "；" if language == "zh-CN" else "; "
        ).join(words)

    return found


def _served(file: DeviceFile, language: Language) -> Callable[[datetime], tuple[str, str]]:
    def found(instant: datetime) -> tuple[str, str]:
        state = file.history.at(instant).state
        if state is None:
            return "none", say(language, "page.time-line.not-yet")
        tone = {"IN_SERVICE": "good", "RETIRED": "none"}.get(state, "bad")
        return tone, say(language, f"device.state.{state}")

    return found


def _sited(file: DeviceFile, language: Language) -> Callable[[datetime], tuple[str, str]]:
    def found(instant: datetime) -> tuple[str, str]:
        status = file.history.at(instant)
        lacks = file.history.siting.lacks(file.history.site_at(instant), instant)
        if not lacks:
            return "good", say(language, "page.time-line.sited")
        words = [say(language, f"page.time-line.{lack.reason}") for lack in lacks]
        return "none" if status.state is None else "bad", ("；" if language == "zh-CN" else "; ").join(words)

    return found


def _happened(file: DeviceFile, language: Language) -> Iterable[tuple[datetime, str, str, UUID]]:
    """Every fact with its instant, its shape and its words."""
    facts = file.facts
    for certificate in facts.certificates:
        words = f"{say(language, f'device.nature.{certificate.nature}')} {certificate.certificate_no}"
        yield beginning_of(certificate.verified_on), "pass", words, certificate.id
    for notice in facts.failure_notices:
        words = f"{say(language, 'device.last-result.FAIL')} {notice.notice_no}"
        yield beginning_of(notice.failed_on), "fail", words, notice.id
    for void in facts.void_events:
        yield void.occurred_at, "fail", say(language, f"device.cause.{void.cause}"), void.id
    for event in facts.service_events:
        yield event.occurred_at, "step", say(language, f"device.change.{event.change}"), event.id
    for review in facts.reviews:
        aspect, outcome = (
            say(language, f"device.{name}.{value}")
            for name, value in (("aspect", review.aspect), ("review-outcome", review.outcome))
        )
        yield beginning_of(review.reviewed_on), "paper", f"{aspect} {outcome}", review.id
    for told in facts.announcements:
        yield beginning_of(told.announced_on), "paper", say(language, f"device.notice.{told.notice}"), told.id
    for conclusion in facts.written_conclusions:
        words = f"{say(language, 'device.fact.written_conclusion')} {conclusion.document_no}"
        yield beginning_of(conclusion.concluded_on), "paper", words, conclusion.id
    for check in facts.in_service_checks:
        if not check.within_tolerance:
            yield check.checked_at, "fail", say(language, f"device.check-subject.{check.subject}"), check.id


def _between(words: str, begins: datetime, ends: datetime, language: Language) -> str:
    return say(language, "page.time-line.between", words=words, begins=day_of(begins), ends=day_of(ends))


def _ticks(begins: datetime, ends: datetime, x_of: Callable[[datetime], float]) -> list[Tick]:
    """At the beginnings of years, or of quarters where few years are shown."""
    first, last = begins.astimezone(BEIJING).year, ends.astimezone(BEIJING).year
    every = max(1, (last - first) // MOST_LABELS + 1)
    months = (1, 4, 7, 10) if (ends - begins).days <= DAYS_BY_QUARTER else (1,)
    days = [date(year, month, 1) for year in range(first, last + 1, every) for month in months]
    instants = [(datetime.combine(day, datetime.min.time(), BEIJING).astimezone(UTC), day) for day in days]
    label = "%Y-%m" if len(months) > 1 else "%Y"
    ticks = [Tick(x_of(instant), day.strftime(label)) for instant, day in instants if begins < instant < ends]
    return [tick for tick in ticks if HALF_A_LABEL < tick.x < WIDTH - HALF_A_LABEL]
