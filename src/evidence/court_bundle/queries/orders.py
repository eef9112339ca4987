"""Orders of bundles, what they froze, and who took the file away."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from evidence.court_bundle.model import Export, Piece, Stamp
from foundation.database import Connection


async def officers_of(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Who captured each."""
    rows = await db.fetch("select id, officer_id from evidence where id = any ($1)", list(evidence_ids))
    return {row["id"]: row["officer_id"] for row in rows}


async def add_export(db: Connection, export: Export, officers: Mapping[UUID, str]) -> None:
    """The pieces are those of `officers`, with what is known of each as the statement begins; its file waits."""
    await db.execute(
        """
        with made as (
            insert into export (id, reason, log_size, note, made_by, made_at, made_by_name, log_keys, receipt_keys)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            returning id
        ), frozen as (
            insert into export_evidence (export_id, evidence_id, officer, receipts, size, read_at, read_outcome)
            select made.id, evidence.id, told.officer,
                   array(select kind from receipt where evidence_id = evidence.id order by kind),
                   case when reception.evidence_id is not null then evidence.size end,
                   object_last_read.read_at, object_last_read.outcome
              from made, unnest($10::uuid[], $11::text[]) as told (evidence_id, officer)
              join evidence on evidence.id = told.evidence_id
              left join reception on reception.evidence_id = evidence.id
              left join object_last_read on object_last_read.sha256 = reception.sha256
            returning export_id, size
        )
        insert into bundle (export_id, state, pieces, bytes, changed_at)
        select export_id, 'WAITING', count(*), coalesce(sum(size), 0), $6 from frozen group by export_id
        """,
        export.id,
        export.reason,
        export.log_size,
        export.note,
        export.made_by,
        export.made_at,
        export.made_by_name,
        export.log_keys,
        export.receipt_keys,
        list(officers),
        list(officers.values()),
    )


async def export_by_id(db: Connection, export_id: UUID) -> Export | None:
    row = await db.fetchrow(
        """
        select id, reason, log_size, note, made_by, made_by_name, made_at, log_keys,
               coalesce(receipt_keys, '[]') as receipt_keys
          from export
         where id = $1
        """,
        export_id,
    )
    if row is None:
        return None
    pieces = await db.fetch(
        """
        select evidence_id, officer, receipts, size, read_at, read_outcome
          from export_evidence
         where export_id = $1
         order by evidence_id
        """,
        export_id,
    )
    return Export(**dict(row), pieces=[Piece(**dict(piece)) for piece in pieces])


async def settle_stamp(db: Connection, export: Export, trust: str | None, now: datetime) -> None:
    """The first time token over all of the export's log, else the newest over its beginning, or none; for good."""
    await db.execute(
        """
        insert into export_stamp (export_id, size, authority, trust, settled_at)
        select $1, token.size, token.authority, $3, $4
          from (select) as once
          left join lateral (select size, authority from log_time_token
                              order by size < $2, abs(size - $2), at, authority limit 1) as token on true
            on conflict (export_id) do nothing
        """,
        export.id,
        export.log_size,
        trust,
        now,
    )


async def stamp_of(db: Connection, export_id: UUID) -> Stamp | None:
    """None where none was settled, or none was there."""
    row = await db.fetchrow(
        """
        select token.size, note, token.authority, token, token.at, trust
          from export_stamp
          join log_time_token as token on token.size = export_stamp.size and token.authority = export_stamp.authority
          join log_checkpoint on log_checkpoint.size = token.size
         where export_id = $1
        """,
        export_id,
    )
    return msgspec.convert(dict(row), Stamp) if row else None


async def add_download(db: Connection, export_id: UUID, person_id: UUID, now: datetime, apart: timedelta) -> bool:
    """False, and nothing written, where the same person began to fetch it less than so long ago."""
    row = await db.fetchval(
        """
        insert into bundle_download (export_id, person_id, at)
        select $1, $2, $3
         where not exists (select from bundle_download where export_id = $1 and person_id = $2 and at > $4)
        returning at
        """,
        export_id,
        person_id,
        now,
        now - apart,
    )
    return row is not None
