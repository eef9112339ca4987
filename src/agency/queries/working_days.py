"""Days and years of the working calendar that an operator entered."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from foundation.database import Connection
from foundation.working_days import WorkingDays, published


async def working_days(db: Connection) -> WorkingDays:
    """What was published with this version and what was entered since; of two entries about a day the later holds."""
    years, days = await _entered(db)
    return published().extended(years, days)


async def _entered(db: Connection) -> tuple[frozenset[int], dict[date, bool]]:
    rows = await db.fetch("select distinct on (day) day, worked from calendar_day order by day, id desc")
    years = await db.fetch("select distinct year from calendar_year")
    return frozenset(row[0] for row in years), {row[0]: row[1] for row in rows}


async def add_days(
    db: Connection, days: Mapping[date, bool], year: int | None, source: str, recorded_by: UUID, now: datetime
) -> None:
    """`year`: all of its days are known from now on. Call it in a transaction."""
    await db.executemany(
        """
        insert into calendar_day (day, worked, source, recorded_at, recorded_by)
        values ($1, $2, $3, $4, $5)
        """,
        [(day, worked, source, now, recorded_by) for day, worked in sorted(days.items())],
    )
    if year is not None:
        await db.execute(
            """
            insert into calendar_year (year, source, recorded_at, recorded_by)
            values ($1, $2, $3, $4)
            """,
            year,
            source,
            now,
            recorded_by,
        )
