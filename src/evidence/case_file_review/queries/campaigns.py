"""Sheets, campaigns, their reviewers, and the draw."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError

from evidence.case_file_review.model import Frame, Result, Review, Sheet, Terms
from evidence.case_file_review.problems import CaseReviewOutOfStep, CaseReviewRefused
from foundation.database import Connection
from foundation.problem import Spoken

_REVIEW = """
        select case_review.id, case_review.unit_id, terms, terms_sha256, commitment, case_review.ends_at, committed_at,
               committed_by, custody_entry_id, drawn_at, counted.files, counted.to_judge, counted.to_order,
               counted.orders_open
          from case_review
          left join case_review_draw on case_review_draw.review_id = case_review.id
          cross join lateral (
               select count(*)::integer as files,
                      (coalesce(sum(assigned), 0) - coalesce(sum(judged), 0))::integer as to_judge,
                      (count(*) filter (where amiss > 0 and case_review_order.id is null))::integer as to_order,
                      (count(case_review_order.id) - count(closing.order_id))::integer as orders_open
                 from case_review_file as file
                 left join case_review_order on case_review_order.review_id = file.review_id
                                            and case_review_order.case_id = file.case_id
                 left join case_review_order_closing as closing on closing.order_id = case_review_order.id
                cross join lateral (
                      select count(*) as assigned
                        from case_review_assignment as one
                       where one.review_id = file.review_id and one.case_id = file.case_id
                      ) as asked
                cross join lateral (
                      select count(*) as judged, coalesce(sum(findings), 0) as amiss
                        from case_review_judgement as one
                       where one.review_id = file.review_id and one.case_id = file.case_id
                      ) as answered
                where file.review_id = case_review.id
               ) as counted
"""


class Draw(NamedTuple):
    frame: Frame
    result: Result
    drawn_at: datetime
    drawn_by: UUID


async def add_sheet(db: Connection, sheet: Sheet, body: bytes, digest: bytes, by: UUID, now: datetime) -> None:
    """The very same again is left alone. Raises CaseReviewRefused: another one has this code and version."""
    try:
        await db.execute(
            """
            insert into review_sheet (sha256, code, version, body, published_at, published_by)
            values ($1, $2, $3, $4, $5, $6)
                on conflict (sha256) do nothing
            """,
            digest,
            sheet.code,
            sheet.version,
            body,
            now,
            by,
        )
    except UniqueViolationError as error:
        raise CaseReviewRefused(field="version", what=Spoken("case-review.refused.version-taken")) from error


async def sheets(db: Connection) -> dict[str, Sheet]:
    """By digest, hexadecimal; a code after the other, its newest version first."""
    rows = await db.fetch("select encode(sha256, 'hex'), body from review_sheet order by code, version desc")
    return {row[0]: msgspec.json.decode(row[1], type=Sheet) for row in rows}


async def sheet_of(db: Connection, review_id: UUID) -> Sheet:
    body = await db.fetchval(
        """
        select body
          from case_review
          join review_sheet on review_sheet.sha256 = case_review.sheet_sha256
         where case_review.id = $1
        """,
        review_id,
    )
    return msgspec.json.decode(body, type=Sheet)


async def add_review(
    db: Connection, terms: Terms, body: bytes, digest: bytes, seed: bytes, commitment: bytes, *,
    ends_at: datetime, at: datetime, by: UUID,
) -> None:  # fmt: skip
    """After its custody entry, in the same transaction: that entry is looked up here."""
    await db.execute(
        """
        insert into case_review (id, unit_id, terms, terms_sha256, sheet_sha256, ends_at, seed, commitment,
                                 committed_at, committed_by, custody_entry_id)
        select $1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, max(id)
          from custody_entry
         where actor_id = $10
           and event = 'case:review:committed'
           and details ->> 'review_id' = $1::text
        """,
        terms.review,
        terms.unit,
        body,
        digest,
        bytes.fromhex(terms.sheet),
        ends_at,
        seed,
        commitment,
        at,
        by,
    )


async def add_reviewers(db: Connection, review_id: UUID, people: Collection[UUID], by: UUID, now: datetime) -> None:
    """Who is named already stays."""
    await db.execute(
        """
        insert into case_review_reviewer (review_id, person_id, added_at, added_by)
        select $1, person_id, $3, $4 from unnest($2::uuid[]) as named (person_id)
            on conflict (review_id, person_id) do nothing
        """,
        review_id,
        list(people),
        now,
        by,
    )


async def add_conflict(
    db: Connection, review_id: UUID, person_id: UUID, unit_id: UUID, reason: str, by: UUID, now: datetime
) -> None:
    """Once more changes nothing. Raises CaseReviewRefused for somebody who is no reviewer."""
    try:
        await db.execute(
            """
            insert into case_review_conflict (review_id, person_id, unit_id, reason, declared_at, declared_by)
            values ($1, $2, $3, $4, $5, $6)
                on conflict (review_id, person_id, unit_id) do nothing
            """,
            review_id,
            person_id,
            unit_id,
            reason,
            now,
            by,
        )
    except ForeignKeyViolationError as error:
        raise CaseReviewRefused(field="reviewer_id", what=Spoken("case-review.refused.no-reviewer")) from error


async def reviewers_of(db: Connection, review_id: UUID) -> list[UUID]:
    rows = await db.fetch(
        "select person_id from case_review_reviewer where review_id = $1 order by person_id", review_id
    )
    return [row[0] for row in rows]


async def conflicts_of(db: Connection, review_id: UUID) -> list[tuple[UUID, UUID, str]]:
    """Declared: reviewer, unit, reason."""
    rows = await db.fetch(
        """
        select person_id, unit_id, reason
          from case_review_conflict
         where review_id = $1
         order by declared_at, person_id, unit_id
        """,
        review_id,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def seed_of(db: Connection, review_id: UUID) -> bytes:
    """For drawing, and for nothing else. Locks the campaign's draw for the transaction."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1::text, 66))", str(review_id))
    seed: bytes = await db.fetchval("select seed from case_review where id = $1", review_id)
    return seed


async def add_draw(
    db: Connection, review: Review, frame: bytes, result: bytes, digests: tuple[bytes, bytes], drawn: Result,
    at: datetime, by: UUID,
) -> None:  # fmt: skip
    """Raises CaseReviewOutOfStep: somebody has drawn."""
    try:
        await db.execute(
            """
            insert into case_review_draw (review_id, seed, ends_at, frame, frame_sha256, result, result_sha256,
                                          drawn_at, drawn_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            review.id,
            bytes.fromhex(drawn.seed),
            review.ends_at,
            frame,
            digests[0],
            result,
            digests[1],
            at,
            by,
        )
    except UniqueViolationError as error:
        raise CaseReviewOutOfStep from error
    await db.execute(
        """
        insert into case_review_file (review_id, case_id, unit_id)
        select $1, case_id, unit_id from unnest($2::uuid[], $3::uuid[]) as drawn (case_id, unit_id)
        """,
        review.id,
        [one.case for one in drawn.files],
        [one.unit for one in drawn.files],
    )
    pairs = [(one.case, reviewer) for one in drawn.files for reviewer in one.reviewers]
    await db.execute(
        """
        insert into case_review_assignment (review_id, case_id, reviewer_id)
        select $1, case_id, reviewer_id from unnest($2::uuid[], $3::uuid[]) as drawn (case_id, reviewer_id)
        """,
        review.id,
        [case for case, _ in pairs],
        [reviewer for _, reviewer in pairs],
    )


async def draw_of(db: Connection, review_id: UUID) -> Draw | None:
    row = await db.fetchrow(
        "select frame, result, drawn_at, drawn_by from case_review_draw where review_id = $1", review_id
    )
    if row is None:
        return None
    frame, result = msgspec.json.decode(row[0], type=Frame), msgspec.json.decode(row[1], type=Result)
    return Draw(frame, result, row[2], row[3])


async def reviews(
    db: Connection, units: Collection[UUID] | None, person_id: UUID | None, most: int = 100
) -> list[Review]:
    """Of these units, and those that name this person a reviewer, newest first; all where `units` is None."""
    rows = await db.fetch(
        f"""
        {_REVIEW}
         where $1::uuid[] is null
            or case_review.unit_id = any ($1)
            or exists (select from case_review_reviewer where review_id = case_review.id and person_id = $2)
         order by committed_at desc, case_review.id
         limit $3
        """,
        None if units is None else list(units),
        person_id,
        most,
    )
    return [_review(row) for row in rows]


async def review_by_id(db: Connection, review_id: UUID) -> Review | None:
    row = await db.fetchrow(f"{_REVIEW} where case_review.id = $1", review_id)
    return None if row is None else _review(row)


def _review(row: Record) -> Review:
    told = dict(row)
    return Review(**told | {"terms": msgspec.json.decode(told["terms"], type=Terms)})
