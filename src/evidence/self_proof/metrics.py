"""SQL of `/metrics`: counts over the whole house, whoever's they are."""

from datetime import datetime
from typing import NamedTuple

from foundation.database import Connection


class Backlog(NamedTuple):
    """`oldest` is None where nothing waits."""

    number: int
    oldest: datetime | None


async def log_backlog(db: Connection) -> Backlog:
    """Custody entries that have no place in the log yet."""
    row = await db.fetchrow(
        "select count(*), min(entry.at) from log_pending join custody_entry as entry on entry.id = log_pending.entry_id"
    )
    return Backlog(*row) if row else Backlog(0, None)


async def objects_by_fixity(db: Connection) -> dict[str, int]:
    """What the last reading of each object found. Indexes: object_last_read_fault for all that are not the same."""
    rows = await db.fetch("select outcome, count(*) from object_last_read group by outcome")
    return {outcome: number for outcome, number in rows}  # noqa: C416 - rows are no pairs to mypy


class Jobs(NamedTuple):
    """Of one kind: `oldest_due` is that of those that are due and wait."""

    kind: str
    waiting: int
    failed: int
    oldest_due: datetime | None


async def jobs_by_kind(db: Connection, now: datetime) -> list[Jobs]:
    rows = await db.fetch(
        """
        select kind,
               count(*) filter (where failed_at is null and due_at <= $1),
               count(*) filter (where failed_at is not null),
               min(due_at) filter (where failed_at is null and due_at <= $1)
          from job
         group by kind
         order by kind
        """,
        now,
    )
    return [Jobs(*row) for row in rows]


async def uploads_in_progress(db: Connection) -> int:
    """Begun, and neither whole nor past their time."""
    return int(
        await db.fetchval(
            """
            select count(*)
              from upload
             where not exists (select from reception where reception.evidence_id = upload.evidence_id)
            """
        )
    )


async def refused_by_reason(db: Connection, since: datetime) -> dict[str, int]:
    """Judged since that instant, as it stands now; one piece may have several. Index: verdict_not_admitted."""
    rows = await db.fetch(
        """
        select reason ->> 'code' as code, count(*)
          from verdict
          join evidence on evidence.id = verdict.evidence_id
         cross join lateral jsonb_array_elements(verdict.reasons) as reason
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $1
           and not exists (select from self_proof_canary where self_proof_canary.unit_id = evidence.unit_id)
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
         group by code
         order by code
        """,
        since,
    )
    return {code: number for code, number in rows}  # noqa: C416 - rows are no pairs to mypy
