"""Fills a database with made-up devices, a process a core; what is derived of them is what the rules say."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

import asyncpg

from agency import queries as agency
from agency.model import UnitKind
from device_registry import queries as registry
from device_registry.model import Fact, Facts
from device_registry.record import Following, Known, follow, keep_following
from foundation.civil import day_of
from foundation.clock import Clock, SystemClock
from foundation.database import Database, in_batches
from foundation.reach import EVERYTHING
from plumbline.synthetic.lives import RECORDERS, TAG, City, Life, life

SHARE = 2000
"""Devices a process takes at a time, on one connection."""
BATCH = 500
"""Devices a transaction."""
HOLDERS = (UnitKind.STREET, UnitKind.DEPARTMENT)
"""Governments hold no devices; those below them do, and report them."""


class NoDemonstrationCity(Exception):
    """Made-up devices go into the demonstration city only: there they need people to have recorded them."""


async def fill(
    database_url: str,
    owner_url: str,
    *,
    devices: int,
    certificates: int,
    seed: int,
    clock: Clock | None = None,
    processes: int | None = None,
    say: Callable[[int], None] = lambda _: None,
) -> int:
    """How many devices were added; those that are there already stay. `say` hears how many are done.

    Raises NoDemonstrationCity.
    """
    city = await city_of(database_url, clock or SystemClock())
    shares = [(first, min(first + SHARE, devices + 1)) for first in range(1, devices + 1, SHARE)]
    added = 0
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        under_way = [
            loop.run_in_executor(pool, _share, database_url, *share, certificates, seed, city) for share in shares
        ]
        for number, done in enumerate(asyncio.as_completed(under_way), start=1):
            added += await done
            say(min(number * SHARE, devices))
    owner = await asyncpg.connect(owner_url)
    await owner.execute("analyze")  # or plans would be made for an empty register until autovacuum comes
    await owner.close()
    return added


async def city_of(database_url: str, clock: Clock) -> City:
    database = await Database.open(database_url, most=1, unless_said=EVERYTHING)
    now = clock.now()
    try:
        async with database.connection() as db:
            people = {}
            for name in RECORDERS:
                actor = await agency.actor_called(db, name, now)
                if actor is None:
                    raise NoDemonstrationCity(name)
                people[name] = actor.person_id
            kinds = {kind.code: kind for kind in await registry.device_kinds(db)}
            units = [unit.id for unit in await agency.tree(db, day_of(now)) if unit.kind in HOLDERS]
    finally:
        await database.close()
    return City(kinds, units, people, now)


def _share(database_url: str, first: int, end: int, certificates: int, seed: int, city: City) -> int:
    return asyncio.run(add_share(database_url, range(first, end), certificates, seed, city))


async def add_share(database_url: str, numbers: Sequence[int], certificates: int, seed: int, city: City) -> int:
    """Those that are not there yet."""
    database = await Database.open(database_url, most=1, unless_said=EVERYTHING)
    try:
        async with database.connection() as db:
            taken = await registry.tags_taken(db, [TAG.format(number) for number in numbers])
        missing = [number for number in numbers if TAG.format(number) not in taken]
        for some in in_batches(missing, BATCH):
            await _add(database, [life(number, seed, certificates, city) for number in some], city)
        return len(missing)
    finally:
        await database.close()


async def _add(database: Database, lives: Sequence[Life], city: City) -> None:
    devices = {one.device.id: one.device for one in lives}
    new = Known(devices, {}, {one: [] for one in devices}, {one: [] for one in devices}, {}, {})
    following = _following(lives, city)
    async with database.transaction() as db:
        await registry.add_devices(db, [*devices.values()], city.people[RECORDERS[0]], city.now)
        for name in RECORDERS:
            facts: list[tuple[UUID, Fact]] = [
                (one.device.id, fact) for one in lives for who, fact in one.facts if who == name
            ]
            await registry.add_facts(db, facts, city.people[name], city.now)
        await keep_following(db, new, following)


def _following(lives: Sequence[Life], city: City) -> Following:
    after = {}
    for device, told in lives:
        facts = Facts(
            channels=device.channels,
            verification_needed=device.verification_needed,
            siting_needed=device.siting_needed,
        )
        for _, fact in told:
            facts = facts.and_(fact)
        after[device.id] = facts
    return follow(after, city.now)
