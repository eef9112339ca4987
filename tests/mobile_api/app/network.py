"""A bad network in front of a served program: slow, cut off, or somebody else's answer to everything."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOG_IN = b"<html><body>Please log in to this network</body></html>"
PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
    len(LOG_IN),
    LOG_IN,
)
PIECE = 4096


@dataclass
class Network:
    """What it does may be changed at any time; it holds for what passes from then on."""

    url: str = ""
    bytes_per_second: float | None = None
    """In each direction, all connections together."""
    cut_after: int | None = None
    """Bytes towards the server after which a connection is broken off."""
    cut_one_in: int | None = None
    """Of so many pieces one breaks its connection off, at random but always the same."""
    portal: bool = False
    away: bool = False
    cuts: int = 0
    sent: int = 0
    """Bytes that came through towards the server."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    free_at: dict[bool, float] = field(default_factory=dict)

    async def _passed(self, piece: bytes, *, up: bool) -> None:
        """Waits as long as the piece takes on this line."""
        if self.bytes_per_second is None:
            return
        now = asyncio.get_running_loop().time()
        begins = max(now, self.free_at.get(up, 0.0))
        self.free_at[up] = begins + len(piece) / self.bytes_per_second
        await asyncio.sleep(self.free_at[up] - now)

    def _breaks(self, before: int, piece: bytes) -> bool:
        if self.away or self.portal:
            return True
        if self.cut_after is not None and before + len(piece) > self.cut_after:
            return True
        return self.cut_one_in is not None and self.chance.randrange(self.cut_one_in) == 0

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = 0
        while piece := await reader.read(PIECE):
            await self._passed(piece, up=True)
            if self._breaks(before, piece):
                self.cuts += 1
                kept = piece[: max(0, (self.cut_after or 0) - before)] if self.cut_after else b""
                writer.write(kept)
                self.sent += len(kept)
                with suppress(ConnectionError):
                    await writer.drain()
                return
            before += len(piece)
            self.sent += len(piece)
            writer.write(piece)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await self._passed(piece, up=False)
            if self.away:
                return
            writer.write(piece)
            await writer.drain()

    async def connected(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a phone."""
        server: asyncio.StreamWriter | None = None
        try:
            if self.away:
                return
            if self.portal:
                await reader.read(PIECE)
                writer.write(PORTAL)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return
            from_server, server = await asyncio.open_connection(host, port)
            both = [asyncio.create_task(self._up(reader, server)), asyncio.create_task(self._down(from_server, writer))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        except (ConnectionError, OSError):
            pass
        finally:
            for end in (writer, server):
                if end is not None:
                    end.transport.abort()


@asynccontextmanager
async def network_to(url: str) -> AsyncIterator[Network]:
    """A network on a free loopback port that leads to the address."""
    at, network = urlsplit(url), Network()
    assert at.hostname is not None
    assert at.port is not None
    host, port = at.hostname, at.port

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):
            await network.connected(host, port, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    network.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield network
    finally:
        server.close()
