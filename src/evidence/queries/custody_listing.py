"""Who did what: custody entries across evidence, by person, unit, event and time."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from evidence.custody import Event
from evidence.model import CustodyEntry
from foundation.database import Connection


async def custody_trail(
    db: Connection,
    units: Collection[UUID],
    begins: datetime,
    ends: datetime,
    *,
    actor_id: UUID | None = None,
    unit_id: UUID | None = None,
    event: str | None = None,
    before: int | None = None,
    most: int = 100,
) -> list[CustodyEntry]:
    """Entries by people of these units or about their evidence, newest first; `begins` included, `ends` not, UTC.

    `unit_id` is that of whoever acted; `before` is the id of an entry: only what was written before it.
    Index: custody_entry_at, for one person custody_entry_actor.
    """
    rows = await db.fetch(
        """
        select custody_entry.id, custody_entry.evidence_id, event, actor_id, custody_entry.phone_id, at, details
          from custody_entry
          left join person on person.id = custody_entry.actor_id
          left join evidence on evidence.id = custody_entry.evidence_id
         where (person.unit_id = any ($1) or evidence.unit_id = any ($1))
           and at >= $2
           and at < $3
           and ($4::uuid is null or actor_id = $4)
           and ($5::uuid is null or person.unit_id = $5)
           and ($6::text is null or event = $6)
           and ($7::bigint is null or custody_entry.id < $7)
         order by custody_entry.id desc
         limit $8
        """,
        list(units),
        begins,
        ends,
        actor_id,
        unit_id,
        event,
        before,
        most,
    )
    return [CustodyEntry(*row) for row in rows]


async def purpose_given(db: Connection, evidence_id: UUID, person_id: UUID, since: datetime) -> bool:
    """Whether this person said for what they look at it, at `since` or later."""
    return await _told(db, evidence_id, person_id, since, Event.ACCESS_REASONED)


async def was_looked_at(db: Connection, evidence_id: UUID, person_id: UUID, since: datetime) -> bool:
    """Whether it was shown to this person at `since` or later."""
    return await _told(db, evidence_id, person_id, since, Event.VIEWED)


async def _told(db: Connection, evidence_id: UUID, person_id: UUID, since: datetime, event: str) -> bool:
    found: bool = await db.fetchval(
        """
        select exists (
            select from custody_entry
             where evidence_id = $1 and actor_id = $2 and at >= $3 and event = $4)
        """,
        evidence_id,
        person_id,
        since,
        event,
    )
    return found
