"""Working lists through HTTP: who sees which devices, and planning from them."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency.model import PersonKind, Role
from device_registry.model import Device
from foundation.database import Database
from plumbline.settings import Settings
from tests.agency.builders import PASSWORD, City, a_city, a_person
from tests.builders import a_device
from tests.client import speaking_to
from tests.support import FixedClock


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    async with database.transaction() as db:
        for name, unit, role in (
            ("manager", city.east, Role.DEVICE_MANAGER),
            ("west-manager", city.west, Role.DEVICE_MANAGER),
            ("supervisor", city.city, Role.SUPERVISOR),
        ):
            await a_person(db, unit, kind=PersonKind.STAFF, sign_in_name=name, roles=(role,))
    return city


@pytest_asyncio.fixture
async def client(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


@pytest_asyncio.fixture
async def due(database: Database, clock: FixedClock, city: City) -> Device:
    return await a_device(database, clock, city.street.id, verified=(date(2025, 7, 2), date(2026, 7, 1)))


async def sign_in(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"


async def counts(client: httpx.AsyncClient, **query: str | UUID) -> dict[str, int]:
    answer = await client.get("/desk/v1/working-lists", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return {found["name"]: found["count"] for found in answer.json() if found["count"]}


async def test_counts_are_those_of_the_units_within_reach(client: httpx.AsyncClient, city: City, due: Device) -> None:
    expected = {"DUE_30": 1, "DUE_60": 1, "DUE_90": 1, "NO_PLAN": 1}
    for name, found in (("manager", expected), ("supervisor", expected), ("west-manager", {})):
        await sign_in(client, name)
        assert await counts(client) == found
    await sign_in(client, "supervisor")
    assert await counts(client, unit=city.west.id) == {}
    assert await counts(client, unit=city.east.id, kind=due.kind) == expected


async def test_devices_are_planned_from_a_list_and_leave_it(client: httpx.AsyncClient, due: Device) -> None:
    await sign_in(client, "manager")
    page = (await client.get("/desk/v1/working-lists/NO_PLAN")).json()
    assert page["next"] is None
    assert [(item["tag"], item["day"], item["days_left"]) for item in page["items"]] == [(due.tag, "2026-07-01", 16)]
    step = {"device_ids": [str(due.id)], "step": "PLANNED", "day": "2026-06-20", "body": "武汉市计量测试检定所"}
    assert (await client.post("/desk/v1/verification-plan-steps", json=step)).status_code == 204
    assert "NO_PLAN" not in await counts(client)
    history = (await client.get(f"/desk/v1/devices/{due.id}/verification-plan-steps")).json()
    assert [(entry["step"], entry["day"]) for entry in history] == [("PLANNED", "2026-06-20")]


async def test_refusals_name_what_is_wrong(client: httpx.AsyncClient, due: Device) -> None:
    step = {"device_ids": [str(due.id)], "step": "RETURNED", "day": "2026-06-20"}
    for name, change, status, slug, field in (
        ("manager", {}, 409, "plan-step-out-of-order", "step"),
        ("manager", {"step": "SENT"}, 400, "malformed", "body"),
        ("manager", {"step": "SENT", "body": "所", "day": "9999-12-31"}, 400, "malformed", "day"),
        ("west-manager", {}, 404, "device-not-found", "device_ids"),
        ("supervisor", {}, 403, "not-allowed", None),
    ):
        await sign_in(client, name)
        refused = await client.post("/desk/v1/verification-plan-steps", json=step | change)
        told = refused.json()
        assert (refused.status_code, told["type"], told.get("field")) == (status, f"/problems/{slug}", field)


async def test_there_is_no_list_of_another_name(client: httpx.AsyncClient, due: Device) -> None:
    await sign_in(client, "manager")
    assert (await client.get("/desk/v1/working-lists/OTHERS")).status_code in (400, 404)
