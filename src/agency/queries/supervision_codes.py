"""Which enterprise a supervision code 监督码 stands for, on Beijing civil days, half-open."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from asyncpg import ExclusionViolationError

from agency.model import SupervisionCode
from agency.problems import SupervisionCodePlanned
from foundation.database import Connection


async def add_supervision_codes(
    db: Connection, codes: Sequence[SupervisionCode], recorded_by: UUID | None, known_from: datetime
) -> None:
    """Each from its first day on; what the code stood for then ends the day before. Raises SupervisionCodePlanned."""
    columns = [list(column) for column in zip(*((one.code, one.begins) for one in codes), strict=True)]
    await db.execute(
        """
        update supervision_code as earlier
           set span = daterange(lower(earlier.span), new.begins)
          from unnest($1::text[], $2::date[]) as new (code, begins)
         where earlier.code = new.code
           and earlier.span @> new.begins
           and lower(earlier.span) < new.begins
        """,
        *columns,
    )
    try:
        await db.execute(
            """
            insert into supervision_code (code, span, uscc, known_from, recorded_by)
            select code, daterange(begins, ends), uscc, $5, $6
              from unnest($1::text[], $2::date[], $3::date[], $4::text[]) as new (code, begins, ends, uscc)
            """,
            *columns,
            [one.ends for one in codes],
            [one.uscc for one in codes],
            known_from,
            recorded_by,
        )
    except ExclusionViolationError as error:
        raise SupervisionCodePlanned(field="codes") from error


async def supervision_codes(db: Connection, day: date, after: str | None, most: int) -> list[SupervisionCode]:
    """All that hold on that day, by code after the given one."""
    rows = await db.fetch(
        """
        select code, uscc, lower(span), upper(span)
          from supervision_code
         where span @> $1::date
           and ($2::text is null or code > $2)
         order by code
         limit $3
        """,
        day,
        after,
        most,
    )
    return [SupervisionCode(*row) for row in rows]


async def enterprises_under(db: Connection, asked: Collection[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """The USCC that each code stands for on its day; unknown ones are left out."""
    rows = await db.fetch(
        """
        select asked.code, asked.day, uscc
          from unnest($1::text[], $2::date[]) as asked (code, day)
          join supervision_code as known on known.code = asked.code and known.span @> asked.day
        """,
        [code for code, _ in asked],
        [day for _, day in asked],
    )
    return {(code, day): uscc for code, day, uscc in rows}


async def codes_of_enterprises(db: Connection, usccs: Collection[str], day: date) -> dict[str, str]:
    """The USCC by each code under which one of these enterprises is known on that day."""
    rows = await db.fetch(
        "select code, uscc from supervision_code where uscc = any ($1) and span @> $2::date order by code",
        list(usccs),
        day,
    )
    return {row["code"]: row["uscc"] for row in rows}
