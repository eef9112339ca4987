"""A pool of PostgreSQL connections, and the only two ways to use one: to read, or in a transaction."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import asyncpg
import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from foundation.reach import EVERYTHING, NOTHING, Reach, at_hand

if TYPE_CHECKING:  # generic in the stubs only
    Connection = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
"""What a query function takes: a connection of the pool, inside a transaction or not."""


ABANDONED = timedelta(minutes=2)
"""Nothing slow is done in a transaction, so its silence means that nobody is there any more."""
ROWS_A_TURN = 500
"""Rows that are encoded without a pause: a few milliseconds."""


class Database:
    """The pool of one process. Open it inside the event loop that will use it.

    Every connection it hands out shows the rows that the work at hand reaches (foundation/reach.py), and no other.
    """

    def __init__(self, pool: "asyncpg.Pool[Record]", unless_said: Reach) -> None:
        self._pool = pool
        self._unless_said = unless_said
        most = pool.get_max_size()
        self._writing = asyncio.Semaphore(most - most // 4)

    @classmethod
    async def open(
        cls, url: str, *, unless_said: Reach, most: int = 16, abandoned_after: timedelta = ABANDONED
    ) -> "Database":
        """Connects. `most` is the largest number of connections; `unless_said` how far work reaches that says nothing.

        A transaction in which nothing is said for `abandoned_after` is ended by the server: whoever began it may be
        behind a network that died without a word, and would hold its locks for hours.
        Raises OSError or asyncpg.PostgresError.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=most,
            connection_class=_Reaching,
            init=_teach_json,
            reset=_leave_as_it_is,
            server_settings={
                "timezone": "UTC",
                "application_name": "plumbline",
                "idle_in_transaction_session_timeout": f"{round(abandoned_after.total_seconds() * 1000)}ms",
            },
            command_timeout=60,
        )
        return cls(pool, unless_said)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to read with; every statement is its own transaction."""
        async with self._pool.acquire() as connection:
            await self._as_far_as_it_reaches(connection)
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction, committed at the end of the block, rolled back by what it raises. READ COMMITTED.

        A quarter of the connections is left to those who only read: they do not wait for locks of others.
        """
        async with self._writing, self._pool.acquire() as connection:
            await self._as_far_as_it_reaches(connection)
            async with connection.transaction():
                yield connection

    async def _as_far_as_it_reaches(self, connection: Connection) -> None:
        reach = at_hand()
        await _tell(connection, self._unless_said if reach is None else reach)


class _Reaching(asyncpg.Connection):
    """Remembers how far it was last told to reach: no round trip where the next work reaches as far."""

    told: Reach | None = NOTHING
    """None: unknown, since telling it was cut short."""

    async def reach(self, reach: Reach) -> None:
        if self.told != reach:
            self.told = None
            await self.execute("select set_config('plumbline.reach', $1, false)", reach)
            self.told = reach


async def _tell(db: Connection, reach: Reach) -> None:
    """What is told in a transaction is taken back where it rolls back."""
    told: Any = db  # the pool's proxies hand on what they do not know
    await told.reach(reach)


@asynccontextmanager
async def seeing_every_unit(db: Connection) -> AsyncIterator[None]:
    """For a step in somebody's work that must miss no row, however far they reach: what it sees is not for showing."""
    connection: Any = db
    before: Reach = connection.told
    await _tell(db, EVERYTHING)
    try:
        yield
    finally:
        with suppress(asyncpg.InFailedSQLTransactionError):  # its rollback takes back what was told, too
            await _tell(db, before)


Given = ParamSpec("Given")
Found = TypeVar("Found")


def sees_every_unit(
    step: Callable[Concatenate[Connection, Given], Awaitable[Found]],
) -> Callable[Concatenate[Connection, Given], Coroutine[Any, Any, Found]]:
    """The same for a whole function."""

    @wraps(step)
    async def seeing(db: Connection, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        async with seeing_every_unit(db):
            return await step(db, *args, **kwargs)

    return seeing


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
    """A session's only state is how far it reaches, which is told anew where it differs: a reset would buy nothing.

    Measured: it costs two to three times a primary-key SELECT.
    """
