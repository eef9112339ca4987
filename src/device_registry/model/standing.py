"""The standing of a device over a capture interval, and the periods it follows from."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model.device import Device
from device_registry.model.metrology import VoidCause


class Interval(msgspec.Struct, frozen=True):
    """When something was captured, as far as that can be known: both instants included. UTC."""

    earliest: datetime
    latest: datetime

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"{self.latest} is before {self.earliest}")


class Span(msgspec.Struct, frozen=True):
    """Half-open [begins, ends) in UTC; `ends` None: open."""

    begins: datetime
    ends: datetime | None


class VerifiedPeriod(msgspec.Struct, frozen=True):
    """Half-open [begins, ends) in UTC; `certificates` are those that hold in it, one a channel, in their order."""

    begins: datetime
    ends: datetime
    certificates: tuple[UUID, ...]


class Outcome(StrEnum):
    IN_STANDING = "IN_STANDING"
    NOT_IN_STANDING = "NOT_IN_STANDING"
    UNDETERMINED = "UNDETERMINED"
    """The capture interval straddles an edge: for part of it the device was in standing."""


class Reason(StrEnum):
    """Why a device is not in standing."""

    DEVICE_UNKNOWN = "DEVICE_UNKNOWN"
    DEVICE_NOT_IN_SERVICE = "DEVICE_NOT_IN_SERVICE"
    DEVICE_SUSPENDED = "DEVICE_SUSPENDED"
    DEVICE_RETIRED = "DEVICE_RETIRED"
    NO_LEGAL_BASIS = "NO_LEGAL_BASIS"
    LEGAL_REVIEW_MISSING = "LEGAL_REVIEW_MISSING"
    TECHNICAL_REVIEW_MISSING = "TECHNICAL_REVIEW_MISSING"
    SITE_NOT_ANNOUNCED = "SITE_NOT_ANNOUNCED"
    NEVER_VERIFIED = "NEVER_VERIFIED"
    VERIFICATION_OVERDUE = "VERIFICATION_OVERDUE"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    VERIFICATION_VOIDED = "VERIFICATION_VOIDED"
    CONCLUSION_MISSING = "CONCLUSION_MISSING"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason with the fact behind it, complete in itself, so that it can be frozen and read years later."""

    reason: Reason
    tag: str
    kind_zh: str = ""
    kind_en: str = ""
    channel: str = ""
    fact_id: UUID | None = None
    document_no: str | None = None
    """Of the certificate or the failure notice."""
    valid_until: date | None = None
    days_overdue: int | None = None
    failed_on: date | None = None
    cause: VoidCause | None = None
    occurred_at: datetime | None = None
    automatic: bool = False
    """Suspended by itself, because a verification lapsed; verified again since, but nobody has released the device."""
    usable_from: date | None = None
    """SITE_NOT_ANNOUNCED: announced, but not for as many days as policy asks; the first day of use."""


class Stage(msgspec.Struct, frozen=True):
    """What is answered from an instant on (UTC), if nothing more is recorded. No reasons: in standing."""

    begins: datetime
    reasons: tuple[Finding, ...]


class InForce(msgspec.Struct, frozen=True):
    """A certificate that holds during (part of) the capture interval."""

    id: UUID
    channel: str
    certificate_no: str
    verified_on: date
    valid_until: date


class Caution(msgspec.Struct, frozen=True):
    """A certificate that runs longer than its kind's regulation allows. It is no reason: it still rules."""

    certificate_id: UUID
    certificate_no: str
    valid_until: date
    longest: date
    """The last day that the regulation's interval would allow."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says about a device over a capture interval."""

    device: Device
    outcome: Outcome
    reasons: tuple[Finding, ...]
    """All of them; empty exactly when the outcome is IN_STANDING."""
    certificates: tuple[InForce, ...]
    conclusion_id: UUID | None
    """The written conclusion that stands in for certificates, for a device that needs none."""
    verified_that_day: bool
    """The capture falls on the civil day of the verification itself, whose hour nobody knows."""
    cautions: tuple[Caution, ...]
    rule_version: str
