"""Objects in the bucket that nothing here names: listed, so that somebody can ask why, and never removed by us."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from foundation.object_store import ObjectStore

FRESH = timedelta(hours=1)
"""An object is there before its row: until then it is no stray."""
EVIDENCE = "sha256/"
"""What keys of bytes under their own digest begin with; everything else is of the log or of other programs."""


class Stray(NamedTuple):
    key: str
    size: int
    stored_at: datetime | None
    locked_until: datetime | None


async def strays(owner_url: str, store: ObjectStore, now: datetime) -> AsyncIterator[Stray]:
    """In the order of their keys; both sides are read along, neither is held. Raises TryLater, StoreRefused."""
    db = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    try:
        async with db.transaction(isolation="repeatable_read", readonly=True):
            named = aiter(db.cursor(_NAMED))
            here = await anext(named, None)
            async for key in store.keys(EVIDENCE):
                while here is not None and here["key"] < key:
                    here = await anext(named, None)
                if here is not None and here["key"] == key:
                    continue
                found = await store.at(key)
                if found is not None and (found.stored_at is None or now - found.stored_at > FRESH):
                    yield Stray(key, found.size, found.stored_at, found.retained_until)
    finally:
        await db.close()


_NAMED = """
select key
  from (select key from stored_object union select key from document union select key from inspection_document_file)
       as named
 order by key collate "C"
"""
