"""What the annual report's routes take and give."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from agency.queries import units_by_id
from device_registry.annual_report.http.reaching import Reason
from device_registry.annual_report.model.snapshot import Body, Row, Written
from device_registry.annual_report.model.workflow import Edit, Filing, Report, Stage, Step, Version
from device_registry.annual_report.rules.balance import BreakCause
from device_registry.http.facts import Day
from foundation.database import Database
from foundation.words import Language, say


class NewReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`period_to` is the closing date; left out: today, or the end of the year."""

    unit_id: UUID
    year: Annotated[int, Meta(ge=2000, le=9000, examples=[2026])]
    period_to: Day | None = None


class NewVersionOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason
    period_to: Day | None = None


class NewFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For supervision only; they come from outside the register. The fines are in yuan."""

    captured: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    reviewed: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    used: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    fines: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class NewAttachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document that was added before, by its SHA-256."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class NewWritten(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`revision` is the one that was read: where somebody wrote meanwhile, nothing is saved and the answer says who."""

    revision: Annotated[int, Meta(ge=0, le=10**6)]
    note: Annotated[str, Meta(max_length=4000)] | None = None
    telephone: Annotated[str, Meta(max_length=60)] | None = None
    credit_code: Annotated[str, Meta(max_length=30, examples=["91330100799655058B"])] | None = None
    figures: NewFigures = NewFigures()
    attachments: Annotated[list[NewAttachment], Meta(max_length=100)] = []
    remarks: Annotated[dict[str, Annotated[str, Meta(max_length=500)]], Meta(max_length=5000)] = {}


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """`receipt` is a signed JWS; its key is at `/receipt-keys`."""

    stage: Stage
    stage_name: str
    at: datetime
    by: UUID
    by_name: str
    reason: str | None
    body_sha256: str | None
    receipt: str | None


class FilingShown(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    filed_at: datetime
    late: bool
    snapshot_sha256: str
    size: int


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    stage: Stage
    stage_name: str
    receiver_id: UUID
    period_from: date
    period_to: date
    known_at: datetime
    reason: str | None
    revision: int
    steps: list[StepShown]
    filing: FilingShown | None


class ReportShown(msgspec.Struct, frozen=True, kw_only=True):
    """Names are those of the closing date, in the reader's language."""

    id: UUID
    unit_id: UUID
    unit_name: str
    year: int
    versions: list[VersionShown]


class BreakShown(msgspec.Struct, frozen=True, kw_only=True):
    device_id: UUID
    tag: str
    cause: BreakCause
    words: str


class RowShown(msgspec.Struct, frozen=True, kw_only=True):
    """`words` say in the reader's language why the device is, or is not, reported as new."""

    row: Row
    words: str


class DraftShown(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version as the register fills it, `body.rows` moved into `rows` with their reasons in words."""

    revision: int
    stage: Stage
    body: Body
    rows: list[RowShown]
    breaks: list[BreakShown]
    written: Written
    edits: list[Edit]


class Saved(msgspec.Struct, frozen=True):
    revision: int


async def shown(database: Database, report: Report, language: Language) -> ReportShown:
    async with database.connection() as db:
        units = await units_by_id(db, [report.unit_id], report.latest.period.last)
    unit = units[0] if units else None
    name = (unit.name_zh if language == "zh-CN" else unit.name_en) if unit else str(report.unit_id)
    return ReportShown(
        id=report.id,
        unit_id=report.unit_id,
        unit_name=name,
        year=report.year,
        versions=[_version_shown(version, language) for version in report.versions],
    )


def _version_shown(version: Version, language: Language) -> VersionShown:
    return VersionShown(
        number=version.number,
        stage=version.stage,
        stage_name=say(language, f"annual-report.stage.{version.stage}"),
        receiver_id=version.receiver_id,
        period_from=version.period.first,
        period_to=version.period.last,
        known_at=version.known_at,
        reason=version.reason,
        revision=version.revision,
        steps=[_step_shown(step, language) for step in version.steps],
        filing=None if version.filing is None else _filing_shown(version.filing),
    )


def _filing_shown(filed: Filing) -> FilingShown:
    return FilingShown(
        number=filed.number,
        filed_at=filed.filed_at,
        late=filed.late,
        snapshot_sha256=filed.snapshot_sha256,
        size=filed.size,
    )


def _step_shown(step: Step, language: Language) -> StepShown:
    return StepShown(
        stage=step.stage,
        stage_name=say(language, f"annual-report.stage.{step.stage}"),
        at=step.at,
        by=step.by,
        by_name=step.by_zh if language == "zh-CN" else step.by_en,
        reason=step.reason,
        body_sha256=step.body_sha256,
        receipt=step.receipt,
    )
