"""Thumbnails that phones made of pictures whose bytes are still to come, and of how films begin; never evidence."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from foundation.database import Connection


async def add_thumbnail(db: Connection, evidence_id: UUID, picture: bytes, now: datetime) -> None:
    """Nothing is written where there is one already, or the original is here."""
    await db.execute(
        """
        insert into evidence_thumbnail (evidence_id, picture, received_at)
        select $1, $2, $3
         where not exists (select from reception where evidence_id = $1)
        on conflict do nothing
        """,
        evidence_id,
        picture,
        now,
    )


async def thumbnail_of(db: Connection, evidence_id: UUID) -> bytes | None:
    """As the phone sent it: bytes of a stranger. None once the original is here, but for a film, whose poster it is."""
    picture: bytes | None = await db.fetchval(
        """
        select picture
          from evidence_thumbnail
         where evidence_id = $1
           and not exists (
               select from reception where reception.evidence_id = $1 and reception.media_type not like 'video/%')
        """,
        evidence_id,
    )
    return picture


async def with_thumbnails(db: Connection, evidence_ids: Collection[UUID], units: Collection[UUID]) -> set[UUID]:
    """Which of these, captured for one of the units, have a thumbnail to show: no original yet, or a film."""
    rows = await db.fetch(
        """
        select evidence.id
          from evidence
          join evidence_thumbnail on evidence_thumbnail.evidence_id = evidence.id
         where evidence.id = any ($1)
           and evidence.unit_id = any ($2)
           and not exists (
               select from reception
                where reception.evidence_id = evidence.id and reception.media_type not like 'video/%')
        """,
        list(evidence_ids),
        list(units),
    )
    return {row["id"] for row in rows}
