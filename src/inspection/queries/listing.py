"""Inspections as a desk looks at them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection
from inspection.model import Source, State


class Row(NamedTuple):
    """One inspection in a list. `gaps` is None before anybody asked to close it."""

    id: UUID
    unit_id: UUID
    title: str
    source: Source
    enterprise_name: str
    uscc: str
    due_on: date | None
    state: State
    conflicts: int
    gaps: int | None
    operations: int
    changed_at: datetime
    approved: bool
    after_revocation: int


async def inspections_within(
    db: Connection,
    units: Collection[UUID],
    *,
    state: State | None = None,
    unapproved: bool = False,
    before: tuple[datetime, UUID] | None = None,
    most: int = 50,
) -> list[Row]:
    """Of these units, what changed last first. `unapproved`: only what a head has still to decide on."""
    before_at, before_id = before or (None, None)
    rows = await db.fetch(
        """
        select inspection.id, inspection.unit_id, title, source, enterprise_name, uscc, due_on, state, conflicts, gaps,
               operations, changed_at, approval.inspection_id is not null, after_revocation
          from inspection
          join inspection_current on inspection_current.inspection_id = inspection.id
          left join inspection_approval as approval on approval.inspection_id = inspection.id
         where inspection.unit_id = any ($1)
           and ($2::text is null or state = $2)
           and ($3::timestamptz is null or (changed_at, inspection.id) < ($3, $4::uuid))
           and (not $6 or approval.inspection_id is null and (state <> 'CLOSED' or source = 'URGENT'))
         order by changed_at desc, inspection.id desc
         limit $5
        """,
        list(units),
        state,
        before_at,
        before_id,
        most,
        unapproved,
    )
    return [Row._make((*row[:3], Source(row[3]), *row[4:7], State(row[7]), *row[8:])) for row in rows]


async def counts_within(db: Connection, units: Collection[UUID]) -> dict[State, int]:
    """How many of these units' inspections are in each state."""
    rows = await db.fetch(
        """
        select state, count(*) as number
          from inspection_current
          join inspection on inspection.id = inspection_current.inspection_id
         where inspection.unit_id = any ($1)
         group by state
        """,
        list(units),
    )
    return {State(row["state"]): row["number"] for row in rows}


async def waiting_for_people(db: Connection, units: Collection[UUID]) -> int:
    """How many are told differently by two phones, could not close, or have statements of a revoked phone."""
    number: int = await db.fetchval(
        """
        select count(*)
          from inspection_current
          join inspection on inspection.id = inspection_current.inspection_id
         where inspection.unit_id = any ($1)
           and (conflicts > 0 or gaps > 0 or after_revocation > 0)
        """,
        list(units),
    )
    return number
