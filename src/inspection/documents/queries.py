"""SQL of the documents of inspections."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from foundation.database import Connection, sees_every_unit
from foundation.object_store import StoredObject
from inspection.documents.content import Kind


class Numbered(Struct, frozen=True, kw_only=True):
    """All that a document's file is made of; `operation_id` is None for one drawn up at a desk."""

    id: UUID
    inspection_id: UUID
    unit_id: UUID
    kind: Kind
    number: str
    document_sha256: bytes
    content: str
    signed: str
    operation_id: UUID | None
    issued_by: UUID
    issued_at: datetime


class Issued(Struct, frozen=True, kw_only=True):
    """A document with its file, without what it says."""

    id: UUID
    inspection_id: UUID
    unit_id: UUID
    kind: Kind
    number: str
    document_sha256: bytes
    issued_at: datetime
    stored: StoredObject


async def next_ordinal(db: Connection, unit_id: UUID, kind: str, year: int) -> int:
    """One more than the last; whoever else asks waits for this transaction, so that no number is lost."""
    ordinal: int = await db.fetchval(
        """
        insert into inspection_document_count as counted (unit_id, kind, year, last)
        values ($1, $2, $3, 1)
        on conflict (unit_id, kind, year) do update set last = counted.last + 1
        returning last
        """,
        unit_id,
        kind,
        year,
    )
    return ordinal


async def add_numbered(db: Connection, document: Numbered, year: int, ordinal: int) -> None:
    await db.execute(
        """
        insert into inspection_document (id, inspection_id, unit_id, kind, number, document_sha256, content, signed,
                                         operation_id, issued_by, issued_at, year, ordinal)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        document.id,
        document.inspection_id,
        document.unit_id,
        document.kind,
        document.number,
        document.document_sha256,
        document.content,
        document.signed,
        document.operation_id,
        document.issued_by,
        document.issued_at,
        year,
        ordinal,
    )


async def numbered(db: Connection, inspection_id: UUID, document_sha256: bytes) -> Numbered | None:
    """Index: inspection_document_issued_once."""
    row = await db.fetchrow(
        """
        select id, inspection_id, unit_id, kind, number, document_sha256, content, signed, operation_id, issued_by,
               issued_at
          from inspection_document
         where inspection_id = $1
           and document_sha256 = $2
        """,
        inspection_id,
        document_sha256,
    )
    return None if row is None else Numbered(**{**row, "kind": Kind(row["kind"])})


async def add_file(db: Connection, document_id: UUID, stored: StoredObject, now: datetime) -> bool:
    """False where it had one already; its bytes are the same."""
    return bool(
        await db.fetchval(
            """
            insert into inspection_document_file (document_id, pdf_sha256, size, key, version_id, retained_until,
                                                  stored_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (document_id) do nothing
            returning true
            """,
            document_id,
            stored.sha256,
            stored.size,
            stored.key,
            stored.version_id,
            stored.retained_until,
            now,
        )
    )


async def issued_of(db: Connection, inspection_id: UUID) -> list[Issued]:
    """The documents of an inspection whose files are kept, oldest first."""
    rows = await db.fetch(f"{_ISSUED} where document.inspection_id = $1 order by document.id", inspection_id)
    return [_issued(row) for row in rows]


async def issued(db: Connection, document_id: UUID) -> Issued | None:
    row = await db.fetchrow(f"{_ISSUED} where document.id = $1", document_id)
    return None if row is None else _issued(row)


async def issued_digests(db: Connection, inspection_id: UUID) -> set[bytes]:
    """SHA-256 of each content whose file is kept."""
    return {document.document_sha256 for document in await issued_of(db, inspection_id)}


@sees_every_unit
async def within(db: Connection, inspection_id: UUID, person_id: UUID, units: Collection[UUID]) -> bool:
    """Whether the inspection is one of these units', or the person is one of its officers."""
    return bool(
        await db.fetchval(
            """
            select unit_id = any ($3)
                   or exists (select from inspection_officer where inspection_id = $1 and person_id = $2)
              from inspection
             where id = $1
            """,
            inspection_id,
            person_id,
            list(units),
        )
    )


_ISSUED = """
    select document.id, inspection_id, unit_id, kind, number, document_sha256, issued_at, pdf_sha256, size, key,
           version_id, retained_until
      from inspection_document as document
      join inspection_document_file as file on file.document_id = document.id
"""


def _issued(row: Record) -> Issued:
    *own, kind, number, digest, issued_at = row[:7]
    return Issued(
        id=own[0],
        inspection_id=own[1],
        unit_id=own[2],
        kind=Kind(kind),
        number=number,
        document_sha256=digest,
        issued_at=issued_at,
        stored=StoredObject(*row[7:]),
    )
