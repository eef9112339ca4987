"""Nouns: enforcement items 执法事项, empowerment of streets 街道赋权, no-penalty lists, checklists.

All days are Beijing civil days, all spans half-open; `ends` None: for good. What the law says is kept as it says it.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from agency.model import Unit


class Act(StrEnum):
    """What kind of act an item is."""

    INSPECTION = "INSPECTION"
    PENALTY = "PENALTY"
    COERCION = "COERCION"
    OTHER = "OTHER"


class ItemVersion(Struct, frozen=True, kw_only=True):
    """What an item says from `begins` to `ends`: the days on which it is published. The code is opaque."""

    code: str
    act: Act
    name_zh: str
    name_en: str
    legal_basis: str
    unit_id: UUID
    """Whose catalogue it stands in."""
    begins: date
    ends: date | None = None


class Grant(Struct, frozen=True, kw_only=True):
    """The street may carry out the item on these days."""

    id: UUID
    unit_id: UUID
    code: str
    begins: date
    ends: date | None
    basis: str


class ItemReason(StrEnum):
    """Why a unit may not carry out an item on a day."""

    ITEM_UNKNOWN = "ITEM_UNKNOWN"
    ITEM_NOT_PUBLISHED = "ITEM_NOT_PUBLISHED"
    ITEM_NOT_GRANTED = "ITEM_NOT_GRANTED"
    """A street without the empowerment for it."""
    ITEM_OF_ANOTHER_UNIT = "ITEM_OF_ANOTHER_UNIT"
    """It stands in the catalogue of a unit that is neither this one nor above it."""


class ItemFacts(Struct, frozen=True):
    """All there is about an item for a unit: every version, every grant to a street above or at the unit."""

    code: str
    versions: tuple[ItemVersion, ...]
    grants: tuple[Grant, ...]
    lines: dict[date, tuple[Unit, ...]]
    """Of each day asked about: the unit and what it belongs to then, the city last. Empty: it does not stand."""


class ItemStanding(Struct, frozen=True):
    """Whether a unit may carry out an item on some days, and what that rests on.

    No reasons: on each of the days. Reasons and `partly`: on some of them only.
    """

    code: str
    versions: tuple[ItemVersion, ...]
    grants: tuple[Grant, ...]
    reasons: tuple[ItemReason, ...]
    partly: bool


class ItemUse(Struct, frozen=True):
    """What a unit did under an item: when last, and how many inspections it closed."""

    unit_id: UUID
    last_used_on: date
    visits_this_year: int
    visits: int


class UnusedItem(Struct, frozen=True):
    """An item that nobody did anything under since a day. None: never, as far as is known here."""

    item: ItemVersion
    last_used_on: date | None


class NoPenaltyKind(StrEnum):
    FIRST_OFFENCE = "FIRST_OFFENCE"
    """首违不罚: Administrative Penalty Law, art. 33: a first offence, little harm, put right in time."""
    MINOR = "MINOR"
    """轻微免罚: same article: slight, put right in time, no harm done."""


class NoPenaltyEntry(Struct, frozen=True, kw_only=True):
    """An offence under an item that stays without penalty on these conditions."""

    code: str
    kind: NoPenaltyKind
    unit_id: UUID
    item: str
    text: str
    conditions: str
    begins: date
    ends: date | None = None


class Point(Struct, frozen=True, forbid_unknown_fields=True):
    """One point of a checklist."""

    code: str
    text: str
    basis: str


class Checklist(Struct, frozen=True, kw_only=True):
    """What officers go through on site. Its points keep their codes from version to version."""

    code: str
    version: int
    unit_id: UUID
    title: str
    items: tuple[Point, ...]
    item_codes: tuple[str, ...]
    begins: date
    ends: date | None = None
