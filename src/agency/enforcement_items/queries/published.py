"""What is published with the catalogue: no-penalty lists 首违不罚、轻微免罚, and checklists."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import ExclusionViolationError, ForeignKeyViolationError, Record, UniqueViolationError

from agency.enforcement_items.model import Checklist, NoPenaltyEntry, NoPenaltyKind
from agency.enforcement_items.problems import ItemUnknown, VersionPlanned
from foundation.database import Connection


async def no_penalty_list(db: Connection, codes: Collection[str], day: date) -> list[NoPenaltyEntry]:
    """The entries for these items that hold on that day, by code."""
    rows = await db.fetch(
        """
        select code, kind, unit_id, item, text, conditions, lower(span) as begins, upper(span) as ends
          from no_penalty_entry
         where item = any ($1)
           and span @> $2::date
         order by code
        """,
        list(codes),
        day,
    )
    return [_entry(row) for row in rows]


async def no_penalty_kinds(
    db: Connection, asked: Collection[tuple[str, date]]
) -> dict[tuple[str, date], NoPenaltyKind]:
    """What each entry that holds on the day with it is a list of; the others are left out."""
    rows = await db.fetch(
        """
        select asked.code, day, kind
          from unnest($1::text[], $2::date[]) as asked (code, day)
          join no_penalty_entry on no_penalty_entry.code = asked.code and span @> day
        """,
        [code for code, _ in asked],
        [day for _, day in asked],
    )
    return {(row["code"], row["day"]): NoPenaltyKind(row["kind"]) for row in rows}


async def no_penalty_entries(
    db: Connection, day: date, after: str | None = None, most: int = 500
) -> list[NoPenaltyEntry]:
    """All that hold on that day, by code after the given one."""
    rows = await db.fetch(
        """
        select code, kind, unit_id, item, text, conditions, lower(span) as begins, upper(span) as ends
          from no_penalty_entry
         where span @> $1::date
           and ($2::text is null or code > $2)
         order by code
         limit $3
        """,
        day,
        after,
        most,
    )
    return [_entry(row) for row in rows]


async def add_no_penalty(db: Connection, entry: NoPenaltyEntry, known_from: datetime, recorded_by: UUID | None) -> None:
    """From `entry.begins` on; what held then ends the day before. Raises ItemUnknown, VersionPlanned."""
    await db.execute(
        """
        update no_penalty_entry
           set span = daterange(lower(span), $2)
         where code = $1
           and span @> $2::date
           and lower(span) < $2
        """,
        entry.code,
        entry.begins,
    )
    try:
        await db.execute(
            """
            insert into no_penalty_entry (code, kind, unit_id, item, text, conditions, span, known_from, recorded_by)
            values ($1, $2, $3, $4, $5, $6, daterange($7, $8), $9, $10)
            """,
            *msgspec.structs.astuple(entry),
            known_from,
            recorded_by,
        )
    except ForeignKeyViolationError as error:
        raise ItemUnknown(field="item", code=entry.item) from error
    except ExclusionViolationError as error:
        raise VersionPlanned(field="begins") from error


async def checklists_of(db: Connection, codes: Collection[str], day: date) -> list[Checklist]:
    """The checklists that serve any of these items on that day, by code."""
    rows = await db.fetch(
        """
        select code, version, unit_id, title, items, item_codes, lower(span) as begins, upper(span) as ends
          from checklist
         where item_codes && $1::text[]
           and span @> $2::date
         order by code
        """,
        list(codes),
        day,
    )
    return [_checklist(row) for row in rows]


async def checklist_versions(db: Connection, codes: Collection[str]) -> list[Checklist]:
    """Every version of these checklists, past and planned ones too, oldest first."""
    rows = await db.fetch(
        """
        select code, version, unit_id, title, items, item_codes, lower(span) as begins, upper(span) as ends
          from checklist
         where code = any ($1)
         order by code, span
        """,
        list(codes),
    )
    return [_checklist(row) for row in rows]


async def all_checklists(db: Connection, day: date, after: str | None = None, most: int = 100) -> list[Checklist]:
    """All that hold on that day, by code after the given one."""
    rows = await db.fetch(
        """
        select code, version, unit_id, title, items, item_codes, lower(span) as begins, upper(span) as ends
          from checklist
         where span @> $1::date
           and ($2::text is null or code > $2)
         order by code
         limit $3
        """,
        day,
        after,
        most,
    )
    return [_checklist(row) for row in rows]


async def add_checklist(db: Connection, new: Checklist, known_from: datetime, recorded_by: UUID | None) -> Checklist:
    """The next version, whatever number `new` has, from `new.begins` on; what held then ends the day before.

    Raises ItemUnknown, VersionPlanned.
    """
    known = await db.fetch("select code from enforcement_item where code = any ($1)", list(new.item_codes))
    for code in new.item_codes:
        if code not in {row["code"] for row in known}:
            raise ItemUnknown(field="item_codes", code=code)
    await db.execute(
        """
        update checklist
           set span = daterange(lower(span), $2)
         where code = $1
           and span @> $2::date
           and lower(span) < $2
        """,
        new.code,
        new.begins,
    )
    try:
        version = await db.fetchval(
            """
            insert into checklist (code, version, unit_id, title, items, item_codes, span, known_from, recorded_by)
            select $1::text, coalesce(max(version), 0) + 1, $2::uuid, $3::text, $4::jsonb, $5::text[],
                   daterange($6, $7), $8::timestamptz, $9::uuid
              from checklist
             where code = $1
            returning version
            """,
            new.code,
            new.unit_id,
            new.title,
            new.items,
            list(new.item_codes),
            new.begins,
            new.ends,
            known_from,
            recorded_by,
        )
    except (ExclusionViolationError, UniqueViolationError) as error:  # or another one was faster
        raise VersionPlanned(field="begins") from error
    return msgspec.structs.replace(new, version=version)


async def no_penalty_publishers(db: Connection, code: str) -> frozenset[UUID]:
    """The units that published the entry so far."""
    rows = await db.fetch("select distinct unit_id from no_penalty_entry where code = $1", code)
    return frozenset(row["unit_id"] for row in rows)


async def checklist_publishers(db: Connection, code: str) -> frozenset[UUID]:
    """The units that published the checklist so far."""
    rows = await db.fetch("select distinct unit_id from checklist where code = $1", code)
    return frozenset(row["unit_id"] for row in rows)


def _entry(row: Record) -> NoPenaltyEntry:
    return msgspec.convert(dict(row), NoPenaltyEntry)


def _checklist(row: Record) -> Checklist:
    return msgspec.convert(dict(row), Checklist)
