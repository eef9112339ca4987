"""A fault at each statement of the sequencer, and at its commit: nothing half done, nothing lost, no hand needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import pytest

from evidence.transparency_log.sequencing import integrate
from evidence.transparency_log.signing import LogSigner
from foundation.database import Connection, Database
from tests.evidence.transparency_log.conftest import Told
from tests.evidence.transparency_log.test_sequencing import whole
from tests.support import FixedClock

CALLS = frozenset({"fetch", "fetchrow", "fetchval", "execute", "copy_records_to_table"})
MOST = 20
"""More than the sequencer has statements, so that the search for the last one ends."""


class Fault(Exception):
    """What the injector raises."""


class Faulty:
    """A database whose `at`-th statement in a transaction fails: instead of being done, done but unheard of, or with
    its whole connection. One beyond the last hits the commit."""

    def __init__(self, database: Database, beside: "asyncpg.Connection[Any]", at: int, how: str) -> None:
        self._database, self._beside, self._at, self._how = database, beside, at, how
        self.calls = 0

    def connection(self) -> Any:
        return self._database.connection()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._database.transaction() as db:
            yield cast("Connection", _Counting(self, db))
            await self.before(db)

    async def before(self, db: Connection) -> None:
        if self.calls == self._at and self._how == "instead":
            raise Fault
        if self.calls == self._at and self._how == "killed":
            pid = db.get_server_pid()
            assert await self._beside.fetchval("select pg_terminate_backend($1, 5000)", pid)
        self.calls += 1

    def after(self) -> None:
        if self.calls - 1 == self._at and self._how == "after":
            raise Fault


class _Counting:
    def __init__(self, faulty: Faulty, db: Connection) -> None:
        self._faulty, self._db = faulty, db

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._db, name)
        if name not in CALLS:
            return method

        async def counted(*args: Any, **kwargs: Any) -> Any:
            await self._faulty.before(self._db)
            answer = await method(*args, **kwargs)
            self._faulty.after()
            return answer

        return counted


@pytest.mark.parametrize("how", ["instead", "after", "killed"])
async def test_a_fault_at_any_statement_leaves_all_or_nothing(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told, database_url: str, how: str
) -> None:
    beside = await asyncpg.connect(database_url)
    faults = 0
    try:
        for at in range(MOST):
            await told(130)
            faulty = Faulty(database, beside, at, how)
            size_before = await _size(beside)
            try:
                await integrate(cast("Database", faulty), clock, log_signer)
            except (Fault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                faults += 1
            else:
                break
            assert await _size(beside) == size_before
            assert await integrate(database, clock, log_signer) == 130
            await whole(database)
        assert faults > 8, "the injector reached the statements"
        assert faults < MOST, "and came to the end of them"
        assert len(await whole(database)) == 130 * (faults + 1)
    finally:
        await beside.close()


async def _size(beside: "asyncpg.Connection[Any]") -> tuple[int, ...]:
    counts = await beside.fetchrow(
        "select (select count(*) from log_leaf), (select count(*) from log_subtree),"
        " (select count(*) from log_checkpoint)"
    )
    assert counts is not None
    return tuple(counts)
