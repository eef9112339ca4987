"""An administrator keeps the catalogue: adds versions, empowers streets, ends what no longer holds.

What was lawful stays so: nothing ends on a day that was over when its end was decided. But a decision may be recorded
late, and so may a grant: whoever relied on either hears of it (`changes.py`).
"""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import Struct

from agency.enforcement_items import queries
from agency.enforcement_items.changes import ItemChange, ItemsChanged, nobody_listens
from agency.enforcement_items.model import Checklist, Grant, ItemVersion, NoPenaltyEntry
from agency.enforcement_items.problems import DaysOutOfOrder, NotAStreet, PointTwice, UnitOutOfReach
from agency.model import Actor, Role, UnitKind
from agency.queries import reach, subtree, units_by_id
from foundation.civil import FIRST_DAY, LAST_DAY, day_after, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, NotFound, Spoken

VERSION = "ItemVersion"


class Ending(Struct, frozen=True):
    """After that Beijing civil day it holds no more. `decided_on`: where it was decided earlier than it is recorded."""

    last_day: date
    reason: str
    decided_on: date | None = None


async def publish_item(
    database: Database,
    clock: Clock,
    actor: Actor,
    version: ItemVersion,
    on_change: ItemsChanged = nobody_listens,
) -> ItemVersion:
    """Raises UnitOutOfReach, also for an item of somebody else, DaysOutOfOrder, VersionPlanned."""
    _check_span(version.begins, version.ends)
    async with database.transaction() as db:
        await queries.change_item(db, version.code)
        earlier = (await queries.versions_of(db, [version.code])).get(version.code, ())
        await _check_reach(db, actor, clock, version.unit_id, {one.unit_id for one in earlier})
        await queries.add_version(db, version, clock.now(), actor.person_id)
        taken = None if any(one.unit_id != version.unit_id for one in earlier) else ()
        told = ItemChange(code=version.code, begins=version.begins, ends=version.ends, taken_from=taken, cause=VERSION)
        await on_change(db, told)
        if earlier and version.ends is not None:  # it cut off the one before it for good
            told = ItemChange(code=version.code, begins=version.ends, ends=None, taken_from=None, cause=VERSION)
            await on_change(db, told)
    return version


async def end_item(
    database: Database,
    clock: Clock,
    actor: Actor,
    code: str,
    ending: Ending,
    on_change: ItemsChanged = nobody_listens,
) -> None:
    """Takes the item out of the catalogue after that day. Raises NotFound, DaysOutOfOrder, NothingToEnd."""
    async with database.transaction() as db:
        await queries.change_item(db, code)
        versions = (await queries.versions_of(db, [code])).get(code)
        if not versions or versions[-1].unit_id not in await _administered(db, actor, clock):
            raise NotFound
        _check_end(ending, clock)
        ends = day_after(ending.last_day)
        await queries.end_version(db, code, ends, **_told(ending, clock, actor))
        await on_change(db, ItemChange(code=code, begins=ends, ends=None, taken_from=None, cause="ItemEnd"))


async def empower(
    database: Database,
    clock: Clock,
    actor: Actor,
    unit_id: UUID,
    code: str,
    begins: date,
    ends: date | None,
    basis: str,
    on_change: ItemsChanged = nobody_listens,
) -> Grant:
    """Raises UnitOutOfReach, NotAStreet, ItemUnknown, DaysOutOfOrder, EmpowermentOverlaps."""
    _check_span(begins, ends)
    async with database.transaction() as db:
        await queries.change_item(db, code)
        await _check_reach(db, actor, clock, unit_id)
        if [unit.kind for unit in await units_by_id(db, [unit_id], begins)] != [UnitKind.STREET]:
            raise NotAStreet(field="unit_id")
        granted = await queries.add_grant(
            db, unit_id, code, begins, ends=ends, basis=basis, known_from=clock.now(), recorded_by=actor.person_id
        )
        await on_change(db, ItemChange(code=code, begins=begins, ends=ends, cause="Grant"))
    return granted


async def end_empowerment(
    database: Database,
    clock: Clock,
    actor: Actor,
    grant_id: UUID,
    ending: Ending,
    on_change: ItemsChanged = nobody_listens,
) -> None:
    """Raises NotFound, DaysOutOfOrder, NothingToEnd."""
    async with database.transaction() as db:
        found = await queries.grants_by_id(db, [grant_id])
        if not found or found[0].unit_id not in await _administered(db, actor, clock):
            raise NotFound
        _check_end(ending, clock)
        [grant], ends = found, day_after(ending.last_day)
        await queries.change_item(db, grant.code)
        await queries.end_grant(db, grant_id, ends, **_told(ending, clock, actor))
        street = {unit_id for day in {ends, day_of(clock.now())} for unit_id in await subtree(db, [grant.unit_id], day)}
        change = ItemChange(code=grant.code, begins=ends, ends=grant.ends, taken_from=street, cause="GrantEnd")
        await on_change(db, change)


async def publish_no_penalty(database: Database, clock: Clock, actor: Actor, entry: NoPenaltyEntry) -> NoPenaltyEntry:
    """Raises UnitOutOfReach, ItemUnknown, DaysOutOfOrder, VersionPlanned."""
    _check_span(entry.begins, entry.ends)
    async with database.transaction() as db:
        await _check_reach(db, actor, clock, entry.unit_id, await queries.no_penalty_publishers(db, entry.code))
        await queries.add_no_penalty(db, entry, clock.now(), actor.person_id)
    return entry


async def publish_checklist(database: Database, clock: Clock, actor: Actor, new: Checklist) -> Checklist:
    """The next version. Raises UnitOutOfReach, PointTwice, ItemUnknown, DaysOutOfOrder, VersionPlanned."""
    _check_span(new.begins, new.ends)
    if len({point.code for point in new.items}) < len(new.items):
        raise PointTwice(field="items")
    async with database.transaction() as db:
        await _check_reach(db, actor, clock, new.unit_id, await queries.checklist_publishers(db, new.code))
        return await queries.add_checklist(db, new, clock.now(), actor.person_id)


async def known_item(db: Connection, code: str) -> list[ItemVersion]:
    """Every version, oldest first. Raises NotFound."""
    versions = (await queries.versions_of(db, [code])).get(code)
    if not versions:
        raise NotFound
    return versions


async def _administered(db: Connection, actor: Actor, clock: Clock) -> frozenset[UUID]:
    return await reach(db, actor, (Role.ADMINISTRATOR,), day_of(clock.now()))


async def _check_reach(
    db: Connection, actor: Actor, clock: Clock, unit_id: UUID, publishers: Collection[UUID] = ()
) -> None:
    """`publishers`: whose code it has been so far. Nobody takes over the code of a unit beyond their reach."""
    administered = await _administered(db, actor, clock)
    if unit_id not in administered:
        raise UnitOutOfReach(field="unit_id")
    if not administered.issuperset(publishers):
        raise UnitOutOfReach(field="code")


def _check_span(begins: date, ends: date | None) -> None:
    """`ends` is half-open."""
    for field, day in (("begins", begins), ("last_day", ends)):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise Malformed(field=field, what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
    if ends is not None and ends <= begins:
        raise DaysOutOfOrder(field="last_day")


def _told(ending: Ending, clock: Clock, actor: Actor) -> dict[str, Any]:
    return {
        "reason": ending.reason,
        "decided_on": ending.decided_on,
        "ended_at": clock.now(),
        "ended_by": actor.person_id,
    }


def _check_end(ending: Ending, clock: Clock) -> None:
    today, last_day = day_of(clock.now()), ending.last_day
    if ending.decided_on is not None and ending.decided_on > today:
        raise DaysOutOfOrder(field="decided_on")
    if last_day < (ending.decided_on or today):
        raise DaysOutOfOrder(field="last_day")
    if last_day >= LAST_DAY:
        raise Malformed(field="last_day", what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
