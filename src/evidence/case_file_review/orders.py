"""An order is answered by the unit, the answer accepted or returned, the order closed: by different people."""

from collections.abc import Sequence

from agency.model import Actor
from evidence.case_file_review import queries
from evidence.case_file_review.model import Order, Reply
from evidence.case_file_review.problems import CaseReviewOutOfStep, CaseReviewRefused
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken


async def reply(
    database: Database, clock: Clock, actor: Actor, order: Order, text: str, documents: Sequence[bytes]
) -> int:
    """Its number. Raises CaseReviewOutOfStep while a reply waits or is accepted, CaseReviewRefused."""
    now = clock.now()
    async with database.transaction() as db:
        ordinal = len(await queries.replies_of(db, order.id)) + 1
        await queries.add_reply(db, order.id, ordinal, text, list(dict.fromkeys(documents)), actor.person_id, now)
        told = {"order_id": order.id, "ordinal": ordinal, "documents": [one.hex() for one in documents]}
        await tell(db, Event.CASE_REVIEW_REPLIED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return ordinal


async def decide(
    database: Database, clock: Clock, actor: Actor, order: Order, ordinal: int, *, accepted: bool, reason: str
) -> None:
    """Raises CaseReviewOutOfStep, CaseReviewSamePerson, CaseReviewRefused: returned without a reason."""
    if not accepted and not reason:
        raise CaseReviewRefused(field="reason", what=Spoken("case-review.refused.return"))
    now = clock.now()
    async with database.transaction() as db:
        answered = await _last(db, order)
        if answered.ordinal != ordinal:
            raise CaseReviewOutOfStep
        await queries.add_decision(db, order.id, answered, accepted, reason, actor.person_id, now)
        told = {"order_id": order.id, "ordinal": ordinal, "accepted": accepted}
        await tell(db, Event.CASE_REVIEW_DECIDED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def close(database: Database, clock: Clock, actor: Actor, order: Order) -> None:
    """销号. Raises CaseReviewOutOfStep, CaseReviewSamePerson."""
    now = clock.now()
    async with database.transaction() as db:
        answered = await _last(db, order)
        if not answered.accepted:
            raise CaseReviewOutOfStep
        await queries.add_closing(db, order.id, answered, actor.person_id, now)
        told = {"order_id": order.id}
        await tell(db, Event.CASE_REVIEW_CLOSED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def _last(db: Connection, order: Order) -> Reply:
    """Raises CaseReviewOutOfStep where there is none."""
    replies = await queries.replies_of(db, order.id)
    if not replies:
        raise CaseReviewOutOfStep
    return replies[-1]
