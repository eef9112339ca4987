"""Who may review what, and when it is concluded."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

from evidence.content_review.model import Review, ReviewStanding


def concluded(reviews: Sequence[Review], needed: int) -> ReviewStanding:
    """One that fails is enough; as many must pass as policy asks for."""
    if any(not review.judgement.passed for review in reviews):
        return ReviewStanding.FAILED
    return ReviewStanding.PASSED if len(reviews) >= max(needed, 1) else ReviewStanding.AWAITED


def may_review(reviewer: UUID, officer: UUID, officers_unit: UUID, heads: Collection[UUID]) -> bool:
    """Nobody reviews what they captured, nor what somebody captured whose unit they head."""
    return reviewer != officer and officers_unit not in heads


def due_on(received_on: date, days: int) -> date:
    """The last Beijing day on which it is in time."""
    return received_on + timedelta(days=days)
