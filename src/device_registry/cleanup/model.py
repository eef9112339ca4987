"""The nouns of a clean-up campaign. Days are Beijing civil days, instants UTC."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import msgspec

from device_registry.model import Aspect, BasisLevel, Place, ReviewPoint


class Treatment(StrEnum):
    """处理意见."""

    KEEP = "KEEP"
    RECTIFY = "RECTIFY"
    """Suspended until it is put right."""
    STOP = "STOP"
    REMOVE = "REMOVE"
    """Suspended, and to be retired."""


class Held(StrEnum):
    """有 / 无 / 补: whether a review or an announcement is there."""

    MISSING = "MISSING"
    HELD = "HELD"
    MADE_UP = "MADE_UP"
    """Made since the campaign was opened."""


class Signs(StrEnum):
    MISSING = "MISSING"
    UNCLEAR = "UNCLEAR"
    CLEAR = "CLEAR"


class Verification(StrEnum):
    """检定状况, as the register knows it."""

    VALID = "VALID"
    NEVER_VERIFIED = "NEVER_VERIFIED"
    VERIFICATION_OVERDUE = "VERIFICATION_OVERDUE"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    VERIFICATION_VOIDED = "VERIFICATION_VOIDED"
    CONCLUSION_MISSING = "CONCLUSION_MISSING"
    NOT_NEEDED = "NOT_NEEDED"


class Progress(StrEnum):
    """How far a campaign has come with one device."""

    OPEN = "OPEN"
    PENDING = "PENDING"
    """Drawn up, to be confirmed."""
    CONCLUDED = "CONCLUDED"


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    unit_id: UUID
    name: str
    basis: str
    deadline: date
    opened_on: date
    opened_at: datetime
    opened_by: UUID
    id: UUID = msgspec.field(default_factory=uuid4)
    closed_at: datetime | None = None


class LegacyReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A review that was passed, with its document: long ago, or made up in the campaign."""

    aspect: Aspect
    reviewing_body: str
    document_no: str
    reviewed_on: date
    opinion: str
    points: tuple[ReviewPoint, ...] = ()
    standards: str | None = None
    type_approval_no: str | None = None


class LegacyAnnouncement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    announced_on: date
    channel: str
    content: str
    url: str | None = None


class LegacySite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a device has stood since before this register, as it is: nobody proposed it here.

    Without an address or a place: as the device is registered.
    """

    monitored_items: tuple[str, ...]
    basis_name: str
    basis_article: str
    basis_level: BasisLevel
    address: str | None = None
    place: Place | None = None
    road: str | None = None
    direction: str | None = None
    lane: str | None = None
    speed_limit: int | None = None
    spacing_metres: int | None = None
    funding: str | None = None
    reviews: tuple[LegacyReview, ...] = ()
    announcement: LegacyAnnouncement | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one person concludes about a device; `effective_on` None: from the confirmation on."""

    treatment: Treatment
    necessity: str
    reasons: str
    problems: str | None = None
    signs: Signs | None = None
    """None: as the last check of the signs found them."""
    effective_on: date | None = None
    rectify_by: date | None = None
    responsible: str | None = None
    site: LegacySite | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of the result list that follow from the register, as it stood when the conclusion was drawn up."""

    address: str | None
    direction: str | None
    basis: str | None
    basis_level: BasisLevel
    legal_review: Held
    technical_review: Held
    announced: Held
    signs: Signs
    verification: Verification


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """`confirmed` is None until somebody else has decided on it; `newest`: no later one supersedes it."""

    id: UUID
    device_id: UUID
    number: int
    draft: Draft
    assessment: Assessment
    drawn_up_at: datetime
    drawn_up_by: UUID
    confirmed: bool | None = None
    newest: bool = True


class UnitProgress(msgspec.Struct, frozen=True):
    """Devices of one unit: all, with a confirmed conclusion, and with one that waits to be confirmed."""

    unit_id: UUID
    devices: int
    concluded: int
    pending: int


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """A rectification or a removal that was decided, and how it ended; `done_at` None: still open."""

    device_id: UUID
    tag: str
    unit_id: UUID
    treatment: Treatment
    rectify_by: date | None
    responsible: str | None
    confirmed_at: datetime
    done_at: datetime | None
    overdue: bool
    """Open past the deadline, or ended after it."""
