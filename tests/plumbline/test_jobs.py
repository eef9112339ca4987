"""Work for later is done once, by whoever is there, and what keeps failing is kept for people."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.support import FixedClock

from evidence import reassessment
from evidence.custodian import Custodian
from foundation import jobs
from foundation.database import Database
from foundation.jobs import MOST_ATTEMPTS
from plumbline.jobs import SELF_PROOF, do_due, recurring
from plumbline.settings import Settings

LEASE = timedelta(seconds=30)


async def test_a_job_is_there_only_if_its_transaction_commits(database: Database, clock: FixedClock) -> None:
    with suppress(ZeroDivisionError):
        async with database.transaction() as db:
            await jobs.enqueue(db, "kind", {}, clock.now())
            _ = 1 // 0
    async with database.connection() as db:
        assert await jobs.lease(db, clock.now(), LEASE) is None


async def test_two_workers_never_hold_the_same_job_and_a_dead_ones_job_is_taken_over(
    database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as db:
        await jobs.enqueue(db, "kind", {"a": 1}, clock.now())
    async with database.connection() as first, database.connection() as second:
        held = await jobs.lease(first, clock.now(), LEASE)
        assert held is not None
        assert held.payload == {"a": 1}
        assert await jobs.lease(second, clock.now(), LEASE) is None
        clock.advance(LEASE)
        taken = await jobs.lease(second, clock.now(), LEASE)
        assert taken is not None
        assert taken.id == held.id
        await jobs.extend(first, held, clock.now() + LEASE * 10)
        clock.advance(LEASE)
        assert await jobs.lease(first, clock.now(), LEASE) is not None, "the dead worker's sign of life counts no more"


async def test_a_job_that_keeps_failing_is_tried_with_growing_pauses_and_then_kept(
    database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as db:
        await jobs.enqueue(db, "kind", {}, clock.now())
    pauses = []
    async with database.connection() as db:
        for _ in range(MOST_ATTEMPTS):
            job = await jobs.lease(db, clock.now(), LEASE)
            assert job is not None
            await jobs.failed(db, job, "Boom: no", clock.now())
            due = await db.fetchval("select due_at from job")
            pauses.append((due - clock.now()).total_seconds())
            clock.instant = due
        assert pauses == [2.0**attempt for attempt in range(MOST_ATTEMPTS)]
        assert await jobs.lease(db, clock.now(), LEASE) is None
        assert await db.fetchval("select failure from job where failed_at is not null") == "Boom: no"


async def test_recurring_work_is_queued_once(database: Database, clock: FixedClock) -> None:
    async with database.connection() as db:
        for _ in range(3):
            await jobs.enqueue_once(db, "sweep", clock.now())
        assert await db.fetchval("select count(*) from job") == 1


async def test_one_failing_job_does_not_stop_the_others(custodian: Custodian) -> None:
    now = custodian.clock.now()
    span = {"begins": now, "ends": None}
    async with custodian.database.transaction() as db:
        await jobs.enqueue(db, "of a newer program", {}, now - timedelta(seconds=1))
        await jobs.enqueue(db, reassessment.JOB, {"device_id": uuid4(), "span": span, "cause": "—"}, now)
    assert await do_due(custodian) == 2
    async with custodian.database.connection() as db:
        left = await db.fetch("select kind, failure from job")
    assert [tuple(row) for row in left] == [("of a newer program", "KeyError: 'of a newer program'")]


def test_every_guard_is_tried_nightly_at_the_hour_that_the_operator_chose() -> None:
    due = recurring(Settings(self_proof_hour=2))[SELF_PROOF]
    before, after = (datetime(2026, 6, 14, hour, tzinfo=UTC) for hour in (17, 18))  # 01:00 and 02:00 in Beijing
    assert (due(before), due(after)) == (after, after + timedelta(days=1))
