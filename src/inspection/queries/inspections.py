"""Inspections, what is derived of them, and who is told that they changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from foundation.database import Connection
from inspection.model import Enterprise, Inspection, Source, State


async def open_inspections(
    db: Connection, opened: Sequence[tuple[Inspection, UUID]], *, planned: bool, now: datetime
) -> list[Inspection]:
    """Writes each, who opens it and who is to carry it out. Those whose id is taken stay as they are, left out here."""
    rows = await db.fetch(
        """
        with told as (
            select * from jsonb_to_recordset($1) as told (
                id uuid, unit_id uuid, source text, title text, due_on date, enterprise jsonb, items text[],
                checklist text, joint_id uuid, officers uuid[], opened_by uuid)
        ), opened as (
            insert into inspection (id, unit_id, source, title, due_on, uscc, enterprise_name, enterprise_address,
                                    items, checklist, joint_id, planned, created_by, created_at)
            select id, unit_id, source, title, due_on, enterprise ->> 'uscc', enterprise ->> 'name',
                   enterprise ->> 'address', items, checklist, joint_id, $2, opened_by, $3
              from told
                on conflict do nothing
            returning id
        ), assigned as (
            insert into inspection_officer (inspection_id, person_id, assigned_by, assigned_at)
            select id, person_id, opened_by, $3
              from told, unnest(officers) as person_id
             where id in (select id from opened)
        )
        select id from opened
        """,
        [msgspec.structs.asdict(inspection) | {"opened_by": opened_by} for inspection, opened_by in opened],
        planned,
        now,
    )
    ids = {row["id"] for row in rows}
    return [inspection for inspection, _ in opened if inspection.id in ids]


async def add_approval(
    db: Connection, inspection_id: UUID, approved_by: UUID, note: str, number: str, now: datetime
) -> bool:
    """False where there is one."""
    added = await db.fetchval(
        """
        insert into inspection_approval (inspection_id, approved_by, approved_at, note, number)
        values ($1, $2, $3, $4, $5)
            on conflict (inspection_id) do nothing
        returning true
        """,
        inspection_id,
        approved_by,
        now,
        note,
        number,
    )
    return bool(added)


async def inspections_by_id(db: Connection, ids: Collection[UUID]) -> dict[UUID, Inspection]:
    rows = await db.fetch(
        """
        select inspection.id, unit_id, source, title, due_on, uscc, enterprise_name, enterprise_address, items,
               checklist,
               array(select person_id from inspection_officer where inspection_id = inspection.id order by person_id),
               approved_at, number, joint_id
          from inspection
          left join inspection_approval on inspection_approval.inspection_id = inspection.id
         where inspection.id = any ($1)
        """,
        list(ids),
    )
    return {
        id_: Inspection(
            id=id_,
            unit_id=unit_id,
            source=Source(source),
            title=title,
            due_on=due_on,
            enterprise=Enterprise(uscc, name, address),
            items=items,
            checklist=checklist,
            officers=officers,
            approved_at=approved_at,
            approval_no=number,
            joint_id=joint_id,
        )
        for id_, unit_id, source, title, due_on, uscc, name, address, items, checklist, officers, approved_at, number,
            joint_id
        in rows
    }  # fmt: skip


class Current(NamedTuple):
    """What is derived of an inspection."""

    inspection_id: UUID
    state: State
    conflicts: int
    operations: int
    for_phones: str
    gaps: int | None
    """What is missing and answered for by nobody; None before anybody asked to close it."""
    after_revocation: int
    """How many operations do not count: see decision 0014."""
    approval_due: datetime | None
    """After that instant what holds must be derived anew: an urgent visit lacks its approval."""


async def keep_current(db: Connection, current: Sequence[Current], now: datetime) -> None:
    await db.execute(
        """
        insert into inspection_current (inspection_id, state, conflicts, operations, for_phones, gaps,
                                        after_revocation, approval_due, changed_at)
        select inspection_id, state, conflicts, operations, for_phones, gaps, after_revocation, approval_due, $9
          from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::int[], $7::int[],
                      $8::timestamptz[])
               as now (inspection_id, state, conflicts, operations, for_phones, gaps, after_revocation,
                       approval_due)
            on conflict (inspection_id) do update
           set state = excluded.state, conflicts = excluded.conflicts, operations = excluded.operations,
               for_phones = excluded.for_phones, gaps = excluded.gaps, after_revocation = excluded.after_revocation,
               approval_due = excluded.approval_due, changed_at = excluded.changed_at
        """,
        *([list(column) for column in zip(*current, strict=True)] or [[]] * 8),
        now,
    )


async def closing(db: Connection, after: UUID | None = None, most: int = 200) -> list[UUID]:
    """Those that somebody asked to close while something was missing, by id after the given one."""
    rows = await db.fetch(
        """
        select inspection_id
          from inspection_current
         where gaps > 0
           and ($1::uuid is null or inspection_id > $1)
         order by inspection_id
         limit $2
        """,
        after,
        most,
    )
    return [row["inspection_id"] for row in rows]


async def unapproved_in_time(db: Connection, now: datetime, most: int) -> list[UUID]:
    """Urgent visits whose approval is due no more, the oldest first; deriving takes them off this list."""
    rows = await db.fetch(
        """
        select inspection_id
          from inspection_current
         where approval_due < $1
         order by approval_due
         limit $2
        """,
        now,
        most,
    )
    return [row["inspection_id"] for row in rows]


async def usccs_to_visit(db: Connection, unit_id: UUID) -> list[str]:
    """Of the enterprises that the unit's inspections are about and that are not closed."""
    rows = await db.fetch(
        """
        select distinct uscc
          from inspection
          join inspection_current on inspection_current.inspection_id = inspection.id
         where unit_id = $1
           and state <> 'CLOSED'
           and uscc <> ''
         order by uscc
        """,
        unit_id,
    )
    return [row["uscc"] for row in rows]


async def tell_officers(db: Connection, told: Collection[tuple[UUID, UUID]], *, gone: bool = False) -> None:
    """Puts a change of an inspection into the feed of each person: (person, inspection)."""
    await db.execute(
        """
        with told as (
            select person_id, inspection_id,
                   row_number() over (partition by person_id order by inspection_id) as number,
                   count(*) over (partition by person_id) as total
              from unnest($1::uuid[], $2::uuid[]) as told (person_id, inspection_id)
        ), moved as (
            insert into officer_feed (person_id, position)
            select person_id, max(total) from told group by person_id order by person_id
                on conflict (person_id) do update set position = officer_feed.position + excluded.position
            returning person_id, position
        )
        insert into officer_change (person_id, inspection_id, position, gone)
        select told.person_id, told.inspection_id, moved.position - told.total + told.number, $3
          from told
          join moved on moved.person_id = told.person_id
            on conflict (person_id, inspection_id) do update set position = excluded.position, gone = excluded.gone
        """,
        [person_id for person_id, _ in told],
        [inspection_id for _, inspection_id in told],
        gone,
    )


async def positions_of(db: Connection, person_ids: Collection[UUID]) -> dict[UUID, int]:
    """How far each person's feed has come; nobody told yet: left out."""
    rows = await db.fetch("select person_id, position from officer_feed where person_id = any ($1)", list(person_ids))
    return {row["person_id"]: row["position"] for row in rows}


class Page(NamedTuple):
    """A stretch of a feed: `inspections` is the inside of a JSON list."""

    inspections: str
    gone: list[UUID]
    position: int
    changes: int


async def changes_after(db: Connection, person_id: UUID, position: int, most: int) -> Page:
    """The least first. Index: officer_change_position."""
    row = await db.fetchrow(
        """
        with changed as (
            select inspection_id, position, gone
              from officer_change
             where person_id = $1
               and position > $2
             order by position
             limit $3
        )
        select coalesce(string_agg(inspection_current.for_phones, ',' order by changed.position)
                            filter (where not changed.gone), ''),
               array(select inspection_id from changed where gone),
               coalesce(max(changed.position), $2),
               count(*)
          from changed
          left join inspection_current on inspection_current.inspection_id = changed.inspection_id
        """,
        person_id,
        position,
        most,
    )
    assert row is not None
    return Page(*row)


async def may_see(db: Connection, person_id: UUID, inspection_id: UUID) -> bool:
    """Whether the inspection is in the person's feed."""
    return bool(
        await db.fetchval(
            "select not gone from officer_change where person_id = $1 and inspection_id = $2", person_id, inspection_id
        )
    )
