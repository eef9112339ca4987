"""Wires between servers that can be cut, and that can go dead without anybody being told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

READ_BYTES = 1 << 16

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Wire:
    """Bytes go through in both directions, unless it is cut or stalled."""

    def __init__(self, there: Connect) -> None:
        self._there = there
        self._ends = set[asyncio.StreamWriter]()
        self._whole, self._flowing = True, asyncio.Event()
        self._flowing.set()

    async def cut(self, seconds: float) -> None:
        """Every connection breaks, and none is made for so long."""
        self._whole = False
        self._break()
        await asyncio.sleep(seconds)
        self._whole = True

    async def close(self) -> None:
        """For good; far ends have a moment to notice."""
        self._whole = False
        self._break()
        await asyncio.sleep(0.2)

    async def stall(self, seconds: float) -> None:
        """Nothing goes through for so long, and nothing breaks."""
        self._flowing.clear()
        await asyncio.sleep(seconds)
        self._flowing.set()

    def _break(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            if not self._whole:
                return
            far_reader, far_writer = await self._there()
            ends.add(far_writer)
            self._ends |= ends
            ways = [
                asyncio.create_task(self._carry(reader, far_writer)),
                asyncio.create_task(self._carry(far_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
            await asyncio.sleep(0.05)  # what was written before the end still goes out


@asynccontextmanager
async def to_store(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """The wire, and the URL of its near end."""
    address = urlsplit(url)
    wire = Wire(lambda: asyncio.open_connection(address.hostname, address.port))
    server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
    try:
        yield wire, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await wire.close()


@asynccontextmanager
async def to_database(url: str, folder: Path) -> AsyncIterator[tuple[Wire, Callable[[str], str]]]:
    """The wire, and what makes a URL lead through it. `folder` becomes one of sockets."""
    sockets = Path(url.partition("?host=")[2])
    wire = Wire(lambda: asyncio.open_unix_connection(str(sockets / ".s.PGSQL.5432")))
    server = await asyncio.start_unix_server(wire.connected, folder / ".s.PGSQL.5432")
    try:
        yield wire, lambda one: f"{one.partition('?host=')[0]}?host={folder}"
    finally:
        server.close()
        await wire.close()
