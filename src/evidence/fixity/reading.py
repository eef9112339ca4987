"""Objects are read back, the longest unread first; a fault is believed when it is read twice."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import anyio

from evidence.custodian import Custodian
from evidence.custody import Event, tell_each
from evidence.fixity import queries
from foundation.object_store import ObjectStore, StoredObject, StoreRefused
from foundation.problem import TryLater

WITHIN = timedelta(days=30)
"""Within which every object is read again."""
AGAIN = timedelta(hours=1)
"""After which an object with a fault is read again: the fault may be of the network, and may have been mended."""
SECOND_READ_SECONDS = 2.0
AT_ONCE = 50
"""Objects read in one run of the job."""


class Fixity(StrEnum):
    """What a reading found. The words are `fixity.<value>`."""

    SAME = "SAME"
    CHANGED = "CHANGED"
    """The store answers other bytes than were confirmed and locked."""
    MISSING = "MISSING"
    """The store knows of no such object."""
    UNREADABLE = "UNREADABLE"
    """The store does not answer, or breaks off: nothing is said about the bytes."""


class Found(NamedTuple):
    stored: StoredObject
    before: Fixity
    now: Fixity


async def read_back(store: ObjectStore, stored: StoredObject) -> Fixity:
    """Reads all bytes once. Memory holds one chunk."""
    digest, size = hashlib.sha256(), 0
    try:
        async for chunk in store.read(stored.key, stored.version_id):
            digest.update(chunk)
            size += len(chunk)
    except TryLater:
        return Fixity.UNREADABLE
    except StoreRefused as refused:
        return Fixity.MISSING if refused.status == 404 else Fixity.UNREADABLE
    return Fixity.SAME if (digest.digest(), size) == (stored.sha256, stored.size) else Fixity.CHANGED


async def believed(
    store: ObjectStore, stored: StoredObject, pause: Callable[[float], Awaitable[None]] = anyio.sleep
) -> Fixity:
    """A fault only where two readings, a moment apart, find the same one; otherwise what is the less said."""
    first = await read_back(store, stored)
    if first is Fixity.SAME:
        return first
    await pause(SECOND_READ_SECONDS)
    second = await read_back(store, stored)
    return second if second in (first, Fixity.SAME) else Fixity.UNREADABLE


async def scrub(
    custodian: Custodian,
    *,
    within: timedelta = WITHIN,
    most: int = AT_ONCE,
    pause: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> list[Found]:
    """Reads what is due, and tells the custody chain of every fault that begins or ends."""
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        due = await queries.due(db, now - within, now - AGAIN, most)
    found = [Found(stored, Fixity(before), await believed(custodian.store, stored, pause)) for stored, before in due]
    for one in found:
        await _keep(custodian, one, custodian.clock.now())
    return found


async def _keep(custodian: Custodian, one: Found, now: datetime) -> None:
    async with custodian.database.transaction() as db:
        await queries.keep(db, one.stored.sha256, now, one.now)
        if one.now is not one.before:
            event = Event.FIXITY_HELD if one.now is Fixity.SAME else Event.FIXITY_FAILED
            told = {"sha256": one.stored.sha256.hex(), "found": one.now, "before": one.before}
            await tell_each(db, event, now, await queries.evidence_with(db, one.stored.sha256), told)
