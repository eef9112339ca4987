"""What the rule about items needs to know."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from agency.enforcement_items import rules
from agency.enforcement_items.model import Grant, ItemFacts, ItemStanding
from agency.enforcement_items.queries.items import versions_of
from agency.queries import units_above
from foundation.civil import day_of
from foundation.database import Connection


async def item_standings(
    db: Connection, unit_id: UUID, codes: Collection[str], begins: datetime, ends: datetime
) -> dict[str, ItemStanding]:
    """Of each item: may the unit carry it out on the Beijing civil days from `begins` to `ends`, both included?

    Raises nothing for what is unknown: that is a reason.
    """
    first, last = day_of(begins), day_of(ends)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    versions = await versions_of(db, codes)
    lines = {day: tuple(line) for (_, day), line in (await units_above(db, [(unit_id, day) for day in days])).items()}
    granted = await _grants(db, {unit.id for line in lines.values() for unit in line}, codes)
    return {
        code: rules.item_standing(
            ItemFacts(code, tuple(versions.get(code, ())), tuple(g for g in granted if g.code == code), lines),
            first,
            last,
        )
        for code in codes
    }


async def hold_item(db: Connection, code: str) -> None:
    """Changes of the item wait until the transaction ends, so that they are heard after it and not beside it."""
    await db.execute("select pg_advisory_xact_lock_shared(hashtextextended($1, 26))", code)


async def change_item(db: Connection, code: str) -> None:
    """Waits for whoever holds the item; until the transaction ends nobody rests anything on it."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 26))", code)


async def _grants(db: Connection, units: Collection[UUID], codes: Collection[str]) -> list[Grant]:
    rows = await db.fetch(
        """
        select id, unit_id, code, lower(span) as begins, upper(span) as ends, basis
          from empowerment_grant
         where unit_id = any ($1)
           and code = any ($2)
         order by span
        """,
        list(units),
        list(codes),
    )
    return [Grant(**row) for row in rows]
