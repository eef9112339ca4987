"""The jobs of retention: terms are written down, locks follow them outward, holds reach the object store."""

from collections.abc import Sequence
from uuid import UUID

from device_registry.queries import policies_for
from evidence.custodian import Custodian
from evidence.retention import queries
from evidence.retention.model import Basis, Kept
from evidence.retention.rules import DAYS, bases
from foundation.civil import day_of
from foundation.database import Connection

AT_ONCE = 200


async def keep(custodian: Custodian) -> None:
    """A batch of each: what waits for its terms, and what the store should hold or let go.

    What the store does not confirm is tried again: it is no longer awaited only after that.
    """
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        found = await queries.awaited(db, AT_ONCE)
        await derive(db, custodian, found)
        ids = [one.evidence_id for one in found]
        short = await queries.locked_too_short(db, ids)
    for stored, until in short:
        await custodian.store.extend(stored, until)
        async with custodian.database.transaction() as db:
            await queries.lock_is(db, stored.sha256, until)
    async with custodian.database.transaction() as db:
        await queries.no_longer_awaited(db, ids)
        changed = await queries.holds_to_change(db, AT_ONCE)
    for stored, held in changed:
        await custodian.store.hold(stored, held=held)
        async with custodian.database.transaction() as db:
            await queries.hold_is(db, stored.sha256, held, now)


async def derive(db: Connection, custodian: Custodian, found: Sequence[Kept]) -> None:
    """Writes every term by today's policies; terms of before stay, so that a shorter policy takes nothing away."""
    now = custodian.clock.now()
    asked = {(one.unit_id, day_of(now)) for one in found}
    days = {category: await policies_for(db, name, asked) for category, name in DAYS.items()}
    terms: list[tuple[UUID, Basis]] = []
    for one in found:
        by_category = {category: values[one.unit_id, day_of(now)] for category, values in days.items()}
        terms += [(one.evidence_id, basis) for basis in bases(one, by_category)]
    await queries.add_bases(db, terms, now)
