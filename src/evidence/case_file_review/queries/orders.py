"""Orders to rectify, replies, what was decided of them, and closings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import CheckViolationError, ForeignKeyViolationError, UniqueViolationError

from evidence.case_file_review.model import Order, OrderState, Reply
from evidence.case_file_review.problems import CaseReviewOutOfStep, CaseReviewRefused, CaseReviewSamePerson
from foundation.database import Connection, sees_every_unit
from foundation.problem import Spoken

_ORDER = """
        select issued.id, issued.review_id, issued.case_id, case_file.number, issued.unit_id,
               case_review.unit_id as orderer_id, convert_from(case_review.terms, 'UTF8')::jsonb ->> 'title' as title,
               demand, due_on, ordered_at, ordered_by,
               case when closing.order_id is not null then 'CLOSED'
                    when reply.ordinal is null then 'OPEN'
                    when decision.accepted is null then 'REPLIED'
                    when decision.accepted then 'ACCEPTED'
                    else 'RETURNED' end as state,
               closed_at, closed_by
          from case_review_order as issued
          join case_review on case_review.id = issued.review_id
          join case_file on case_file.id = issued.case_id
          left join case_review_order_closing as closing on closing.order_id = issued.id
          left join lateral (select max(ordinal) as ordinal from case_review_reply where order_id = issued.id) as reply
            on true
          left join case_review_decision as decision on decision.order_id = issued.id
                                                    and decision.ordinal = reply.ordinal
"""


async def add_order(db: Connection, order: Order) -> None:
    """Raises CaseReviewOutOfStep: the file has its order."""
    try:
        await db.execute(
            """
            insert into case_review_order (id, review_id, case_id, unit_id, demand, due_on, ordered_at, ordered_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            order.id,
            order.review_id,
            order.case_id,
            order.unit_id,
            order.demand,
            order.due_on,
            order.ordered_at,
            order.ordered_by,
        )
    except UniqueViolationError as error:
        raise CaseReviewOutOfStep from error


@sees_every_unit
async def orders(
    db: Connection, issued_by: Collection[UUID], issued_to: Collection[UUID], *, review_id: UUID | None = None,
    most: int = 200,
) -> list[Order]:  # fmt: skip
    """Of campaigns of the first units, or to the second; what is not closed first, then by due day."""
    rows = await db.fetch(
        f"""
        {_ORDER}
         where (case_review.unit_id = any ($1) or issued.unit_id = any ($2))
           and ($3::uuid is null or issued.review_id = $3)
         order by closing.order_id is not null, due_on, issued.id
         limit $4
        """,
        list(issued_by),
        list(issued_to),
        review_id,
        most,
    )
    return [Order(**dict(row) | {"state": OrderState(row["state"])}) for row in rows]


@sees_every_unit
async def order_by_id(db: Connection, order_id: UUID) -> Order | None:
    row = await db.fetchrow(f"{_ORDER} where issued.id = $1", order_id)
    return None if row is None else Order(**dict(row) | {"state": OrderState(row["state"])})


async def to_answer(db: Connection, units: Collection[UUID]) -> int:
    """Orders to these units whose turn it is."""
    number: int = await db.fetchval(
        """
        select count(*)
          from case_review_order as issued
          left join lateral (select max(ordinal) as ordinal from case_review_reply where order_id = issued.id) as reply
            on true
          left join case_review_decision as decision on decision.order_id = issued.id
                                                    and decision.ordinal = reply.ordinal
         where issued.unit_id = any ($1)
           and (reply.ordinal is null or not decision.accepted)
        """,
        list(units),
    )
    return number


async def add_reply(
    db: Connection, order_id: UUID, ordinal: int, text: str, documents: Sequence[bytes], by: UUID, now: datetime
) -> None:
    """Raises CaseReviewOutOfStep unless nothing was replied or the last reply was returned; CaseReviewRefused for
    documents that are not kept.
    """
    try:
        await db.execute(
            """
            insert into case_review_reply (order_id, ordinal, text, replied_at, replied_by)
            values ($1, $2, $3, $4, $5)
            """,
            order_id,
            ordinal,
            text,
            now,
            by,
        )
    except (UniqueViolationError, ForeignKeyViolationError) as error:
        raise CaseReviewOutOfStep from error
    try:
        await db.execute(
            """
            insert into case_review_reply_document (order_id, ordinal, sha256)
            select $1, $2, sha256 from unnest($3::bytea[]) as named (sha256)
            """,
            order_id,
            ordinal,
            list(documents),
        )
    except ForeignKeyViolationError as error:
        raise CaseReviewRefused(field="documents", what=Spoken("case-review.refused.document")) from error


async def replies_of(db: Connection, order_id: UUID) -> list[Reply]:
    """In their order."""
    rows = await db.fetch(
        """
        select reply.ordinal, text,
               array(select encode(sha256, 'hex') from case_review_reply_document as named
                      where named.order_id = reply.order_id and named.ordinal = reply.ordinal order by sha256)
                   as documents,
               replied_at, reply.replied_by, accepted, reason, decided_at, decided_by
          from case_review_reply as reply
          left join case_review_decision as decision using (order_id, ordinal)
         where reply.order_id = $1
         order by reply.ordinal
        """,
        order_id,
    )
    return [Reply(**dict(row) | {"documents": tuple(row["documents"])}) for row in rows]


async def add_decision(
    db: Connection, order_id: UUID, reply: Reply, accepted: bool, reason: str, by: UUID, now: datetime
) -> None:
    """Raises CaseReviewOutOfStep: it was decided on; CaseReviewSamePerson."""
    try:
        await db.execute(
            """
            insert into case_review_decision (order_id, ordinal, replied_by, accepted, reason, decided_at, decided_by)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            order_id,
            reply.ordinal,
            reply.replied_by,
            accepted,
            reason,
            now,
            by,
        )
    except UniqueViolationError as error:
        raise CaseReviewOutOfStep from error
    except CheckViolationError as error:
        raise CaseReviewSamePerson from error


async def add_closing(db: Connection, order_id: UUID, reply: Reply, by: UUID, now: datetime) -> None:
    """Raises CaseReviewOutOfStep: the reply is not accepted, or the order closed; CaseReviewSamePerson."""
    try:
        await db.execute(
            """
            insert into case_review_order_closing (order_id, ordinal, accepted, replied_by, decided_by, closed_at,
                                                   closed_by)
            values ($1, $2, true, $3, $4, $5, $6)
            """,
            order_id,
            reply.ordinal,
            reply.replied_by,
            reply.decided_by,
            now,
            by,
        )
    except (UniqueViolationError, ForeignKeyViolationError) as error:
        raise CaseReviewOutOfStep from error
    except CheckViolationError as error:
        raise CaseReviewSamePerson from error
