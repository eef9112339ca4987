"""Which unit holds a device when: on every day exactly one; and whose number of days a device is held to."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest

from agency.model import PersonKind, Role
from device_registry import queries
from device_registry.model import Device
from device_registry.problems import DateNotPlausible, MoveOutOfOrder, PolicyOverlaps, UnitUnknown
from device_registry.queries import DEFAULTS, Policy, PolicyName, policy_by_unit, policy_for
from device_registry.register import move_device, register_device
from foundation.civil import day_of
from foundation.database import Database
from tests.agency.builders import City, a_city, a_person
from tests.device_registry.builders import a_registration
from tests.device_registry.test_http import NOWHERE, a_meter, city, client, heard, is_problem, registry_app, signed_in
from tests.support import FixedClock

__all__ = ["city", "client", "heard", "registry_app"]

LEAD = PolicyName.LEAD_DAYS


async def spans(database: Database, device: Device) -> list[tuple[object, date | None, date | None]]:
    async with database.connection() as db:
        return [(held.unit_id, held.begins, held.ends) for held in await queries.holdings_of(db, device.id)]


async def test_moves_adjoin_and_cover_every_day(database: Database, clock: FixedClock) -> None:
    city = await a_city(database)
    device = await register_device(database, clock, a_registration(unit_id=city.street.id))
    first, second = date(2026, 3, 1), day_of(clock.now())
    await move_device(database, clock, device.id, city.west.id, first, recorded_by=None)
    await move_device(database, clock, device.id, city.street.id, second, recorded_by=None)
    assert await spans(database, device) == [
        (city.street.id, None, first),
        (city.west.id, first, second),
        (city.street.id, second, None),
    ]
    async with database.connection() as db:
        now = await queries.device_by_id(db, device.id)
        listed = await db.fetchval("select unit_id from device_overview where device_id = $1", device.id)
    assert now is not None
    assert (now.unit_id, listed) == (city.street.id, city.street.id)


async def test_a_move_out_of_its_order_or_to_nowhere_changes_nothing(database: Database, clock: FixedClock) -> None:
    city = await a_city(database)
    device = await register_device(database, clock, a_registration(unit_id=city.street.id))
    moved, today = date(2026, 3, 1), day_of(clock.now())
    await move_device(database, clock, device.id, city.west.id, moved, recorded_by=None)
    before = await spans(database, device)
    for begins, unit, problem in (
        (moved, city.east.id, MoveOutOfOrder),
        (moved - timedelta(days=1), city.east.id, MoveOutOfOrder),
        (today + timedelta(days=1), city.east.id, MoveOutOfOrder),
        (date(1899, 12, 31), city.east.id, DateNotPlausible),
        (today, NOWHERE, UnitUnknown),
    ):
        with pytest.raises(problem):
            await move_device(database, clock, device.id, unit, begins, recorded_by=None)
    assert await spans(database, device) == before


async def test_a_device_handed_to_the_unit_that_has_it_stays_with_it(database: Database, clock: FixedClock) -> None:
    city = await a_city(database)
    device = await register_device(database, clock, a_registration(unit_id=city.street.id))
    today = day_of(clock.now())
    await move_device(database, clock, device.id, city.street.id, today, recorded_by=None)
    assert [unit for unit, _, _ in await spans(database, device)] == [city.street.id] * 2


async def test_of_two_moves_at_once_one_is_made_and_the_other_told(
    client: httpx.AsyncClient, city: City, database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as db:
        await a_person(db, city.city, kind=PersonKind.STAFF, sign_in_name="both", roles=(Role.DEVICE_MANAGER,))
    desk = await signed_in(client, "both")
    meter = await a_meter(desk, city)
    units = (city.east.id, city.west.id)
    answers = await asyncio.gather(
        *(
            desk.post(f"/devices/{meter}/holdings", json={"unit_id": str(unit), "begins": "2026-06-10"})
            for unit in units
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    is_problem(refused, 409, "move-out-of-order", "begins")


async def test_whoever_manages_the_new_unit_reaches_the_device_and_the_old_one_no_more(
    client: httpx.AsyncClient, city: City, database: Database, clock: FixedClock
) -> None:
    east, west = await signed_in(client, "manager"), await signed_in(client, "west-manager")
    meter = await a_meter(east, city)
    to_west = {"unit_id": str(city.west.id), "begins": "2026-06-10"}
    is_problem(await east.post(f"/devices/{meter}/holdings", json=to_west), 422, "device-unit-unknown", "unit_id")
    is_problem(await west.post(f"/devices/{meter}/holdings", json=to_west), 404, "device-not-found")
    async with database.connection() as db:
        device = await queries.device_by_tag(db, "SLM-041")
    assert device is not None
    await move_device(database, clock, device.id, city.west.id, date(2026, 6, 10), recorded_by=None)
    is_problem(await east.get(f"/devices/{meter}"), 404, "device-not-found")
    assert (await west.get(f"/devices/{meter}")).status_code == 200
    assert (await east.get("/devices")).json()["devices"] == []
    assert [found["id"] for found in (await west.get("/devices")).json()["devices"]] == [meter]


async def test_the_nearest_government_decides_and_from_its_day_on(database: Database, clock: FixedClock) -> None:
    city = await a_city(database)

    async def set_(unit: UUID, value: int, begins: date) -> None:
        async with database.transaction() as db:
            await queries.set_policy(db, Policy(unit, LEAD, value, begins, None, "文件"), clock.now(), None)

    async def asked(day: date) -> tuple[int, ...]:
        async with database.connection() as db:
            units = (city.street.id, city.east.id, city.west.id)
            one_by_one = tuple([await policy_for(db, unit, LEAD, day) for unit in units])
            together = await policy_by_unit(db, LEAD, day)
        assert one_by_one == tuple(together[unit] for unit in units)
        return one_by_one

    assert await asked(date(2026, 2, 1)) == (DEFAULTS[LEAD],) * 3
    await set_(city.city.id, 30, date(2026, 3, 1))
    await set_(city.east.id, 10, date(2026, 4, 1))
    await set_(city.east.id, 15, date(2026, 5, 1))
    assert await asked(date(2026, 2, 28)) == (0, 0, 0)
    assert await asked(date(2026, 3, 31)) == (30, 30, 30)
    assert await asked(date(2026, 4, 30)) == (10, 10, 30)
    assert await asked(date(2026, 5, 1)) == (15, 15, 30)
    for planned in (date(2026, 4, 1), date(2026, 2, 1)):
        with pytest.raises(PolicyOverlaps):
            await set_(city.east.id, 99, planned)
    assert await asked(date(2026, 4, 30)) == (10, 10, 30), "what was refused has changed nothing"
