"""Random fleets: devices that are put in service, lapse, stop, go on, are moved, relocated, replaced and scrapped.

Beside each the facts as the register keeps them, and a second, plain reckoning of what happened, which shares no code
with the rules: tests compare the two.
"""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from hypothesis import strategies as st

from device_registry.annual_report.model.movement import Held, Period
from device_registry.model import (
    BasisLevel,
    Device,
    Facts,
    Mounting,
    Requirement,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    VerificationCertificate,
)
from foundation.civil import beginning_of, day_of

UNITS = tuple(UUID(int=100 + number) for number in range(3))
PLACES = ("江岸区解放大道", "江汉区新华路")
FIRST, LAST = date(2025, 9, 1), date(2027, 2, 1)
DAYS = (LAST - FIRST).days
EDGES = (
    date(2025, 12, 15),
    date(2025, 12, 16),
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 12, 31),
    date(2027, 1, 1),
)
PUT, STOP, AGAIN, SCRAP = (
    ServiceChange.PUT_IN_SERVICE,
    ServiceChange.SUSPENDED,
    ServiceChange.RESUMED,
    ServiceChange.RETIRED,
)


class Past(NamedTuple):
    """A device and all that happened to it. `events`: instant, change, place (of PUT)."""

    device: Device
    facts: Facts
    held: tuple[Held, ...]
    events: tuple[tuple[datetime, ServiceChange, str | None], ...]
    papers: tuple[tuple[date, date], ...]

    def holder(self, day: date) -> UUID:
        return next(held.unit_id for held in self.held if held.on(day))

    def lapsed(self, day: date) -> bool:
        """Was verified once and is not on that day: whatever serves then is suspended by itself."""
        made = [until for on, until in self.papers if on <= day]
        return bool(made) and day > made[-1]

    def in_service_before(self, instant: datetime) -> bool:
        """Just before it: the plain reckoning, a day at a time."""
        serving, gone = False, False
        days = {day_of(at) for at, _, _ in self.events} | {until + timedelta(days=1) for _, until in self.papers}
        for day in sorted(days):
            told = [(at, what) for at, what, _ in self.events if day_of(at) == day and at < instant]
            at_midnight = [what for at, what in told if at == beginning_of(day)]
            later = [what for at, what in told if at > beginning_of(day)]
            serving = serving or (not gone and any(what in (PUT, AGAIN) for what in at_midnight))
            if self.lapsed(day) and beginning_of(day) < instant:
                serving = False
            for what in [*(what for what in at_midnight if what in (STOP, SCRAP)), *later]:
                serving = what in (PUT, AGAIN) and not gone and not self.lapsed(day)
                gone = gone or what is SCRAP
        return serving

    @property
    def started(self) -> datetime | None:
        return self.events[0][0] if self.events else None

    def relocated_in(self, period: Period) -> bool:
        """Put in service at another place than before, on a day of the period."""
        puts = [(at, place) for at, what, place in self.events if what is PUT]
        return any(
            period.opens <= at < period.closes and place != before for (_, before), (at, place) in pairwise(puts)
        )


def instants() -> st.SearchStrategy[datetime]:
    days = st.one_of(st.sampled_from(EDGES), st.integers(0, DAYS).map(lambda n: FIRST + timedelta(days=n)))
    minutes = st.one_of(st.just(0), st.integers(0, 24 * 60 - 1))
    return st.tuples(days, minutes).map(lambda both: beginning_of(both[0]) + timedelta(minutes=both[1]))


@st.composite
def papers(draw: st.DrawFn) -> tuple[tuple[date, date], ...]:
    """Passes one after the other, some with a gap, some renewed in time."""
    found, day = [], FIRST - timedelta(days=draw(st.integers(0, 100)))
    for _ in range(draw(st.integers(0, 3))):
        until = day + timedelta(days=draw(st.integers(20, 300)))
        found.append((day, until))
        day = until + timedelta(days=draw(st.integers(-15, 60)))
    return tuple(found)


@st.composite
def moves(draw: st.DrawFn) -> tuple[Held, ...]:
    days = sorted(draw(st.sets(st.one_of(st.sampled_from(EDGES), st.dates(FIRST, LAST)), max_size=3)))
    units = draw(st.lists(st.sampled_from(UNITS), min_size=len(days) + 1, max_size=len(days) + 1))
    edges = [None, *days, None]
    return tuple(Held(unit, edges[n], edges[n + 1]) for n, unit in enumerate(units))


@st.composite
def pasts(draw: st.DrawFn, number: int = 1) -> Past:
    times = sorted(draw(st.sets(instants(), max_size=6)))
    whats = [PUT] * bool(times) + [draw(st.sampled_from((STOP, AGAIN, PUT, STOP))) for _ in times[1:]]
    if len(whats) > 1 and draw(st.booleans()):
        whats[-1] = SCRAP
    events = tuple(
        (at, what, draw(st.sampled_from(PLACES)) if what is PUT else None)
        for at, what in zip(times, whats, strict=True)
    )
    made = draw(papers())
    replaces = UUID(int=9) if draw(st.integers(0, 4)) == 0 else None
    return a_past(number, events, made, draw(moves()), replaces)


def a_past(
    number: int,
    events: tuple[tuple[datetime, ServiceChange, str | None], ...],
    made: tuple[tuple[date, date], ...],
    held: tuple[Held, ...],
    replaces: UUID | None,
) -> Past:
    sites = [a_site(order, place) for order, (_, _, place) in enumerate(events, start=1) if place is not None]
    by_order = {site.number: site.id for site in sites}
    facts = Facts(
        siting_needed=True,
        service_events=tuple(
            ServiceEvent(change=what, occurred_at=at, site_version_id=by_order.get(order))
            for order, (at, what, _) in enumerate(events, start=1)
        ),
        certificates=tuple(
            VerificationCertificate(
                verified_on=on, valid_until=until, certificate_no=f"JL-{on}", issuing_body="演示检定机构"
            )
            for on, until in made
        ),
        site_versions=tuple(sites),
    )
    return Past(a_camera(number, held[-1].unit_id, replaces), facts, held, events, made)


def a_site(number: int, address: str) -> SiteVersion:
    return SiteVersion(
        number=number,
        address=address,
        monitored_items=("超速",),
        basis_name="道路交通安全法",
        basis_article="第一百一十四条",
        basis_level=BasisLevel.LAW,
        necessity="事故多发",
    )


def a_camera(number: int, unit_id: UUID, replaces: UUID | None = None) -> Device:
    return Device(
        id=UUID(int=5000 + number),
        tag=f"T-{number:04}",
        kind="SPEED_RADAR_FIXED",
        kind_zh="固定式机动车雷达测速仪",
        kind_en="Fixed speed radar",
        channels=(),
        max_interval_months=12,
        serial_no="1",
        model="M",
        maker="—",
        unit_id=unit_id,
        mounting=Mounting.FIXED,
        address=None,
        place=None,
        requirement=Requirement.MANDATORY,
        verification_needed=True,
        siting_needed=True,
        replaces=replaces,
        synthetic=True,
        registered_at=beginning_of(FIRST),
    )
