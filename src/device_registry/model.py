"""The nouns of the device registry: devices, their kinds, the facts about them, and the standing that follows."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import msgspec


class Requirement(StrEnum):
    """Whether law asks for the verification of an instrument. Only MANDATORY ones need certificates."""

    MANDATORY = "MANDATORY"
    NOT_REQUIRED = "NOT_REQUIRED"
    """It measures nothing that must be verified; a written conclusion says so."""
    NO_REGULATION = "NO_REGULATION"
    """It measures, and no verification regulation exists yet; a written technical conclusion says why it is trusted."""


class Mounting(StrEnum):
    FIXED = "FIXED"
    MOBILE = "MOBILE"
    HANDHELD = "HANDHELD"
    VEHICLE = "VEHICLE"


class Datum(StrEnum):
    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


class Confidence(StrEnum):
    CONFIRMED = "CONFIRMED"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Nature(StrEnum):
    VERIFICATION = "VERIFICATION"
    CALIBRATION = "CALIBRATION"
    """校准: values without a conclusion. It never satisfies a legal verification."""


class Occasion(StrEnum):
    INITIAL = "INITIAL"
    SUBSEQUENT = "SUBSEQUENT"
    AFTER_REPAIR = "AFTER_REPAIR"
    WITHIN_VALIDITY = "WITHIN_VALIDITY"
    ARBITRATION = "ARBITRATION"


class VoidCause(StrEnum):
    """What ends a verification before its last valid day."""

    REPAIR = "REPAIR"
    SEAL_BROKEN = "SEAL_BROKEN"
    RELOCATION = "RELOCATION"
    FIRMWARE = "FIRMWARE"


class ServiceChange(StrEnum):
    PUT_IN_SERVICE = "PUT_IN_SERVICE"
    SUSPENDED = "SUSPENDED"
    RESUMED = "RESUMED"
    RETIRED = "RETIRED"


class DeviceKind(msgspec.Struct, frozen=True):
    """An entry of the catalogue. `max_interval_months` is the regulation's longest interval; it only warns."""

    code: str
    name_zh: str
    name_en: str
    requirement: Requirement
    channels: tuple[str, ...]
    """Measured channels that each need a pass of their own; empty: the instrument is verified as a whole."""
    regulation: str | None
    max_interval_months: int | None
    interval_confidence: Confidence | None
    source: str
    source_confidence: Confidence
    note: str | None
    effective_from: date


class Place(msgspec.Struct, frozen=True):
    """Degrees in the datum named; a pair of numbers without its datum is up to 700 m wrong in China."""

    longitude: float
    latitude: float
    datum: Datum


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device with what its kind says about it."""

    id: UUID
    tag: str
    kind: str
    kind_zh: str
    kind_en: str
    channels: tuple[str, ...]
    max_interval_months: int | None
    serial_no: str
    model: str
    maker: str
    unit_id: UUID
    mounting: Mounting
    address: str | None
    place: Place | None
    requirement: Requirement
    verification_needed: bool
    registered_at: datetime


class VerificationCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """检定证书 with a pass (or 校准证书). Both days are Beijing civil days, `valid_until` inclusive."""

    verified_on: date
    valid_until: date
    certificate_no: str
    issuing_body: str
    occasion: Occasion = Occasion.SUBSEQUENT
    nature: Nature = Nature.VERIFICATION
    channel: str = ""
    regulation: str | None = None
    issued_sequence: int | None = None
    """Orders the results of one day; None where the order is unknown, and then the stricter reading wins."""
    document_sha256: bytes | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class VerificationFailureNotice(msgspec.Struct, frozen=True, kw_only=True):
    """检定结果通知书: the instrument failed. It has no last valid day."""

    failed_on: date
    notice_no: str
    issuing_body: str
    channel: str = ""
    regulation: str | None = None
    failed_items: str | None = None
    issued_sequence: int | None = None
    document_sha256: bytes | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class VoidEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something after which the last pass says nothing any more: it counts for every channel, from that instant."""

    cause: VoidCause
    occurred_at: datetime
    remark: str | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class ServiceEvent(msgspec.Struct, frozen=True, kw_only=True):
    change: ServiceChange
    occurred_at: datetime
    reason: str | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class WrittenConclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Why a device needs no verification. It holds from the beginning of `concluded_on`, a Beijing civil day."""

    requirement: Requirement
    document_no: str
    conclusion: str
    concluded_on: date
    id: UUID = msgspec.field(default_factory=uuid4)


Fact = VerificationCertificate | VerificationFailureNotice | VoidEvent | ServiceEvent | WrittenConclusion


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known about one device, in no particular order. `channels` are those of its kind."""

    channels: tuple[str, ...] = ()
    certificates: tuple[VerificationCertificate, ...] = ()
    failure_notices: tuple[VerificationFailureNotice, ...] = ()
    void_events: tuple[VoidEvent, ...] = ()
    service_events: tuple[ServiceEvent, ...] = ()
    written_conclusions: tuple[WrittenConclusion, ...] = ()

    def and_(self, fact: Fact) -> "Facts":
        """The facts with one more."""
        match fact:
            case VerificationCertificate():
                return msgspec.structs.replace(self, certificates=(*self.certificates, fact))
            case VerificationFailureNotice():
                return msgspec.structs.replace(self, failure_notices=(*self.failure_notices, fact))
            case VoidEvent():
                return msgspec.structs.replace(self, void_events=(*self.void_events, fact))
            case ServiceEvent():
                return msgspec.structs.replace(self, service_events=(*self.service_events, fact))
            case WrittenConclusion():
                return msgspec.structs.replace(self, written_conclusions=(*self.written_conclusions, fact))


class Interval(msgspec.Struct, frozen=True):
    """When something was captured, as far as that can be known: both instants included. UTC."""

    earliest: datetime
    latest: datetime

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"{self.latest} is before {self.earliest}")


class Span(msgspec.Struct, frozen=True):
    """Half-open [begins, ends) in UTC; `ends` None: open."""

    begins: datetime
    ends: datetime | None


class VerifiedPeriod(msgspec.Struct, frozen=True):
    """Half-open [begins, ends) in UTC; `certificates` are those that hold in it, one a channel, in their order."""

    begins: datetime
    ends: datetime
    certificates: tuple[UUID, ...]


class Outcome(StrEnum):
    IN_STANDING = "IN_STANDING"
    NOT_IN_STANDING = "NOT_IN_STANDING"
    UNDETERMINED = "UNDETERMINED"
    """The capture interval straddles an edge: for part of it the device was in standing."""


class Reason(StrEnum):
    """Why a device is not in standing."""

    DEVICE_UNKNOWN = "DEVICE_UNKNOWN"
    DEVICE_NOT_IN_SERVICE = "DEVICE_NOT_IN_SERVICE"
    DEVICE_SUSPENDED = "DEVICE_SUSPENDED"
    DEVICE_RETIRED = "DEVICE_RETIRED"
    NEVER_VERIFIED = "NEVER_VERIFIED"
    VERIFICATION_OVERDUE = "VERIFICATION_OVERDUE"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    VERIFICATION_VOIDED = "VERIFICATION_VOIDED"
    CONCLUSION_MISSING = "CONCLUSION_MISSING"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason with the fact behind it, complete in itself, so that it can be frozen and read years later."""

    reason: Reason
    tag: str
    kind_zh: str = ""
    kind_en: str = ""
    channel: str = ""
    fact_id: UUID | None = None
    document_no: str | None = None
    """Of the certificate or the failure notice."""
    valid_until: date | None = None
    days_overdue: int | None = None
    failed_on: date | None = None
    cause: VoidCause | None = None
    occurred_at: datetime | None = None


class InForce(msgspec.Struct, frozen=True):
    """A certificate that holds during (part of) the capture interval."""

    id: UUID
    channel: str
    certificate_no: str
    verified_on: date
    valid_until: date


class Caution(msgspec.Struct, frozen=True):
    """A certificate that runs longer than its kind's regulation allows. It is no reason: it still rules."""

    certificate_id: UUID
    certificate_no: str
    valid_until: date
    longest: date
    """The last day that the regulation's interval would allow."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says about a device over a capture interval."""

    device: Device
    outcome: Outcome
    reasons: tuple[Finding, ...]
    """All of them; empty exactly when the outcome is IN_STANDING."""
    certificates: tuple[InForce, ...]
    conclusion_id: UUID | None
    """The written conclusion that stands in for certificates, for a device that needs none."""
    verified_that_day: bool
    """The capture falls on the civil day of the verification itself, whose hour nobody knows."""
    cautions: tuple[Caution, ...]
    rule_version: str
