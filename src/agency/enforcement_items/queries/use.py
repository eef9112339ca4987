"""When units did something under an item, and how often they visited anybody."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from agency.enforcement_items.model import ItemUse
from foundation.database import Connection


async def item_used(db: Connection, code: str, unit_id: UUID, day: date) -> None:
    """The unit did something under the item on that day. Writes, and locks, at most once a day. The item must exist."""
    await db.execute(
        """
        insert into enforcement_item_use (code, unit_id, last_used_on)
        select $1::text, $2::uuid, $3::date
         where not exists (
               select from enforcement_item_use where code = $1 and unit_id = $2 and last_used_on >= $3)
            on conflict (code, unit_id) do update
           set last_used_on = greatest(enforcement_item_use.last_used_on, excluded.last_used_on)
        """,
        code,
        unit_id,
        day,
    )


class Visited(NamedTuple):
    """A unit closed an inspection under an item; the day is when the visit began."""

    code: str
    inspection_id: UUID
    unit_id: UUID
    day: date


async def items_visited(db: Connection, visits: Collection[Visited]) -> None:
    """Counts each inspection once under each item, and its unit as having used the item; unknown items are left out.

    At a shift's end a whole unit closes under one item: what is locked for all of them is locked at most once a day.
    """
    await db.execute(
        """
        with new as (
            insert into enforcement_item_visit (code, inspection_id, unit_id, visited_on)
            select told.code, inspection_id, unit_id, visited_on
              from unnest($1::text[], $2::uuid[], $3::uuid[], $4::date[])
                   as told (code, inspection_id, unit_id, visited_on)
              join enforcement_item on enforcement_item.code = told.code
                on conflict do nothing
            returning code, unit_id, visited_on
        )
        insert into enforcement_item_use (code, unit_id, last_used_on)
        select code, unit_id, max(visited_on)
          from new
         where not exists (
               select
                 from enforcement_item_use as known
                where known.code = new.code
                  and known.unit_id = new.unit_id
                  and known.last_used_on >= new.visited_on)
         group by code, unit_id
         order by code, unit_id
            on conflict (code, unit_id) do update
           set last_used_on = greatest(enforcement_item_use.last_used_on, excluded.last_used_on)
        """,
        *([list(column) for column in zip(*visits, strict=True)] or [[]] * 4),
    )


async def last_used(db: Connection, code: str) -> dict[UUID, date]:
    """On which day each unit did something under the item last."""
    rows = await db.fetch("select unit_id, last_used_on from enforcement_item_use where code = $1", code)
    return dict(tuple(row) for row in rows)


async def uses_of(db: Connection, code: str, year: int) -> list[ItemUse]:
    """Of each unit that did something under the item, who did last first; visits of a Beijing year, and of all."""
    rows = await db.fetch(
        """
        select used.unit_id, last_used_on, count(visited_on) filter (where visited_on between $2 and $3),
               count(visited_on)
          from enforcement_item_use as used
          left join enforcement_item_visit as visit on visit.code = used.code and visit.unit_id = used.unit_id
         where used.code = $1
         group by used.unit_id, last_used_on
         order by last_used_on desc, used.unit_id
        """,
        code,
        date(year, 1, 1),
        date(year, 12, 31),
    )
    return [ItemUse(*row) for row in rows]
