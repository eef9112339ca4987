"""Roll-ups: how far one has come, what came out, and the devices that several reports claim."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from device_registry.annual_report.model.snapshot import Row
from device_registry.annual_report.model.workflow import RollUp, RollUpResult, RollUpState
from foundation.database import Connection


async def add_roll_up(db: Connection, unit_id: UUID, year: int, at: datetime, by: UUID) -> UUID:
    roll_up_id: UUID = await db.fetchval(
        """
        insert into annual_roll_up (unit_id, year, requested_at, requested_by, state)
        values ($1, $2, $3, $4, 'WAITING')
        returning id
        """,
        unit_id,
        year,
        at,
        by,
    )
    return roll_up_id


async def roll_up_by_id(db: Connection, roll_up_id: UUID) -> RollUp | None:
    row = await db.fetchrow(
        """
        select id, unit_id, year, requested_at, state, done, total, finished_at, result
          from annual_roll_up
         where id = $1
        """,
        roll_up_id,
    )
    if row is None:
        return None
    id_, unit_id, year, requested_at, state, done, total, finished_at, result = row
    return RollUp(
        id=id_,
        unit_id=unit_id,
        year=year,
        requested_at=requested_at,
        state=RollUpState(state),
        done=done,
        total=total,
        finished_at=finished_at,
        result=None if result is None else msgspec.convert(result, RollUpResult),
    )


async def newest_roll_up(db: Connection, unit_id: UUID, year: int) -> RollUp | None:
    roll_up_id: UUID | None = await db.fetchval(
        "select id from annual_roll_up where unit_id = $1 and year = $2 order by requested_at desc limit 1",
        unit_id,
        year,
    )
    return None if roll_up_id is None else await roll_up_by_id(db, roll_up_id)


async def come_so_far(db: Connection, roll_up_id: UUID, done: int, total: int) -> None:
    await db.execute(
        "update annual_roll_up set state = 'RUNNING', done = $2, total = $3 where id = $1", roll_up_id, done, total
    )


async def finished(db: Connection, roll_up_id: UUID, result: RollUpResult | None, at: datetime) -> None:
    """No result: it failed."""
    state = RollUpState.FAILED if result is None else RollUpState.DONE
    await db.execute(
        """
        update annual_roll_up
           set state = $2, result = $3, finished_at = $4, done = case when $2 = 'DONE' then total else done end
         where id = $1
        """,
        roll_up_id,
        state,
        result,
        at,
    )


class Claim(NamedTuple):
    """One report's row of a device."""

    device_id: UUID
    tag: str
    version_id: UUID
    row: Row


async def claimed_twice(db: Connection, version_ids: Sequence[UUID]) -> list[Claim]:
    """Rows of devices that more than one of the reports has in its stock at an end, or lists as new.

    A device that moved is in the stock of one when the period begins and of another when it closes: that is no claim
    twice. In the order of tags.
    """
    rows = await db.fetch(
        """
        select claim.device_id, claim.tag, claim.version_id, claim.row
          from annual_report_row as claim
          join (select device_id
                  from annual_report_row
                 where version_id = any ($1)
                 group by device_id
                having count(*) filter (where at_closing) > 1
                    or count(*) filter (where at_opening) > 1
                    or count(*) filter (where decision <> 'EXCLUDED') > 1) as twice
            on twice.device_id = claim.device_id
         where claim.version_id = any ($1)
           and (claim.at_closing or claim.at_opening or claim.decision <> 'EXCLUDED')
         order by claim.tag, claim.version_id
        """,
        list(version_ids),
    )
    return [Claim(device_id, tag, version_id, msgspec.convert(row, Row)) for device_id, tag, version_id, row in rows]


async def moves(db: Connection, version_ids: Sequence[UUID], most: int) -> tuple[int, list[Claim]]:
    """How many devices went from one of the reports to another, and the rows of those that left; first `most`."""
    rows = await db.fetch(
        """
        select device_id, tag, version_id, row, count(*) over ()
          from annual_report_row as went
         where version_id = any ($1)
           and moved
           and reason = 'MOVED_OUT'
           and exists (select
                         from annual_report_row as came
                        where came.device_id = went.device_id
                          and came.version_id = any ($1)
                          and came.version_id <> went.version_id)
         order by tag, version_id
         limit $2
        """,
        list(version_ids),
        most,
    )
    claims = [
        Claim(device_id, tag, version_id, msgspec.convert(row, Row)) for device_id, tag, version_id, row, _ in rows
    ]
    return (rows[0][4] if rows else 0), claims


async def reports_in(db: Connection, units: Collection[UUID], year: int) -> list[UUID]:
    """The reports of those units and that year."""
    rows = await db.fetch("select id from annual_report where unit_id = any ($1) and year = $2", list(units), year)
    return [row[0] for row in rows]
