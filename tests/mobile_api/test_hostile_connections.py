"""Hostile connections to the program as it is served: others are answered meanwhile, and afterwards."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from foundation.clock import SystemClock
from tests.mobile_api.conftest import TUS, SignedIn
from tests.mobile_api.test_tus_clients import a_video
from tests.mobile_api.test_two_workers import begun

MIB = 1 << 20


async def said(worker: str, raw: bytes) -> bytes:
    """The first line the server says to these bytes; nothing if it hangs up."""
    address = urlsplit(worker)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        with suppress(ConnectionError):
            writer.write(raw)
            await writer.drain()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                return await reader.readline()
        return b""
    finally:
        writer.close()


async def answers(worker: str) -> None:
    async with httpx.AsyncClient(base_url=worker, timeout=10) as client:
        assert (await client.get("/ready")).status_code == 200


async def test_what_is_no_http_is_refused(workers: tuple[str, str], subtests: pytest.Subtests) -> None:
    post = b"POST /mobile/v1/sign-in HTTP/1.1\r\nHost: h\r\n"
    for case, raw in {
        "noise": bytes(range(256)) * 16,
        "zeroes": bytes(4096),
        "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(200),
        "a method of nobody": b"EVIL / HTTP/1.1\r\nHost: h\r\n\r\n",
        "another protocol": b"GET / SSH/2.0\r\n\r\n",
        "NUL in a header": b"GET / HTTP/1.1\r\nHost: h\r\nA: a\0b\r\n\r\n",
        "a bare newline in a header": b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n",
        "not ASCII in the path": "GET /照片 HTTP/1.1\r\nHost: h\r\n\r\n".encode(),
        "a length that is no number": post + b"Content-Length: abc\r\n\r\n",
        "a negative length": post + b"Content-Length: -5\r\n\r\n",
        "two lengths": post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "length and chunks": post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a chunk size that is no number": post + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "a chunk size beyond measure": post + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
        "a 64 KiB header": b"GET /ready HTTP/1.1\r\nHost: h\r\nA: " + b"x" * (64 << 10),
        "a 2 MiB header": b"GET /ready HTTP/1.1\r\nHost: h\r\nA: " + b"x" * (2 * MIB) + b"\r\n\r\n",
        "100,000 headers": b"GET /ready HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
    }.items():
        with subtests.test(case):
            line = await said(workers[0], raw)
            assert line == b"" or line.split()[1] in (b"400", b"401", b"404", b"415", b"431"), line
    await answers(workers[0])


async def test_many_who_never_finish_do_not_keep_others_from_being_served(
    workers: tuple[str, str], served_phone: SignedIn
) -> None:
    address = urlsplit(workers[0])
    body = a_video(MIB, seed=70)
    url = await begun(served_phone, served_phone.client, body)
    token = served_phone.client.headers["Authorization"]
    patch = (
        f"PATCH {url} HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    halves = (b"GET / HT", b"POST /mobile/v1/sign-in HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{", patch + b"x")
    opened = []
    for half in halves * 40:
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(half)
        opened.append(writer)
    await asyncio.sleep(0.5)
    async with asyncio.timeout(10):
        await answers(workers[0])
        headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        sent = await served_phone.client.patch(url, headers=headers, content=body)
        assert sent.headers["Plumbline-Outcome"] == "ADMITTED", sent.text
    for writer in opened:
        writer.transport.abort()
    await answers(workers[0])
    again = await served_phone.client.get(f"/mobile/v1/evidence/{await served_phone.commit(body, SystemClock())}")
    assert again.json()["state"] == "COMMITTED"
