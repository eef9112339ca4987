"""A pool of PostgreSQL connections, and the only two ways to use one: to read, or in a transaction."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:  # generic in the stubs only
    Connection = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
"""What a query function takes: a connection of the pool, inside a transaction or not."""


ROWS_A_TURN = 500
"""Rows that are encoded without a pause: a few milliseconds."""


class Database:
    """The pool of one process. Open it inside the event loop that will use it."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool
        most = pool.get_max_size()
        self._writing = asyncio.Semaphore(most - most // 4)

    @classmethod
    async def open(cls, url: str, *, most: int = 16) -> "Database":
        """Connects. `most` is the largest number of connections. Raises OSError or asyncpg.PostgresError."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=most,
            init=_teach_json,
            reset=_leave_as_it_is,
            server_settings={"timezone": "UTC", "application_name": "plumbline"},
            command_timeout=60,
        )
        return cls(pool)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to read with; every statement is its own transaction."""
        async with self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction, committed at the end of the block, rolled back by what it raises. READ COMMITTED.

        A quarter of the connections is left to those who only read: they do not wait for locks of others.
        """
        async with self._writing, self._pool.acquire() as connection, connection.transaction():
            yield connection


Item = TypeVar("Item")


def in_batches(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Slices of so many, in order."""
    return (items[at : at + most] for at in range(0, len(items), most))


async def copy(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Adds rows to a table, all or none, in one COPY. Whoever else has something to do gets a turn in between.

    Raises what an INSERT of one of the rows would raise.
    """

    async def in_turns() -> AsyncIterator[Sequence[object]]:
        for number, row in enumerate(rows):
            if number % ROWS_A_TURN == ROWS_A_TURN - 1:
                await asyncio.sleep(0)
            yield row

    await db.copy_records_to_table(table, columns=columns, records=in_turns())


async def _teach_json(connection: "asyncpg.Connection[Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda value: msgspec.json.decode(value[1:]),
        format="binary",
    )


async def _leave_as_it_is(_: "asyncpg.Connection[Record]") -> None:
    """Nothing here changes a session's state, so the round trip that resets it would buy nothing.

    Measured: it costs two to three times a primary-key SELECT.
    """
