"""Made-up devices: the same for a seed, marked as what they are, and derived as the rules derive."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.support import FixedClock

from device_registry import queries
from device_registry.model import VerificationCertificate
from device_registry.record import follow
from foundation.database import Database
from plumbline.seed import seed
from plumbline.settings import Settings
from plumbline.synthetic.filling import NoDemonstrationCity, add_share, city_of, fill
from plumbline.synthetic.frequencies import STATES
from plumbline.synthetic.lives import City, life

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
DEVICES, CERTIFICATES = 400, 5


@pytest_asyncio.fixture
async def city(services: Settings, database_url: str, owner_url: str, tmp_path: Path) -> AsyncIterator[City]:
    settings = replace(services, database_url=database_url, migration_database_url=owner_url, data=tmp_path)
    await seed(settings, FixedClock(NOW))
    yield await city_of(database_url, FixedClock(NOW))


async def test_a_seed_makes_the_same_devices_and_another_makes_others(city: City) -> None:
    some = [life(number, 1, CERTIFICATES, city) for number in range(1, 50)]
    assert some == [life(number, 1, CERTIFICATES, city) for number in range(1, 50)]
    assert some != [life(number, 2, CERTIFICATES, city) for number in range(1, 50)]


async def test_they_are_marked_and_spread_over_units_kinds_states_and_results(
    database: Database, database_url: str, city: City
) -> None:
    assert await add_share(database_url, range(1, DEVICES + 1), CERTIFICATES, 1, city) == DEVICES
    assert await add_share(database_url, range(1, DEVICES + 3), CERTIFICATES, 1, city) == 2, "those there stay"
    async with database.connection() as db:
        marked = await db.fetch("select synthetic, tag, kind, unit_id from device where tag like 'SYN-%' order by tag")
        states = {row[0] for row in await db.fetch("select state from device_overview where tag like 'SYN-%'")}
    assert len(marked) == DEVICES + 2
    assert all(row["synthetic"] for row in marked)
    assert marked[0]["tag"] == "SYN-000001"
    assert len({row["kind"] for row in marked}) >= 9
    assert len({row["unit_id"] for row in marked}) >= 8
    assert states >= {state.value for state, weight in STATES.items() if weight >= 0.02}


async def test_each_has_as_many_results_as_asked_for_and_half_of_them_are_valid(city: City) -> None:
    lives = [life(number, 1, CERTIFICATES, city) for number in range(1, 2001)]
    results = Counter(
        sum(isinstance(fact, VerificationCertificate) or hasattr(fact, "notice_no") for _, fact in one.facts)
        for one in lives
    )
    assert results == {CERTIFICATES: 2000}
    valid = sum(
        any(isinstance(fact, VerificationCertificate) and fact.valid_until >= NOW.date() for _, fact in one.facts)
        for one in lives
    )
    assert 0.5 < valid / 2000 < 0.7


async def test_what_is_kept_of_them_is_what_the_rules_say(database: Database, database_url: str, city: City) -> None:
    await add_share(database_url, range(1, DEVICES + 1), CERTIFICATES, 3, city)
    async with database.transaction() as db:
        ids = [row[0] for row in await db.fetch("select id from device where tag like 'SYN-%'")]
        following = follow(await queries.facts_of_all(db, ids), NOW)
        assert await queries.verified_periods_of(db, ids) == following.verified
        assert await queries.service_periods_of(db, ids) == following.served
        rows = "select * from device_overview where tag like 'SYN-%' order by tag"
        kept = await db.fetch(rows)
        await queries.keep_overviews(db, await queries.locked_devices(db, ids), following.facts, following.overviews)
        assert await db.fetch(rows) == kept


async def test_the_command_fills_in_processes_and_without_a_city_says_so(
    database: Database, database_url: str, owner_url: str, services: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NoDemonstrationCity):
        await fill(database_url, owner_url, devices=10, certificates=5, seed=1)
    await seed(replace(services, database_url=database_url, migration_database_url=owner_url, data=tmp_path))
    heard: list[int] = []
    assert await fill(database_url, owner_url, devices=10, certificates=2, seed=1, processes=1, say=heard.append) == 10
    assert heard == [10]
    async with database.connection() as db:
        assert await db.fetchval("select count(*) from device where synthetic") == 10
