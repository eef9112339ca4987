"""Spreadsheets that wait between their preview and their import."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.importing.columns import ImportMapping
from foundation.database import Connection


class ImportSubject(StrEnum):
    DEVICES = "DEVICES"
    CERTIFICATES = "CERTIFICATES"


class ImportFile(msgspec.Struct, frozen=True):
    """`mapping` is what its bringer has said about it so far."""

    id: UUID
    subject: ImportSubject
    name: str
    content: bytes
    mapping: ImportMapping


async def keep_import_file(
    db: Connection, file: ImportFile, brought_by: UUID, brought_at: datetime, expires_at: datetime
) -> None:
    await db.execute(
        """
        insert into import_file (id, brought_by, subject, name, content, mapping, brought_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        file.id,
        brought_by,
        file.subject,
        file.name,
        file.content,
        file.mapping,
        brought_at,
        expires_at,
    )


async def import_file(db: Connection, file_id: UUID, brought_by: UUID, now: datetime) -> ImportFile | None:
    """None where the person has brought no such file, or where it is gone."""
    row = await db.fetchrow(
        """
        select id, subject, name, content, mapping
          from import_file
         where id = $1
           and brought_by = $2
           and expires_at > $3
        """,
        file_id,
        brought_by,
        now,
    )
    if row is None:
        return None
    mapping = msgspec.convert(row["mapping"], ImportMapping)
    return ImportFile(row["id"], ImportSubject(row["subject"]), row["name"], row["content"], mapping)


async def map_import_file(db: Connection, file_id: UUID, mapping: ImportMapping) -> None:
    await db.execute("update import_file set mapping = $2 where id = $1", file_id, mapping)


async def drop_import_file(db: Connection, file_id: UUID) -> None:
    await db.execute("delete from import_file where id = $1", file_id)


async def drop_expired_import_files(db: Connection, now: datetime) -> None:
    await db.execute("delete from import_file where expires_at <= $1", now)
