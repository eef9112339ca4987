"""What somebody at a desk asked to be sent before all else."""

from collections.abc import Collection
from uuid import UUID

from foundation.database import Connection
from inspection.model import Wish


async def add_wish(db: Connection, inspection_id: UUID, wish: Wish) -> bool:
    """False where it has been asked for before."""
    added = await db.fetchval(
        """
        insert into evidence_wish (inspection_id, evidence_id, asked_by, asked_at)
        values ($1, $2, $3, $4)
            on conflict do nothing
        returning true
        """,
        inspection_id,
        wish.evidence_id,
        wish.asked_by,
        wish.asked_at,
    )
    return bool(added)


async def wishes_of(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, list[Wish]]:
    """In the order in which they were asked; inspections of which nothing was asked are left out."""
    rows = await db.fetch(
        """
        select inspection_id, evidence_id, asked_by, asked_at
          from evidence_wish
         where inspection_id = any ($1)
         order by asked_at, evidence_id
        """,
        list(inspection_ids),
    )
    found: dict[UUID, list[Wish]] = {}
    for inspection_id, evidence_id, asked_by, asked_at in rows:
        found.setdefault(inspection_id, []).append(Wish(evidence_id, asked_by, asked_at))
    return found
