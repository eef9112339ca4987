"""Nouns of planning. Days are Beijing civil days, both ends included."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from inspection.model import Enterprise, Source, State


class Plan(Struct, frozen=True, kw_only=True):
    """检查计划: which enterprises a unit visits in a period, for which items."""

    id: UUID
    unit_id: UUID
    title: str
    source: Source
    begins: date
    ends: date
    items: list[str]
    checklist: str
    published_on: date
    counts: bool
    """Whether its visits count toward the yearly cap where officers tell nothing else."""
    counts_why: str
    targets: list[Enterprise]


class Row(Struct, frozen=True, kw_only=True):
    """An inspection in a list."""

    id: UUID
    unit_id: UUID
    source: Source
    title: str
    due_on: date | None
    enterprise: Enterprise
    state: State
    conflicts: int
    officers: list[UUID]
    approved_at: datetime | None
    joint_id: UUID | None
    created_at: datetime


class Visit(Struct, frozen=True, kw_only=True):
    """Somebody was there, or is to be. `at` is the earliest instant of anything told of it, None before that."""

    inspection_id: UUID
    unit_id: UUID
    source: Source
    title: str
    joint_id: UUID | None
    due_on: date | None
    at: datetime | None
    counts: bool


class Merge(Struct, frozen=True, kw_only=True):
    """A proposal that two visits be one; `agreed` None while nobody has answered."""

    id: UUID
    lead_id: UUID
    lead_unit: UUID
    other_id: UUID
    other_unit: UUID
    enterprise: Enterprise
    proposed_by: UUID
    proposed_at: datetime
    agreed: bool | None
    ended_at: datetime | None
