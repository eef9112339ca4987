"""Nouns of the log."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

SALT_BYTES = 16
"""128 bits: nobody tries all salts for a guessed name."""


class Field(StrEnum):
    """What of an entry may tell of a person. The leaf holds a commitment in its place."""

    ACTOR = "actor"
    PHONE = "phone"
    DETAILS = "details"


class LoggedEntry(NamedTuple):
    """A custody entry as the log sees it. `details` is the text that PostgreSQL prints of it, never parsed here."""

    id: int
    evidence_id: UUID | None
    event: str
    actor_id: UUID | None
    phone_id: UUID | None
    at: datetime
    details: str


class Salts(NamedTuple):
    """None where value and salt were erased."""

    actor: bytes | None
    phone: bytes | None
    details: bytes | None


class Commitments(NamedTuple):
    """What stands in the leaf for each personal field."""

    actor: bytes
    phone: bytes
    details: bytes


class Checkpoint(NamedTuple):
    """The log's size and the root over so many leaves; `origin` is the log's name."""

    origin: str
    size: int
    root: bytes
