"""An officer with a phone."""

from uuid import UUID

import pytest_asyncio

from evidence.custodian import Custodian
from tests.builders import OfficerWithPhone, a_unit, an_officer


@pytest_asyncio.fixture
async def unit_id(custodian: Custodian) -> UUID:
    return await a_unit(custodian.database)


@pytest_asyncio.fixture
async def officer(custodian: Custodian, unit_id: UUID) -> OfficerWithPhone:
    return await an_officer(custodian.database, unit_id)
