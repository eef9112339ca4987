"""The custody chain as it went into the log: what happened, and whose it was."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection


class Happened(NamedTuple):
    """A custody entry with its leaf. `told_…`: what the entry itself names; the rest is of the evidence."""

    leaf: int
    event: str
    actor_id: UUID | None
    at: datetime
    evidence_id: UUID | None
    unit_id: UUID | None
    officer_id: UUID | None
    device_tag: str | None
    inspection_id: UUID | None
    told_inspection: UUID | None
    told_case: UUID | None
    told_clue: UUID | None


async def happened(db: Connection, after: int, most: int) -> list[Happened]:
    """What became a leaf after this one, in the order of the log. Nothing is ever slipped in before what was read."""
    rows = await db.fetch(
        """
        select log_leaf.index, entry.event, entry.actor_id, entry.at, entry.evidence_id, evidence.unit_id,
               evidence.officer_id, evidence.device_tag, (evidence.facts ->> 'inspection_id')::uuid,
               (entry.details ->> 'inspection_id')::uuid, (entry.details ->> 'case_id')::uuid,
               (entry.details ->> 'clue_id')::uuid
          from log_leaf
          join custody_entry as entry on entry.id = log_leaf.entry_id
          left join evidence on evidence.id = entry.evidence_id
         where log_leaf.index > $1
         order by log_leaf.index
         limit $2
        """,
        after,
        most,
    )
    return [Happened(*row) for row in rows]


async def last_leaf(db: Connection) -> int:
    """Its index; -1 while there is none."""
    found: int = await db.fetchval("select coalesce(max(index), -1) from log_leaf")
    return found
