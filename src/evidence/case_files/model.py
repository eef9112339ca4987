"""Nouns of case files."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct


class CaseFile(Struct, frozen=True, kw_only=True):
    """A case as it was opened. `opened_on` is a Beijing civil day."""

    id: UUID
    number: str
    unit_id: UUID
    title: str
    opened_on: date


class Attached(Struct, frozen=True, kw_only=True):
    evidence_id: UUID
    attached_by: UUID
    attached_at: datetime
