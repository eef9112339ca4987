"""A house in which the log grows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import sequence
from evidence.transparency_log.signing import LogSigner

Growing = Callable[[], AbstractAsyncContextManager[None]]


@pytest_asyncio.fixture
async def owner(owner_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Who owns the tables, and can switch a guard off. Clones share the store: each is another log."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute("update log_identity set origin = 'plumbline/custody/' || gen_random_uuid()")
    yield connection
    await connection.close()


@pytest.fixture
def growing(custodian: Custodian, tmp_path: Path) -> Growing:
    @asynccontextmanager
    async def sequencer() -> AsyncIterator[None]:
        signer = LogSigner.load_or_create(tmp_path / "log-signing-keys.pem")
        task = asyncio.create_task(sequence(custodian.database, custodian.clock, signer))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return sequencer
