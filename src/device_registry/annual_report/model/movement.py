"""A device's life as the report sees it: steps, spans in service, the units that held it, and what moved the stock."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from device_registry.model import ServiceChange, Span
from foundation.civil import beginning_of, end_of


class Period(NamedTuple):
    """The days a report is about, both included, Beijing. `year` is the one it is due in."""

    year: int
    first: date
    last: date

    @property
    def opens(self) -> datetime:
        return beginning_of(self.first)

    @property
    def closes(self) -> datetime:
        """The first instant after the period (UTC)."""
        return end_of(self.last)


class Flow(StrEnum):
    """What adds a device to the stock in service, or takes it away."""

    NEW = "NEW"
    REPLACEMENT = "REPLACEMENT"
    """First in service, in the place of another, like for like."""
    RELOCATED = "RELOCATED"
    """In service at another site: a new site."""
    RESUMED = "RESUMED"
    MOVED_IN = "MOVED_IN"
    SUSPENDED = "SUSPENDED"
    """Out of service, by an order or by itself."""
    RETIRED = "RETIRED"
    RELOCATED_AWAY = "RELOCATED_AWAY"
    """The old site of a device that was put in service elsewhere without a suspension between."""
    MOVED_OUT = "MOVED_OUT"


ADDS = frozenset({Flow.NEW, Flow.REPLACEMENT, Flow.RELOCATED, Flow.RESUMED, Flow.MOVED_IN})
STARTS = frozenset({Flow.NEW, Flow.REPLACEMENT})


def sign(flow: Flow) -> int:
    return 1 if flow in ADDS else -1


class Step(NamedTuple):
    """Something that happened to a device at an instant (UTC). `change` None: suspended by itself, by a lapse."""

    at: datetime
    change: ServiceChange | None
    site_id: UUID | None = None
    """PUT_IN_SERVICE: at which version of its site."""
    document_no: str | None = None


class Held(NamedTuple):
    """The unit that held the device on these Beijing civil days, half-open; None: open."""

    unit_id: UUID
    begins: date | None
    ends: date | None

    def on(self, day: date) -> bool:
        return (self.begins is None or self.begins <= day) and (self.ends is None or day < self.ends)


class Life(NamedTuple):
    """`steps` and `served` say the same from two sides: what was done, and the spans in service that the register
    derives. They are compared, never taken from each other.
    """

    monitoring: bool
    """Fixed, mobile or on a vehicle: an electronic monitoring device. What is held in the hand is none."""
    steps: tuple[Step, ...]
    served: tuple[Span, ...]
    held: tuple[Held, ...]
    replaces: UUID | None = None
    sites: dict[UUID, str] = {}  # noqa: RUF012 - never changed
    """Site version → its place in words; the same words: the same place."""

    def holder(self, day: date) -> UUID | None:
        return next((held.unit_id for held in self.held if held.on(day)), None)


class Movement(NamedTuple):
    """One change of a unit's stock. `other_unit` is where a device came from or went to."""

    flow: Flow
    at: datetime
    document_no: str | None = None
    other_unit: UUID | None = None
    automatic: bool = False
