"""Somebody judges the content of a record; the last one needed, or the first that fails it, concludes."""

from uuid import UUID

from agency.model import Actor, Role
from agency.queries import reach
from device_registry.queries import PolicyName, policy_for
from evidence.content_review import queries, rules
from evidence.content_review.model import Judgement, Review, ReviewStanding
from evidence.content_review.problems import NothingToReview, OwnCapture, ReasonMissing
from evidence.custody import Event, tell
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound

REVIEWERS = (Role.LEGAL_REVIEWER, Role.TECHNICAL_REVIEWER)


async def reviewable(db: Connection, actor: Actor, clock: Clock) -> frozenset[UUID]:
    """The units whose records this person may review: those that they do not head."""
    today = day_of(clock.now())
    return await reach(db, actor, REVIEWERS, today) - await reach(db, actor, (Role.ENTITY_HEAD,), today)


async def review(
    database: Database, clock: Clock, actor: Actor, evidence_id: UUID, judgement: Judgement, reason: str
) -> ReviewStanding:
    """Raises NotFound beyond the reviewer's units, NothingToReview, OwnCapture, ReasonMissing, ReviewedAlready."""
    if not judgement.passed and not reason:
        raise ReasonMissing(field="reason")
    async with database.transaction() as db:
        await queries.one_by_one(db, evidence_id)
        now = clock.now()
        today = day_of(now)
        held = await queries.held(db, evidence_id)
        if held is None or held[1] not in await reach(db, actor, REVIEWERS, today):
            raise NotFound
        officer_id, unit_id, ordinal = held
        if ordinal is None:
            raise NothingToReview
        heads = await reach(db, actor, (Role.ENTITY_HEAD,), today)
        if not rules.may_review(actor.person_id, officer_id, unit_id, heads):
            raise OwnCapture
        added = Review(reviewer_id=actor.person_id, judgement=judgement, reason=reason, reviewed_at=now)
        await queries.add_review(db, evidence_id, ordinal, added)
        needed = await policy_for(db, unit_id, PolicyName.CONTENT_REVIEWERS, today)
        standing = rules.concluded(await queries.reviews_of(db, evidence_id), needed)
        if standing is not ReviewStanding.AWAITED:
            await queries.conclude(db, evidence_id, standing is ReviewStanding.PASSED, now)
        told = {
            "passed": judgement.passed,
            "true": judgement.is_true,
            "clear": judgement.is_clear,
            "complete": judgement.is_complete,
            "accurate": judgement.is_accurate,
            "reason": reason,
            "standing": standing,
        }
        await tell(db, Event.CONTENT_REVIEWED, now, evidence_id=evidence_id, actor_id=actor.person_id, details=told)
    return standing
