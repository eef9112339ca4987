"""Between Plumbline and PostgreSQL: passes every message on, and cuts the connection at chosen statements.

It reads just as much of the protocol (PostgreSQL 18, chapter 54) as it takes to see where a statement begins and where
its answer ends.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path


class DatabaseFault(StrEnum):
    REFUSED = "the connection breaks before the statement arrives"
    LOST = "the statement is carried out, but its answer is lost"


Choice = Callable[[int], DatabaseFault | None]
"""By the number of the statement, from 1 on; BEGIN and COMMIT are statements."""


def nothing_wrong(_: int) -> DatabaseFault | None:
    return None


class DatabaseProxy:
    """`seen`: how many statements since `begin`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._choice: Choice = nothing_wrong
        self.seen = 0

    def begin(self, choice: Choice = nothing_wrong) -> None:
        self._choice, self.seen = choice, 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            writer.transport.abort()
            return
        lost = asyncio.Event()
        """From now on the client hears nothing; the connection ends once the statement has been answered."""
        ways = {
            asyncio.create_task(self._forth(reader, server_writer, lost)),
            asyncio.create_task(_back(server_reader, writer, lost)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            server_writer.transport.abort()

    async def _forth(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            server.write(await _untyped(reader))
            while True:
                kind, message = await _message(reader)
                if kind in b"EQ":  # Execute, and a simple Query
                    self.seen += 1
                    fault = self._choice(self.seen)
                    if fault is DatabaseFault.REFUSED:
                        return
                    if fault is DatabaseFault.LOST:
                        lost.set()
                server.write(message)
                await server.drain()
                if lost.is_set() and kind in b"SQ":
                    await asyncio.sleep(3600)  # until the answer has ended the other way


async def _back(server: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            kind, message = await _message(server)
            if lost.is_set():
                if kind in b"ZG":  # ready for the next: what was asked is done; or for the rows of a COPY
                    return
                continue
            writer.write(message)
            await writer.drain()


async def _untyped(reader: asyncio.StreamReader) -> bytes:
    """The first message has no type."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length) - 4)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


@asynccontextmanager
async def before_database(url: str, folder: Path) -> AsyncIterator[tuple[DatabaseProxy, str]]:
    """The proxy, and the URL that leads through it. `url` names a folder of sockets; `folder` becomes another one."""
    place, _, sockets = url.partition("?host=")
    proxy = DatabaseProxy(Path(sockets) / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(proxy.connected, folder / ".s.PGSQL.5432", limit=1 << 24)
    try:
        yield proxy, f"{place}?host={folder}"
    finally:
        server.close()
