"""Nouns of the court bundle."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from foundation.object_store import StoredObject


class Export(Struct, frozen=True, kw_only=True):
    """What a bundle is made of. The same export gives the same bytes, today and in ten years."""

    id: UUID
    reason: str
    log_size: int
    note: str
    """The checkpoint as it was signed (C2SP note)."""
    made_by: UUID
    made_at: datetime
    evidence: list[UUID]


class File(Struct, frozen=True):
    """One file of the bag: its bytes here, or where the object store has them."""

    name: str
    sha256: bytes
    size: int
    content: bytes | StoredObject
