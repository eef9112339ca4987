"""Nouns of content review."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Judgement(Struct, frozen=True, kw_only=True):
    """行政处罚法 Art. 41 ¶2: a record must be true, clear, complete, accurate; each is judged by itself."""

    is_true: bool
    is_clear: bool
    is_complete: bool
    is_accurate: bool

    @property
    def passed(self) -> bool:
        return self.is_true and self.is_clear and self.is_complete and self.is_accurate


class Review(Struct, frozen=True, kw_only=True):
    reviewer_id: UUID
    judgement: Judgement
    reason: str
    """Why it fails; may be empty where it passes."""
    reviewed_at: datetime


class ReviewStanding(StrEnum):
    """Where the content review of evidence stands. The words are `content-review.<value>`."""

    NOT_NEEDED = "NOT_NEEDED"
    AWAITED = "AWAITED"
    PASSED = "PASSED"
    FAILED = "FAILED"


class Awaited(Struct, frozen=True, kw_only=True):
    """Evidence that waits for a reviewer. Instants UTC."""

    evidence_id: UUID
    unit_id: UUID
    device_tag: str
    officer_id: UUID
    media_type: str
    earliest: datetime
    latest: datetime
    received_at: datetime
    reviews: int
    """How many have passed it already."""
