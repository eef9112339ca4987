"""Nouns of clues 线索."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Step(StrEnum):
    """What is done about a clue. The words are `clue-step.<value>`."""

    ACCEPTED = "ACCEPTED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    ASSIGNED = "ASSIGNED"
    LOOKED_INTO = "LOOKED_INTO"
    RESULT = "RESULT"
    REPLIED = "REPLIED"
    TRANSFERRED = "TRANSFERRED"
    EXTENDED = "EXTENDED"
    CLOSED = "CLOSED"
    REPORTER_ERASED = "REPORTER_ERASED"


class Stage(StrEnum):
    """Where a clue stands. The words are `clue-stage.<value>`."""

    REGISTERED = "REGISTERED"
    ACCEPTED = "ACCEPTED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    ASSIGNED = "ASSIGNED"
    LOOKED_INTO = "LOOKED_INTO"
    RESULT = "RESULT"
    TRANSFERRED = "TRANSFERRED"
    REPLIED = "REPLIED"
    CLOSED = "CLOSED"


class Channel(Struct, frozen=True, kw_only=True):
    """Where clues come from. Terms in working days, from the Beijing civil day `holds_from` on."""

    code: str
    holds_from: date
    name_zh: str
    name_en: str
    complaint: bool
    accept_days: int
    reply_days: int | None
    """None: nobody waits for a reply."""
    extension_days: int
    source: str
    """Where the figures come from."""


class Reference(Struct, frozen=True, kw_only=True):
    """What a clue is about: exactly one of these is given."""

    unit_id: UUID | None = None
    officer_id: UUID | None = None
    uscc: str | None = None
    device_tag: str | None = None
    inspection_id: UUID | None = None
    evidence_id: UUID | None = None
    case_id: UUID | None = None

    def named(self) -> dict[str, UUID | str]:
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


class Reporter(Struct, frozen=True):
    """Who told: never for whom it is about, and erased without the clue."""

    name: str
    contact: str

    def __repr__(self) -> str:
        return "Reporter(…)"


class Done(Struct, frozen=True, kw_only=True):
    """A step that was taken. `unit_id` and `person_id`: to whom it was assigned."""

    ordinal: int
    step: Step
    by_id: UUID
    at: datetime
    text: str
    unit_id: UUID | None = None
    person_id: UUID | None = None


class Clue(Struct, frozen=True, kw_only=True):
    """As it came in. Instants UTC."""

    id: UUID
    unit_id: UUID
    channel: Channel
    channel_number: str
    """As the channel numbers it; empty where it does not."""
    received_at: datetime
    text: str
    registered_by: UUID
    registered_at: datetime


class Kept(Struct, frozen=True, kw_only=True):
    """A clue with all that was done about it, oldest first."""

    clue: Clue
    steps: tuple[Done, ...]
    has_reporter: bool


class Dues(Struct, frozen=True):
    """The last Beijing day on which each is in time; None where no term runs, or where it reaches into a year whose
    working days nobody has entered.
    """

    accept_by: date | None
    reply_by: date | None


class Concerned(Struct, frozen=True):
    """Whom a clue is about: officers, also those who captured the evidence that it names, and units."""

    people: frozenset[UUID]
    units: frozenset[UUID]
