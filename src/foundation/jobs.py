"""Work for later, in the transaction that makes it necessary; kept in PostgreSQL, so that any worker may do it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from foundation.database import Connection

CHANNEL = "job"
MOST_ATTEMPTS = 8
"""With doubling pauses from one second these span about four minutes; then the job is kept as failed, for people."""

ATTEMPTS_LEFT = 4
"""Of them, to a job that had to wait for a server to come back; until then it is tried every few seconds."""


class Job(NamedTuple):
    """A job that this worker holds until its lease runs out."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


async def enqueue(db: Connection, kind: str, payload: dict[str, Any], due_at: datetime) -> None:
    """Visible to workers once the caller's transaction commits."""
    await db.execute(
        "with queued as (insert into job (kind, payload, due_at) values ($1, $2, $3) returning kind)"
        " select pg_notify($4, kind) from queued",
        kind,
        payload,
        due_at,
        CHANNEL,
    )


async def enqueue_all(db: Connection, kind: str, payloads: Sequence[dict[str, Any]], due_at: datetime) -> None:
    """A job for each payload, in one statement."""
    await db.execute(
        """
        with queued as (
            insert into job (kind, payload, due_at)
            select $1, payload, $3 from unnest($2::jsonb[]) as payload
            returning kind
        )
        select pg_notify($4, kind) from queued limit 1
        """,
        kind,
        list(payloads),
        due_at,
        CHANNEL,
    )


async def enqueue_once(db: Connection, kind: str, due_at: datetime) -> None:
    """For recurring work: nothing is added while a job of that kind waits or is being done."""
    await db.execute(
        "insert into job (kind, payload, due_at) select $1, '{}', $2"
        " where not exists (select from job where kind = $1 and failed_at is null)",
        kind,
        due_at,
    )


async def lease(db: Connection, now: datetime, lasts: timedelta) -> Job | None:
    """The job due longest, for this worker alone until the lease runs out."""
    row = await db.fetchrow(
        """
        update job
           set leased_until = $2, attempts = attempts + 1
         where id = (
               select id
                 from job
                where failed_at is null
                  and due_at <= $1
                  and coalesce(leased_until, '-infinity') <= $1
                order by due_at
                limit 1
                  for update skip locked
         )
        returning id, kind, payload, attempts
        """,
        now,
        now + lasts,
    )
    return Job(*row) if row else None


async def extend(db: Connection, job: Job, until: datetime) -> None:
    """A sign of life for a job that takes long."""
    await db.execute("update job set leased_until = $2 where id = $1 and attempts = $3", job.id, until, job.attempts)


class Failure(NamedTuple):
    """Of a job that is to be tried again, or is left for people; `at` is when it failed for good, or is due anew."""

    failure: str
    at: datetime


async def failures(db: Connection, kind: str, since: datetime | None, most: int = 20) -> list[Failure]:
    """Since that instant, the newest first."""
    rows = await db.fetch(
        """
        select failure, coalesce(failed_at, due_at) as at
          from job
         where kind = $1
           and failure is not null
           and ($2::timestamptz is null or coalesce(failed_at, due_at) > $2)
         order by id desc
         limit $3
        """,
        kind,
        since,
        most,
    )
    return [Failure(*row) for row in rows]


async def done(db: Connection, job: Job) -> None:
    await db.execute("delete from job where id = $1", job.id)


async def failed(db: Connection, job: Job, failure: str, now: datetime, *, for_good: bool = True) -> None:
    """Tries again after a pause that doubles, and keeps the job for people after MOST_ATTEMPTS.

    Not `for_good`: it could not even be tried, because something it needs was away. Then it waits as long as that is.
    """
    pause = timedelta(seconds=2 ** (job.attempts - 1))
    await db.execute(
        """
        update job
           set leased_until = null,
               attempts = case when $6 then attempts else least(attempts, $7) end,
               failure = $2,
               due_at = $3,
               failed_at = case when attempts >= $4 and $6 then $5::timestamptz end
         where id = $1
        """,
        job.id,
        failure,
        now + pause,
        MOST_ATTEMPTS,
        now,
        for_good,
        MOST_ATTEMPTS - ATTEMPTS_LEFT,
    )
