"""The tree of units, as it stands on a day."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from asyncpg import ExclusionViolationError

from agency.model import (
    Unit,
    UnitKind,
)
from agency.problems import UnitOutOfPlace, UnitPeriodOverlaps
from foundation.database import Connection


async def subtree(db: Connection, roots: list[UUID], day: date) -> frozenset[UUID]:
    """The units that stand on that day among the roots and everything below them."""
    rows = await db.fetch(
        """
        with recursive reached (unit_id) as (
            select unit_id
              from unit_period
             where unit_id = any ($1)
               and span @> $2::date
             union
            select unit_period.unit_id
              from reached
              join unit_period on unit_period.parent_id = reached.unit_id
             where unit_period.span @> $2::date
        )
        select unit_id from reached
        """,
        roots,
        day,
    )
    return frozenset(row["unit_id"] for row in rows)


async def tree(db: Connection, day: date) -> list[Unit]:
    """Every unit as it stands on that day, each after its parent, codes in order."""
    rows = await db.fetch(
        """
        with recursive standing (unit_id, parent_id, kind, name_zh, name_en, division_code, span, path) as (
            select unit_id, parent_id, kind, name_zh, name_en, division_code, span,
                   array[coalesce(division_code, 'A') || unit_id]
              from unit_period
             where parent_id is null
               and span @> $1::date
             union all
            select child.unit_id, child.parent_id, child.kind, child.name_zh, child.name_en, child.division_code,
                   child.span, path || (coalesce(child.division_code, 'A') || child.unit_id)
              from standing
              join unit_period as child on child.parent_id = standing.unit_id
             where child.span @> $1::date
        )
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from standing
         order by path
        """,
        day,
    )
    return [_unit(*row) for row in rows]


async def ancestors(db: Connection, unit_id: UUID, day: date) -> list[Unit]:
    """The unit itself and what it belongs to on that day, the city last. Empty where it does not stand."""
    rows = await db.fetch(
        """
        with recursive upwards (unit_id, parent_id, kind, name_zh, name_en, division_code, span, depth) as (
            select unit_id, parent_id, kind, name_zh, name_en, division_code, span, 0
              from unit_period
             where unit_id = $1
               and span @> $2::date
             union all
            select parent.unit_id, parent.parent_id, parent.kind, parent.name_zh, parent.name_en,
                   parent.division_code, parent.span, depth + 1
              from upwards
              join unit_period as parent on parent.unit_id = upwards.parent_id
             where parent.span @> $2::date
        ) cycle unit_id set looped using trail
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from upwards
         where not looped
         order by depth
        """,
        unit_id,
        day,
    )
    return [_unit(*row) for row in rows]


async def lines_above(db: Connection, asked: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], list[UUID]]:
    """Of each unit on its day: the unit itself and what it belongs to then, the city last.

    Units that do not stand then are left out.
    """
    rows = await db.fetch(
        """
        with recursive upwards (asked_id, day, unit_id, parent_id, depth) as (
            select asked.unit_id, asked.day, unit_period.unit_id, unit_period.parent_id, 0
              from unnest($1::uuid[], $2::date[]) as asked (unit_id, day)
              join unit_period on unit_period.unit_id = asked.unit_id and unit_period.span @> asked.day
             union all
            select upwards.asked_id, upwards.day, parent.unit_id, parent.parent_id, depth + 1
              from upwards
              join unit_period as parent on parent.unit_id = upwards.parent_id
             where parent.span @> upwards.day
        ) cycle unit_id set looped using trail
        select asked_id, day, array_agg(unit_id order by depth)
          from upwards
         where not looped
         group by asked_id, day
        """,
        [unit_id for unit_id, _ in asked],
        [day for _, day in asked],
    )
    return {(unit_id, day): line for unit_id, day, line in rows}


async def units_above(db: Connection, asked: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], list[Unit]]:
    """The same as units, each as it stands on that day."""
    lines = await lines_above(db, asked)
    wanted = {(unit_id, day) for (_, day), line in lines.items() for unit_id in line}
    rows = await db.fetch(
        """
        select asked.day, unit_period.unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span),
               upper(span)
          from unnest($1::uuid[], $2::date[]) as asked (unit_id, day)
          join unit_period on unit_period.unit_id = asked.unit_id and span @> asked.day
        """,
        [unit_id for unit_id, _ in wanted],
        [day for _, day in wanted],
    )
    found = {(unit_id, day): _unit(unit_id, *rest) for day, unit_id, *rest in rows}
    return {(asked_id, day): [found[unit_id, day] for unit_id in line] for (asked_id, day), line in lines.items()}


async def units_by_id(db: Connection, unit_ids: Collection[UUID], day: date) -> list[Unit]:
    """Those of the units that stand on that day, as they stand."""
    rows = await db.fetch(
        """
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from unit_period
         where unit_id = any ($1)
           and span @> $2::date
        """,
        list(unit_ids),
        day,
    )
    return [_unit(*row) for row in rows]


async def add_unit(
    db: Connection,
    kind: UnitKind,
    name_zh: str,
    name_en: str,
    begins: date,
    *,
    parent_id: UUID | None = None,
    division_code: str | None = None,
) -> Unit:
    """A new unit from that day on. Raises UnitOutOfPlace. Call it in a transaction."""
    await _one_by_one(db)
    unit_id = await db.fetchval("insert into unit default values returning id")
    unit = Unit(unit_id, parent_id, kind, name_zh, name_en, division_code, begins, None)
    await _add_period(db, unit)
    return unit


async def change_unit(db: Connection, unit: Unit) -> None:
    """Lets the unit stand as given from `unit.begins`; the period that held then ends the day before.

    Raises UnitPeriodOverlaps where a later period is already planned, UnitOutOfPlace. Call it in a transaction.
    """
    await _one_by_one(db)
    await db.execute(
        """
        update unit_period
           set span = daterange(lower(span), $2)
         where unit_id = $1
           and span @> $2::date
           and lower(span) < $2
        """,
        unit.id,
        unit.begins,
    )
    await _add_period(db, unit)


async def _one_by_one(db: Connection) -> None:
    """Two units moved below each other at the same time would make a ring, so the tree has one change at a time."""
    await db.execute("lock table unit_period in share row exclusive mode")


async def _add_period(db: Connection, unit: Unit) -> None:
    if unit.parent_id is not None:
        above = await ancestors(db, unit.parent_id, unit.begins)
        if not above or any(unit.id in (other.id, other.parent_id) for other in above):
            raise UnitOutOfPlace(field="parent_id")
    try:
        await db.execute(
            """
            insert into unit_period (unit_id, span, parent_id, kind, name_zh, name_en, division_code)
            values ($1, daterange($2, $3), $4, $5, $6, $7, $8)
            """,
            unit.id,
            unit.begins,
            unit.ends,
            unit.parent_id,
            unit.kind,
            unit.name_zh,
            unit.name_en,
            unit.division_code,
        )
    except ExclusionViolationError as error:
        raise UnitPeriodOverlaps(field="begins") from error


def _unit(
    unit_id: UUID,
    parent_id: UUID | None,
    kind: str,
    name_zh: str,
    name_en: str,
    division_code: str | None,
    begins: date,
    ends: date | None,
) -> Unit:
    return Unit(unit_id, parent_id, UnitKind(kind), name_zh, name_en, division_code, begins, ends)
