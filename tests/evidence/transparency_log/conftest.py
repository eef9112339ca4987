"""A log, and entries to put into it."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from evidence.custody import Event, tell
from evidence.transparency_log.signing import LogSigner
from foundation.database import Database
from plumbline.embedded.postgresql import APPLICATION, SUPERUSER
from tests.builders import a_unit, an_officer
from tests.support import FixedClock

Told = Callable[[int], Coroutine[Any, Any, None]]


@pytest_asyncio.fixture(autouse=True)
async def a_log_of_its_own(owner_url: str) -> None:
    """The databases of tests are clones and share the object store: each has to be another log."""
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update log_identity set origin = 'plumbline/custody/' || gen_random_uuid()")
    await owner.close()


@pytest.fixture
def log_signer(tmp_path: Path) -> LogSigner:
    return LogSigner.load_or_create(tmp_path / "log-signing-keys.pem")


@pytest_asyncio.fixture
async def person_id(database: Database) -> UUID:
    return (await an_officer(database, await a_unit(database))).person_id


@pytest.fixture
def told(database: Database, clock: FixedClock, person_id: UUID) -> Told:
    """Tells so many things that happened, one after the other."""

    async def tell_so_many(number: int) -> None:
        async with database.transaction() as db:
            for each in range(number):
                details = {"number": each, "why": "复查"}
                await tell(db, Event.VIEWED, clock.now(), evidence_id=None, actor_id=person_id, details=details)

    return tell_so_many


@asynccontextmanager
async def as_superuser(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Whom no trigger and no foreign key holds up."""
    connection = await asyncpg.connect(database_url.replace(f"{APPLICATION}@", f"{SUPERUSER}@"))
    try:
        await connection.execute("set session_replication_role = replica")
        yield connection
    finally:
        await connection.close()
