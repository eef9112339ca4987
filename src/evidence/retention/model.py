"""Nouns of retention. Instants are UTC."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Category(StrEnum):
    """Why something is kept; words are `retention.category.<value>`."""

    CAPTURE = "CAPTURE"
    INSPECTION = "INSPECTION"
    CASE = "CASE"


class Kept(Struct, frozen=True):
    """What is known of a piece of evidence that decides how long it is kept.

    `captured` is the end of its capture, `closed` when each case that rests on it ended.
    """

    evidence_id: UUID
    unit_id: UUID
    captured: datetime
    in_inspection: bool
    closed: list[datetime]


class Basis(Struct, frozen=True):
    """Kept from `starts_at` until `keep_until`, half-open, for this reason."""

    category: Category
    starts_at: datetime
    keep_until: datetime


class HoldSource(StrEnum):
    """Who asks for what is held by hand; words are `retention.source.<value>`."""

    COURT = "COURT"
    COMPLAINT = "COMPLAINT"
    REVIEW = "REVIEW"
    OTHER = "OTHER"


class Hold(Struct, frozen=True):
    """One thing that holds it now. `source` is a HoldSource, CASE or QUARANTINE; `reason` and `id` only by hand."""

    evidence_id: UUID
    source: str
    since: datetime
    id: UUID | None
    reason: str


class Step(StrEnum):
    """Where a disposal list stands; words are `retention.step.<value>`."""

    REHEARSED = "REHEARSED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"
    CARRIED_OUT = "CARRIED_OUT"


class DisposalList(Struct, frozen=True):
    id: UUID
    unit_id: UUID
    reason: str
    step: Step
    rehearsed_by: UUID
    rehearsed_at: datetime
    confirmed_by: UUID | None
    due_at: datetime | None
    number: int
    size: int
    disposed: int


class DisposalItem(Struct, frozen=True):
    """`kept_for`: why it was not disposed of in the end; `decided`: whether that is known yet."""

    evidence_id: UUID
    sha256: str
    size: int
    kept_until: datetime
    struck: str | None
    decided: bool
    kept_for: str | None
