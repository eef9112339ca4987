"""What the rule about items needs to know."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from agency.enforcement_items import rules
from agency.enforcement_items.model import Grant, ItemFacts, ItemStanding
from agency.enforcement_items.queries.items import versions_of
from agency.model import Unit
from agency.queries import units_above
from foundation.civil import day_of
from foundation.database import Connection


async def item_standings(
    db: Connection, unit_id: UUID, codes: Collection[str], begins: datetime, ends: datetime
) -> dict[str, ItemStanding]:
    """Of each item: may the unit carry it out on the Beijing civil days from `begins` to `ends`, both included?

    Raises nothing for what is unknown: that is a reason.
    """
    found = await standings_of(db, {(unit_id, code, day_of(begins), day_of(ends)) for code in codes})
    return {code: standing for (_, code, *_), standing in found.items()}


async def standings_of(
    db: Connection, asked: Collection[tuple[UUID, str, date, date]]
) -> dict[tuple[UUID, str, date, date], ItemStanding]:
    """As `item_standings`, of many (unit, item, first day, last day) at once."""
    codes = {code for _, code, *_ in asked}
    days = {
        (unit_id, first + timedelta(days=number))
        for unit_id, _, first, last in asked
        for number in range((last - first).days + 1)
    }
    versions = await versions_of(db, codes)
    above = await units_above(db, days)
    granted = await _grants(db, {unit.id for line in above.values() for unit in line}, codes)
    lines: dict[UUID, dict[date, tuple[Unit, ...]]] = defaultdict(dict)
    for (unit_id, day), line in above.items():
        lines[unit_id][day] = tuple(line)
    return {
        (unit_id, code, first, last): rules.item_standing(
            ItemFacts(code, tuple(versions.get(code, ())), tuple(g for g in granted if g.code == code), lines[unit_id]),
            first,
            last,
        )
        for unit_id, code, first, last in asked
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
