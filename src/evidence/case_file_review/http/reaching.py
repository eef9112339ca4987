"""Who may do what in a review of case files, and which campaign or order is meant."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from agency.model import Actor, Role
from agency.queries import reach
from evidence.case_file_review import queries
from evidence.case_file_review.model import Order, Review
from evidence.case_file_review.problems import CaseReviewNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection

WHO_ORDERS = (Role.SUPERVISOR,)
WHO_REVIEWS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)
WHO_ANSWERS = (Role.ENTITY_HEAD,)
WHO_SEES_ORDERS = (*WHO_ORDERS, *WHO_ANSWERS)


class Reached(NamedTuple):
    """`reaches`: as who orders; otherwise the actor is one of its reviewers."""

    review: Review
    reaches: bool


async def known_review(
    db: Connection, actor: Actor, review_id: UUID, clock: Clock, *, to_order: bool = False
) -> Reached:
    """Raises CaseReviewNotFound, also for who neither ordered it from above nor reviews in it."""
    review = await queries.review_by_id(db, review_id)
    if review is None:
        raise CaseReviewNotFound
    reaches = review.unit_id in await reach(db, actor, WHO_ORDERS, day_of(clock.now()))
    if not reaches and (to_order or actor.person_id not in await queries.reviewers_of(db, review_id)):
        raise CaseReviewNotFound
    return Reached(review, reaches)


class OrderReached(NamedTuple):
    order: Order
    may_answer: bool
    may_decide: bool


async def known_order(db: Connection, actor: Actor, order_id: UUID, today: date) -> OrderReached:
    """Raises CaseReviewNotFound."""
    order = await queries.order_by_id(db, order_id)
    if order is None:
        raise CaseReviewNotFound
    may_answer = order.unit_id in await reach(db, actor, WHO_ANSWERS, today)
    may_decide = order.orderer_id in await reach(db, actor, WHO_ORDERS, today)
    if not may_answer and not may_decide:
        raise CaseReviewNotFound
    return OrderReached(order, may_answer, may_decide)
