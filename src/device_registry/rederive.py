"""What is kept of every device is derived from its facts anew: for rows from before this program, or after a new rule.

In batches, each in a transaction of its own that holds its devices: facts are recorded meanwhile as ever, and whatever
was interrupted is simply begun again, since a second derivation of the same facts changes nothing.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from device_registry import queries
from device_registry.record import StandingChanged, derive, nobody_listens
from foundation.clock import Clock
from foundation.database import Database

JOB = "rederive-register"
BATCH = 200
"""Devices whose facts are held at once, and whose locks."""
CAUSE = "Rederivation"


async def rederive(
    database: Database, clock: Clock, *, on_change: StandingChanged = nobody_listens, batch: int = BATCH
) -> AsyncIterator[int]:
    """Gives after each batch how many devices are done."""
    after, done = UUID(int=0), 0
    while True:
        async with database.transaction() as db:
            device_ids = await queries.device_ids_after(db, after, batch)
            devices = await queries.locked_devices(db, device_ids)
            facts = await queries.facts_of_all(db, device_ids)
            await derive(db, clock, devices, facts, facts, dict.fromkeys(device_ids, CAUSE), on_change=on_change)
        if not device_ids:
            return
        after, done = device_ids[-1], done + len(device_ids)
        yield done
