"""A unit to hang devices on, and a device."""

from uuid import UUID

import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind
from device_registry.model import Device
from device_registry.register import register_device
from foundation.database import Database
from tests.device_registry.builders import A_UNIT, a_registration
from tests.support import FixedClock


@pytest_asyncio.fixture
async def database(database: Database) -> Database:
    async with database.transaction() as db:
        await db.execute("insert into unit (id) values ($1)", A_UNIT)
    return database


@pytest_asyncio.fixture
async def device(database: Database, clock: FixedClock) -> Device:
    return await register_device(database, clock, a_registration())


@pytest_asyncio.fixture
async def someone(database: Database) -> UUID:
    """A person, for what cannot be recorded by nobody."""
    async with database.transaction() as db:
        return (await agency.add_person(db, PersonKind.STAFF, "某人", "Somebody", A_UNIT)).id
