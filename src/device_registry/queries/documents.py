"""Scans of certificates and notices: that they are kept, and who may read them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from device_registry.queries.facts import DOCUMENTS
from foundation.database import Connection
from foundation.media_type import XML
from foundation.object_store import StoredObject

_NAMING = " union all ".join(
    f"select device_id from {table} where {column} = $1"  # noqa: S608 - constants
    for table, column in DOCUMENTS.items()
)


class Document(Struct, frozen=True):
    """A kept file; `file_name` is as one of those who brought it called it, and a claim."""

    stored: StoredObject
    media_type: str
    file_name: str | None


async def add_document(db: Connection, document: Document, added_by: UUID, now: datetime) -> None:
    """Writes that the bytes are kept, and who brought them; what is there already stays, its lock at its longest."""
    stored = document.stored
    await db.execute(
        """
        with kept as (
            insert into document (sha256, size, media_type, key, version_id, retained_until, stored_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (sha256) do update
               set retained_until = greatest(document.retained_until, excluded.retained_until)
            returning sha256
        )
        insert into document_addition (sha256, added_by, file_name, added_at)
        select sha256, $8, $9, $7 from kept
        on conflict (sha256, added_by) do nothing
        """,
        stored.sha256,
        stored.size,
        document.media_type,
        stored.key,
        stored.version_id,
        stored.retained_until,
        now,
        added_by,
        document.file_name,
    )


async def readable_document(db: Connection, sha256: bytes, person_id: UUID, units: Collection[UUID]) -> Document | None:
    """The document, if this person brought it, or a fact about a device of these units names it; None otherwise."""
    row = await db.fetchrow(
        f"""
        with naming as (
            {_NAMING}
        ), own as (
            select file_name from document_addition where sha256 = $1 and added_by = $2
        )
        select sha256, size, key, version_id, retained_until, media_type,
               coalesce(
                   (select file_name from own),
                   (select file_name from document_addition where sha256 = $1 order by added_at limit 1)
               )
          from document
         where sha256 = $1
           and (exists (select from own)
                or exists (select from naming join device on device.id = naming.device_id where unit_id = any($3)))
        """,  # noqa: S608 - constants
        sha256,
        person_id,
        list(units),
    )
    return None if row is None else Document(StoredObject(*row[:5]), row[5], row[6])


async def any_of_calibration(db: Connection, digests: Collection[bytes]) -> bool:
    """Whether one of the documents is a digital calibration certificate: no other XML is kept."""
    found: bool = await db.fetchval(
        "select exists (select from document where sha256 = any($1) and media_type = $2)", list(digests), XML
    )
    return found
