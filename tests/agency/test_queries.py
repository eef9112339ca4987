"""Units as they stood on a day, how far a role reaches, and what the tables refuse."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest
from asyncpg import CheckViolationError, ForeignKeyViolationError, InsufficientPrivilegeError

from agency import queries, sign_in
from agency.model import Actor, Person, PersonKind, Role, RoleGrant, Unit, UnitKind
from agency.problems import CredentialNumberTaken, SignInNameTaken, UnitOutOfPlace, UnitPeriodOverlaps
from foundation.database import Database
from foundation.problem import NotFound
from tests.agency.builders import DAY, City, a_city, a_person, a_unit
from tests.support import FixedClock

CHANGE = date(2026, 7, 1)
THE_DAY_BEFORE = CHANGE - timedelta(days=1)


def acting(person: Person, *grants: tuple[Role, UUID]) -> Actor:
    return Actor(person.id, person.kind, person.unit_id, None, tuple(RoleGrant(*grant) for grant in grants))


@pytest.fixture
async def city(database: Database) -> City:
    return await a_city(database)


async def test_a_role_reaches_its_unit_and_everything_below(database: Database, city: City) -> None:
    async with database.transaction() as db:
        person = await a_person(db, city.east)
        actor = acting(person, (Role.SUPERVISOR, city.east.id), (Role.LEGAL_REVIEWER, city.west.id))
        assert await queries.reach(db, actor, (Role.SUPERVISOR,), DAY) == {
            city.east.id, city.street.id, city.department.id
        }  # fmt: skip
        assert await queries.reach(db, actor, (Role.LEGAL_REVIEWER,), DAY) == {city.west.id}
        assert await queries.reach(db, actor, (Role.DEVICE_MANAGER,), DAY) == frozenset()
        whole = acting(await a_person(db, city.city), (Role.SUPERVISOR, city.city.id))
        assert await queries.reach(db, whole, (Role.SUPERVISOR, Role.LEGAL_REVIEWER), DAY) == {unit.id for unit in city}


async def test_a_street_that_changes_its_district_changes_who_reaches_it_from_that_day(
    database: Database, city: City
) -> None:
    async with database.transaction() as db:
        await queries.change_unit(db, msgspec.structs.replace(city.street, parent_id=city.west.id, begins=CHANGE))
        east, west = [city.east.id], [city.west.id]
        assert city.street.id in await queries.subtree(db, east, THE_DAY_BEFORE)
        assert city.street.id not in await queries.subtree(db, east, CHANGE)
        assert city.street.id not in await queries.subtree(db, west, THE_DAY_BEFORE)
        assert city.street.id in await queries.subtree(db, west, CHANGE)


async def test_nothing_is_reached_before_it_stood(database: Database, city: City) -> None:
    async with database.connection() as db:
        assert await queries.subtree(db, [city.city.id], DAY - timedelta(days=1)) == frozenset()


async def test_the_tree_lists_every_unit_after_its_parent(database: Database, city: City) -> None:
    async with database.connection() as db:
        units = await queries.tree(db, DAY)
    in_order = (city.city, city.east, city.street, city.department, city.west)
    assert [unit.id for unit in units] == [unit.id for unit in in_order]
    assert units[2] == city.street


async def test_what_a_unit_belongs_to_is_told_from_itself_to_the_city(database: Database, city: City) -> None:
    async with database.connection() as db:
        above = await queries.ancestors(db, city.street.id, DAY)
        assert [unit.id for unit in above] == [city.street.id, city.east.id, city.city.id]
        assert await queries.ancestors(db, city.street.id, DAY - timedelta(days=1)) == []


async def test_a_renamed_unit_keeps_its_old_name_in_the_past(database: Database, city: City) -> None:
    async with database.transaction() as db:
        await queries.change_unit(db, msgspec.structs.replace(city.west, name_zh="新名", begins=CHANGE))
        names = [(await queries.units_by_id(db, [city.west.id], day))[0].name_zh for day in (THE_DAY_BEFORE, CHANGE)]
    assert names == ["某单位", "新名"]


async def test_two_changes_of_a_unit_on_one_day_are_refused(database: Database, city: City) -> None:
    changed = msgspec.structs.replace(city.west, name_zh="新名", begins=CHANGE)
    async with database.transaction() as db:
        await queries.change_unit(db, changed)
    with pytest.raises(UnitPeriodOverlaps):
        async with database.transaction() as db:
            await queries.change_unit(db, changed)


async def test_a_change_before_one_already_planned_is_refused_and_changes_nothing(
    database: Database, city: City
) -> None:
    async with database.transaction() as db:
        await queries.change_unit(db, msgspec.structs.replace(city.west, name_zh="以后", begins=CHANGE))
    with pytest.raises(UnitPeriodOverlaps):
        async with database.transaction() as db:
            await queries.change_unit(db, msgspec.structs.replace(city.west, name_zh="以前", begins=date(2026, 3, 1)))
    async with database.connection() as db:
        assert (await queries.units_by_id(db, [city.west.id], THE_DAY_BEFORE))[0].name_zh == "某单位"


@pytest.mark.parametrize("parent", ["east", "street"])
async def test_a_unit_cannot_hang_below_itself(database: Database, city: City, parent: str) -> None:
    moved = msgspec.structs.replace(city.east, parent_id=getattr(city, parent).id, begins=CHANGE)
    with pytest.raises(UnitOutOfPlace):
        async with database.transaction() as db:
            await queries.change_unit(db, moved)


async def test_two_units_moved_below_each_other_at_once_do_not_make_a_ring(database: Database, city: City) -> None:
    async def move(unit: Unit, below: Unit) -> None:
        async with database.transaction() as db:
            await queries.change_unit(db, msgspec.structs.replace(unit, parent_id=below.id, begins=CHANGE))

    async with database.transaction() as db:
        await queries.change_unit(db, msgspec.structs.replace(city.east, parent_id=city.west.id, begins=CHANGE))
        other = asyncio.create_task(move(city.west, city.east))
        await asyncio.sleep(0.2)  # long enough to go through, if nothing made it wait
    with pytest.raises(UnitOutOfPlace):
        await other


async def test_a_unit_cannot_belong_to_one_that_does_not_stand_yet(database: Database, city: City) -> None:
    async with database.transaction() as db:
        later = await a_unit(db, parent_id=city.city.id, begins=CHANGE)
    with pytest.raises(UnitOutOfPlace):
        async with database.transaction() as db:
            await a_unit(db, parent_id=later.id, begins=THE_DAY_BEFORE)


async def test_a_functional_zone_has_no_division_code(database: Database, city: City) -> None:
    async with database.transaction() as db:
        zone = await a_unit(db, kind=UnitKind.FUNCTIONAL_ZONE, parent_id=city.city.id)
        assert (await queries.units_by_id(db, [zone.id], DAY))[0].division_code is None


async def test_only_officers_hold_credentials(database: Database, city: City) -> None:
    async with database.transaction() as db:
        auxiliary = await a_person(db, city.east, kind=PersonKind.AUXILIARY)
    with pytest.raises(ForeignKeyViolationError, match="credential_of_officer"):
        async with database.transaction() as db:
            await queries.add_credential(db, auxiliary.id, "1", "某市", DAY, DAY)


async def test_a_credential_number_is_one_of_its_kind_for_its_issuer(database: Database, city: City) -> None:
    async with database.transaction() as db:
        officer = await a_person(db, city.east)
        await queries.add_credential(db, officer.id, "1", "甲市", DAY, DAY)
        await queries.add_credential(db, officer.id, "1", "乙市", DAY, DAY)
    with pytest.raises(CredentialNumberTaken):
        async with database.transaction() as db:
            await queries.add_credential(db, officer.id, "1", "甲市", DAY, DAY)


async def test_the_standing_of_an_officer_comes_with_the_credentials_it_rests_on(
    database: Database, city: City, clock: FixedClock
) -> None:
    async with database.transaction() as db:
        officer = await a_person(db, city.east)
        credential = await queries.add_credential(db, officer.id, "1", "甲市", DAY, date(2026, 12, 31))
        standing = await queries.credential_standing(db, officer.id, clock.now(), clock.now())
    assert (standing.person_kind, standing.credentials, standing.reasons) == (PersonKind.OFFICER, (credential,), ())


async def test_there_is_no_standing_of_nobody(database: Database, clock: FixedClock, city: City) -> None:
    async with database.connection() as db:
        with pytest.raises(NotFound):
            await queries.credential_standing(db, city.city.id, clock.now(), clock.now())


async def test_a_sign_in_name_belongs_to_one_account(database: Database, city: City) -> None:
    async with database.transaction() as db:
        await a_person(db, city.east, sign_in_name="officer-a")
    with pytest.raises(SignInNameTaken):
        async with database.transaction() as db:
            await a_person(db, city.east, sign_in_name="officer-a")


async def test_a_sign_in_name_in_capitals_is_refused_by_the_table(database: Database, city: City) -> None:
    with pytest.raises(CheckViolationError):
        async with database.transaction() as db:
            await a_person(db, city.east, sign_in_name="Officer-A")


async def test_granting_what_is_already_granted_changes_nothing(
    database: Database, clock: FixedClock, city: City
) -> None:
    async with database.transaction() as db:
        officer = await a_person(db, city.east)
        await queries.grant(db, officer.id, Role.FIELD_OFFICER, city.east.id, clock.now())
        assert await db.fetchval("select count(*) from role_grant where person_id = $1", officer.id) == 1


@pytest.mark.parametrize("table", ["credential", "person", "sign_in_attempt", "unit"])
async def test_the_application_can_take_back_nothing_it_has_recorded(database: Database, table: str) -> None:
    with pytest.raises(InsufficientPrivilegeError):
        async with database.transaction() as db:
            await db.execute(f"delete from {table}")


def test_names_are_kept_the_way_the_table_wants_them() -> None:
    assert sign_in.normalised("  Officer-A\t") == "officer-a"
