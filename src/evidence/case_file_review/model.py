"""Nouns of the review of case files. Instants are UTC, days Beijing civil days, periods half-open."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct


class ItemKind(StrEnum):
    POINTS = "POINTS"
    CAP = "CAP"
    """Found: the file is not rated better than `Sheet.capped_at`, whatever its points."""
    VETO = "VETO"
    """一票否决: found, the file fails."""


class Grade(StrEnum):
    """From the best on."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    PASSED = "PASSED"
    FAILED = "FAILED"


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`points`: the most it gives; 0 unless it is of POINTS."""

    code: str
    kind: ItemKind
    zh: str
    en: str
    basis: str
    points: int = 0


class Sheet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a review sheet. `bounds`: the fewest points of each grade but FAILED."""

    code: str
    version: int
    zh: str
    en: str
    bounds: dict[Grade, int]
    capped_at: Grade
    items: tuple[Item, ...]


class Kind(StrEnum):
    COMPREHENSIVE = "COMPREHENSIVE"
    ENTERPRISES = "ENTERPRISES"
    """Of files about enterprises: 武汉市提升行政执法质量 asks for both each year."""


class Day(StrEnum):
    """Which day of a file counts for the period."""

    CLOSED = "CLOSED"
    OPENED = "OPENED"


class Terms(Struct, frozen=True, kw_only=True):
    """What was fixed when the seed was committed to; published as canonical JSON.

    Of each unit `number` files, or `share` per cent of them rounded up; all where it has fewer.
    """

    review: UUID
    unit: UUID
    title: str
    basis: str
    kind: Kind
    units: tuple[UUID, ...]
    day: Day
    begins: date
    ends: date
    number: int | None
    share: int | None
    sheet: str
    """SHA-256 of the sheet, hexadecimal."""
    reviewers_each: int
    beacon_source: str | None


class File(Struct, frozen=True, order=True):
    case: UUID
    unit: UUID


class Barred(Struct, frozen=True, order=True):
    """A reviewer who does not review that file."""

    case: UUID
    reviewer: UUID


class Frame(Struct, frozen=True, kw_only=True):
    """What there was to draw from when the period was over. Nothing personal but ids is in it."""

    review: UUID
    terms_sha256: str
    files: tuple[File, ...]
    reviewers: tuple[UUID, ...]
    barred: tuple[Barred, ...]


class Drawn(Struct, frozen=True):
    case: UUID
    unit: UUID
    reviewers: tuple[UUID, ...]


class Result(Struct, frozen=True, kw_only=True):
    """What was drawn, and everything it takes to reckon it again from terms and frame."""

    review: UUID
    terms_sha256: str
    frame_sha256: str
    commitment: str
    seed: str
    beacon: str
    files: tuple[Drawn, ...]


class Bar(StrEnum):
    """Why somebody does not review a file."""

    OWN_UNIT = "OWN_UNIT"
    SUBORDINATE = "SUBORDINATE"
    OFFICER = "OFFICER"
    OPENED = "OPENED"
    ATTACHED = "ATTACHED"
    DECLARED = "DECLARED"


class Judged(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One item: `points` where it gives points, `found` where it does not. What is amiss needs its reason."""

    code: str
    points: int | None = None
    found: bool | None = None
    reason: str = ""


class Judgement(Struct, frozen=True, kw_only=True):
    reviewer_id: UUID
    items: tuple[Judged, ...]
    judged_at: datetime


class Finding(NamedTuple):
    item: Item
    reviewer_id: UUID
    lost: int
    reason: str


class Mark(Struct, frozen=True, kw_only=True):
    """Of all judgements of a file: the mean of their points; a veto or a cap of one is one of all."""

    score: float
    grade: Grade
    vetoed: tuple[str, ...]
    capped: tuple[str, ...]


class Step(StrEnum):
    RUNNING = "RUNNING"
    """The seed is committed to, the period not over."""
    TO_DRAW = "TO_DRAW"
    DRAWN = "DRAWN"
    JUDGED = "JUDGED"
    SETTLED = "SETTLED"
    """Every file with a finding had its order, and every order is closed."""


class Review(Struct, frozen=True, kw_only=True):
    """A campaign, and how far it has come. The seed is not in it."""

    id: UUID
    unit_id: UUID
    terms: Terms
    terms_sha256: bytes
    commitment: bytes
    ends_at: datetime
    committed_at: datetime
    committed_by: UUID
    custody_entry_id: int
    drawn_at: datetime | None
    files: int
    to_judge: int
    """Judgements that are not here yet."""
    to_order: int
    """Files with findings and without an order, once all is judged."""
    orders_open: int

    def step(self, now: datetime) -> Step:
        if self.drawn_at is None:
            return Step.RUNNING if now < self.ends_at else Step.TO_DRAW
        if self.to_judge:
            return Step.DRAWN
        return Step.JUDGED if self.to_order or self.orders_open else Step.SETTLED


class OrderState(StrEnum):
    OPEN = "OPEN"
    REPLIED = "REPLIED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    CLOSED = "CLOSED"


class Reply(Struct, frozen=True, kw_only=True):
    """With what was decided of it, null while nothing was."""

    ordinal: int
    text: str
    documents: tuple[str, ...]
    replied_at: datetime
    replied_by: UUID
    accepted: bool | None
    reason: str | None
    decided_at: datetime | None
    decided_by: UUID | None


class Order(Struct, frozen=True, kw_only=True):
    """责令整改 of what was found in a file. `due_on` is the last day, inclusive."""

    id: UUID
    review_id: UUID
    case_id: UUID
    number: str
    """Of the case."""
    unit_id: UUID
    orderer_id: UUID
    """The unit of the campaign."""
    title: str
    demand: str
    due_on: date
    ordered_at: datetime
    ordered_by: UUID
    state: OrderState
    closed_at: datetime | None
    closed_by: UUID | None

    def overdue(self, today: date) -> bool:
        return self.state in (OrderState.OPEN, OrderState.RETURNED) and self.due_on < today
