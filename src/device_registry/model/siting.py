"""What is known of where a device stands: versions of its site, their reviews and announcements, its signs."""

from datetime import date
from enum import StrEnum
from uuid import UUID, uuid4

import msgspec

from device_registry.model.device import Place


class Origin(StrEnum):
    PROPOSED = "PROPOSED"
    LEGACY = "LEGACY"
    """Stood there before this register: it comes in through a clean-up campaign, as it is."""


class BasisLevel(StrEnum):
    """The rank of the norm that allows a device. Only the first two do (Administrative Penalty Law, art. 41)."""

    LAW = "LAW"
    ADMINISTRATIVE_REGULATION = "ADMINISTRATIVE_REGULATION"
    LOCAL_REGULATION = "LOCAL_REGULATION"
    RULE = "RULE"
    NONE = "NONE"


SUFFICIENT_BASIS = frozenset({BasisLevel.LAW, BasisLevel.ADMINISTRATIVE_REGULATION})


class Aspect(StrEnum):
    """The two reviews; their order is free, both are required."""

    LEGAL = "LEGAL"
    TECHNICAL = "TECHNICAL"


class ReviewOutcome(StrEnum):
    PASSED = "PASSED"
    REJECTED = "REJECTED"


class ReviewPoint(StrEnum):
    """What a reviewer confirms one by one; a review passes only with every point of its aspect."""

    AUTHORITY = "AUTHORITY"
    BASIS_IN_FORCE = "BASIS_IN_FORCE"
    NECESSITY = "NECESSITY"
    PERSONAL_INFORMATION = "PERSONAL_INFORMATION"
    REASONABLE_SITE = "REASONABLE_SITE"
    STANDARDS_MET = "STANDARDS_MET"
    TYPE_APPROVED = "TYPE_APPROVED"
    INSTALLATION_ACCEPTED = "INSTALLATION_ACCEPTED"
    TIME_SYNCHRONISED = "TIME_SYNCHRONISED"
    DATA_INTEGRITY = "DATA_INTEGRITY"
    SIGNS_IN_PLACE = "SIGNS_IN_PLACE"


POINTS: dict[Aspect, tuple[ReviewPoint, ...]] = {
    Aspect.LEGAL: tuple(ReviewPoint)[:5],
    Aspect.TECHNICAL: tuple(ReviewPoint)[5:],
}


class Notice(StrEnum):
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"
    """The site is given up: from that day on it is not announced any more."""
    STOPPED = "STOPPED"
    """Tells the public that the device is out of use; it changes nothing about the site's announcement."""


class SiteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device stands, what it watches there and on what basis. It holds from the moment it is put in service."""

    number: int
    """From 1, in the order of proposal."""
    address: str
    monitored_items: tuple[str, ...]
    basis_name: str
    basis_article: str
    basis_level: BasisLevel
    necessity: str
    origin: Origin = Origin.PROPOSED
    road: str | None = None
    direction: str | None = None
    lane: str | None = None
    place: Place | None = None
    speed_limit: int | None = None
    """km/h."""
    spacing_metres: int | None = None
    """To the nearest device of the same kind."""
    funding: str | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """法制审核 or 技术审核 of a site version. It holds from the beginning of `reviewed_on`, a Beijing civil day."""

    site_version_id: UUID
    aspect: Aspect
    outcome: ReviewOutcome
    reviewing_body: str
    document_no: str
    reviewed_on: date
    opinion: str
    proposed_by: UUID
    """Who proposed the site version: never who reviews it."""
    points: tuple[ReviewPoint, ...] = ()
    standards: str | None = None
    """Technical: the standards met and the regulation by which the device is verified."""
    type_approval_no: str | None = None
    document_sha256: bytes | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """向社会公布. What was PUBLISHED on a day may be used from the beginning of that day plus `lead_days`."""

    site_version_id: UUID
    notice: Notice
    announced_on: date
    channel: str
    content: str
    """What the public was told: the place and what is monitored there."""
    url: str | None = None
    lead_days: int = 0
    """What policy asked for on that day, frozen."""
    snapshot_sha256: bytes | None = None
    """Of the page as it was published."""
    id: UUID = msgspec.field(default_factory=uuid4)


class SignCheck(msgspec.Struct, frozen=True, kw_only=True):
    """标志检查: whether the signs at the site were clear on that Beijing civil day."""

    checked_on: date
    clear: bool
    photo_sha256: bytes | None = None
    remark: str | None = None
    id: UUID = msgspec.field(default_factory=uuid4)
