"""Nouns of the self-proof."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Step(StrEnum):
    """A guard and how it is tried, in the order in which they are. The words are `self-proof.step.<value>`."""

    COMMITMENT = "commitment"
    OTHER_BYTES = "other-bytes"
    UPLOAD = "upload"
    ADMITTED = "admitted"
    HELD = "held"
    ADMISSION_FORCED = "admission-forced"
    CASE_FORCED = "case-forced"
    REMOVAL = "removal"
    SHORTENING = "shortening"
    ROWS = "rows"
    GUARDS = "guards"
    READ_BACK = "read-back"
    LOGGED = "logged"
    GREW = "grew"
    PUBLISHED = "published"
    BUNDLE = "bundle"


class Tried(NamedTuple):
    """`detail` says what was found where it did not hold, for those who mend it."""

    step: Step
    held: bool
    detail: str
    took_ms: int


class Cycle(NamedTuple):
    """All steps, each tried once."""

    id: UUID
    ended_at: datetime
    steps: list[Tried]

    @property
    def failed(self) -> list[Tried]:
        return [one for one in self.steps if not one.held]


class Light(StrEnum):
    GREEN = "GREEN"
    RED = "RED"
    AMBER = "AMBER"
    """Nothing is known: the last cycle is too long ago, or there was none."""
