"""Is a device one of this year's new ones, for this unit? And why, or why not.

New is what came into service for the first time in the period, and what came into service at another site (design
notes, 4.1). A like-for-like replacement is listed apart. What came into service after last year's closing date and
still last year is a late addition. A device that moved counts where it is at the end of the period.
"""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from device_registry.annual_report.model.movement import Flow, Life, Movement, Period
from device_registry.annual_report.model.snapshot import Decision, Inclusion
from device_registry.annual_report.rules.movements import ONE_DAY, Walk, Where
from foundation.civil import day_of

DECISIONS: dict[Inclusion, Decision] = {
    Inclusion.NEW: Decision.INCLUDED,
    Inclusion.LATE_ADDITION: Decision.INCLUDED,
    Inclusion.RELOCATED: Decision.INCLUDED,
    Inclusion.REPLACEMENT: Decision.LISTED_APART,
}
"""Every other reason excludes."""


class Verdict(NamedTuple):
    """`on` is the day of what decided, Beijing; `other_unit` where the device came from or went to."""

    reason: Inclusion
    on: date | None = None
    late_addition: bool = False
    other_unit: UUID | None = None

    @property
    def decision(self) -> Decision:
        return DECISIONS.get(self.reason, Decision.EXCLUDED)


def inclusion(life: Life, walked: Walk, unit_id: UUID, period: Period) -> Verdict:
    """For a device that the unit held at some time of the period."""
    if not life.monitoring:
        return Verdict(Inclusion.NOT_MONITORING)
    holder = life.holder(period.last)
    if holder != unit_id:
        left = next((held.ends for held in reversed(life.held) if held.unit_id == unit_id and _ended(held.ends)), None)
        return Verdict(Inclusion.MOVED_OUT, left, other_unit=holder)
    return _new(walked, period) or _not_new(life, walked, unit_id, period)


def _ended(day: date | None) -> bool:
    return day is not None


def _new(walked: Walk, period: Period) -> Verdict | None:
    started = walked.started
    if started is not None and period.opens <= started.at < period.closes:
        on = day_of(started.at)
        late = on.year < period.year
        if started.flow is Flow.REPLACEMENT:
            return Verdict(Inclusion.REPLACEMENT, on, late)
        return Verdict(Inclusion.LATE_ADDITION if late else Inclusion.NEW, on, late)
    relocated = _last(walked, period, Flow.RELOCATED)
    if relocated is not None:
        on = day_of(relocated.at)
        return Verdict(Inclusion.RELOCATED, on, on.year < period.year)
    return None


def _not_new(life: Life, walked: Walk, unit_id: UUID, period: Period) -> Verdict:
    where = walked.at_last_before(period.closes)
    if where is Where.NEVER:
        return Verdict(Inclusion.NOT_IN_SERVICE)
    if where is Where.GONE:
        return Verdict(Inclusion.RETIRED, _day(walked.retired_at))
    before = life.holder(period.first - ONE_DAY)
    if before is not None and before != unit_id:
        since = next((held.begins for held in life.held if held.on(period.last)), None)
        return Verdict(Inclusion.MOVED_IN, since, other_unit=before)
    if where is Where.OUT:
        stopped = [movement.at for movement in walked.movements if movement.flow is Flow.SUSPENDED]
        return Verdict(Inclusion.SUSPENDED, _day(max((at for at in stopped if at < period.closes), default=None)))
    return _served_on(walked, period)


def _served_on(walked: Walk, period: Period) -> Verdict:
    resumed = _last(walked, period, Flow.RESUMED)
    if resumed is not None:
        return Verdict(Inclusion.RESUMED, day_of(resumed.at))
    changed = [at for at in walked.site_changed_at if period.opens <= at < period.closes]
    if changed:
        return Verdict(Inclusion.SITE_CHANGED, day_of(changed[-1]))
    return Verdict(Inclusion.IN_SERVICE_BEFORE, None if walked.started is None else day_of(walked.started.at))


def _last(walked: Walk, period: Period, flow: Flow) -> Movement | None:
    return next(
        (m for m in reversed(walked.movements) if m.flow is flow and period.opens <= m.at < period.closes), None
    )


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else day_of(instant)
