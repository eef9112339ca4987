"""The object store or PostgreSQL is away: what does not need it goes on, the rest says when to ask again."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from bench.faults.store_proxy import StoreFault, StoreProxy, before_store
from bench.faults.wires import to_database
from msgspec.structs import replace
from structlog.testing import capture_logs
from tests.builders import a_photo, a_unit, an_officer, at
from tests.client import speaking_to
from tests.console.conftest import Desk, somebody, text_of
from tests.evidence.test_admission import hand_in
from tests.inspection.builders import a_task, told
from tests.mobile_api.conftest import OCTETS, SignedIn, a_phone
from tests.mobile_api.test_uploads import begin, is_problem, offset_of
from tests.support import FixedClock

from agency.model import Role
from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import sequence
from evidence.transparency_log.signing import LogSigner
from foundation import jobs
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.jobs import MOST_ATTEMPTS
from foundation.problem import TryLater
from foundation.reach import EVERYTHING
from plumbline.jobs import AWAY, do_due
from plumbline.opening import opened
from plumbline.settings import Settings

NOBODY = {"Authorization": "Bearer nobody"}
AT_ONCE = (StoreFault.REFUSED, StoreFault.ERROR, StoreFault.SLOW_DOWN)


@pytest_asyncio.fixture
async def store(services: Settings) -> AsyncIterator[StoreProxy]:
    async with before_store(services.s3_endpoint) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def client(
    services: Settings, database_url: str, clock: FixedClock, store: StoreProxy
) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(
        services, database_url=database_url, retention_days=36500, database_connections=8, s3_endpoint=store.url
    )
    async with speaking_to(settings, clock) as client:
        yield client


@pytest_asyncio.fixture
async def unit_id(database: Database) -> UUID:
    return await a_unit(database)


@pytest_asyncio.fixture
async def phone(client: httpx.AsyncClient, database: Database, unit_id: UUID) -> SignedIn:
    return await a_phone(client, database, unit_id)


async def facts_go_on(phone: SignedIn, database: Database, clock: FixedClock) -> None:
    async with asyncio.timeout(10):
        await phone.commit(a_photo(uuid4().int % 50_000), clock)
        task = await a_task(database, clock, phone.officer)
        operation = told(phone.officer, task.id, {"type": "FINDING", "item": "F-01", "result": "CONFORMS"})
        answer = await phone.client.post("/mobile/v1/operations", json={"operations": [operation]})
        assert [one["result"] for one in answer.json()["results"]] == ["RECORDED"]


@pytest.mark.parametrize("fault", AT_ONCE)
async def test_without_the_store_facts_go_on_and_uploads_say_when_to_resume(
    phone: SignedIn, database: Database, clock: FixedClock, store: StoreProxy, fault: StoreFault
) -> None:
    body = a_photo(AT_ONCE.index(fault) + 71)
    evidence_id = await phone.commit(body, clock)
    url = await begin(phone, evidence_id, len(body))
    answer = await phone.client.patch(url, headers=OCTETS | {"Upload-Offset": "0"}, content=body[:500])
    assert answer.status_code == 204
    store.begin(lambda *_: fault)
    answer = await phone.client.patch(url, headers=OCTETS | {"Upload-Offset": "500"}, content=body[500:])
    is_problem(answer, 503, "try-later")
    assert int(answer.headers["Retry-After"]) > 0
    await facts_go_on(phone, database, clock)
    ready = await phone.client.get("/ready")
    assert (ready.status_code, ready.json()["store"], ready.json()["database"]) == (503, "unreachable", "ok")
    assert (await phone.client.get("/health")).status_code == 200
    store.begin()
    offset = await offset_of(phone, url)
    assert offset >= 500
    answer = await phone.client.patch(url, headers=OCTETS | {"Upload-Offset": str(offset)}, content=body[offset:])
    assert answer.headers["Plumbline-Receipt"]
    assert (await phone.client.get("/ready")).json()["store"] == "ok"


async def test_while_the_store_keeps_silent_facts_go_on_and_it_is_told_soon(
    phone: SignedIn, database: Database, clock: FixedClock, store: StoreProxy
) -> None:
    bodies = [a_photo(300 + number) for number in range(12)]
    urls = [await begin(phone, await phone.commit(body, clock), len(body)) for body in bodies]
    store.begin(lambda *_: StoreFault.HANG)
    waiting = [
        asyncio.create_task(phone.client.patch(url, headers=OCTETS | {"Upload-Offset": "0"}, content=body))
        for url, body in zip(urls, bodies, strict=True)
    ]
    try:
        await asyncio.sleep(0.5)
        assert not any(one.done() for one in waiting)
        await facts_go_on(phone, database, clock)
        async with asyncio.timeout(10):
            assert (await phone.client.get("/ready")).json()["store"] == "unreachable"
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    store.begin()
    assert await offset_of(phone, urls[0]) == 0
    answer = await phone.client.patch(urls[0], headers=OCTETS | {"Upload-Offset": "0"}, content=bodies[0])
    assert answer.headers["Plumbline-Receipt"]


async def test_a_page_of_evidence_is_there_without_the_store_and_says_so_in_the_place_of_the_picture(
    client: httpx.AsyncClient, custodian: Custodian, unit_id: UUID, store: StoreProxy
) -> None:
    evidence_id, _ = await hand_in(custodian, await an_officer(custodian.database, unit_id), at(custodian.clock))
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    desk = Desk(client)
    await desk.sign_in("supervisor")
    store.begin(lambda *_: StoreFault.REFUSED)
    page = await desk.read(f"/desk/evidence/{evidence_id}")
    assert page.status_code == 200
    picture = await desk.read(f"/desk/evidence/{evidence_id}/preview")
    assert (picture.status_code, picture.headers["content-type"]) == (503, "image/svg+xml")
    assert "原件存储暂时不可用" in picture.text
    assert int(picture.headers["retry-after"]) > 0
    original = await desk.read(f"/desk/evidence/{evidence_id}/original")
    assert (original.status_code, original.headers["retry-after"]) == (503, str(TryLater.AFTER_SECONDS))
    assert "暂时不可用" in text_of(original)


async def test_a_job_that_waits_for_the_store_is_tried_until_it_is_back(
    services: Settings, database_url: str, clock: FixedClock, store: StoreProxy
) -> None:
    settings = replace(services, database_url=database_url, retention_days=1, s3_endpoint=store.url)
    async with opened(settings, clock) as custodian:
        async with custodian.database.connection() as db:
            await jobs.enqueue(db, "publish-log", {}, clock.now())
        store.begin(lambda *_: StoreFault.SLOW_DOWN)
        with capture_logs() as logs:
            for _ in range(3 * MOST_ATTEMPTS):
                assert await do_due(custodian) == 1
                clock.advance(timedelta(seconds=60))
        assert {(one["event"], one["log_level"]) for one in logs} == {("a job waits", "warning")}
        async with custodian.database.connection() as db:
            assert await db.fetchval("select count(*) from job where failed_at is null") == 1
        store.begin()
        assert await do_due(custodian) == 1
        async with custodian.database.connection() as db:
            assert await db.fetchval("select count(*) from job") == 0
    assert TryLater in AWAY


async def test_while_postgresql_is_away_requests_say_when_to_come_back_and_the_pool_recovers(
    services: Settings, database_url: str, clock: FixedClock
) -> None:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with to_database(database_url, Path(folder)) as (wire, through):
            settings = replace(services, database_url=through(database_url), database_connections=4)
            async with speaking_to(settings, clock) as client:
                assert (await client.get("/ready")).json()["database"] == "ok"
                away = asyncio.create_task(wire.cut(1.5))
                await asyncio.sleep(0.1)
                for _ in range(5):
                    answer = await client.get("/mobile/v1/changes", headers=NOBODY)
                    is_away(answer)
                assert (await client.get("/ready")).json()["database"] == "unreachable"
                await away
                async with asyncio.timeout(10):
                    while (await client.get("/mobile/v1/changes", headers=NOBODY)).status_code != 401:  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                assert (await client.get("/ready")).json()["database"] == "ok"


async def test_while_postgresql_keeps_silent_it_is_told_soon(
    services: Settings, database_url: str, clock: FixedClock
) -> None:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with to_database(database_url, Path(folder)) as (wire, through):
            settings = replace(services, database_url=through(database_url), database_connections=4)
            async with speaking_to(settings, clock) as client:
                dead = asyncio.create_task(wire.stall(5))
                await asyncio.sleep(0.1)
                async with asyncio.timeout(10):
                    assert (await client.get("/ready")).json()["database"] == "unreachable"
                await dead
                assert (await client.get("/ready")).json()["database"] == "ok"


async def test_a_sequencer_without_its_database_tells_it_once(database_url: str, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with to_database(database_url, Path(folder)) as (wire, through):
            database = await Database.open(through(database_url), most=4, unless_said=EVERYTHING)
            signer = LogSigner.load_or_create(tmp_path / "keys.pem")
            working = asyncio.create_task(sequence(database, SystemClock(), signer))
            with capture_logs() as logs:
                await asyncio.sleep(0.5)
                await wire.cut(3)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await database.close()
    assert 1 <= len(logs) <= 3, logs  # once for each way in which it is away


async def test_who_falls_silent_in_a_transaction_keeps_no_locks_for_long(database: Database, database_url: str) -> None:
    lock = "select pg_try_advisory_xact_lock(4711)"
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with to_database(database_url, Path(folder)) as (wire, through), database.connection() as db:
            silent = await Database.open(
                through(database_url), most=4, abandoned_after=timedelta(seconds=1), unless_said=EVERYTHING
            )

            async def fall_silent() -> None:
                async with silent.transaction() as lost:
                    assert await lost.fetchval(lock)
                    assert not await db.fetchval(lock)
                    await wire.stall(3)
                    assert await db.fetchval(lock)
                    await lost.execute("select 1")

            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await fall_silent()
            await silent.close()


def is_away(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/try-later")
    assert int(answer.headers["Retry-After"]) > 0
