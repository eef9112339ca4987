"""A device's life: what was done with it and when, and the state that follows."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import msgspec


class ServiceChange(StrEnum):
    PUT_IN_SERVICE = "PUT_IN_SERVICE"
    SUSPENDED = "SUSPENDED"
    RECTIFYING = "RECTIFYING"
    RECTIFIED = "RECTIFIED"
    """The rectification is reported done; somebody else has yet to release the device."""
    RESUMED = "RESUMED"
    RETIRED = "RETIRED"
    WITHDRAWN = "WITHDRAWN"
    """The proposal was taken back before it came into service."""


class SuspensionCause(StrEnum):
    FAULT = "FAULT"
    ANOMALY_ORDER = "ANOMALY_ORDER"
    CLEANUP = "CLEANUP"
    RELOCATION = "RELOCATION"
    SIGNAGE = "SIGNAGE"
    OTHER = "OTHER"


class ServiceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something done with a device at an instant (UTC), with the evidence that this step needs."""

    change: ServiceChange
    occurred_at: datetime
    reason: str | None = None
    site_version_id: UUID | None = None
    """PUT_IN_SERVICE, WITHDRAWN: of which site version."""
    cause: SuspensionCause | None = None
    document_no: str | None = None
    """Of the order, the rectification notice, its report, the release or the disposal record."""
    deadline: date | None = None
    """RECTIFYING: last Beijing civil day, inclusive."""
    responsible: str | None = None
    by_supervisor: bool = False
    """SUSPENDED by a supervisor's order: only a supervisor releases."""
    rectified_event: UUID | None = None
    fixed_by: UUID | None = None
    """RESUMED: the report it rests on and who made it, never who releases."""
    id: UUID = msgspec.field(default_factory=uuid4)


class State(StrEnum):
    """Where a device, or one version of its site, is in its life."""

    REGISTERED = "REGISTERED"
    """Known, not in use yet, and in need of no siting."""
    PROPOSED = "PROPOSED"
    LEGAL_REVIEW = "LEGAL_REVIEW"
    """Only the legal review is outstanding."""
    TECHNICAL_REVIEW = "TECHNICAL_REVIEW"
    """Only the technical review is outstanding."""
    APPROVED = "APPROVED"
    ANNOUNCED = "ANNOUNCED"
    IN_SERVICE = "IN_SERVICE"
    SUSPENDED = "SUSPENDED"
    RECTIFYING = "RECTIFYING"
    RETIRED = "RETIRED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
