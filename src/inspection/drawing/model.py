"""The nouns of a drawing. Pools and result are published as they are: no name of a person in them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Sha256Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Step(StrEnum):
    MADE = "MADE"
    FROZEN = "FROZEN"
    """Committed to: pools and seed are fixed, the seed is not told yet."""
    DRAWN = "DRAWN"
    PUBLISHED = "PUBLISHED"


class Candidate(Struct, frozen=True, kw_only=True):
    """An enterprise in the pool. Enterprises are drawn stratum by stratum; weight 2 is drawn twice as readily as 1."""

    uscc: str
    name: str
    address: str = ""
    category: str = ""
    stratum: str = ""
    weight: int = 1


class Conflict(Struct, frozen=True, order=True):
    """The officer does not inspect this enterprise. Why is kept, and not published."""

    officer: UUID
    uscc: str


class Pools(Struct, frozen=True, kw_only=True):
    """From what is drawn, and how much. Lists are in order, so that the same pools have the same digest."""

    drawing: UUID
    title: str
    numbers: dict[str, int]
    """How many enterprises, by stratum."""
    team_size: int
    beacon_source: str | None
    """A public draw of numbers named in advance, whose result is mixed into the keys; None: the seed alone decides."""
    enterprises: tuple[Candidate, ...]
    officers: tuple[UUID, ...]
    conflicts: tuple[Conflict, ...]


class Excluded(Struct, frozen=True, kw_only=True):
    """An officer who was not drawn from, and why (`agency.model.CredentialReason`)."""

    officer: UUID
    reason: str


class Team(Struct, frozen=True, kw_only=True):
    uscc: str
    name: str
    officers: tuple[UUID, ...]


class Result(Struct, frozen=True, kw_only=True):
    """What was drawn, with everything it takes to draw it again from the pools."""

    drawing: UUID
    pools_sha256: Sha256Hex
    commitment: Sha256Hex
    """SHA-256 of the 32 bytes of the seed, as it was told before."""
    seed: Sha256Hex
    beacon: str
    excluded: tuple[Excluded, ...]
    left_out: tuple[str, ...]
    """Enterprises that too few officers may inspect: they were not drawn from."""
    teams: tuple[Team, ...]


class Drawing(Struct, frozen=True, kw_only=True):
    """How far it has come. Instants are UTC."""

    id: UUID
    unit_id: UUID
    title: str
    basis: str
    beacon_source: str | None
    pools_sha256: bytes
    made_at: datetime
    made_by: UUID
    commitment: bytes | None = None
    frozen_at: datetime | None = None
    drawn_at: datetime | None = None
    published_at: datetime | None = None

    @property
    def step(self) -> Step:
        if self.published_at:
            return Step.PUBLISHED
        if self.drawn_at:
            return Step.DRAWN
        return Step.FROZEN if self.frozen_at else Step.MADE
