"""Files that were drawn, who reviews them, and what they judged.

Who reviews need not reach the unit of a file: the campaign decides, and is checked before.
"""

from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError, UniqueViolationError

from evidence.case_file_review.model import Judged, Judgement
from evidence.case_file_review.problems import CaseReviewNotFound, CaseReviewOutOfStep
from foundation.database import Connection, sees_every_unit


class FileOfReview(NamedTuple):
    """A drawn file. `judged`: how many of its reviewers are done; `order_id`: of the order it led to."""

    case_id: UUID
    unit_id: UUID
    number: str
    title: str
    reviewers: list[UUID]
    judged: int
    order_id: UUID | None


@sees_every_unit
async def files_of(db: Connection, review_id: UUID) -> list[FileOfReview]:
    """By unit and number."""
    rows = await db.fetch(
        """
        select file.case_id, file.unit_id, case_file.number, case_file.title,
               array(select reviewer_id from case_review_assignment as one
                      where one.review_id = file.review_id and one.case_id = file.case_id
                      order by reviewer_id),
               (select count(*) from case_review_judgement as one
                 where one.review_id = file.review_id and one.case_id = file.case_id),
               case_review_order.id
          from case_review_file as file
          join case_file on case_file.id = file.case_id
          left join case_review_order on case_review_order.review_id = file.review_id
                                     and case_review_order.case_id = file.case_id
         where file.review_id = $1
         order by file.unit_id, case_file.number
        """,
        review_id,
    )
    return [FileOfReview(*row) for row in rows]


async def add_judgement(
    db: Connection, review_id: UUID, case_id: UUID, judgement: Judgement, score: int, vetoed: bool, findings: int
) -> None:
    """Raises CaseReviewNotFound for who was not drawn to review it, CaseReviewOutOfStep for a second judgement."""
    try:
        await db.execute(
            """
            insert into case_review_judgement (review_id, case_id, reviewer_id, items, score, vetoed, findings,
                                               judged_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            review_id,
            case_id,
            judgement.reviewer_id,
            judgement.items,
            score,
            vetoed,
            findings,
            judgement.judged_at,
        )
    except UniqueViolationError as error:
        raise CaseReviewOutOfStep from error
    except ForeignKeyViolationError as error:
        raise CaseReviewNotFound from error


async def judgements_of_review(db: Connection, review_id: UUID) -> dict[UUID, list[Judgement]]:
    """By case, in the order in which they came."""
    rows = await db.fetch(
        """
        select case_id, reviewer_id, items, judged_at
          from case_review_judgement
         where review_id = $1
         order by judged_at, reviewer_id
        """,
        review_id,
    )
    found: dict[UUID, list[Judgement]] = {}
    for row in rows:
        items = msgspec.convert(row[2], tuple[Judged, ...])
        found.setdefault(row[0], []).append(Judgement(reviewer_id=row[1], items=items, judged_at=row[3]))
    return found


async def judgements_of(db: Connection, review_id: UUID, case_id: UUID) -> list[Judgement]:
    return (await judgements_of_review(db, review_id)).get(case_id, [])


@sees_every_unit
async def assigned_to(db: Connection, person_id: UUID) -> list[tuple[UUID, UUID, str]]:
    """What waits for this reviewer: campaign, case and its number; campaigns in order of their draw."""
    rows = await db.fetch(
        """
        select one.review_id, one.case_id, case_file.number
          from case_review_assignment as one
          join case_review_draw on case_review_draw.review_id = one.review_id
          join case_file on case_file.id = one.case_id
         where one.reviewer_id = $1
           and not exists (select from case_review_judgement as done
                            where done.review_id = one.review_id and done.case_id = one.case_id
                              and done.reviewer_id = one.reviewer_id)
         order by drawn_at, case_file.unit_id, case_file.number
        """,
        person_id,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def waiting_for(db: Connection, person_id: UUID) -> int:
    number: int = await db.fetchval(
        """
        select count(*)
          from case_review_assignment as one
         where one.reviewer_id = $1
           and not exists (select from case_review_judgement as done
                            where done.review_id = one.review_id and done.case_id = one.case_id
                              and done.reviewer_id = one.reviewer_id)
        """,
        person_id,
    )
    return number
