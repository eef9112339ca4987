"""How far a transfer has come: the rows behind an upload, so that any worker may continue it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from evidence.custody import Event
from evidence.model import Courier
from foundation.database import Connection
from foundation.object_store import Part


class Upload(NamedTuple):
    """A transfer as it stands. `epoch` is the right to change it: whoever raised it last holds that right.

    `part` is the next part number, reserved for the holder of the epoch.
    """

    evidence_id: UUID
    at: int
    epoch: int
    part: int
    multipart_id: str | None
    parts: list[Part]
    created_at: datetime
    expires_at: datetime


async def begin(
    db: Connection, evidence_id: UUID, courier: Courier, now: datetime, expires_at: datetime
) -> Upload | None:
    """A new upload, the caller holding the right to it, with its custody entry. None where one stands already."""
    row = await db.fetchrow(
        f"""
        with begun as (
            insert into upload (evidence_id, courier_id, created_at, expires_at)
            values ($1, $2, $3, $4)
            on conflict (evidence_id) do nothing
            returning {_COLUMNS}
        ), told as (
            insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
            select evidence_id, $5, $2, $6, $3, '{{}}' from begun
        )
        select {_COLUMNS} from begun
        """,  # noqa: S608 - a constant list of columns
        evidence_id,
        courier.person_id,
        now,
        expires_at,
        Event.UPLOAD_BEGUN,
        courier.phone_id,
    )
    return _upload(row) if row else None


async def take_over(db: Connection, evidence_id: UUID, offset: int | None = None) -> Upload | None:
    """Takes the right to continue from whoever had it. None where there is no upload, or it stands not at `offset`.

    Without an offset the right is only taken away. With one, the caller goes on writing, under a part number of its
    own: part numbers only grow, because a writer that was overtaken may still be sending the part it had reserved.
    """
    row = await db.fetchrow(
        f"""
        update upload
           set epoch = epoch + 1, next_part = next_part + ($2::bigint is not null)::integer
         where evidence_id = $1
           and ($2::bigint is null or at = $2::bigint)
        returning {_COLUMNS}
        """,  # noqa: S608 - a constant list of columns
        evidence_id,
        offset,
    )
    return _upload(row) if row else None


async def look(db: Connection, evidence_id: UUID) -> Upload | None:
    """As it stands, taking nothing over."""
    row = await db.fetchrow(f"select {_COLUMNS} from upload where evidence_id = $1", evidence_id)  # noqa: S608
    return _upload(row) if row else None


async def reserve(db: Connection, upload: Upload, multipart_id: str) -> Upload | None:
    """Another part number for the holder of the epoch, and the multipart upload it belongs to. None: overtaken."""
    row = await db.fetchrow(
        f"""
        update upload
           set next_part = next_part + 1, multipart_id = $3
         where evidence_id = $1
           and epoch = $2
        returning {_COLUMNS}
        """,  # noqa: S608 - a constant list of columns
        upload.evidence_id,
        upload.epoch,
        multipart_id,
    )
    return _upload(row) if row else None


async def advance(
    db: Connection,
    upload: Upload,
    at: int,
    *,
    multipart_id: str | None,
    parts: list[Part],
    piece: tuple[int, bytes] | None,
    ranges: list[tuple[int, int, int]],
    expires_at: datetime,
) -> Upload | None:
    """Bytes up to `at` are safe, in parts or here. None where the right was lost; nothing is written then.

    `piece`, an offset and bytes up to `at`, is kept here because it is too small for a part. Earlier pieces are
    dropped once `parts` has grown: they are part of what it grew by. `ranges` came: begins, ends, CRC-32.
    """
    piece_at, piece_bytes = piece or (None, None)
    row = await db.fetchrow(
        f"""
        with advanced as (
            update upload
               set at = $3, next_part = next_part + 1, multipart_id = $4, parts = $5, expires_at = $6
             where evidence_id = $1
               and epoch = $2
            returning *
        ), dropped as (
            delete from upload_piece using advanced
             where upload_piece.evidence_id = advanced.evidence_id and $7
        ), kept as (
            insert into upload_piece (evidence_id, at, bytes)
            select evidence_id, $8, $9 from advanced where $8::bigint is not null
        ), noted as (
            insert into upload_range (evidence_id, begins, ends, crc32)
            select evidence_id, range.* from advanced, unnest($10::bigint[], $11::bigint[], $12::bigint[]) as range
        )
        select {_COLUMNS} from advanced as upload
        """,  # noqa: S608 - a constant list of columns
        upload.evidence_id,
        upload.epoch,
        at,
        multipart_id,
        parts,
        expires_at,
        len(parts) > len(upload.parts),
        piece_at,
        piece_bytes,
        [begins for begins, _, _ in ranges],
        [ends for _, ends, _ in ranges],
        [checksum for _, _, checksum in ranges],
    )
    return _upload(row) if row else None


async def pieces(db: Connection, evidence_id: UUID) -> bytes:
    """The bytes kept here, joined. At most the least part the object store takes, plus one step."""
    rows = await db.fetch("select bytes from upload_piece where evidence_id = $1 order by at", evidence_id)
    return b"".join(row["bytes"] for row in rows)


async def ranges_from(db: Connection, evidence_id: UUID, offset: int) -> list[tuple[int, int, int]]:
    """The ranges as they came, from the one that begins exactly at `offset` on: begins, ends, CRC-32."""
    rows = await db.fetch(
        "select begins, ends, crc32 from upload_range where evidence_id = $1 and begins >= $2 order by begins",
        evidence_id,
        offset,
    )
    return [tuple(row) for row in rows] if rows and rows[0]["begins"] == offset else []


async def remove(
    db: Connection, evidence_id: UUID, *, epoch: int | None = None, expired_at: datetime | None = None
) -> Upload | None:
    """Forgets the upload with its pieces. None where there is none, or not with that epoch, or not expired by then."""
    row = await db.fetchrow(
        f"""
        delete from upload
         where evidence_id = $1
           and ($2::integer is null or epoch = $2)
           and ($3::timestamptz is null or expires_at <= $3)
        returning {_COLUMNS}
        """,  # noqa: S608 - a constant list of columns
        evidence_id,
        epoch,
        expired_at,
    )
    return _upload(row) if row else None


async def left_over(db: Connection, most: int) -> list[tuple[UUID, Courier]]:
    """Uploads that are whole in the object store and were not received: a crash came between."""
    rows = await db.fetch(
        """
        select upload.evidence_id, upload.courier_id, evidence.unit_id
          from upload
          join evidence on evidence.id = upload.evidence_id
         where upload.at = evidence.size
           and not exists (select from reception where reception.evidence_id = upload.evidence_id)
         limit $1
        """,
        most,
    )
    return [(row["evidence_id"], Courier(row["courier_id"], None, row["unit_id"])) for row in rows]


async def expired(db: Connection, now: datetime, most: int) -> list[UUID]:
    """Uploads past their time, the oldest first, not being looked after by another worker."""
    rows = await db.fetch(
        "select evidence_id from upload where expires_at <= $1 order by expires_at limit $2", now, most
    )
    return [row["evidence_id"] for row in rows]


_COLUMNS = "evidence_id, at, epoch, next_part, multipart_id, parts, created_at, expires_at"


def _upload(row: Record) -> Upload:
    values = dict(row)
    part = values.pop("next_part")
    return Upload(**values | {"part": part, "parts": [Part(*confirmed) for confirmed in values["parts"]]})
