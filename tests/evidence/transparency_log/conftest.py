"""A log, and entries to put into it."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from evidence.custody import Event, tell
from evidence.transparency_log.signing import LogSigner
from foundation.database import Database
from tests.builders import a_unit, an_officer
from tests.support import FixedClock

Told = Callable[[int], Coroutine[Any, Any, None]]


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
