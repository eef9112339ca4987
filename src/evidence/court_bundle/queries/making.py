"""How far the file of an export is. Whoever makes it holds an epoch; a higher one has taken over."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from evidence.court_bundle.model import Standing
from foundation.database import Connection


class Began(NamedTuple):
    """`left`: the multipart upload under the epoch before, which nobody goes on with."""

    epoch: int
    left: str | None


async def standing_of(db: Connection, export_id: UUID) -> Standing | None:
    """None for an export whose file was never kept."""
    row = await db.fetchrow(
        """
        select state, epoch, pieces, pieces_done, bytes as bytes_all, bytes_done, sha256, size, failure, changed_at
          from bundle
         where export_id = $1
        """,
        export_id,
    )
    return msgspec.convert(dict(row), Standing) if row else None


async def order_again(db: Connection, export_id: UUID, now: datetime) -> bool:
    """False where its file is there, or on its way."""
    row = await db.fetchval(
        """
        insert into bundle (export_id, state, pieces, bytes, changed_at)
        select $1, 'WAITING', count(*), coalesce(sum(size), 0), $2 from export_evidence where export_id = $1
            on conflict (export_id) do update
               set state = 'WAITING', pieces_done = 0, bytes_done = 0, failure = null, changed_at = $2
             where bundle.state in ('FAILED', 'DROPPED')
        returning export_id
        """,
        export_id,
        now,
    )
    return row is not None


async def begin(db: Connection, export_id: UUID, now: datetime) -> Began | None:
    """Takes the making over, from its beginning. None where nobody waits for it."""
    row = await db.fetchrow(
        """
        with before as (
            select export_id, upload from bundle
             where export_id = $1 and state in ('WAITING', 'WORKING', 'FAILED')
               for update
        )
        update bundle
           set state = 'WORKING', epoch = epoch + 1, upload = null, pieces_done = 0, bytes_done = 0, failure = null,
               changed_at = $2
          from before
         where bundle.export_id = before.export_id
        returning bundle.epoch, before.upload
        """,
        export_id,
        now,
    )
    return Began(*row) if row else None


async def keep_upload(db: Connection, export_id: UUID, epoch: int, upload: str) -> bool:
    """False where another has taken over; so it is with `forward`, `finish` and `fail`."""
    row = await db.fetchval(
        "update bundle set upload = $3 where export_id = $1 and epoch = $2 and state = 'WORKING' returning epoch",
        export_id,
        epoch,
        upload,
    )
    return row is not None


async def forward(db: Connection, export_id: UUID, epoch: int, done: tuple[int, int], now: datetime) -> bool:
    """So many pieces and bytes are in."""
    row = await db.fetchval(
        """
        update bundle set pieces_done = $3, bytes_done = least(bytes, $4), changed_at = $5
         where export_id = $1 and epoch = $2 and state = 'WORKING'
        returning epoch
        """,
        export_id,
        epoch,
        *done,
        now,
    )
    return row is not None


async def finish(
    db: Connection, export_id: UUID, epoch: int, digest: bytes, size: int, verifier: bytes, now: datetime
) -> bool:
    row = await db.fetchval(
        """
        with ready as (
            update bundle
               set state = 'READY', pieces_done = pieces, bytes_done = bytes, upload = null, sha256 = $3, size = $4,
                   changed_at = $6
             where export_id = $1 and epoch = $2 and state = 'WORKING'
            returning export_id, epoch
        )
        insert into bundle_made (export_id, epoch, made_at, sha256, size, verifier_sha256)
        select export_id, epoch, $6, $3, $4, $5 from ready
        returning epoch
        """,
        export_id,
        epoch,
        digest,
        size,
        verifier,
        now,
    )
    return row is not None


async def fail(db: Connection, export_id: UUID, epoch: int, failure: str, now: datetime) -> bool:
    row = await db.fetchval(
        """
        update bundle set state = 'FAILED', failure = $3, changed_at = $4
         where export_id = $1 and epoch = $2 and state = 'WORKING'
        returning epoch
        """,
        export_id,
        epoch,
        failure,
        now,
    )
    return row is not None


async def drop(db: Connection, ready_before: datetime, now: datetime) -> int:
    """Files that became ready before that instant are no more; how many."""
    return len(
        await db.fetch(
            """
            update bundle set state = 'DROPPED', sha256 = null, size = null, changed_at = $2
             where state = 'READY' and changed_at < $1
            returning export_id
            """,
            ready_before,
            now,
        )
    )


async def drop_missing(db: Connection, files: Sequence[tuple[UUID, int]], listed_from: datetime) -> None:
    """What was ready before the files were listed and is not among them is no more, as after a restore."""
    await db.execute(
        """
        update bundle set state = 'DROPPED', sha256 = null, size = null, changed_at = $3
         where state = 'READY'
           and changed_at < $3
           and not exists (select from unnest($1::uuid[], $2::integer[]) as file (export_id, epoch)
                            where file.export_id = bundle.export_id and file.epoch = bundle.epoch)
        """,
        [export_id for export_id, _ in files],
        [epoch for _, epoch in files],
        listed_from,
    )


async def useless(db: Connection, files: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """Of these files, by export and epoch, those that are neither there for anybody nor being made.

    A file of an export that is not known here is somebody else's.
    """
    rows = await db.fetch(
        """
        select file.export_id, file.epoch
          from unnest($1::uuid[], $2::integer[]) as file (export_id, epoch)
          join bundle on bundle.export_id = file.export_id
         where file.epoch <> bundle.epoch
            or state not in ('WORKING', 'READY')
        """,
        [export_id for export_id, _ in files],
        [epoch for _, epoch in files],
    )
    return [(row["export_id"], row["epoch"]) for row in rows]


async def first_made(db: Connection, export_id: UUID) -> tuple[bytes, bytes] | None:
    """Digests of the file as it was first made, and of the verify.py in it."""
    row = await db.fetchrow(
        "select sha256, verifier_sha256 from bundle_made where export_id = $1 order by epoch limit 1", export_id
    )
    return (row[0], row[1]) if row else None
