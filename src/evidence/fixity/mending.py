"""An object that was lost or changed is put back, as another version with its own lock; nothing is ever removed."""

from uuid import UUID

from evidence.custodian import Custodian
from evidence.custody import Event, tell_each
from evidence.fixity import queries
from foundation.object_store import StoredObject


async def is_lost(custodian: Custodian, sha256: bytes) -> bool:
    """Whether the bytes were stored here and are known to be missing or changed."""
    async with custodian.database.connection() as db:
        read = await queries.last_read(db, sha256)
    return read is not None and read.outcome in ("MISSING", "CHANGED")


async def mended(
    custodian: Custodian, stored: StoredObject, source: str, *, by: dict[str, UUID | None] | None = None
) -> None:
    """The rows point to the version that was put back; `source` says where its bytes came from. Told of each piece."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        before = await queries.last_read(db, stored.sha256)
        await queries.moved(db, stored)
        await queries.keep(db, stored.sha256, now, "SAME")
        told = {
            "sha256": stored.sha256.hex(),
            "before": before.outcome if before else None,
            "source": source,
            "version_id": stored.version_id,
        }
        actor = (by or {}).get("actor_id")
        evidence = await queries.evidence_with(db, stored.sha256)
        await tell_each(db, Event.FIXITY_REPAIRED, now, evidence, told, actor_id=actor)
