"""The nouns of working lists and of planned verifications."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model import LastResult, State


class WorkingList(StrEnum):
    """Which devices wait for something. An instant decides, so a list is right tomorrow without being written."""

    PAST_DUE = "PAST_DUE"
    DUE_30 = "DUE_30"
    """Valid today, for the last time within 30 days; so is everything in it also in the two that follow."""
    DUE_60 = "DUE_60"
    DUE_90 = "DUE_90"
    NO_PLAN = "NO_PLAN"
    """In service, past due or due within 90 days, and no verification is planned."""
    AT_BODY = "AT_BODY"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    NEVER_VERIFIED = "NEVER_VERIFIED"
    NOT_ANNOUNCED = "NOT_ANNOUNCED"
    """Approved and to be announced, or in use though nobody told the public."""
    SIGN_CHECK_OLD = "SIGN_CHECK_OLD"
    SUSPENDED_BY_ITSELF = "SUSPENDED_BY_ITSELF"
    AWAITING_RELEASE = "AWAITING_RELEASE"


class PlanStep(StrEnum):
    PLANNED = "PLANNED"
    SENT = "SENT"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class PlanEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a planned verification. `day` is a Beijing civil day: planned for, sent, returned or cancelled on."""

    step: PlanStep
    day: date
    body: str | None = None
    """The verification body; PLANNED and SENT name it."""
    remark: str | None = None


class PlanHistory(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with who recorded it and when."""

    id: UUID
    step: PlanStep
    day: date
    body: str | None
    remark: str | None
    known_from: datetime
    recorded_by: UUID


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A device in a working list."""

    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    state: State
    last_result: LastResult
    address: str | None
    valid_until: date | None
    """Last valid day of the last verification, inclusive."""
    plan_step: PlanStep | None
    """Of the plan under way."""
    plan_day: date | None
    plan_body: str | None
    day: date | None
    """The day by which the list is sorted: what it means differs from list to list."""
    days_left: int | None
    """From today to `day`; negative: since."""
