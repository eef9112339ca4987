"""After a restore, or whenever wanted: is there an object behind every row? What is lost is asked for again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from evidence import queries as evidence_queries
from evidence.custodian import Custodian
from evidence.custody import Event, tell_each
from evidence.fixity import queries
from evidence.fixity.mending import mended
from evidence.fixity.reading import Fixity, read_back
from foundation.object_store import StoredObject

AT_ONCE = 64
"""Objects looked for together."""


class Unbacked(NamedTuple):
    """A receipt that no bytes stand behind. `size` is None where only a phone knows of it."""

    evidence_id: UUID
    sha256: str
    size: int | None
    receipt_at: datetime | None


async def reconcile(custodian: Custodian) -> AsyncIterator[Unbacked]:
    """Every receipt without bytes; when there is one, phones are asked to offer again what they hold.

    Looks for each object, reads none. Raises TryLater and StoreRefused: a store that does not answer says nothing.
    """
    after, lost = b"", False
    while True:
        async with custodian.database.connection() as db:
            batch = await queries.objects_after(db, after, AT_ONCE)
        if not batch:
            break
        after = batch[-1].sha256
        for stored, there in zip(batch, await asyncio.gather(*(_there(custodian, one) for one in batch)), strict=True):
            if not there:
                lost = True
                for one in await _lost(custodian, stored):
                    yield one
    async with custodian.database.connection() as db:
        for told in await evidence_queries.told_and_not_here(db):
            yield Unbacked(told.evidence_id, told.sha256, None, told.receipt_at)
    if lost:
        async with custodian.database.connection() as db:
            await evidence_queries.call_for_offers(db, "RECONCILED", custodian.clock.now())


async def _there(custodian: Custodian, stored: StoredObject) -> bool:
    """Under the version that the rows name, or under another that has the digest: then the rows name that one."""
    store = custodian.store
    found = await store.at(stored.key, stored.version_id)
    if found is not None and found.size == stored.size:
        return True
    newest = await store.at(stored.key)
    if newest is None or newest.size != stored.size:
        return False
    other = StoredObject(stored.sha256, stored.size, stored.key, newest.version_id, stored.retained_until)
    if await read_back(store, other) is not Fixity.SAME:
        return False
    until = max(stored.retained_until, custodian.clock.now() + custodian.retention)
    adopted = await store.adopt(stored.sha256, stored.size, until, verified=True)
    if adopted is None:
        return False
    await mended(custodian, adopted, "STORE")
    return True


async def _lost(custodian: Custodian, stored: StoredObject) -> list[Unbacked]:
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        before = await queries.last_read(db, stored.sha256)
        receipts = await queries.receipts_over(db, stored.sha256)
        if before is None or before.outcome != Fixity.MISSING:
            told = {"sha256": stored.sha256.hex(), "found": Fixity.MISSING, "before": before and before.outcome}
            await queries.keep(db, stored.sha256, now, Fixity.MISSING)
            await tell_each(db, Event.FIXITY_FAILED, now, [one for one, _ in receipts], told)
    return [Unbacked(evidence_id, stored.sha256.hex(), stored.size, at) for evidence_id, at in receipts]
