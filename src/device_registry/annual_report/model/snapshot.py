"""What a filed report is: frozen, complete in itself, the only source of every file made of it.

Field names and their order are part of the format: `FORMAT` changes with them. Days are Beijing civil days.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from agency.model import UnitKind
from device_registry.annual_report.model.movement import Flow, Period
from device_registry.model import Aspect, BasisLevel, Mounting, Place, Requirement

FORMAT = "plumbline-annual-report-1"


class Decision(StrEnum):
    INCLUDED = "INCLUDED"
    LISTED_APART = "LISTED_APART"
    EXCLUDED = "EXCLUDED"


class Inclusion(StrEnum):
    """Why a device is, or is not, one of the year's new devices."""

    NEW = "NEW"
    LATE_ADDITION = "LATE_ADDITION"
    RELOCATED = "RELOCATED"
    REPLACEMENT = "REPLACEMENT"
    IN_SERVICE_BEFORE = "IN_SERVICE_BEFORE"
    RESUMED = "RESUMED"
    SITE_CHANGED = "SITE_CHANGED"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"
    NOT_IN_SERVICE = "NOT_IN_SERVICE"
    MOVED_IN = "MOVED_IN"
    MOVED_OUT = "MOVED_OUT"
    NOT_MONITORING = "NOT_MONITORING"


class Verification(StrEnum):
    """What the instrument's papers said at the end of the period."""

    VALID = "VALID"
    OVERDUE = "OVERDUE"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    NEVER = "NEVER"
    NOT_REQUIRED = "NOT_REQUIRED"
    NO_REGULATION = "NO_REGULATION"


class UnitThen(msgspec.Struct, frozen=True):
    """A unit as it stood on the closing date."""

    id: UUID
    kind: UnitKind
    name_zh: str
    name_en: str
    division_code: str | None


class ReviewThen(msgspec.Struct, frozen=True, kw_only=True):
    aspect: Aspect
    reviewing_body: str
    reviewed_on: date
    document_no: str


class AnnouncementThen(msgspec.Struct, frozen=True, kw_only=True):
    announced_on: date
    channel: str
    url: str | None


class SiteThen(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    road: str | None = None
    direction: str | None = None
    lane: str | None = None
    place: Place | None = None
    spacing_metres: int | None = None
    speed_limit: int | None = None
    monitored_items: tuple[str, ...] = ()
    basis_name: str | None = None
    basis_article: str | None = None
    basis_level: BasisLevel | None = None
    necessity: str | None = None
    funding: str | None = None
    reviews: tuple[ReviewThen, ...] = ()
    announcement: AnnouncementThen | None = None
    signs_checked_on: date | None = None
    signs_clear: bool | None = None


class CertificateThen(msgspec.Struct, frozen=True, kw_only=True):
    channel: str
    regulation: str | None
    issuing_body: str
    certificate_no: str
    verified_on: date
    valid_until: date


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of the form about a new device, from the register."""

    model: str
    serial_no: str
    maker: str
    mounting: Mounting
    requirement: Requirement
    regulation: str | None
    site: SiteThen | None
    certificates: tuple[CertificateThen, ...]
    in_service_on: date | None
    replaces: str | None = None
    """The tag of the device whose place it took."""


class MovementThen(msgspec.Struct, frozen=True, kw_only=True):
    flow: Flow
    on: date
    document_no: str | None = None
    other_unit: str | None = None
    automatic: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A device that the unit held in the period: is it reported as new, why, and what it did to the balance."""

    device_id: UUID
    tag: str
    kind: str
    kind_zh: str
    kind_en: str
    decision: Decision
    reason: Inclusion
    on: date | None = None
    late_addition: bool = False
    other_unit: str | None = None
    at_opening: bool = False
    """In service with this unit when the period began."""
    at_closing: bool = False
    stopped_at_closing: bool = False
    """With this unit at the end, out of service and not retired."""
    movements: tuple[MovementThen, ...] = ()
    verification: Verification | None = None
    """At the end of the period; of devices in service or stopped then."""
    retired_from_stop: bool = False
    """Retired in the period out of a suspension that began before it: it left no stock of this year."""
    particulars: Particulars | None = None
    """Of included devices and those listed apart."""
    remark: str | None = None


class VerificationCounts(msgspec.Struct, frozen=True, kw_only=True):
    """`must` = valid + overdue + failed + voided + never."""

    must: int = 0
    valid: int = 0
    overdue: int = 0
    failed: int = 0
    voided: int = 0
    never: int = 0
    not_required: int = 0
    no_regulation: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """opening + new + replaced + relocated + resumed + moved_in − suspended − retired − relocated_away − moved_out
    = closing. All of it is counted from the rows.
    """

    opening: int
    new: int
    replaced: int
    relocated: int
    resumed: int
    moved_in: int
    suspended: int
    retired: int
    relocated_away: int
    moved_out: int
    closing: int
    included: int
    """Rows reported as new."""
    late_additions: int
    listed_apart: int
    verification: VerificationCounts
    """Of the devices in service at the end."""
    stopped: int
    """Out of service at the end, not retired."""
    stopped_verification: VerificationCounts
    retired_from_stop: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """For supervision only, supplied from outside the register; never a ranking. The fines are in yuan."""

    captured: int | None = None
    reviewed: int | None = None
    used: int | None = None
    fines: int | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    sha256: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What people add to what the register says. `remarks` are by device id."""

    note: str | None = None
    telephone: str | None = None
    credit_code: str | None = None
    """统一社会信用代码 of the unit."""
    figures: Figures = Figures()
    attachments: tuple[Attachment, ...] = ()
    remarks: dict[str, str] = {}


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """Last year's received report beside this year's opening: tags that were in service then and are not now, and
    the other way round, because something became known later.
    """

    filing_number: str
    closing: int
    gone: tuple[str, ...]
    come: tuple[str, ...]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """All that is checked and signed off: the same period, unit and known_at give the same bytes."""

    format: str = FORMAT
    unit: UnitThen
    receiver: UnitThen
    year: int
    period_from: date
    period_to: date
    known_at: datetime
    version: int
    supersedes: str | None
    """The filing number of the version that this one amends."""
    reason: str | None
    """Why there is another version than the first."""
    nil: bool
    previous: Previous | None
    summary: Summary
    rows: tuple[Row, ...]
    note: str | None
    credit_code: str | None
    telephone: str | None
    figures: Figures
    attachments: tuple[Attachment, ...]

    @property
    def period(self) -> Period:
        return Period(self.year, self.period_from, self.period_to)


class Signatories(msgspec.Struct, frozen=True, kw_only=True):
    """填表人, 审核人, 单位负责人 as they were called on the day."""

    drafted_by: str
    checked_by: str
    signed_off_by: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    body: Body
    signatories: Signatories
    filing_number: str
    filed_at: datetime
    late: bool
    """Filed after the deadline; the day is the day it was."""
