"""What a bad finding lays open: everything measured since the instrument was last known to be good."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model.standing import Span


class TraceCause(StrEnum):
    """Why earlier results of a device have to be looked at again."""

    FAILURE = "FAILURE"
    """It failed a verification."""
    OUT_OF_TOLERANCE = "OUT_OF_TOLERANCE"
    """A check in service found what it measures out of tolerance."""
    CLOCK = "CLOCK"
    """A check in service found its clock wrong."""
    SEAL_BROKEN = "SEAL_BROKEN"
    RESULT_WITHDRAWN = "RESULT_WITHDRAWN"
    """A good result was taken back: what had rested on it, and what it had kept out of other windows."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A span in which nobody can say any more that the device was good, and the fact that says so."""

    cause: TraceCause
    cause_fact: UUID
    """For RESULT_WITHDRAWN the result that was taken back."""
    span: Span
    """Half-open; from the last good result on, or from the first civil day there is where none is known."""
    good_fact: UUID | None = None
    """The last good result before it; None: none is known."""
    channel: str = ""
    """Of a failure, where the kind has channels."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A window as it was opened. It never changes: what becomes known later opens others beside it."""

    id: UUID
    device_id: UUID
    window: Window
    opened_at: datetime
    opened_by: UUID | None
