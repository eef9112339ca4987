"""A custodian on real servers, and an officer with a phone."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio
from msgspec.structs import replace

from evidence.custodian import Custodian
from plumbline.opening import opened
from plumbline.settings import Settings
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.support import FixedClock


@pytest_asyncio.fixture
async def custodian(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[Custodian]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with opened(settings, clock) as custodian:
        yield custodian


@pytest_asyncio.fixture
async def unit_id(custodian: Custodian) -> UUID:
    return await a_unit(custodian.database)


@pytest_asyncio.fixture
async def officer(custodian: Custodian, unit_id: UUID) -> OfficerWithPhone:
    return await an_officer(custodian.database, unit_id)
