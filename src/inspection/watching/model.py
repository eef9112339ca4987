"""Nouns of watching."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from agency.model import Role
from device_registry.http.reaching import READERS as DEVICE_READERS
from evidence.case_files.attaching import WHO_READS_CASES
from evidence.clues.access import HANDLERS
from inspection.http import WHO_LOOKS


class Kind(StrEnum):
    """What can be watched. The words are `watch-kind.<value>`."""

    EVIDENCE = "EVIDENCE"
    DEVICE = "DEVICE"
    INSPECTION = "INSPECTION"
    CASE = "CASE"
    CLUE = "CLUE"
    UNIT = "UNIT"
    OFFICER = "OFFICER"
    SEARCH = "SEARCH"


_SUPERVISING = (Role.SUPERVISOR, Role.LEGAL_REVIEWER, Role.TECHNICAL_REVIEWER)
WHO_WATCHES: dict[Kind, tuple[Role, ...]] = {
    Kind.EVIDENCE: _SUPERVISING,
    Kind.DEVICE: DEVICE_READERS,
    Kind.INSPECTION: tuple(role for role in WHO_LOOKS if role is not Role.FIELD_OFFICER),
    Kind.CASE: tuple(role for role in WHO_READS_CASES if role is not Role.FIELD_OFFICER),
    Kind.CLUE: HANDLERS,
    Kind.UNIT: _SUPERVISING,
    Kind.OFFICER: _SUPERVISING,
    Kind.SEARCH: _SUPERVISING,
}
"""Those who may read it and have an inbox, which is at a desk."""
WATCHERS = tuple(dict.fromkeys(role for roles in WHO_WATCHES.values() for role in roles))


class Search(Struct, frozen=True, kw_only=True):
    """Evidence of which something is decided; every condition narrows, at least one is given."""

    unit_id: UUID | None = None
    officer_id: UUID | None = None
    device_tag: str | None = None
    state: str | None = None
    """ADMITTED, HELD or UNDETERMINED."""

    @property
    def asks(self) -> bool:
        return any((self.unit_id, self.officer_id, self.device_tag, self.state))


class Watch(Struct, frozen=True, kw_only=True):
    id: UUID
    person_id: UUID
    kind: Kind
    subject_id: UUID | None
    search: Search
    label: str
    """What the watcher reads of it: a tag, a number, a name. Not kept up to date."""
    begun_at: datetime


class Subject(NamedTuple):
    """What is watched: the units that must be reached, one is enough, and its words."""

    units: Sequence[UUID]
    label: str
    tag: str | None = None


class Hit(NamedTuple):
    """Something that a watcher is to hear of; `times` in one reading of the histories."""

    watch: Watch
    what_key: str
    """A key of the catalogues."""
    path: str
    once: str
    times: int
    unit_id: UUID | None
    """Of the evidence it happened to; None where it happened to none."""
