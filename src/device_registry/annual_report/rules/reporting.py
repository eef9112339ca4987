"""Who reports to whom, about which days, until when, and what is due in December.

Sources: 《武汉市提升行政执法质量行动方案》二(二)5 (departments of the city to the city, departments of a district and
streets to the district, before the end of each year); 国发〔2024〕5号. A functional zone governs like a district.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from agency.model import Role, Unit, UnitKind
from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.workflow import Stage
from foundation.civil import day_of

GOVERNMENTS = frozenset({UnitKind.CITY, UnitKind.DISTRICT, UnitKind.FUNCTIONAL_ZONE})
REPORTERS = frozenset({UnitKind.DEPARTMENT, UnitKind.STREET})
FIRST_REMINDER = (12, 1)


def deadline(year: int) -> date:
    """The last day in time, inclusive, Beijing."""
    return date(year, 12, 31)


def is_late(filed_at: datetime, year: int) -> bool:
    return day_of(filed_at) > deadline(year)


def receiver_of(above: Sequence[Unit]) -> Unit | None:
    """The government that receives the unit's report. `above`: the unit itself first, then what it belongs to.

    None: the unit is a government itself or does not stand on that day, and reports to nobody.
    """
    if not above or above[0].kind not in REPORTERS:
        return None
    return next((unit for unit in above if unit.kind in GOVERNMENTS), None)


def below(tree: Iterable[Unit], government_id: UUID) -> list[Unit]:
    """The government and all units below it, each after its parent, as the tree gives them."""
    reached = {government_id}
    found = []
    for unit in tree:
        if unit.id == government_id or unit.parent_id in reached:
            reached.add(unit.id)
            found.append(unit)
    return found


def period_of(year: int, last_closing: date | None, period_to: date | None) -> Period:
    """From the day after last year's closing date, or from 1 January where none is known."""
    first = date(year, 1, 1) if last_closing is None else last_closing + timedelta(days=1)
    return Period(year, first, period_to or deadline(year))


def period_fits(period: Period) -> bool:
    """It closes in its year, and begins in it or, for late additions, in the year before."""
    return period.last.year == period.year and period.first <= period.last and period.first.year >= period.year - 1


class ReminderStage(StrEnum):
    OPEN = "OPEN"
    """From 1 December."""
    TWO_WEEKS = "TWO_WEEKS"
    LAST_WEEK = "LAST_WEEK"
    LAST_DAY = "LAST_DAY"
    OVERDUE = "OVERDUE"


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """One for a unit, stage and role, never twice: these three are its key."""

    unit_id: UUID
    year: int
    stage: ReminderStage
    role: Role
    """Whose turn it is."""
    due_on: date


def reminder_stage(year: int, today: date) -> ReminderStage | None:
    last = deadline(year)
    if today < date(year, *FIRST_REMINDER):
        return None
    if today > last:
        return ReminderStage.OVERDUE
    if today == last:
        return ReminderStage.LAST_DAY
    left = (last - today).days
    return ReminderStage.LAST_WEEK if left <= 7 else ReminderStage.TWO_WEEKS if left <= 14 else ReminderStage.OPEN


TURNS: dict[Stage | None, Role] = {
    None: Role.DEVICE_MANAGER,
    Stage.RETURNED: Role.DEVICE_MANAGER,
    Stage.DRAFTED: Role.DEVICE_MANAGER,
    Stage.CHECKED: Role.ENTITY_HEAD,
    Stage.SIGNED_OFF: Role.DEVICE_MANAGER,
    Stage.FILED: Role.REPORT_RECEIVER,
}
"""Who has to move next, by the last step taken; a report that is received waits for nobody."""


def reminder(unit_id: UUID, receiver_id: UUID, stage: Stage | None, year: int, today: date) -> Reminder | None:
    """A filed report is the receiver's turn, in its own inbox; every other is the unit's."""
    due = reminder_stage(year, today)
    role = TURNS.get(stage)
    if due is None or role is None:
        return None
    whose = receiver_id if stage is Stage.FILED else unit_id
    return Reminder(unit_id=whose, year=year, stage=due, role=role, due_on=deadline(year))
