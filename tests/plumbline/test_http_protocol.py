"""What a client may leave unfinished is limited, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from plumbline.http_protocol import LimitedHttpTools

MIB = 1 << 20


class Impatient(LimitedHttpTools):
    silent_seconds = 0.4


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the body, and answers how long it was; `/slow` takes its time before and after."""
    length, more = 0, True
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length, more = length + len(message["body"]), message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    body = str(length).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    async with serving(LimitedHttpTools) as port:
        yield port


@asynccontextmanager
async def serving(protocol: type[asyncio.Protocol]) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(application, http=protocol, ws="none", lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server._serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def said(port: int, *pieces: bytes, pause: float = 0) -> bytes:
    """All the server says to these pieces, until it closes or nothing comes for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(3):
            return await reader.read()
    except (ConnectionError, TimeoutError):
        return b""
    finally:
        writer.close()


CLOSE = b"Connection: close\r\n\r\n"


async def test_an_ordinary_request_passes(port: int) -> None:
    assert b" 200 " in await said(port, b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 30_000 + b"\r\n" + CLOSE)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: ", b"x" * MIB),
        (b"GET /", b"x" * MIB),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", b"A: b\r\n" * 170_000),
    ],
    ids=["a header without an end", "a request line without an end", "headers without an end"],
)
async def test_a_head_of_a_gigabyte_is_refused_after_a_little_of_it(port: int, begin: bytes, more: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    sent = 0
    try:
        async with asyncio.timeout(30):
            while sent < 1 << 30:
                writer.write(more)
                await writer.drain()
                sent += len(more)
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert sent <= 16 * MIB
    assert b" 200 " in await said(port, b"GET / HTTP/1.1\r\nHost: h\r\n" + CLOSE)


async def test_the_refusal_is_told_where_it_can_be_read(port: int) -> None:
    answer = await said(port, b"GET / HTTP/1.1\r\nHost: h\r\nA: ", *[b"x" * 20_000] * 4, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_trailers_and_chunk_extensions_without_an_end_are_cut(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    for begin, more in ((b"0\r\n", b"A: b\r\n" * 20_000), (b"1;", b"x" * 120_000)):
        answer = await said(port, head, begin, *[more] * 40, pause=0.01)
        assert b" 200 " not in answer
    assert b" 200 " in await said(port, head, b"3\r\nabc\r\n0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n" + CLOSE)


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
    ],
)
async def test_a_request_left_half_finished_is_cut(half: bytes) -> None:
    async with serving(Impatient) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(half)
        async with asyncio.timeout(2):  # until it hangs up
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_a_head_that_comes_drop_by_drop_is_cut() -> None:
    async with serving(Impatient) as port:
        drops = [b"G", b"E", b"T", b" ", b"/", b" ", *[b"x"] * 20]
        assert await said(port, *drops, pause=0.1) == b""


async def test_an_upload_that_keeps_coming_is_not_cut_however_slow() -> None:
    async with serving(Impatient) as port:
        head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
        assert (await said(port, head, *[b"x"] * 12, pause=0.15)).endswith(b"12")


async def test_a_server_that_takes_its_time_is_not_the_clients_fault() -> None:
    async with serving(Impatient) as port:
        head = b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
        assert (await said(port, head, b"x" * 1_000_000)).endswith(b"1000000")
