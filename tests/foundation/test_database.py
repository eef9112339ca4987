"""What the pool promises: transactions, JSON, UTC, and no state left behind."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from foundation.clock import Clock, SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from tests.support import FixedClock


async def count(database: Database) -> int:
    async with database.connection() as db:
        found: int = await db.fetchval("select count(*) from unit")
        return found


async def test_a_transaction_is_kept_when_its_block_ends(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute("insert into unit default values")
    assert await count(database) == 1


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.transaction() as db:
            await db.execute("insert into unit default values")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await insert_and_fail()
    assert await count(database) == 0


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_connection_back(database_url: str) -> None:
    database = await Database.open(database_url, most=1, unless_said=EVERYTHING)
    began = asyncio.Event()

    async def insert_and_wait() -> None:
        async with database.transaction() as db:
            await db.execute("insert into unit default values")
            began.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(insert_and_wait())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(database) == 0
    await database.close()


async def test_a_failed_statement_does_not_spoil_the_next_use_of_its_connection(database_url: str) -> None:
    database = await Database.open(database_url, most=1, unless_said=EVERYTHING)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with database.transaction() as db:
            await db.execute("select 1/0")
    assert await count(database) == 0
    await database.close()


async def test_jsonb_comes_and_goes_as_python_values(database: Database) -> None:
    value = {"名": ["值", 1, 1.5, None, True], "at": "2026-01-01"}
    async with database.connection() as db:
        assert await db.fetchval("select $1::jsonb", value) == value
        assert await db.fetchval("select $1::jsonb ->> '名'", {"名": "值"}) == "值"


async def test_instants_are_utc_on_both_sides(database: Database) -> None:
    async with database.connection() as db:
        assert await db.fetchval("show timezone") == "UTC"
        instant = await db.fetchval("select '2026-05-03 08:00:00+08'::timestamptz")
    assert instant == datetime(2026, 5, 3, tzinfo=UTC)
    assert instant.tzinfo is UTC


async def test_a_pool_that_is_all_in_use_makes_callers_wait_not_fail(database_url: str) -> None:
    database = await Database.open(database_url, most=2, unless_said=EVERYTHING)
    assert await asyncio.gather(*(count(database) for _ in range(20))) == [0] * 20
    await database.close()


def test_clocks_tell_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert isinstance(SystemClock(), Clock)
    assert isinstance(FixedClock(), Clock)
