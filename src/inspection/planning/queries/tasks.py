"""Inspections as the desk lists them, who goes, who approved, and who has been where."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from foundation.civil import beginning_of, end_of
from foundation.database import Connection
from inspection.model import Enterprise, Source, State
from inspection.planning.model import Row


class Sought(Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; None: not narrowed. `due_by` is inclusive."""

    state: State | None = None
    unit_id: UUID | None = None
    source: Source | None = None
    officer: UUID | None = None
    uscc: str | None = None
    due_by: date | None = None
    unapproved: bool = False


async def listed(db: Connection, units: Collection[UUID], sought: Sought, most: int = 200) -> list[Row]:
    """Of these units; what needs a person first: told apart in conflict, then without approval, then by due day."""
    rows = await db.fetch(
        """
        select inspection.id, unit_id, source, title, due_on, uscc, enterprise_name, enterprise_address, state,
               conflicts,
               array(select person_id from inspection_officer where inspection_id = inspection.id order by person_id),
               approved_at, joint_id, created_at
          from inspection
          join inspection_current as current on current.inspection_id = inspection.id
          left join inspection_approval as approval on approval.inspection_id = inspection.id
         where unit_id = any ($1)
           and ($2::text is null or state = $2)
           and ($3::uuid is null or unit_id = $3)
           and ($4::text is null or source = $4)
           and ($5::uuid is null or exists (select from inspection_officer
                                             where inspection_id = inspection.id and person_id = $5))
           and ($6::text is null or uscc = $6)
           and ($7::date is null or due_on <= $7)
           and (not $8::boolean or approved_at is null)
         order by state = 'CLOSED', conflicts = 0, approved_at is not null, due_on, created_at desc, inspection.id
         limit $9
        """,
        list(units),
        sought.state,
        sought.unit_id,
        sought.source,
        sought.officer,
        sought.uscc,
        sought.due_by,
        sought.unapproved,
        most,
    )
    return [_row(row) for row in rows]


async def rows_by_id(db: Connection, ids: Collection[UUID]) -> dict[UUID, Row]:
    rows = await db.fetch(
        """
        select inspection.id, unit_id, source, title, due_on, uscc, enterprise_name, enterprise_address, state,
               conflicts,
               array(select person_id from inspection_officer where inspection_id = inspection.id order by person_id),
               approved_at, joint_id, created_at
          from inspection
          join inspection_current as current on current.inspection_id = inspection.id
          left join inspection_approval as approval on approval.inspection_id = inspection.id
         where inspection.id = any ($1)
        """,
        list(ids),
    )
    return {row["id"]: _row(row) for row in rows}


async def unapproved(db: Connection, units: Collection[UUID]) -> int:
    """How many of these units wait for approval: not closed, or urgent and so approved afterwards."""
    number: int = await db.fetchval(
        """
        select count(*)
          from inspection
          join inspection_current as current on current.inspection_id = inspection.id
         where unit_id = any ($1)
           and (state <> 'CLOSED' or source = 'URGENT')
           and not exists (select from inspection_approval where inspection_id = inspection.id)
        """,
        list(units),
    )
    return number


async def replace_officers(
    db: Connection, inspection_id: UUID, officers: Collection[UUID], by: UUID, now: datetime
) -> None:
    """Those who stay keep the instant at which they were assigned."""
    await db.execute(
        "delete from inspection_officer where inspection_id = $1 and person_id <> all ($2)",
        inspection_id,
        list(officers),
    )
    await db.execute(
        """
        insert into inspection_officer (inspection_id, person_id, assigned_by, assigned_at)
        select $1, person_id, $3, $4 from unnest($2::uuid[]) as person_id
            on conflict (inspection_id, person_id) do nothing
        """,
        inspection_id,
        list(officers),
        by,
        now,
    )


async def set_cap(db: Connection, unit_id: UUID, year: int, most: int, basis: str, by: UUID, now: datetime) -> None:
    await db.execute(
        "insert into visit_cap (unit_id, year, most, basis, set_by, set_at) values ($1, $2, $3, $4, $5, $6)",
        unit_id,
        year,
        most,
        basis,
        by,
        now,
    )


async def cap_of(db: Connection, unit_id: UUID, year: int) -> int | None:
    """The last one that was set."""
    most: int | None = await db.fetchval(
        "select most from visit_cap where unit_id = $1 and year = $2 order by set_at desc limit 1", unit_id, year
    )
    return most


async def one_enterprise_by_one(db: Connection, usccs: Collection[str]) -> None:
    """From here to the end of the transaction nobody else counts or joins visits of these enterprises."""
    await db.execute(
        """
        select pg_advisory_xact_lock(key)
          from (select distinct hashtextextended(uscc, 28) as key from unnest($1::text[]) as uscc order by key) as keys
        """,
        list(usccs),
    )


class Visited(NamedTuple):
    """`at` is None where it has not begun; `counts`: what its plan says, None where it is of none."""

    uscc: str
    inspection_id: UUID
    unit_id: UUID
    source: Source
    title: str
    joint_id: UUID | None
    due_on: date | None
    at: datetime | None
    counts: bool | None


async def visits_of(db: Connection, usccs: Collection[str], begins: date, ends: date) -> list[Visited]:
    """Begun, or not begun and due, on these Beijing days, both included; newest first. Index: inspection_uscc."""
    rows = await db.fetch(
        """
        select inspection.uscc, inspection.id, inspection.unit_id, inspection.source, inspection.title, joint_id,
               due_on, told.at, plan.counts
          from inspection
          cross join lateral (
               select min(told_earliest) as at from inspection_operation where inspection_id = inspection.id
          ) as told
          left join inspection_of_plan as made on made.inspection_id = inspection.id
          left join inspection_plan as plan on plan.id = made.plan_id
         where inspection.uscc = any ($1)
           and case when told.at is null then due_on between $4 and $5 else told.at >= $2 and told.at < $3 end
         order by told.at desc nulls first, due_on desc, inspection.id
        """,
        list(usccs),
        beginning_of(begins),
        end_of(ends),
        begins,
        ends,
    )
    return [Visited._make((*row[:3], Source(row[3]), *row[4:])) for row in rows]


def _row(row: Record) -> Row:
    return Row(
        id=row[0],
        unit_id=row[1],
        source=Source(row[2]),
        title=row[3],
        due_on=row[4],
        enterprise=Enterprise(*row[5:8]),
        state=State(row[8]),
        conflicts=row[9],
        officers=row[10],
        approved_at=row[11],
        joint_id=row[12],
        created_at=row[13],
    )
