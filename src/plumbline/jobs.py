"""The worker: does queued jobs, one implementation a kind, as many processes as wanted."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import structlog

from device_registry import queries as registry
from device_registry import rederive
from device_registry.annual_report import roll_up
from evidence import reassessment, reverse_trace, upload
from evidence.custodian import Custodian
from foundation import jobs
from foundation.clock import Clock, SystemClock
from foundation.jobs import Job
from plumbline.opening import opened
from plumbline.settings import Settings

IDLE_SECONDS = 1.0
"""How long an idle worker sleeps unless it is woken: the upper bound of a delay when a notification is lost."""
EXPIRY_EVERY = timedelta(minutes=10)

DROP_EXPIRED_UPLOADS = "drop-expired-uploads"
FINISH_UPLOADS = "finish-uploads"
DROP_EXPIRED_IMPORT_FILES = "drop-expired-import-files"

log = structlog.get_logger("plumbline")


async def work(settings: Settings, clock: Clock | None = None) -> None:
    """Works until cancelled. A job that fails is tried again; what keeps failing stays in the table for people."""
    async with opened(settings, clock or SystemClock()) as custodian:
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as together:
            together.create_task(_listen(settings.database_url, woken))
            for _ in range(settings.job_workers):
                together.create_task(_work(custodian, timedelta(seconds=settings.job_lease_seconds), woken))


async def do_due(custodian: Custodian, lease: timedelta = timedelta(seconds=30)) -> int:
    """Does every job that is due, and returns how many."""
    count = 0
    while await _do_one(custodian, lease):
        count += 1
    return count


async def _drop_expired_uploads(custodian: Custodian, _: dict[str, Any]) -> None:
    await upload.drop_expired(custodian)


async def _roll_up(custodian: Custodian, payload: dict[str, Any]) -> None:
    await roll_up.work(custodian.database, custodian.clock, payload)


async def _finish_uploads(custodian: Custodian, _: dict[str, Any]) -> None:
    await upload.finish_left_over(custodian)


async def _drop_expired_import_files(custodian: Custodian, _: dict[str, Any]) -> None:
    async with custodian.database.connection() as db:
        await registry.drop_expired_import_files(db, custodian.clock.now())


async def _rederive_register(custodian: Custodian, _: dict[str, Any]) -> None:
    heard = reassessment.Suspension(custodian.clock)
    async for devices in rederive.rederive(custodian.database, custodian.clock, on_change=heard):
        log.info("the register is derived anew", devices=devices)


KINDS: dict[str, Callable[[Custodian, dict[str, Any]], Awaitable[None]]] = {
    reassessment.JOB: reassessment.judge_span_again,
    rederive.JOB: _rederive_register,
    reverse_trace.JOB: reverse_trace.judge_concluded,
    DROP_EXPIRED_UPLOADS: _drop_expired_uploads,
    FINISH_UPLOADS: _finish_uploads,
    DROP_EXPIRED_IMPORT_FILES: _drop_expired_import_files,
    roll_up.JOB: _roll_up,
}
RECURRING = {
    DROP_EXPIRED_UPLOADS: EXPIRY_EVERY,
    FINISH_UPLOADS: timedelta(minutes=1),
    DROP_EXPIRED_IMPORT_FILES: timedelta(hours=1),
}


async def _work(custodian: Custodian, lease: timedelta, woken: asyncio.Event) -> None:
    while True:
        try:
            await _queue_recurring(custodian)
            if await _do_one(custodian, lease):
                continue
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("the job queue is out of reach", error=str(error))
        woken.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), IDLE_SECONDS)


async def _queue_recurring(custodian: Custodian) -> None:
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        for kind, every in RECURRING.items():
            await jobs.enqueue_once(db, kind, now + every)


async def _do_one(custodian: Custodian, lease: timedelta) -> bool:
    async with custodian.database.connection() as db:
        job = await jobs.lease(db, custodian.clock.now(), lease)
    if job is None:
        return False
    alive = asyncio.create_task(_keep_lease(custodian, job, lease))
    try:
        await KINDS[job.kind](custodian, job.payload)
    except Exception as error:
        log.exception("a job failed", job=job.id, kind=job.kind, attempts=job.attempts)
        async with custodian.database.connection() as db:
            await jobs.failed(db, job, f"{type(error).__name__}: {error}", custodian.clock.now())
    else:
        async with custodian.database.connection() as db:
            await jobs.done(db, job)
    finally:
        alive.cancel()
    return True


async def _keep_lease(custodian: Custodian, job: Job, lease: timedelta) -> None:
    while True:
        await asyncio.sleep(lease.total_seconds() / 3)
        async with custodian.database.connection() as db:
            await jobs.extend(db, job, custodian.clock.now() + lease)


async def _listen(url: str, woken: asyncio.Event) -> None:
    """Wakes the workers when something is queued; connects again when the connection is lost."""
    while True:
        try:
            connection = await asyncpg.connect(url)
            try:
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(jobs.CHANNEL, lambda *_: woken.set())
                await lost.wait()
            finally:
                with suppress(Exception):
                    await connection.close(timeout=1)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        await asyncio.sleep(IDLE_SECONDS)
