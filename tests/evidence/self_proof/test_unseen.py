"""The canary is in nothing that people list, count, are reminded of or report."""

from uuid import UUID

import asyncpg
import httpx
import pytest_asyncio

from agency import queries as agency
from device_registry import queries as registry
from device_registry.notices import reminders
from evidence.custodian import Custodian
from evidence.self_proof import queries
from evidence.self_proof.cycle import prove
from foundation.civil import day_of
from tests.evidence.self_proof.conftest import Growing


@pytest_asyncio.fixture
async def proved(
    custodian: Custodian, growing: Growing, owner: "asyncpg.Connection[asyncpg.Record]", unit_id: UUID
) -> queries.Canary:
    async with growing():
        cycle = await prove(custodian)
    assert cycle.failed == []
    async with custodian.database.connection() as db:
        canary = await queries.canary(db)
    assert canary is not None
    return canary


async def test_its_unit_hangs_in_no_tree_and_has_nothing_above_it(proved: queries.Canary, custodian: Custodian) -> None:
    today = day_of(custodian.clock.now())
    async with custodian.database.connection() as db:
        assert proved.unit_id not in {unit.id for unit in await agency.tree(db, today)}
        assert await agency.ancestors(db, proved.unit_id, today) == []


LISTS = (
    "/desk/v1/evidence",
    "/desk/v1/refusals",
    "/desk/v1/devices",
    "/desk/v1/traces",
    "/desk/v1/anomalies",
    "/public/v1/devices",
)


async def test_no_list_shows_it(desk: httpx.AsyncClient, proved: queries.Canary) -> None:
    for path in LISTS:
        answer = await desk.get(path)
        assert answer.status_code == 200, path
        for mark in ("SELF-PROOF", str(proved.officer_id), str(proved.unit_id)):
            assert mark not in answer.text, path


async def test_nobody_is_reminded_of_its_devices(proved: queries.Canary, custodian: Custodian) -> None:
    async with custodian.database.transaction() as db:
        assert await reminders.remind(db, custodian.clock.now()) == 0


async def test_nobody_of_the_city_can_look_one_of_its_devices_up(
    proved: queries.Canary, desk: httpx.AsyncClient, custodian: Custodian
) -> None:
    async with custodian.database.connection() as db:
        devices = await registry.devices_by_id(db, [proved.device_id, proved.lapsed_id])
    assert len(devices) == 2
    for device in devices.values():
        assert (await desk.get(f"/desk/v1/devices/{device.tag}")).status_code in (403, 404)
        assert (await desk.get(f"/public/v1/devices/{device.tag}")).status_code == 404
