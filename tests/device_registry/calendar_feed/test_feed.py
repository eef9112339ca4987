"""The calendar that a program reads: the days of one's own devices, and nothing that names a person."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest_asyncio
from icalendar import Calendar
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role
from device_registry.working_lists.model import PlanEntry, PlanStep
from device_registry.working_lists.planning import take_step
from foundation.database import Database
from plumbline.settings import Settings
from tests.agency.builders import PASSWORD, City, a_city, a_person
from tests.builders import a_device, verify
from tests.client import speaking_to
from tests.support import FixedClock


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    async with database.transaction() as db:
        await a_person(db, city.east, kind=PersonKind.STAFF, sign_in_name="manager", roles=(Role.DEVICE_MANAGER,))
    return city


@pytest_asyncio.fixture
async def client(
    services: Settings, database_url: str, clock: FixedClock, city: City
) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": "manager", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client


async def an_address(client: httpx.AsyncClient) -> str:
    answer = await client.post("/desk/v1/calendar-feed")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    found: str = answer.json()["address"]
    return found


async def days_in(client: httpx.AsyncClient, address: str) -> dict[str, date]:
    answer = await client.get(address, headers={"Authorization": ""})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return {
        str(event["summary"]): event.decoded("dtstart") for event in Calendar.from_ical(answer.content).walk("VEVENT")
    }


async def test_the_feed_has_the_days_of_my_devices(
    client: httpx.AsyncClient, database: Database, clock: FixedClock, city: City
) -> None:
    device = await a_device(database, clock, city.street.id)
    await a_device(database, clock, city.west.id, tag="SLM-WEST")
    async with database.transaction() as db:
        planner = await agency.add_person(db, PersonKind.STAFF, "管理员", "Manager", city.east.id)
    entry = PlanEntry(step=PlanStep.PLANNED, day=date(2026, 12, 1), body="武汉市计量测试检定所")
    await take_step(database, clock, [device.id], entry, units=[city.street.id], recorded_by=planner.id)
    address = await an_address(client)
    assert await days_in(client, address) == {
        "检定到期：SLM-001 声级计": date(2027, 1, 9),
        "计划送检：SLM-001 声级计": date(2026, 12, 1),
    }
    answer = await client.get(address)
    assert all(secret not in answer.text for secret in (device.serial_no, "管理员", "执法人员"))


async def test_a_day_that_moves_moves_under_the_same_name(
    client: httpx.AsyncClient, database: Database, clock: FixedClock, city: City
) -> None:
    device = await a_device(database, clock, city.street.id)
    address = await an_address(client)
    first = await client.get(address)
    unchanged = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    clock.advance(timedelta(days=1))
    await verify(database, clock, device, date(2026, 6, 16), date(2027, 6, 15))
    second = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    uids = [[str(event["uid"]) for event in Calendar.from_ical(a.content).walk("VEVENT")] for a in (first, second)]
    assert uids[0] == uids[1] == [f"due-{device.id}@plumbline"]


async def test_an_address_ends_when_it_is_renewed_revoked_or_the_account_closed(
    client: httpx.AsyncClient, database: Database, clock: FixedClock
) -> None:
    first, second = await an_address(client), await an_address(client)
    assert first != second
    assert [(await client.get(address)).status_code for address in (first, second)] == [404, 200]
    assert (await client.get("/desk/v1/calendar-feed")).json()["created_at"] is not None
    assert (await client.delete("/desk/v1/calendar-feed")).status_code == 204
    assert (await client.get(second)).status_code == 404
    third = await an_address(client)
    async with database.transaction() as db:
        manager = await db.fetchval("select person_id from account")
        await agency.close_account(db, manager, clock.now())
    assert (await client.get(third)).status_code == 404


async def test_labels_and_notices_are_answered(
    client: httpx.AsyncClient, database: Database, clock: FixedClock, city: City
) -> None:
    device = await a_device(database, clock, city.street.id)
    printed = await client.post("/desk/v1/device-labels", json={"device_ids": [str(device.id)]})
    assert (printed.status_code, printed.content[:5]) == (200, b"%PDF-")
    other = await a_device(database, clock, city.west.id, tag="SLM-WEST")
    refused = await client.post("/desk/v1/device-labels", json={"device_ids": [str(device.id), str(other.id)]})
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/device-not-found")
