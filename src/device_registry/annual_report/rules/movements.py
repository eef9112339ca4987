"""What moved a device into and out of the stock in service, told from what was done with it.

The walk never looks at the spans in service. A step that contradicts the one before (put in service twice, suspended
before it ever served, in service after retirement) counts as what it says, so that the balance breaks and names it.
What only became needless through a later correction (a release after a lapse that was none) counts as nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

from device_registry.annual_report.model.movement import STARTS, Flow, Held, Life, Movement, Period, Step
from device_registry.model import ServiceChange
from foundation.civil import beginning_of, day_of

ONE_DAY = timedelta(days=1)
ORDER = (
    ServiceChange.PUT_IN_SERVICE,
    ServiceChange.RESUMED,
    None,
    ServiceChange.SUSPENDED,
    ServiceChange.RETIRED,
)
"""Of steps at one instant the later in this list comes last; the stricter one is what remains."""


class Where(Enum):
    NEVER = auto()
    IN = auto()
    OUT = auto()
    GONE = auto()


class Walk(NamedTuple):
    """Everything that a life tells, whoever held the device."""

    movements: tuple[Movement, ...]
    status: tuple[tuple[datetime, Where], ...]
    retired_at: datetime | None
    site_changed_at: tuple[datetime, ...]
    """Put in service anew where it stood: another item or speed limit."""

    def at_last_before(self, instant: datetime) -> Where:
        return next((where for at, where in reversed(self.status) if at < instant), Where.NEVER)

    @property
    def started(self) -> Movement | None:
        """First in service."""
        return next((movement for movement in self.movements if movement.flow in STARTS), None)


def walk(life: Life) -> Walk:
    where, site = Where.NEVER, None
    movements: list[Movement] = []
    status: list[tuple[datetime, Where]] = []
    site_changes: list[datetime] = []
    retired_at = None
    for step in sorted((step for step in life.steps if step.change in ORDER), key=_in_order):
        then, flows = _taken(where, step, life, site)
        if (where, then, flows) == (Where.IN, Where.IN, ()) and step.site_id not in (None, site):
            site_changes.append(step.at)
        movements += [Movement(flow, step.at, step.document_no, automatic=step.change is None) for flow in flows]
        if then is Where.GONE and where is not Where.GONE:
            retired_at = step.at
        site, where = step.site_id or site, then
        status.append((step.at, where))
    return Walk(tuple(movements), tuple(status), retired_at, tuple(site_changes))


def movements_of(life: Life, walked: Walk, unit_id: UUID, period: Period) -> list[Movement]:
    """What changed this unit's stock in the period.

    A device that first came into service in the period belongs, with all that happened to it, to the unit that holds
    it at the end, so that it is new in one report only. Every other movement belongs to whoever held it then.
    """
    at_the_end = life.holder(period.last)
    within = [movement for movement in walked.movements if period.opens <= movement.at < period.closes]
    if any(movement is walked.started for movement in within):
        return _as_they_ended(within, walked, life, period) if at_the_end == unit_id else []
    own = [movement for movement in within if life.holder(day_of(movement.at)) == unit_id]
    return sorted(
        [*_as_they_ended(own, walked, life, period), *_moves(life, walked, unit_id, period)],
        key=lambda movement: movement.at,
    )


def _in_order(step: Step) -> tuple[datetime, int, str]:
    return step.at, ORDER.index(step.change), str(step.site_id)


TAKEN: dict[tuple[Where, ServiceChange | None], tuple[Where, tuple[Flow, ...]]] = {
    (Where.IN, None): (Where.OUT, (Flow.SUSPENDED,)),
    (Where.IN, ServiceChange.SUSPENDED): (Where.OUT, (Flow.SUSPENDED,)),
    (Where.IN, ServiceChange.RETIRED): (Where.GONE, (Flow.RETIRED,)),
    (Where.OUT, ServiceChange.RESUMED): (Where.IN, (Flow.RESUMED,)),
    (Where.OUT, ServiceChange.RETIRED): (Where.GONE, ()),
    (Where.NEVER, ServiceChange.RETIRED): (Where.GONE, ()),
    # Contradictions: they count as what they say.
    (Where.NEVER, ServiceChange.RESUMED): (Where.NEVER, (Flow.RESUMED,)),
    (Where.NEVER, ServiceChange.SUSPENDED): (Where.NEVER, (Flow.SUSPENDED,)),
    (Where.GONE, ServiceChange.RESUMED): (Where.GONE, (Flow.RESUMED,)),
    (Where.GONE, ServiceChange.PUT_IN_SERVICE): (Where.GONE, (Flow.RESUMED,)),
}
"""What a step does to a device that is somewhere. What is not here changes nothing."""


def _taken(where: Where, step: Step, life: Life, site: UUID | None) -> tuple[Where, tuple[Flow, ...]]:
    if step.change is not ServiceChange.PUT_IN_SERVICE or where is Where.GONE:
        return TAKEN.get((where, step.change), (where, ()))
    start = (Flow.REPLACEMENT if life.replaces else Flow.NEW,)
    if where is Where.NEVER:
        return Where.IN, start
    elsewhere = _elsewhere(life, site, step)
    if where is Where.OUT:
        return Where.IN, (Flow.RELOCATED if elsewhere else Flow.RESUMED,)
    if step.site_id in (None, site):
        return Where.IN, start  # begun twice without an end: counted, so that the balance breaks
    return Where.IN, (Flow.RELOCATED_AWAY, Flow.RELOCATED) if elsewhere else ()


def _elsewhere(life: Life, site: UUID | None, step: Step) -> bool:
    """Two sites at different places. A version whose place nobody knows is taken for the same place."""
    if site is None or step.site_id is None:
        return False
    return life.sites.get(site) != life.sites.get(step.site_id)


def _as_they_ended(own: list[Movement], walked: Walk, life: Life, period: Period) -> list[Movement]:
    """A suspension that ended in retirement, in the same period and with the same holder, left the stock as retired."""
    retired_at = walked.retired_at
    if retired_at is None or not period.opens <= retired_at < period.closes:
        return own
    last = next((m for m in reversed(walked.movements) if m.at <= retired_at), None)
    if last is None or last.flow is not Flow.SUSPENDED or last not in own:
        return own
    new = any(movement is walked.started for movement in own)
    if not new and life.holder(day_of(last.at)) != life.holder(day_of(retired_at)):
        return own
    return [m._replace(flow=Flow.RETIRED, at=retired_at, automatic=False) if m is last else m for m in own]


def _moves(life: Life, walked: Walk, unit_id: UUID, period: Period) -> Iterator[Movement]:
    """Between units, on days of the period on which the holder changes; only a device in service moves the stock."""
    for before, after in _handovers(life.held):
        assert after.begins is not None
        at = beginning_of(after.begins)
        if not period.opens <= at < period.closes or walked.at_last_before(at) is not Where.IN:
            continue
        if before.unit_id == unit_id:
            yield Movement(Flow.MOVED_OUT, at, other_unit=after.unit_id)
        if after.unit_id == unit_id:
            yield Movement(Flow.MOVED_IN, at, other_unit=before.unit_id)


def _handovers(held: tuple[Held, ...]) -> Iterator[tuple[Held, Held]]:
    for after in held:
        before = None if after.begins is None else next((h for h in held if h.ends == after.begins), None)
        if before is not None and before.unit_id != after.unit_id:
            yield before, after
