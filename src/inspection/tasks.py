"""An inspection is opened as a task: for its officers' phones to find."""

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
