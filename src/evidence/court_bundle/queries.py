"""SQL of the court bundle."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from evidence.court_bundle.model import Export
from foundation.database import Connection
from foundation.object_store import StoredObject


async def add_export(db: Connection, export: Export) -> None:
    await db.execute(
        """
        with made as (
            insert into export (id, reason, log_size, note, made_by, made_at)
            values ($1, $2, $3, $4, $5, $6)
            returning id
        )
        insert into export_evidence (export_id, evidence_id)
        select made.id, evidence_id from made, unnest($7::uuid[]) as evidence_id
        """,
        export.id,
        export.reason,
        export.log_size,
        export.note,
        export.made_by,
        export.made_at,
        export.evidence,
    )


async def export_by_id(db: Connection, export_id: UUID) -> Export | None:
    row = await db.fetchrow(
        """
        select id, reason, log_size, note, made_by, made_at,
               array(select evidence_id from export_evidence where export_id = export.id order by evidence_id)
          from export
         where id = $1
        """,
        export_id,
    )
    return (
        Export(id=row[0], reason=row[1], log_size=row[2], note=row[3], made_by=row[4], made_at=row[5], evidence=row[6])
        if row
        else None
    )


class Logged(NamedTuple):
    """A verdict whose entry is in the log: `text` is what the entry holds the SHA-256 of."""

    ordinal: int
    text: str


async def verdicts_in_log(db: Connection, evidence_id: UUID, log_size: int) -> list[Logged]:
    """Those that were told of before the log had so many leaves, oldest first."""
    rows = await db.fetch(
        """
        select verdict.ordinal,
               jsonb_build_array(verdict.outcome, verdict.reasons, verdict.inputs, verdict.rule_version)::text
          from verdict
         where verdict.evidence_id = $1
           and exists (select from custody_entry as entry
                         join log_leaf on log_leaf.entry_id = entry.id
                        where entry.evidence_id = $1
                          and log_leaf.index < $2
                          and (entry.details ->> 'ordinal')::integer = verdict.ordinal
                          and entry.details ? 'sha256')
         order by verdict.ordinal
        """,
        evidence_id,
        log_size,
    )
    return [Logged(*row) for row in rows]


async def documents(db: Connection, digests: Collection[bytes]) -> list[tuple[StoredObject, str]]:
    """Scans of certificates, and their media types, by digest."""
    rows = await db.fetch(
        """
        select sha256, size, key, version_id, retained_until, media_type
          from document
         where sha256 = any ($1)
         order by sha256
        """,
        list(digests),
    )
    return [(StoredObject(*row[:5]), row[5]) for row in rows]
