"""What readings found missing or changed is put back from a folder of backups, as another version with its own lock."""

from collections.abc import AsyncIterator
from pathlib import Path

from evidence.custodian import Custodian
from evidence.fixity import queries
from evidence.fixity.mending import mended
from foundation.object_store import StoredObject
from plumbline.backup.model import Item, path_of
from plumbline.backup.restoring import put_file


async def repair(custodian: Custodian, folder: Path) -> AsyncIterator[tuple[StoredObject, bool]]:
    """Each faulty object, and whether the folder had it with the right digest. Raises TryLater, StoreRefused, OSError.

    The version with the fault stays where it is.
    """
    async with custodian.database.connection() as db:
        lost = await queries.lost(db)
    for stored in lost:
        path = path_of(folder, stored.key)
        until = max(stored.retained_until, custodian.clock.now() + custodian.retention)
        item = Item(stored.key, stored.version_id, stored.size, stored.sha256.hex(), stored.retained_until)
        version = None
        if path.exists() and path.stat().st_size == stored.size:
            version = await put_file(custodian.store, item, path, until, again=True)
        if version is not None:
            there = StoredObject(stored.sha256, stored.size, stored.key, version, until)
            await mended(custodian, there, "BACKUP")
        yield stored, version is not None
