"""A report on its way: versions, what people wrote, steps taken, filings, roll-ups."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.snapshot import Row, Summary, Written


class Stage(StrEnum):
    """A step of one version; each is taken once, each follows one before."""

    DRAFTED = "DRAFTED"
    CHECKED = "CHECKED"
    SIGNED_OFF = "SIGNED_OFF"
    FILED = "FILED"
    RECEIVED = "RECEIVED"
    RETURNED = "RETURNED"
    """With a reason, by whoever's turn it was; another version follows."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Taken by somebody at an instant (UTC). `body_sha256`: what was checked, signed off or filed."""

    stage: Stage
    at: datetime
    by: UUID
    by_zh: str
    by_en: str
    reason: str | None = None
    body_sha256: str | None = None
    receipt: str | None = None
    """Signed, for filing and reception."""


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    ordinal: int
    filed_at: datetime
    late: bool
    snapshot_sha256: str
    size: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """`known_at`: what the register knew then fills the draft."""

    id: UUID
    number: int
    receiver_id: UUID
    """The government above the unit on the closing date."""
    period: Period
    known_at: datetime
    drafted_by: UUID
    reason: str | None
    revision: int
    """Of what people wrote; an edit names the one it was made on."""
    steps: tuple[Step, ...]
    filing: Filing | None

    @property
    def stage(self) -> Stage:
        return self.steps[-1].stage


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's report of a year; its versions, the oldest first."""

    id: UUID
    unit_id: UUID
    year: int
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        return self.versions[-1]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote what on a draft, and when. `changed` names the fields that differ from the revision before."""

    revision: int
    at: datetime
    by: UUID
    by_zh: str
    by_en: str
    changed: tuple[str, ...]
    written: Written


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is a path such as `particulars.site.address`; values as they stand in the snapshot's JSON."""

    field: str
    before: object
    after: object


class RowChange(msgspec.Struct, frozen=True, kw_only=True):
    device_id: UUID
    tag: str
    fields: tuple[FieldChange, ...]


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """Between two versions of a report, or between a filed one and the register as it is known now."""

    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[RowChange, ...]
    summary: tuple[FieldChange, ...]
    written: tuple[FieldChange, ...]

    @property
    def none(self) -> bool:
        return not (self.added or self.removed or self.changed or self.summary or self.written)


class RollUpState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of a roll-up."""

    unit_id: UUID
    name_zh: str
    name_en: str
    parent_id: UUID | None
    report_id: UUID | None = None
    filing_number: str | None = None
    filed_at: datetime | None = None
    late: bool = False
    stage: Stage | None = None
    """Of the newest version; None: nothing drafted."""
    counted: bool = False
    summary: Summary | None = None
    sound: bool = True
    """The filed bytes have their hash, and their rows give their sums."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A device that went from one unit of the roll-up to another in the period, or that two reports claim."""

    device_id: UUID
    tag: str
    from_unit: str | None
    to_unit: str | None
    claimed_twice: bool
    """Both reports have it; the total counts it in `to_unit`, which holds it at the end."""


class Unreported(msgspec.Struct, frozen=True, kw_only=True):
    """A government that holds monitoring devices itself: it owes no report, so that nobody reports them."""

    unit_id: UUID
    name_zh: str
    name_en: str
    devices: int


class RollUpResult(msgspec.Struct, frozen=True, kw_only=True):
    """`total` is the sum of the counted lines less what was claimed twice."""

    total: Summary
    claimed_twice: Summary
    lines: tuple[Line, ...]
    missing: tuple[UUID, ...]
    """Units without a received report, late or not begun; their names are in `lines`."""
    late: tuple[UUID, ...]
    moves: tuple[Move, ...]
    moved: int
    """All moves; `moves` shows the first of them."""
    balanced: bool
    unreported: tuple[Unreported, ...] = ()


class RollUp(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    unit_id: UUID
    year: int
    requested_at: datetime
    state: RollUpState
    done: int
    total: int
    finished_at: datetime | None
    result: RollUpResult | None
