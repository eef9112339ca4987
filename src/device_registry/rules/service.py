"""Was the device in service at an instant? What was done with it, what its site lacked, and lapses that suspend it.

The latest event governs, retirement is final, a tie is closed. Where a verification is overdue, failed or voided, or a
check finds the clock wrong, a device in service is suspended from that very instant; so is one that is put in service
or released without a verification that holds, as a late fact may show. Being verified again does not end this: somebody
other than who put it right has to release it (国发〔2024〕5号: stopped at once, checked, rectified). A device that was
never verified has not lapsed.
"""

from bisect import bisect_right
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from device_registry.model import (
    Announcement,
    CheckSubject,
    Facts,
    Reason,
    Review,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    Span,
    State,
)
from device_registry.rules.siting import Lack, Siting
from device_registry.rules.verification import ledgers_of

LAPSE = None
"""Stands among the changes for a suspension that nobody ordered."""
OPENING = (ServiceChange.PUT_IN_SERVICE, ServiceChange.RESUMED)
STRICTNESS: tuple[ServiceChange | None, ...] = (
    ServiceChange.PUT_IN_SERVICE,
    ServiceChange.RESUMED,
    LAPSE,
    ServiceChange.SUSPENDED,
    ServiceChange.RECTIFYING,
    ServiceChange.RECTIFIED,
    ServiceChange.RETIRED,
)
"""Of what happens at the same instant the later in this list wins."""


class Status(NamedTuple):
    """Where a device is in its life from an instant on. `event` is what brought it there; None: a lapse, or nothing."""

    state: State | None
    """None: not in service yet."""
    since: datetime | None = None
    event: ServiceEvent | None = None
    automatic: bool = False
    site_version_id: UUID | None = None
    by_supervisor: bool = False
    """Only a supervisor may release it."""


class Bar(NamedTuple):
    """One reason why a device is not in service, with the fact it rests on."""

    reason: Reason
    fact: ServiceEvent | SiteVersion | Review | Announcement | None = None
    since: datetime | None = None
    lack: Lack | None = None
    automatic: bool = False


def service_periods(facts: Facts) -> list[Span]:
    """The spans in service, sorted and disjoint; the last may be open."""
    history = History(facts)
    periods: list[Span] = []
    for begins, ends in pairwise([*history.instants, None]):
        assert begins is not None
        if history.bars(begins):
            continue
        if periods and periods[-1].ends == begins:
            periods[-1] = Span(periods[-1].begins, ends)
        else:
            periods.append(Span(begins, ends))
    return periods


class History:
    """What happened to one device in order of time."""

    def __init__(self, facts: Facts) -> None:
        self.siting = Siting(facts)
        self.lapses = lapses(facts)
        steps: list[tuple[datetime, ServiceEvent | None]] = [
            (event.occurred_at, event) for event in facts.service_events if event.change is not ServiceChange.WITHDRAWN
        ]
        steps += [(lapse, None) for lapse in self.lapses]
        steps.sort(key=lambda step: (step[0], STRICTNESS.index(step[1].change if step[1] else LAPSE)))
        self._at: list[datetime] = []
        self._status: list[Status] = []
        status = Status(None)
        for at, event in steps:
            status = _after(status, at, event)
            if self._at and self._at[-1] == at:
                self._status[-1] = status
            else:
                self._at.append(at)
                self._status.append(status)
            if status.state is State.RETIRED:
                break
        self.instants = sorted({*self._at, *(self.siting.edges() if self.siting.needed else ())})
        """Every instant at which something may change."""

    def at(self, instant: datetime) -> Status:
        last = bisect_right(self._at, instant) - 1
        return self._status[last] if last >= 0 else Status(None)

    def site_at(self, instant: datetime) -> SiteVersion | None:
        """The version that the device is or was last in service with; before that, the newest one: what is to come."""
        status = self.at(instant)
        if status.state is None:
            return self.siting.newest()
        return self.siting.versions.get(status.site_version_id) if status.site_version_id else None

    def bars(self, instant: datetime) -> list[Bar]:
        """Every reason why the device is not in service at the instant; none: it is."""
        status = self.at(instant)
        bars = []
        if status.state is State.RETIRED:
            return [Bar(Reason.DEVICE_RETIRED, status.event, status.since)]
        if status.state is None:
            bars.append(Bar(Reason.DEVICE_NOT_IN_SERVICE))
        elif status.state is not State.IN_SERVICE:
            bars.append(Bar(Reason.DEVICE_SUSPENDED, status.event, status.since, automatic=status.automatic))
        lacks = self.siting.lacks(self.site_at(instant), instant)
        return bars + [Bar(lack.reason, lack.fact, lack=lack) for lack in lacks]


def life_cycle_state(facts: Facts, instant: datetime) -> State:
    """Of the device where it has been in service, else of the newest version of its site."""
    history = History(facts)
    status, newest = history.at(instant), history.siting.newest()
    if status.state is not None:
        return status.state
    return history.siting.state(newest, instant) if newest else State.REGISTERED


def lapses(facts: Facts) -> list[datetime]:
    """The instants at which a device that is in service is suspended by itself."""
    found = {
        check.checked_at
        for check in facts.in_service_checks
        if not check.within_tolerance and (check.subject is CheckSubject.CLOCK or not facts.verification_needed)
    }
    if facts.verification_needed:
        ledgers = ledgers_of(facts)
        instants = {edge for ledger in ledgers for edge in ledger.edges()}
        instants |= {event.occurred_at for event in facts.service_events if event.change in OPENING}
        found |= {
            instant
            for instant in instants
            if any(bar.reason is not Reason.NEVER_VERIFIED for ledger in ledgers for bar in ledger.bars(instant))
        }
    return sorted(found)


def _after(status: Status, at: datetime, event: ServiceEvent | None) -> Status:
    if event is None:
        lapsed = status.state is State.IN_SERVICE
        return status._replace(state=State.SUSPENDED, since=at, event=None, automatic=True) if lapsed else status
    match event.change:
        case ServiceChange.PUT_IN_SERVICE | ServiceChange.RESUMED:
            version = event.site_version_id or status.site_version_id
            return Status(State.IN_SERVICE, at, event, site_version_id=version)
        case ServiceChange.SUSPENDED:
            by_supervisor = status.by_supervisor or event.by_supervisor
            return Status(State.SUSPENDED, at, event, False, status.site_version_id, by_supervisor)
        case ServiceChange.RECTIFYING | ServiceChange.RECTIFIED:
            if status.state not in (State.SUSPENDED, State.RECTIFYING):
                status = status._replace(since=at, event=event)
            return status._replace(state=State.RECTIFYING)
        case _:
            return Status(State.RETIRED, at, event, site_version_id=status.site_version_id)
