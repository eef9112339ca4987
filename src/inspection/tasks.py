"""Inspections are opened as tasks: for their officers' phones to find."""

from collections.abc import Sequence
from uuid import UUID

from agency.model import Actor
from evidence.custody import Event, tell, tell_all
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from inspection import queries
from inspection.current import derive
from inspection.documents import numbering as documents
from inspection.model import Inspection


async def open_tasks(db: Connection, clock: Clock, tasks: Sequence[Inspection], opened_by: Actor) -> list[UUID]:
    """Opens them and tells their officers. An id that is taken is left as it is, and left out. In a transaction."""
    await queries.one_by_one(db, [task.id for task in tasks])
    now, by = clock.now(), opened_by.person_id
    opened = await queries.open_inspections(db, [(task, by) for task in tasks], planned=True, now=now)
    told = [{"inspection_id": one.id, "source": one.source, "officers": one.officers} for one in opened]
    await tell_all(db, Event.INSPECTION_OPENED, now, actor_id=by, details=told)
    ids = [one.id for one in opened]
    await derive(db, ids, now)
    return ids


async def approve(db: Connection, clock: Clock, inspection_id: UUID, approved_by: UUID, note: str = "") -> bool:
    """The head's approval, once, under a number of the unit. False where it is approved already. In a transaction."""
    await queries.one_by_one(db, [inspection_id])
    inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
    if inspection is None or inspection.approved_at is not None:
        return False
    now = clock.now()
    number = await documents.next_number(db, inspection.unit_id, "APPROVAL", day_of(now).year)
    if not await queries.add_approval(db, inspection_id, approved_by, note, number, now):
        return False
    details = {"inspection_id": inspection_id, "note": note, "number": number}
    await tell(db, Event.INSPECTION_APPROVED, now, evidence_id=None, actor_id=approved_by, details=details)
    await derive(db, [inspection_id], now)
    return True
