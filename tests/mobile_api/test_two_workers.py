"""Two processes take turns at one upload over a bad network: identical bytes, or nothing."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from evidence.upload_writer import PART_BYTES
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.opening import opened
from plumbline.settings import Settings
from tests.mobile_api.conftest import OCTETS, TUS, SignedIn
from tests.mobile_api.test_tus_clients import a_video, stored

MIB = 1 << 20


@pytest_asyncio.fixture
async def both(workers: tuple[str, str], served_phone: SignedIn) -> AsyncIterator[list[httpx.AsyncClient]]:
    """The phone's connections to both workers."""
    headers = {"Authorization": served_phone.client.headers["Authorization"]}
    async with (
        httpx.AsyncClient(base_url=workers[0], headers=headers, timeout=60) as one,
        httpx.AsyncClient(base_url=workers[1], headers=headers, timeout=60) as other,
    ):
        yield [one, other]


async def begun(phone: SignedIn, worker: httpx.AsyncClient, body: bytes) -> str:
    """The address of an upload of these bytes."""
    return await begun_again(worker, await phone.commit(body, SystemClock()), body)


async def begun_again(worker: httpx.AsyncClient, evidence_id: str, body: bytes) -> str:
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    headers = TUS | {"Upload-Length": str(len(body)), "Upload-Metadata": metadata}
    answer = await worker.post("/mobile/v1/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


async def send(worker: httpx.AsyncClient, url: str, offset: int, body: bytes) -> httpx.Response:
    return await worker.patch(url, headers=OCTETS | {"Upload-Offset": str(offset)}, content=body)


async def offset_at(worker: httpx.AsyncClient, url: str) -> int:
    return int((await worker.head(url, headers=TUS)).headers["Upload-Offset"])


class Slow:
    """A PATCH over a socket of our own, of which as much is sent as we like."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, body: bytes) -> None:
        self._writer.write(body)
        await self._writer.drain()

    async def status(self) -> int:
        return int((await self._reader.readuntil(b"\r\n")).split()[1])

    def cut(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def slowly(worker: httpx.AsyncClient, url: str, offset: int, length: int) -> AsyncIterator[Slow]:
    """The head of a PATCH that announces `length` bytes."""
    address = urlsplit(str(worker.base_url))
    assert address.port is not None
    headers = OCTETS | {
        "Host": address.netloc,
        "Authorization": worker.headers["Authorization"],
        "Upload-Offset": str(offset),
        "Content-Length": str(length),
    }
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"PATCH {url} HTTP/1.1\r\n{head}\r\n".encode())
    try:
        yield Slow(reader, writer)
    finally:
        writer.close()


async def durable(settings: Settings, url: str, least: int) -> int:
    """Where the upload stands once that much is safe, without taking it over as a HEAD would."""
    database = await Database.open(settings.database_url, most=1, unless_said=EVERYTHING)
    try:
        async with asyncio.timeout(30), database.connection() as db:
            while True:
                at: int = await db.fetchval("select at from upload where evidence_id = $1", url.rpartition("/")[2])
                if at >= least:
                    return at
                await asyncio.sleep(0.02)
    finally:
        await database.close()


@pytest.mark.parametrize("retry_at", [0, 1], ids=["the same worker", "the other worker"])
async def test_a_stalled_request_that_wakes_up_after_the_retry_changes_nothing(
    both: list[httpx.AsyncClient], served_phone: SignedIn, shared_settings: Settings, retry_at: int
) -> None:
    body = a_video(20 * MIB, seed=40 + retry_at)
    url = await begun(served_phone, both[0], body)
    async with slowly(both[0], url, 0, len(body)) as stalled:
        await stalled.send(body[: 9 * MIB])
        safe = await durable(shared_settings, url, PART_BYTES)
        async with asyncio.timeout(10):
            offset = await offset_at(both[retry_at], url)
            assert offset == safe
            answer = await send(both[retry_at], url, offset, body[offset:])
        assert answer.headers["Plumbline-Outcome"] == "ADMITTED", answer.text
        await stalled.send(b"x" * (11 * MIB))
        assert await stalled.status() == 409
    assert await stored(shared_settings, body) == body
    assert (await both[0].head(url, headers=TUS)).headers["Plumbline-Outcome"] == "ADMITTED"


async def test_a_stalled_request_that_wakes_up_in_the_middle_of_the_retry_loses_its_bytes_only(
    both: list[httpx.AsyncClient], served_phone: SignedIn, shared_settings: Settings
) -> None:
    body = a_video(20 * MIB, seed=50)
    url = await begun(served_phone, both[0], body)
    async with slowly(both[0], url, 0, len(body)) as stalled:
        await stalled.send(body[: 9 * MIB])
        await durable(shared_settings, url, PART_BYTES)
        offset = await offset_at(both[1], url)
        middle = 13 * MIB
        assert (await send(both[1], url, offset, body[offset:middle])).status_code == 204
        await stalled.send(b"x" * (11 * MIB))
        assert await stalled.status() == 409
        assert (await send(both[1], url, middle, body[middle:])).headers["Plumbline-Outcome"] == "ADMITTED"
    assert await stored(shared_settings, body) == body


@pytest.mark.parametrize("cut", [1, 70_000, 6 * MIB, PART_BYTES + 5])
async def test_a_cut_connection_resumes_at_the_byte_at_another_worker(
    both: list[httpx.AsyncClient], served_phone: SignedIn, shared_settings: Settings, cut: int
) -> None:
    body = a_video(10 * MIB + 3, seed=cut)
    url = await begun(served_phone, both[0], body)
    async with slowly(both[0], url, 0, len(body)) as connection:
        await connection.send(body[:cut])
        await asyncio.sleep(0.3)
        connection.cut()
    assert await durable(shared_settings, url, cut) == cut
    assert await offset_at(both[1], url) == cut
    answer = await send(both[1], url, cut, body[cut:])
    assert answer.headers["Plumbline-Outcome"] == "ADMITTED", answer.text
    assert await stored(shared_settings, body) == body


async def test_what_a_worker_remembers_of_an_upload_ends_with_it(
    both: list[httpx.AsyncClient], served_phone: SignedIn, shared_settings: Settings
) -> None:
    """Otherwise wrong bytes would be locked under the digest of right ones that the worker saw once."""
    body = a_video(20 * MIB, seed=60)
    url = await begun(served_phone, both[0], body)
    assert (await send(both[0], url, 0, body[:PART_BYTES])).status_code == 204
    assert (await both[1].delete(url, headers=TUS)).status_code == 204
    assert await begun_again(both[1], url.rpartition("/")[2], body) == url
    assert (await send(both[1], url, 0, b"x" * PART_BYTES)).status_code == 204
    answer = await send(both[0], url, PART_BYTES, body[PART_BYTES:])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/digest-mismatch")
    async with opened(shared_settings, SystemClock()) as custodian:
        assert await custodian.store.find(hashlib.sha256(body).digest()) is None
