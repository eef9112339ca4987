"""The worker: does queued jobs, one implementation a kind, as many processes as wanted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import structlog

from device_registry import queries as registry
from device_registry import rederive
from device_registry.annual_report import roll_up
from device_registry.notices import mailing, reminders
from device_registry.notices.mailing import Mailer
from evidence import reassessment, reverse_trace, upload
from evidence.court_bundle import making
from evidence.court_bundle.exporting import JOB as MAKE_BUNDLE
from evidence.custodian import Custodian
from evidence.fixity.reading import Fixity, scrub
from evidence.retention import disposing, keeping
from evidence.self_proof.cycle import prove
from evidence.transparency_log.published import JOB as PUBLISH_LOG
from evidence.transparency_log.published import publish
from evidence.transparency_log.sequencing import sequence
from evidence.transparency_log.signing import LogSigner
from evidence.transparency_log.time_stamp import Authority, TokenRefused, stamp
from foundation import jobs
from foundation.civil import beginning_of, day_after, day_of
from foundation.clock import Clock, SystemClock
from foundation.jobs import Job
from foundation.problem import TryLater
from inspection import current
from inspection.documents.issuing import issue_when_signed
from inspection.watching.telling import tell_watchers
from plumbline.backup.repairing import repair
from plumbline.opening import opened
from plumbline.settings import Settings

IDLE_SECONDS = 1.0
"""How long an idle worker sleeps unless it is woken: the upper bound of a delay when a notification is lost."""
EXPIRY_EVERY = timedelta(minutes=10)

DROP_EXPIRED_UPLOADS = "drop-expired-uploads"
FINISH_UPLOADS = "finish-uploads"
SETTLE_INSPECTIONS = "settle-inspections"
DROP_EXPIRED_IMPORT_FILES = "drop-expired-import-files"
REMIND = "remind"
SCRUB = "read-objects-back"
SELF_PROOF = "self-proof"
SWEEP_BUNDLES = "sweep-bundles"
KEEP = "keep-retention"
DISPOSE = "dispose-of-what-is-due"
TELL_WATCHERS = "tell-watchers"

AWAY = (
    TryLater,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
)
"""What a job fails with because a server it needs is away, or its disk full: no fault of the job's."""

Doer = Callable[[Custodian, dict[str, Any]], Awaitable[None]]
Due = Callable[[datetime], datetime]
"""From now, when next."""

log = structlog.get_logger("plumbline")


async def work(settings: Settings, clock: Clock | None = None) -> None:
    """Works until cancelled. A job that fails is tried again; what keeps failing stays in the table for people."""
    doers = kinds(
        Mailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None,
        Authority(settings.tsa_url, settings.tsa_trust) if settings.tsa_url else None,
        Path(settings.replica_folder) if settings.replica_folder else None,
    )
    async with opened(settings, clock or SystemClock()) as custodian:
        woken = asyncio.Event()
        async with asyncio.TaskGroup() as together:
            together.create_task(_listen(settings.database_url, woken))
            together.create_task(_sequence(custodian, settings))
            for _ in range(settings.job_workers):
                lease = timedelta(seconds=settings.job_lease_seconds)
                together.create_task(_work(custodian, lease, woken, doers, recurring(settings)))


async def do_due(custodian: Custodian, lease: timedelta = timedelta(seconds=30), mailer: Mailer | None = None) -> int:
    """Does every job that is due, and returns how many."""
    count = 0
    while await _do_one(custodian, lease, kinds(mailer)):
        count += 1
    return count


async def _drop_expired_uploads(custodian: Custodian, _: dict[str, Any]) -> None:
    await upload.drop_expired(custodian)


async def _settle_inspections(custodian: Custodian, _: dict[str, Any]) -> None:
    await current.settle(custodian.database, custodian.clock.now())


async def _scrub(replica: Path | None, custodian: Custodian, _: dict[str, Any]) -> None:
    faults = [one for one in await scrub(custodian) if one.now is not Fixity.SAME]
    for one in faults:
        log.error("object_not_as_stored", sha256=one.stored.sha256.hex(), found=one.now)
    if faults and replica:
        async for stored, done in repair(custodian, replica):
            log.warning("object_put_back" if done else "object_not_in_replica", sha256=stored.sha256.hex())


async def _self_proof(custodian: Custodian, _: dict[str, Any]) -> None:
    await prove(custodian)


async def _sweep_bundles(custodian: Custodian, _: dict[str, Any]) -> None:
    await making.sweep(custodian)


async def _tell_watchers(custodian: Custodian, _: dict[str, Any]) -> None:
    await tell_watchers(custodian.database, custodian.clock)


async def _keep(custodian: Custodian, _: dict[str, Any]) -> None:
    await keeping.keep(custodian)


async def _dispose(custodian: Custodian, _: dict[str, Any]) -> None:
    await disposing.carry_out(custodian)


async def _issue_documents(custodian: Custodian, payload: dict[str, Any]) -> None:
    await issue_when_signed(custodian, UUID(payload["inspection_id"]))


async def _roll_up(custodian: Custodian, payload: dict[str, Any]) -> None:
    await roll_up.work(custodian.database, custodian.clock, payload)


async def _finish_uploads(custodian: Custodian, _: dict[str, Any]) -> None:
    await upload.finish_left_over(custodian)


async def _drop_expired_import_files(custodian: Custodian, _: dict[str, Any]) -> None:
    async with custodian.database.connection() as db:
        await registry.drop_expired_import_files(db, custodian.clock.now())


async def _publish_log(authority: Authority | None, custodian: Custodian, _: dict[str, Any]) -> None:
    await publish(custodian)
    if authority is None:
        return
    try:
        await stamp(custodian, authority)
    except (TokenRefused, aiohttp.ClientError, TimeoutError) as error:  # the next checkpoint will be stamped
        log.warning("no time stamp", authority=authority.url, error=str(error))


async def _rederive_register(custodian: Custodian, _: dict[str, Any]) -> None:
    heard = reassessment.Suspension(custodian.clock)
    async for devices in rederive.rederive(custodian.database, custodian.clock, on_change=heard):
        log.info("the register is derived anew", devices=devices)


async def _remind(mailer: Mailer | None, custodian: Custodian, _: dict[str, Any]) -> None:
    async with custodian.database.transaction() as db:
        given = await reminders.remind(db, custodian.clock.now())
        if mailer:
            await mailing.queue(db, custodian.clock)
    log.info("reminders are given", notices=given)


async def _mail(mailer: Mailer | None, custodian: Custodian, payload: dict[str, Any]) -> None:
    if mailer:  # else the operator has taken the mail server away since
        await mailing.send(custodian.database, custodian.clock, mailer, payload)


KINDS: dict[str, Doer] = {
    reassessment.JOB: reassessment.judge_span_again,
    reassessment.JOB_OF_ITEM: reassessment.judge_item_again,
    rederive.JOB: _rederive_register,
    reverse_trace.JOB: reverse_trace.judge_concluded,
    DROP_EXPIRED_UPLOADS: _drop_expired_uploads,
    FINISH_UPLOADS: _finish_uploads,
    DROP_EXPIRED_IMPORT_FILES: _drop_expired_import_files,
    roll_up.JOB: _roll_up,
    SETTLE_INSPECTIONS: _settle_inspections,
    current.ISSUE: _issue_documents,
    SELF_PROOF: _self_proof,
    SWEEP_BUNDLES: _sweep_bundles,
    KEEP: _keep,
    DISPOSE: _dispose,
    TELL_WATCHERS: _tell_watchers,
}


def kinds(
    mailer: Mailer | None = None, authority: Authority | None = None, replica: Path | None = None
) -> dict[str, Doer]:
    """Every kind of job, with the mail server, the authority and the folder of backups for those that need one."""
    return KINDS | {
        SCRUB: partial(_scrub, replica),
        REMIND: partial(_remind, mailer),
        mailing.JOB: partial(_mail, mailer),
        PUBLISH_LOG: partial(_publish_log, authority),
        MAKE_BUNDLE: partial(making.make, authority),
    }


def _every(pause: timedelta) -> Due:
    return lambda now: now + pause


def _daily(since_midnight: timedelta) -> Due:
    """At that time of every civil day in Beijing."""

    def due(now: datetime) -> datetime:
        today = beginning_of(day_of(now)) + since_midnight
        return today if now < today else beginning_of(day_after(day_of(now))) + since_midnight

    return due


RECURRING: dict[str, Due] = {
    DROP_EXPIRED_UPLOADS: _every(EXPIRY_EVERY),
    FINISH_UPLOADS: _every(timedelta(minutes=1)),
    SETTLE_INSPECTIONS: _every(timedelta(seconds=20)),
    DROP_EXPIRED_IMPORT_FILES: _every(timedelta(hours=1)),
    TELL_WATCHERS: _every(timedelta(minutes=1)),
    REMIND: _daily(timedelta(hours=8)),
    SWEEP_BUNDLES: _every(timedelta(hours=1)),
    SCRUB: _every(timedelta(minutes=2)),  # 50 at a time: a million objects in a month, of 50 kB or so
    KEEP: _every(timedelta(seconds=20)),
    DISPOSE: _every(timedelta(minutes=10)),
    PUBLISH_LOG: _every(timedelta(minutes=10)),  # locked for years, so some 50,000 small objects a year
}
"""When each is due next."""


def recurring(settings: Settings) -> dict[str, Due]:
    """With those whose time the operator chooses."""
    return RECURRING | {SELF_PROOF: _daily(timedelta(hours=settings.self_proof_hour))}


async def _work(
    custodian: Custodian,
    lease: timedelta,
    woken: asyncio.Event,
    doers: Mapping[str, Doer],
    recurring: Mapping[str, Due],
) -> None:
    told = ""
    while True:
        try:
            await _queue_recurring(custodian, recurring)
            if await _do_one(custodian, lease, doers):
                continue
            told = ""
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if told != (told := type(error).__name__):  # once, and not every second
                log.warning("the job queue is out of reach", error=str(error))
        woken.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), IDLE_SECONDS)


async def _queue_recurring(custodian: Custodian, recurring: Mapping[str, Due]) -> None:
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        for kind, due in recurring.items():
            await jobs.enqueue_once(db, kind, due(now))


async def _do_one(custodian: Custodian, lease: timedelta, doers: Mapping[str, Doer]) -> bool:
    async with custodian.database.connection() as db:
        job = await jobs.lease(db, custodian.clock.now(), lease)
    if job is None:
        return False
    alive = asyncio.create_task(_keep_lease(custodian, job, lease))
    try:
        await doers[job.kind](custodian, job.payload)
    except Exception as error:
        away = isinstance(error, AWAY)
        if away:
            log.warning("a job waits", job=job.id, kind=job.kind, attempts=job.attempts, error=repr(error))
        else:
            log.exception("a job failed", job=job.id, kind=job.kind, attempts=job.attempts)
        async with custodian.database.connection() as db:
            failure = f"{type(error).__name__}: {error}"
            await jobs.failed(db, job, failure, custodian.clock.now(), for_good=not away)
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


async def _sequence(custodian: Custodian, settings: Settings) -> None:
    """Beside the jobs and not one of them: the log is never further behind than a pause, whatever else waits."""
    await sequence(custodian.database, custodian.clock, LogSigner.load_or_create(settings.log_signing_key_file))


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
