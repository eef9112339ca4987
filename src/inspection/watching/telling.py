"""A job reads what the log and the register learnt since it last looked, and tells those who watch, once each.

The place up to which it has read moves in the same transaction as the notices, so nothing is told twice or left out.
"""

from datetime import datetime, timedelta
from uuid import UUID

from agency.queries import reach_by_role
from device_registry.notices.model import NewNotice
from device_registry.notices.queries import notify
from device_registry.queries import learnt_of
from evidence.queries.happened import happened, last_leaf
from foundation.clock import Clock
from foundation.database import Connection, Database
from inspection.watching import queries, rules
from inspection.watching.model import WHO_WATCHES, Hit, Kind, Watch
from inspection.watching.subjects import may_know_clue, subjects

AT_ONCE = 5000
"""Leaves of one reading: some megabytes."""
LOOKED_BACK = timedelta(minutes=10)
"""A fact bears the instant at which its transaction began; one that took longer than this would be left out."""


async def tell_watchers(database: Database, clock: Clock) -> int:
    """Reads to the end of both histories. Returns how many notices were given."""
    given = 0
    while True:
        async with database.transaction() as db:
            told, more = await _tell(db, clock)
        given += told
        if not more:
            return given


async def _tell(db: Connection, clock: Clock) -> tuple[int, bool]:
    now = clock.now()
    leaf, until = await queries.take_marks(db)
    watches = await queries.all_watches(db)
    if not watches:
        await queries.move_marks(db, await last_leaf(db), now)
        return 0, False
    devices = {one.subject_id for one in watches if one.kind is Kind.DEVICE and one.subject_id is not None}
    tags = {id_: one.tag or "" for id_, one in (await subjects(db, clock, Kind.DEVICE, devices)).items()}
    read = await happened(db, leaf, AT_ONCE)
    found = [*rules.hits(watches, tags, read), *await _of_facts(db, watches, until - LOOKED_BACK)]
    given = await _give(db, clock, found, now) if found else 0
    await queries.move_marks(db, read[-1].leaf if read else leaf, now)
    return given, len(read) == AT_ONCE


async def _of_facts(db: Connection, watches: list[Watch], since: datetime) -> list[Hit]:
    by_device: dict[UUID, list[Watch]] = {}
    for watch in watches:
        if watch.kind is Kind.DEVICE and watch.subject_id is not None:
            by_device.setdefault(watch.subject_id, []).append(watch)
    if not by_device:
        return []
    return [
        Hit(
            watch,
            f"device.fact.{fact.kind}",
            rules.path(watch),
            f"WATCH:{watch.id}:{fact.id}",
            1,
            None,
        )
        for fact in await learnt_of(db, list(by_device), since)
        for watch in by_device[fact.device_id]
        if fact.known_from > watch.begun_at and fact.recorded_by != watch.person_id
    ]


async def _give(db: Connection, clock: Clock, found: list[Hit], now: datetime) -> int:
    """To those who still reach it; the watch of whoever does not has ended."""
    units = await _units(db, clock, [hit.watch for hit in found])
    reached = {
        person_id: await reach_by_role(db, person_id, now) for person_id in {hit.watch.person_id for hit in found}
    }
    notices, lost = [], set()
    for hit in found:
        watch = hit.watch
        theirs = {unit for role, unit in reached[watch.person_id] if role in WHO_WATCHES[watch.kind]}
        still = not theirs.isdisjoint(units.get(watch.id, ())) if watch.subject_id else bool(theirs)
        if still and watch.kind is Kind.CLUE and watch.subject_id is not None:
            still = await may_know_clue(db, clock, watch.person_id, watch.subject_id)
        if not still:
            lost.add(watch.id)
        elif hit.unit_id is None or hit.unit_id in theirs:
            notices.append(_notice(hit))
    await queries.end(db, lost, "BEYOND_REACH", now)
    return await notify(db, notices, now)


async def _units(db: Connection, clock: Clock, watches: list[Watch]) -> dict[UUID, list[UUID]]:
    """By watch, the units of its subject."""
    units: dict[UUID, list[UUID]] = {}
    for kind in {watch.kind for watch in watches}:
        ids = {watch.subject_id for watch in watches if watch.kind is kind and watch.subject_id is not None}
        found = await subjects(db, clock, kind, ids)
        for watch in watches:
            if watch.kind is kind and watch.subject_id in found:
                units[watch.id] = list(found[watch.subject_id].units)
    return units


def _notice(hit: Hit) -> NewNotice:
    return NewNotice(
        subject="WATCHED",
        details={
            "kind_key": f"watch-kind.{hit.watch.kind}",
            "label": hit.watch.label,
            "what_key": hit.what_key,
            "times": hit.times,
            "path": hit.path,
        },
        person_id=hit.watch.person_id,
        once=hit.once,
    )
