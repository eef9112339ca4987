"""An officer with a phone, and a desk with a supervisor at it."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import hashed
from evidence.custodian import Custodian
from plumbline.settings import Settings
from tests.builders import LONG_AGO, OfficerWithPhone, a_unit, an_officer
from tests.client import speaking_to
from tests.support import FixedClock

PASSWORD = "correct horse battery staple"


@pytest_asyncio.fixture
async def unit_id(custodian: Custodian) -> UUID:
    return await a_unit(custodian.database)


@pytest_asyncio.fixture
async def officer(custodian: Custodian, unit_id: UUID) -> OfficerWithPhone:
    return await an_officer(custodian.database, unit_id)


@pytest_asyncio.fixture
async def desk(
    services: Settings, database_url: str, clock: FixedClock, custodian: Custodian, unit_id: UUID
) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor of `unit_id` and all below, signed in."""
    async with custodian.database.transaction() as db:
        for name, role in (("supervisor", Role.SUPERVISOR), ("officer", Role.FIELD_OFFICER)):
            person = await agency.add_person(db, PersonKind.STAFF, name, name, unit_id)
            await agency.grant(db, person.id, role, unit_id, LONG_AGO)
            await agency.open_account(db, name, person.id, hashed(PASSWORD))
    async with speaking_to(replace(services, database_url=database_url, retention_days=36500), clock) as client:
        await sign_in(client, "supervisor")
        yield client


async def sign_in(client: httpx.AsyncClient, name: str) -> None:
    signed_in = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
