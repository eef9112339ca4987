"""Who is due which reminder on a day. Data only: whoever sends notices takes each of them once."""

from datetime import date
from uuid import UUID

from agency.model import Unit
from agency.queries import tree
from device_registry.annual_report.queries.reports import reports_by_ids
from device_registry.annual_report.queries.roll_ups import reports_in
from device_registry.annual_report.rules.reporting import (
    GOVERNMENTS,
    REPORTERS,
    Reminder,
    deadline,
    reminder,
    reminder_stage,
)
from foundation.database import Connection


async def reminders(db: Connection, year: int, today: date) -> list[Reminder]:
    """Of the reports of that year, as they stand now: nothing before 1 December. One a unit, stage and role."""
    if reminder_stage(year, today) is None:
        return []
    units = {unit.id: unit for unit in await tree(db, min(today, deadline(year)))}
    owing = [unit for unit in units.values() if unit.kind in REPORTERS]
    reports = await reports_by_ids(db, await reports_in(db, [unit.id for unit in owing], year))
    stages = {report.unit_id: report.latest.stage for report in reports}
    found: dict[tuple[UUID, str], Reminder] = {}
    for unit in owing:
        receiver = _government(units, unit)
        due = receiver and reminder(unit.id, receiver, stages.get(unit.id), year, today)
        if due:
            found.setdefault((due.unit_id, due.role), due)
    return list(found.values())


def _government(units: dict[UUID, Unit], unit: Unit) -> UUID | None:
    above = unit
    while above.parent_id in units:
        above = units[above.parent_id]
        if above.kind in GOVERNMENTS:
            return above.id
    return None
