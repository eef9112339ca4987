"""Nouns of the court bundle."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from foundation.object_store import StoredObject


class Piece(Struct, frozen=True, kw_only=True):
    """A piece of evidence in an export: what was known then and no checkpoint fixes."""

    evidence_id: UUID
    officer: str
    receipts: list[str]
    size: int | None
    """Of the original; None where its bytes had not come."""
    read_at: datetime | None
    read_outcome: str | None


class Export(Struct, frozen=True, kw_only=True):
    """What a bundle is made of. The same export gives the same bytes, today and in ten years."""

    id: UUID
    reason: str
    log_size: int
    note: str
    """The checkpoint as it was signed (C2SP note)."""
    made_by: UUID
    made_by_name: str
    made_at: datetime
    log_keys: list[str]
    receipt_keys: list[dict[str, Any]]
    pieces: list[Piece]

    @property
    def evidence(self) -> list[UUID]:
        return [piece.evidence_id for piece in self.pieces]


class Stamp(Struct, frozen=True, kw_only=True):
    """The time token in a bundle: over a checkpoint of `size` leaves, before or after the bundle's."""

    size: int
    note: str
    authority: str
    token: bytes
    at: datetime
    trust: str | None
    """Certificates (PEM) that vouch for the authority."""


class State(StrEnum):
    """Of the file. The words are `page.exports.state.<value>`."""

    WAITING = "WAITING"
    WORKING = "WORKING"
    READY = "READY"
    FAILED = "FAILED"
    DROPPED = "DROPPED"
    """It served its time; it can be made again."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far the file of an export is. Bytes are those of originals; `changed_at` is the last sign of life."""

    state: State
    epoch: int
    pieces: int
    pieces_done: int
    bytes_all: int
    bytes_done: int
    sha256: bytes | None
    size: int | None
    failure: str | None
    changed_at: datetime


class File(Struct, frozen=True):
    """One file of the bag: its bytes here, or where the object store has them."""

    name: str
    sha256: bytes
    size: int
    content: bytes | StoredObject
