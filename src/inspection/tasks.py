"""An inspection is opened as a task: for its officers' phones to find."""

from uuid import UUID

from agency.model import Actor
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Connection
from inspection import queries
from inspection.current import derive
from inspection.model import Inspection


async def open_task(db: Connection, clock: Clock, inspection: Inspection, opened_by: Actor) -> bool:
    """Opens it and tells its officers. False where there is one under this id. In a transaction."""
    await queries.one_by_one(db, [inspection.id])
    now = clock.now()
    if not await queries.open_inspection(db, inspection, planned=True, opened_by=opened_by.person_id, now=now):
        return False
    details = {"inspection_id": inspection.id, "source": inspection.source, "officers": inspection.officers}
    await tell(db, Event.INSPECTION_OPENED, now, evidence_id=None, actor_id=opened_by.person_id, details=details)
    await derive(db, [inspection.id], now)
    return True


async def approve(db: Connection, clock: Clock, inspection_id: UUID, approved_by: UUID, note: str = "") -> bool:
    """The head's approval, once. False where it is approved already. In a transaction."""
    await queries.one_by_one(db, [inspection_id])
    now = clock.now()
    if not await queries.add_approval(db, inspection_id, approved_by, note, now):
        return False
    details = {"inspection_id": inspection_id, "note": note}
    await tell(db, Event.INSPECTION_APPROVED, now, evidence_id=None, actor_id=approved_by, details=details)
    await derive(db, [inspection_id], now)
    return True
