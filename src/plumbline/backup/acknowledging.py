"""Somebody answers for a restore: the log goes on, under another name, and says so in itself.

What was signed under the earlier name after the backup is lost here, and witnesses and auditors hold it. Were the log
to go on under that name, it would be two logs of one name; so nobody is asked to believe that it is the same one.
"""

from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec

from evidence.custody import Event
from evidence.transparency_log.signing import LogSigner


class NotAcknowledged(Exception):
    """The message says why."""


async def acknowledge(
    owner_url: str,
    signer: LogSigner,
    person_id: UUID,
    reason: str,
    now: datetime,
    *,
    lost_note: str | None,
    forked: bool,
) -> tuple[str, int]:
    """The new name, and how many leaves both names share. `forked`: the store holds what does not lead here.

    As the owner of the tables; the application's own role cannot. Raises NotAcknowledged where nothing was restored.
    """
    db = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    try:
        async with db.transaction():
            await db.execute("lock table log_leaf in exclusive mode")  # no sequencer meanwhile
            manifest = await db.fetchval(_RESTORED)
            if manifest is None and not forked:
                raise NotAcknowledged("Nothing was restored here that nobody has answered for.")
            size = await db.fetchval("select coalesce(max(index) + 1, 0) from log_leaf")
            earlier = await db.fetchval("select origin from log_identity")
            later = f"plumbline/custody/{uuid4()}"
            await db.execute(_PARTED, size, earlier, later, manifest, person_id, reason, lost_note, now)
            await db.execute("update log_identity set origin = $1", later)
            keys = [str(key) for key in signer.verifier_keys(later)]
            await db.execute("insert into log_key select key, $2 from unnest($1::text[]) as key", keys, now)
            told = {
                "earlier": earlier, "later": later, "size": size, "reason": reason, "lost_checkpoint": lost_note,
                "manifest_sha256": manifest.hex() if manifest else None, "verifier_keys": keys,
            }  # fmt: skip
            await db.execute(_TOLD, Event.LOG_PARTED, person_id, now, msgspec.json.encode(told).decode())
        return later, size
    finally:
        await db.close()


_RESTORED = """
select manifest_sha256 from log_restoration
 where not exists (select from log_parting
                    where log_parting.manifest_sha256 = log_restoration.manifest_sha256)
 order by restored_at desc limit 1
"""
_PARTED = """
insert into log_parting (size, earlier_origin, later_origin, manifest_sha256, acknowledged_by, reason, lost_note, at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_TOLD = """
insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details) values (null, $1, $2, null, $3, $4)
"""
