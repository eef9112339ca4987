"""Real PostgreSQL and S3 for every test: one pair of embedded servers a run, one cloned database a test."""

import signal
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from msgspec.structs import replace

from evidence.custodian import Custodian
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.opening import opened
from plumbline.settings import Settings
from tests.support import FixedClock

# A test process that was told to ignore SIGINT, as one beside others is, would have its children ignore it, too.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest_asyncio.fixture(scope="session")
async def services() -> AsyncIterator[Settings]:
    """The embedded servers, with a migrated template database. Not durable: tests do not pull plugs."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with running(Settings(data=Path(folder)), durable=False) as settings:
            assert settings.migration_database_url is not None
            await migrate(settings.migration_database_url)
            yield settings


@pytest_asyncio.fixture
async def database_name(services: Settings) -> AsyncIterator[str]:
    """A clone of the migrated template for one test: code under test may commit and use several connections."""
    async with a_clone(services) as name:
        yield name


@pytest_asyncio.fixture(scope="session")
async def shared_settings(services: Settings) -> AsyncIterator[Settings]:
    """One database for the tests that speak to servers in processes of their own, which are slow to start."""
    async with a_clone(services) as name:
        urls = (services.database_url, services.migration_database_url)
        database_url, owner_url = (url.replace("/plumbline?", f"/{name}?") for url in urls)
        yield replace(services, database_url=database_url, migration_database_url=owner_url, database_connections=8)


@asynccontextmanager
async def a_clone(services: Settings) -> AsyncIterator[str]:
    """The name of a database that is dropped at the end."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(services.migration_database_url, database="postgres")
    try:
        await connection.execute(f"create database {name} template plumbline")
        yield name
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


@pytest.fixture
def database_url(services: Settings, database_name: str) -> str:
    """The test's database as the application's own role."""
    assert services.database_url is not None
    return services.database_url.replace("/plumbline?", f"/{database_name}?")


@pytest.fixture
def owner_url(services: Settings, database_name: str) -> str:
    """The test's database as the role that owns the tables."""
    assert services.migration_database_url is not None
    return services.migration_database_url.replace("/plumbline?", f"/{database_name}?")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, most=8, unless_said=EVERYTHING)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest_asyncio.fixture
async def custodian(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[Custodian]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with opened(settings, clock) as custodian:
        yield custodian
