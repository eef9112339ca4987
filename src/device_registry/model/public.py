"""What the public is told of a device that was announced; nothing else of it leaves without a sign-in."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model.device import Place, Requirement
from device_registry.model.overview import LastResult
from device_registry.model.service import State
from device_registry.model.siting import Notice


class Use(StrEnum):
    """Whether an announced device works at its site."""

    ANNOUNCED = "ANNOUNCED"
    """Not in use yet."""
    IN_SERVICE = "IN_SERVICE"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"
    """Its announcement was taken back."""
    RETIRED = "RETIRED"


class ValidityTold(StrEnum):
    """Where its verification is, in what anybody understands."""

    VALID = "VALID"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    NEVER = "NEVER"
    NOT_REQUIRED = "NOT_REQUIRED"
    NO_REGULATION = "NO_REGULATION"
    """No regulation exists to verify it by; a written conclusion says why it is trusted."""
    CONCLUSION_MISSING = "CONCLUSION_MISSING"
    """It is said to need no verification, and nobody has written why."""


class Purpose(StrEnum):
    """What a channel to the authority is for (Administrative Penalty Law, art. 41: to ask, to state one's case)."""

    QUERY = "QUERY"
    STATEMENT = "STATEMENT"
    COMPLAINT = "COMPLAINT"


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where people turn to, as a unit says it for all devices of its own and of what is below it."""

    unit_id: UUID
    purpose: Purpose
    words_zh: str
    words_en: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """An announced version of a device's site."""

    address: str
    road: str | None
    direction: str | None
    place: Place | None
    monitored_items: tuple[str, ...]
    speed_limit: int | None
    """km/h."""
    announced_on: date
    withdrawn: bool
    in_use_since: datetime | None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """An announced device: the site it serves or served at last, among those that were announced."""

    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    requirement: Requirement
    state: State
    """By the history alone; what has passed with time is for `rules.state_now`."""
    in_service_until: datetime | None
    verified_until: datetime | None
    last_result: LastResult
    site: Site


class NoticeTold(msgspec.Struct, frozen=True, kw_only=True):
    """That a site was given up, or a device stopped, as the public was told."""

    tag: str
    kind: str
    unit_id: UUID
    site_number: int
    notice: Notice
    announced_on: date
    channel: str
    url: str | None
    content: str
    address: str
    direction: str | None
