"""The catalogue of enforcement items."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import ExclusionViolationError, Record

from agency.enforcement_items.model import Act, ItemVersion, UnusedItem
from agency.enforcement_items.problems import NothingToEnd, VersionPlanned
from agency.enforcement_items.rules import street_among
from agency.queries import ancestors
from foundation.database import Connection


async def catalogue(
    db: Connection, day: date, *, unit_id: UUID | None = None, after: str | None = None, most: int = 500
) -> list[ItemVersion]:
    """What is published on that day, of that unit or of all, by code after the given one."""
    rows = await db.fetch(
        """
        select code, act, name_zh, name_en, legal_basis, unit_id, lower(span) as begins, upper(span) as ends
          from enforcement_item_version
         where span @> $1::date
           and ($2::uuid is null or unit_id = $2)
           and ($3::text is null or code > $3)
         order by code
         limit $4
        """,
        day,
        unit_id,
        after,
        most,
    )
    return [_version(row) for row in rows]


async def items_of(db: Connection, unit_id: UUID, day: date, act: Act | None = None) -> list[ItemVersion]:
    """What the unit may carry out on that day, by code: the same rule as `rules.item_standing`."""
    line = await ancestors(db, unit_id, day)
    street = street_among(line)
    rows = await db.fetch(
        """
        select code, act, name_zh, name_en, legal_basis, unit_id, lower(span) as begins, upper(span) as ends
          from enforcement_item_version as version
         where span @> $1::date
           and ($2::text is null or act = $2)
           and case when $3::uuid is null then unit_id = any ($4::uuid[])
                    else exists (select
                                   from empowerment_grant
                                  where empowerment_grant.unit_id = $3
                                    and empowerment_grant.code = version.code
                                    and empowerment_grant.span @> $1::date) end
         order by code
        """,
        day,
        act,
        None if street is None else street.id,
        [unit.id for unit in line],
    )
    return [_version(row) for row in rows]


async def versions_of(db: Connection, codes: Collection[str]) -> dict[str, list[ItemVersion]]:
    """Every version of these items, past and planned ones too, oldest first; what is unknown is left out."""
    rows = await db.fetch(
        """
        select code, act, name_zh, name_en, legal_basis, unit_id, lower(span) as begins, upper(span) as ends
          from enforcement_item_version
         where code = any ($1)
         order by code, span
        """,
        list(codes),
    )
    found: dict[str, list[ItemVersion]] = {}
    for row in rows:
        found.setdefault(row["code"], []).append(_version(row))
    return found


async def add_version(db: Connection, version: ItemVersion, known_from: datetime, recorded_by: UUID | None) -> None:
    """From `version.begins` on; what held then ends the day before. Raises VersionPlanned: a later one is there."""
    await db.execute("insert into enforcement_item (code) values ($1) on conflict do nothing", version.code)
    await db.execute(
        """
        update enforcement_item_version
           set span = daterange(lower(span), $2)
         where code = $1
           and span @> $2::date
           and lower(span) < $2
        """,
        version.code,
        version.begins,
    )
    try:
        await db.execute(
            """
            insert into enforcement_item_version (code, act, name_zh, name_en, legal_basis, unit_id, span, known_from,
                                                  recorded_by)
            values ($1, $2, $3, $4, $5, $6, daterange($7, $8), $9, $10)
            """,
            *msgspec.structs.astuple(version),
            known_from,
            recorded_by,
        )
    except ExclusionViolationError as error:
        raise VersionPlanned(field="begins") from error


async def end_version(
    db: Connection,
    code: str,
    ends: date,
    *,
    reason: str,
    ended_at: datetime,
    ended_by: UUID | None,
    decided_on: date | None = None,
) -> None:
    """Its last published day is the one before `ends`. Raises NothingToEnd: it is not published on that day."""
    ended = await db.fetchval(
        """
        update enforcement_item_version
           set span = daterange(lower(span), $2), ended_at = $3, ended_by = $4, end_reason = $5,
               end_decided_on = $6
         where code = $1
           and span @> ($2::date - 1)
           and (upper_inf(span) or upper(span) > $2)
        returning code
        """,
        code,
        ends,
        ended_at,
        ended_by,
        reason,
        decided_on,
    )
    if ended is None:
        raise NothingToEnd(field="last_day")


async def unused(db: Connection, day: date, since: date, units: Collection[UUID]) -> list[UnusedItem]:
    """Of these units' items that are published on that day and were first published before `since`: those under which
    nobody did anything from `since` on.
    """
    rows = await db.fetch(
        """
        select version.code, act, name_zh, name_en, legal_basis, version.unit_id, lower(span) as begins,
               upper(span) as ends, used.on
          from enforcement_item_version as version
          left join lateral (
               select max(last_used_on) from enforcement_item_use where enforcement_item_use.code = version.code
          ) as used ("on") on true
         where span @> $1::date
           and version.unit_id = any ($3)
           and coalesce(used.on, '-infinity') < $2
           and exists (select
                         from enforcement_item_version as earlier
                        where earlier.code = version.code
                          and lower(earlier.span) < $2)
         order by used.on nulls first, version.code
        """,
        day,
        since,
        list(units),
    )
    return [UnusedItem(_version(row), row["on"]) for row in rows]


def _version(row: Record) -> ItemVersion:
    return msgspec.convert({name: row[name] for name in ItemVersion.__struct_fields__}, ItemVersion)
