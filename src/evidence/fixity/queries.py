"""SQL of fixity."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection
from foundation.object_store import StoredObject


async def due(
    db: Connection, unread_since: datetime, faulty_since: datetime, most: int
) -> list[tuple[StoredObject, str]]:
    """What was last read before these instants, the longest unread first, and what was found then."""
    rows = await db.fetch(
        """
        select stored_object.sha256, size, key, version_id, retained_until, outcome
          from object_last_read
          join stored_object on stored_object.sha256 = object_last_read.sha256
         where (read_at <= $1
            or (outcome <> 'SAME' and read_at <= $2))
           and not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256)
         order by read_at, stored_object.sha256
         limit $3
        """,
        unread_since,
        faulty_since,
        most,
    )
    return [(StoredObject(*row[:5]), row[5]) for row in rows]


async def keep(db: Connection, sha256: bytes, now: datetime, outcome: str) -> None:
    await db.execute("update object_last_read set read_at = $2, outcome = $3 where sha256 = $1", sha256, now, outcome)


async def evidence_with(db: Connection, sha256: bytes) -> list[UUID]:
    """Every id whose bytes these are. Index: reception_sha256."""
    rows = await db.fetch("select evidence_id from reception where sha256 = $1 order by evidence_id", sha256)
    return [row["evidence_id"] for row in rows]


async def moved(db: Connection, stored: StoredObject) -> None:
    """The bytes are under another version now, locked at least as long as before."""
    await db.execute(
        """
        update stored_object
           set version_id = $2, retained_until = greatest(retained_until, $3)
         where sha256 = $1
        """,
        stored.sha256,
        stored.version_id,
        stored.retained_until,
    )


async def objects_after(db: Connection, sha256: bytes, most: int) -> list[StoredObject]:
    """What must be in the store: all that is not disposed of, in the order of digests."""
    rows = await db.fetch(
        """
        select sha256, size, key, version_id, retained_until
          from stored_object
         where sha256 > $1
           and not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256)
         order by sha256
         limit $2
        """,
        sha256,
        most,
    )
    return [StoredObject(*row) for row in rows]


async def lost(db: Connection) -> list[StoredObject]:
    """What the last reading found missing or changed. Index: object_last_read_fault."""
    rows = await db.fetch(
        """
        select stored_object.sha256, size, key, version_id, retained_until
          from object_last_read
          join stored_object on stored_object.sha256 = object_last_read.sha256
         where outcome <> 'SAME'
           and outcome in ('MISSING', 'CHANGED')
           and not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256)
         order by stored_object.sha256
        """
    )
    return [StoredObject(*row) for row in rows]


async def receipts_over(db: Connection, sha256: bytes) -> list[tuple[UUID, datetime | None]]:
    """Evidence with these bytes, and when receipt 2 was signed for it. Index: reception_sha256."""
    rows = await db.fetch(
        """
        select reception.evidence_id, issued_at
          from reception
          left join receipt on receipt.evidence_id = reception.evidence_id and kind = 'SAFE_TO_WIPE'
         where sha256 = $1
         order by reception.evidence_id
        """,
        sha256,
    )
    return [(row["evidence_id"], row["issued_at"]) for row in rows]


class LastRead(NamedTuple):
    read_at: datetime
    outcome: str


async def last_read(db: Connection, sha256: bytes) -> LastRead | None:
    """None where nothing is stored under it."""
    row = await db.fetchrow("select read_at, outcome from object_last_read where sha256 = $1", sha256)
    return LastRead(*row) if row else None


class Faulty(NamedTuple):
    evidence_id: UUID
    unit_id: UUID
    outcome: str
    read_at: datetime


async def faulty(db: Connection, units: Collection[UUID], most: int = 100) -> list[Faulty]:
    """Evidence of these units whose bytes are not what they must be. Index: object_last_read_fault."""
    rows = await db.fetch(
        """
        select evidence.id, evidence.unit_id, outcome, read_at
          from object_last_read
          join reception on reception.sha256 = object_last_read.sha256
          join evidence on evidence.id = reception.evidence_id
         where outcome <> 'SAME'
           and evidence.unit_id = any ($1)
         order by outcome, read_at, evidence.id
         limit $2
        """,
        list(units),
        most,
    )
    return [Faulty(*row) for row in rows]


async def oldest_reading(db: Connection) -> datetime | None:
    """How long ago the longest unread object was read; None where there is none. Index: object_last_read_age."""
    at: datetime | None = await db.fetchval("select min(read_at) from object_last_read")
    return at
