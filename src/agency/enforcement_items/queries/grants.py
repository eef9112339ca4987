"""Which street may carry out which item, on which days."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from asyncpg import ExclusionViolationError, ForeignKeyViolationError

from agency.enforcement_items.model import Grant
from agency.enforcement_items.problems import EmpowermentOverlaps, ItemUnknown, NothingToEnd
from foundation.database import Connection


async def grants(
    db: Connection, *, unit_id: UUID | None = None, code: str | None = None, after: UUID | None = None, most: int = 500
) -> list[Grant]:
    """All there are, past and planned ones too, in the order in which they were recorded, after the given one."""
    rows = await db.fetch(
        """
        select id, unit_id, code, lower(span) as begins, upper(span) as ends, basis
          from empowerment_grant
         where ($1::uuid is null or unit_id = $1)
           and ($2::text is null or code = $2)
           and ($3::uuid is null or id > $3)
         order by id
         limit $4
        """,
        unit_id,
        code,
        after,
        most,
    )
    return [Grant(**row) for row in rows]


async def grants_by_id(db: Connection, ids: Collection[UUID]) -> list[Grant]:
    rows = await db.fetch(
        """
        select id, unit_id, code, lower(span) as begins, upper(span) as ends, basis
          from empowerment_grant
         where id = any ($1)
        """,
        list(ids),
    )
    return [Grant(**row) for row in rows]


async def add_grant(
    db: Connection,
    unit_id: UUID,
    code: str,
    begins: date,
    *,
    basis: str,
    known_from: datetime,
    recorded_by: UUID | None,
    ends: date | None = None,
) -> Grant:
    """That the unit is a street is the caller's to check. Raises ItemUnknown, EmpowermentOverlaps."""
    try:
        grant_id = await db.fetchval(
            """
            insert into empowerment_grant (unit_id, code, span, basis, known_from, recorded_by)
            values ($1, $2, daterange($3, $4), $5, $6, $7)
            returning id
            """,
            unit_id,
            code,
            begins,
            ends,
            basis,
            known_from,
            recorded_by,
        )
    except ForeignKeyViolationError as error:
        raise ItemUnknown(field="code", code=code) from error
    except ExclusionViolationError as error:
        raise EmpowermentOverlaps(field="begins") from error
    return Grant(id=grant_id, unit_id=unit_id, code=code, begins=begins, ends=ends, basis=basis)


async def end_grant(
    db: Connection,
    grant_id: UUID,
    ends: date,
    *,
    reason: str,
    ended_at: datetime,
    ended_by: UUID | None,
    decided_on: date | None = None,
) -> None:
    """Its last day is the one before `ends`. Raises NothingToEnd: it does not hold on that day."""
    ended = await db.fetchval(
        """
        update empowerment_grant
           set span = daterange(lower(span), $2), ended_at = $3, ended_by = $4, end_reason = $5,
               end_decided_on = $6
         where id = $1
           and span @> ($2::date - 1)
           and (upper_inf(span) or upper(span) > $2)
        returning id
        """,
        grant_id,
        ends,
        ended_at,
        ended_by,
        reason,
        decided_on,
    )
    if ended is None:
        raise NothingToEnd(field="last_day")
