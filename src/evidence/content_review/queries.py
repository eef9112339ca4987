"""SQL of content review."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from evidence.content_review.model import Awaited, Judgement, Review, ReviewStanding
from evidence.content_review.problems import ReviewedAlready
from foundation.database import Connection


async def held(db: Connection, evidence_id: UUID) -> tuple[UUID, UUID, int | None] | None:
    """Its officer, the unit it was captured for, and, where it awaits a review, the verdict that stands."""
    row = await db.fetchrow(
        """
        select evidence.officer_id, evidence.unit_id,
               case when awaited.evidence_id is not null
                    then (select max(ordinal) from verdict where verdict.evidence_id = evidence.id) end
          from evidence
          left join content_review_awaited as awaited on awaited.evidence_id = evidence.id
         where evidence.id = $1
        """,
        evidence_id,
    )
    return tuple(row) if row else None


async def one_by_one(db: Connection, evidence_id: UUID) -> None:
    """From here to the end of the transaction nobody else judges or reviews this evidence."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", evidence_id)


async def add_review(db: Connection, evidence_id: UUID, ordinal: int, review: Review) -> None:
    """Raises ReviewedAlready."""
    judged = review.judgement
    try:
        await db.execute(
            """
            insert into content_review (evidence_id, reviewer_id, ordinal, is_true, is_clear, is_complete, is_accurate,
                                        reason, reviewed_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            evidence_id,
            review.reviewer_id,
            ordinal,
            judged.is_true,
            judged.is_clear,
            judged.is_complete,
            judged.is_accurate,
            review.reason,
            review.reviewed_at,
        )
    except UniqueViolationError as error:
        raise ReviewedAlready from error


async def conclude(db: Connection, evidence_id: UUID, passed: bool, now: datetime) -> None:
    await db.execute(
        "insert into content_review_conclusion (evidence_id, passed, concluded_at) values ($1, $2, $3)",
        evidence_id,
        passed,
        now,
    )


async def reviews_of(db: Connection, evidence_id: UUID) -> list[Review]:
    """Oldest first."""
    rows = await db.fetch(
        """
        select reviewer_id, is_true, is_clear, is_complete, is_accurate, reason, reviewed_at
          from content_review
         where evidence_id = $1
         order by reviewed_at, reviewer_id
        """,
        evidence_id,
    )
    return [
        Review(
            reviewer_id=row[0],
            judgement=Judgement(is_true=row[1], is_clear=row[2], is_complete=row[3], is_accurate=row[4]),
            reason=row[5],
            reviewed_at=row[6],
        )
        for row in rows
    ]


async def standings(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, ReviewStanding]:
    """Of each that is known here; what no device captured, or is not admitted, needs none."""
    rows = await db.fetch(
        """
        select evidence.id, conclusion.passed, awaited.evidence_id is not null
          from evidence
          left join content_review_conclusion as conclusion on conclusion.evidence_id = evidence.id
          left join content_review_awaited as awaited on awaited.evidence_id = evidence.id
         where evidence.id = any ($1)
        """,
        list(evidence_ids),
    )
    return {id_: _standing(passed, awaited) for id_, passed, awaited in rows}


async def queue(
    db: Connection, units: Collection[UUID], reviewer: UUID, after: tuple[datetime, UUID] | None = None, most: int = 50
) -> list[Awaited]:
    """What this person may still review of these units, what was received first first. Index: awaited_unit."""
    after_at, after_id = after or (None, None)
    rows = await db.fetch(
        """
        select awaited.evidence_id, awaited.unit_id, evidence.device_tag, evidence.officer_id, reception.media_type,
               lower(evidence.captured), upper(evidence.captured), awaited.received_at,
               (select count(*) from content_review where content_review.evidence_id = awaited.evidence_id)
          from content_review_awaited as awaited
          join evidence on evidence.id = awaited.evidence_id
          join reception on reception.evidence_id = awaited.evidence_id
         where awaited.unit_id = any ($1)
           and evidence.officer_id <> $2
           and not exists (select from content_review as mine
                            where mine.evidence_id = awaited.evidence_id and mine.reviewer_id = $2)
           and ($3::timestamptz is null or (awaited.received_at, awaited.evidence_id) > ($3, $4::uuid))
         order by awaited.received_at, awaited.evidence_id
         limit $5
        """,
        list(units),
        reviewer,
        after_at,
        after_id,
        most,
    )
    return [
        Awaited(
            evidence_id=row[0],
            unit_id=row[1],
            device_tag=row[2],
            officer_id=row[3],
            media_type=row[4],
            earliest=row[5],
            latest=row[6],
            received_at=row[7],
            reviews=row[8],
        )
        for row in rows
    ]


async def waiting(db: Connection, units: Collection[UUID], reviewer: UUID) -> int:
    """How many this person may still review."""
    number: int = await db.fetchval(
        """
        select count(*)
          from content_review_awaited as awaited
          join evidence on evidence.id = awaited.evidence_id
         where awaited.unit_id = any ($1)
           and evidence.officer_id <> $2
           and not exists (select from content_review as mine
                            where mine.evidence_id = awaited.evidence_id and mine.reviewer_id = $2)
        """,
        list(units),
        reviewer,
    )
    return number


def _standing(passed: bool | None, awaited: bool) -> ReviewStanding:
    if passed is not None:
        return ReviewStanding.PASSED if passed else ReviewStanding.FAILED
    return ReviewStanding.AWAITED if awaited else ReviewStanding.NOT_NEEDED
