"""`/metrics` tells alarms what they watch, and nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest_asyncio
from msgspec.structs import replace
from tests.builders import a_unit, an_officer, at
from tests.client import speaking_to
from tests.evidence.test_admission import hand_in
from tests.evidence.test_upload import begun
from tests.support import FixedClock

from evidence.custodian import Custodian
from evidence.self_proof.model import Cycle, Step, Tried
from evidence.self_proof.queries import keep_cycle
from foundation import jobs
from plumbline.settings import Settings

WITH_TOKEN = {"Authorization": "Bearer 7-of-9"}


@pytest_asyncio.fixture
async def client(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(services, database_url=database_url, metrics_token="7-of-9", database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


async def read(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics", headers=WITH_TOKEN)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def test_without_its_token_there_is_no_such_page(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer 7-of-8"}, {"Authorization": "7-of-9"}):
        assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_where_no_token_is_set_nobody_has_it(services: Settings, database_url: str, clock: FixedClock) -> None:
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        assert (await client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 404


async def test_each_gauge_says_what_the_house_is_like(
    client: httpx.AsyncClient, custodian: Custodian, clock: FixedClock
) -> None:
    empty = await read(client)
    assert "plumbline_self_proof_age_seconds" not in empty, "absent, as an alarm can ask"
    assert empty["plumbline_jobs_lag_seconds"] == empty["plumbline_log_lag_seconds"] == 0
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    await hand_in(custodian, officer, at(clock, minutes=5), device_tag="NO-SUCH")
    await begun(custodian, officer, bytes(100))
    async with custodian.database.connection() as db:
        steps = [Tried(step, step is not Step.ROWS, "", 1) for step in Step]
        await keep_cycle(db, Cycle(uuid4(), clock.now(), steps))
        await jobs.enqueue(db, "kind", {}, clock.now())
    clock.advance(timedelta(seconds=90))
    found = await read(client)
    assert found['plumbline_self_proof_held{step="rows"}'] == 0
    assert found['plumbline_self_proof_held{step="removal"}'] == 1
    assert found["plumbline_self_proof_age_seconds"] == 90
    assert found["plumbline_log_pending"] > 0
    assert found["plumbline_log_lag_seconds"] == 90
    assert found['plumbline_objects{fixity="SAME"}'] == 1
    assert found['plumbline_objects{fixity="CHANGED"}'] == 0
    assert found['plumbline_jobs_waiting{kind="kind"}'] == 1
    assert found["plumbline_jobs_lag_seconds"] == 90
    assert found["plumbline_uploads_in_progress"] == 1
    assert found['plumbline_refused{reason="DEVICE_UNKNOWN"}'] == 1
