"""A device in one line, for lists: derived from its facts whenever one is recorded."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model.service import State


class LastResult(StrEnum):
    """What the last thing known about the instrument says, all channels together; the worst of them."""

    NONE = "NONE"
    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    VOIDED = "VOIDED"
    CONCLUDED = "CONCLUDED"
    """Needs no verification, and a written conclusion says so."""


class Awaiting(StrEnum):
    """The step somebody has to take next."""

    LEGAL_REVIEW = "LEGAL_REVIEW"
    TECHNICAL_REVIEW = "TECHNICAL_REVIEW"
    ANNOUNCEMENT = "ANNOUNCEMENT"
    PUTTING_IN_SERVICE = "PUTTING_IN_SERVICE"
    RECTIFICATION = "RECTIFICATION"
    RELEASE = "RELEASE"


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Instants UTC. What passes with time (an expiry) is for the reader to compare with the present."""

    state: State
    """By the history alone: a device IN_SERVICE whose `in_service_until` has passed is suspended by itself."""
    awaiting: tuple[Awaiting, ...]
    site_version_id: UUID | None
    """In force, or the newest where none is yet: where the device is shown."""
    proposed_number: int | None
    """The site version under way, if one is."""
    verified_until: datetime | None
    """End of the last verified span, not included; None: never verified."""
    last_result: LastResult
    last_certificate_no: str | None
    in_service_from: datetime | None
    in_service_until: datetime | None
    """End of the last service period; datetime.max: open."""
    first_in_service_at: datetime | None
    announced_on: date | None
    """Of that site version."""
    sign_checked_on: date | None
    """When the signs were last looked at and found clear; None: the last look found them otherwise."""
    deadline: date | None
    """Of the rectification under way."""
