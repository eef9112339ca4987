"""The demonstration city: filled once, all of it, and every device stands as its table says."""

import asyncio
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.support import FixedClock

from agency import queries as agency
from agency import sign_in
from agency.enforcement_items import queries as items
from agency.model import CredentialReason, UnitKind
from device_registry import queries as registry
from device_registry.model import Interval
from foundation.civil import day_of
from foundation.database import Database
from plumbline import demonstration_catalogue as catalogue
from plumbline import seed as city
from plumbline.demonstration import DEVICES
from plumbline.settings import Settings


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database_url=database_url)


async def test_a_city_is_made_once_and_its_people_are_told_again_at_every_start(
    settings: Settings, clock: FixedClock
) -> None:
    first = await city.seed(settings, clock)
    again = await city.seed(settings, clock)
    assert (first.created, again.created) == (True, False)
    assert first.people == again.people
    assert [person.sign_in_name for person in first.people] == [somebody.sign_in_name for somebody in city.PEOPLE]


async def test_two_processes_that_start_at_once_make_one_city(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    reports = await asyncio.gather(*(city.seed(settings, clock) for _ in range(2)))
    assert sorted(report.created for report in reports) == [False, True]
    assert len({tuple(report.people) for report in reports}) == 1
    async with database.connection() as db:
        assert await db.fetchval("select count(*) from unit_period where kind = 'CITY'") == 1


async def test_the_passwords_are_for_the_owner_only_and_differ_from_city_to_city(
    settings: Settings, clock: FixedClock, tmp_path: Path
) -> None:
    people = (await city.seed(settings, clock)).people
    file = settings.data / city.PASSWORDS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {person.sign_in_name: person.password for person in people}
    assert len({person.password for person in people}) == len(people)


async def test_without_the_file_nobody_is_told_and_nothing_is_made(settings: Settings, clock: FixedClock) -> None:
    await city.seed(settings, clock)
    (settings.data / city.PASSWORDS).unlink()
    assert await city.seed(settings, clock) == (False, [])


async def test_a_city_that_cannot_be_finished_is_not_there_at_all(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    settings.data.parent.mkdir(exist_ok=True)
    settings.data.write_text("a file where the folder should be")
    with pytest.raises(OSError):
        await city.seed(settings, clock)
    async with database.connection() as db:
        assert await db.fetchval("select count(*) from unit") == 0


async def test_everybody_can_sign_in_with_what_was_printed(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    for person in (await city.seed(settings, clock)).people:
        attempt = sign_in.SignIn(person.sign_in_name, person.password, "192.0.2.1")
        signed_in = await sign_in.sign_in(database, clock, attempt, hours=1)
        assert len(signed_in.actor.roles) == 1


async def test_the_city_has_its_thirteen_districts_and_a_zone_without_a_code(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    await city.seed(settings, clock)
    async with database.connection() as db:
        units = await agency.tree(db, clock.now().date())
    districts = [unit for unit in units if unit.kind is UnitKind.DISTRICT]
    assert [unit.division_code for unit in districts] == [code for code, _, _ in city.DISTRICTS]
    assert len(districts) == 13
    assert [unit.division_code for unit in units if unit.kind is UnitKind.FUNCTIONAL_ZONE] == [None]
    by_id = {unit.id: unit for unit in units}
    for street in (unit for unit in units if unit.kind is UnitKind.STREET):
        assert street.division_code is not None
        assert street.parent_id is not None
        assert street.division_code[:6] == by_id[street.parent_id].division_code


@pytest.mark.parametrize("now", [datetime(2028, 2, 28, 16, tzinfo=UTC), datetime(2031, 12, 31, 15, 59, tzinfo=UTC)])
async def test_every_device_stands_as_its_table_says_in_any_year(
    settings: Settings, database: Database, now: datetime
) -> None:
    await city.seed(settings, FixedClock(now))
    async with database.connection() as db:
        for device in DEVICES:
            standing = await registry.standing_of(db, device.tag, Interval(now, now))
            assert standing is not None
            assert standing.outcome == device.outcome, device.tag
            assert tuple(finding.reason for finding in standing.reasons) == device.reasons, device.tag


async def test_an_officer_is_credentialed_one_is_not_any_more_and_an_auxiliary_never(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    await city.seed(settings, clock)
    reasons = {}
    async with database.connection() as db:
        for name, person_id in await db.fetch("select sign_in_name, person_id from account"):
            standing = await agency.credential_standing(db, person_id, clock.now(), clock.now())
            reasons[name] = standing.reasons
    assert reasons["officer-a"] == reasons["officer-b"] == ()
    assert reasons["officer-expired"] == (CredentialReason.CREDENTIAL_EXPIRED,)
    assert reasons["auxiliary"] == (CredentialReason.NOT_AN_OFFICER,)


def test_what_the_table_shows_fits_what_it_expects() -> None:
    assert len({device.tag for device in DEVICES}) == len(DEVICES)
    for device in DEVICES:
        assert (device.outcome == "IN_STANDING") == (device.reasons == ())
        assert msgspec.json.encode(device.tag)


async def test_the_street_may_do_what_it_was_granted_the_bureau_all_that_is_published(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    await city.seed(settings, clock)
    today = day_of(clock.now())
    async with database.connection() as db:
        units = {unit.name_zh: unit.id for unit in await agency.tree(db, today)}
        bureau = {item.code for item in await items.items_of(db, units["江岸区城市管理执法局"], today)}
        street = {item.code for item in await items.items_of(db, units["大智街道"], today)}
        checklists = await items.checklists_of(db, bureau, today)
        assert len(await items.no_penalty_list(db, bureau, today)) >= 3
        assert await items.items_of(db, units["江汉区城市管理执法局"], today) == []
    assert bureau == {code for code, *_ in catalogue.ITEMS}
    assert street == set(catalogue.GRANTED) < bureau
    assert all(6 <= len(checklist.items) <= 8 for checklist in checklists)
    assert len(checklists) == 2
