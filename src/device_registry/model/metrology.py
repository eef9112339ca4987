"""What is known of a device as an instrument: results of verification, what ends one early, checks in between."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

import msgspec

from device_registry.model.device import Requirement


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
    OUT_OF_TOLERANCE = "OUT_OF_TOLERANCE"
    """Never recorded as a void event: it is what an in-service check out of tolerance does."""


class CheckSubject(StrEnum):
    """What a check between verifications is made with or on."""

    CALIBRATOR_BEFORE = "CALIBRATOR_BEFORE"
    CALIBRATOR_AFTER = "CALIBRATOR_AFTER"
    CLOCK = "CLOCK"
    REFERENCE = "REFERENCE"


class CertificateDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What else a certificate states, field by field (JJF 1069-2012), as written there; all of it may be missing."""

    client: str | None = None
    instrument_name: str | None = None
    model: str | None = None
    serial_no: str | None = None
    maker: str | None = None
    accuracy_class: str | None = None
    verified_by: str | None = None
    checked_by: str | None = None
    approved_by: str | None = None
    authorisation_no: str | None = None
    body_contact: str | None = None
    record_no: str | None = None
    standards: str | None = None
    place: str | None = None
    environment: str | None = None
    adjustment: str | None = None


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
    details: CertificateDetails = CertificateDetails()
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


class WrittenConclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Why a device needs no verification. It holds from the beginning of `concluded_on`, a Beijing civil day."""

    requirement: Requirement
    document_no: str
    conclusion: str
    concluded_on: date
    id: UUID = msgspec.field(default_factory=uuid4)


class InServiceCheck(msgspec.Struct, frozen=True, kw_only=True):
    """使用中检查: it extends no validity. Out of tolerance, it ends the verification from its instant on (UTC)."""

    subject: CheckSubject
    checked_at: datetime
    within_tolerance: bool
    deviation: str | None = None
    """As measured, with its unit: 0.7 dB, 12 s."""
    tolerance: str | None = None
    reference: str | None = None
    """What it was compared with: the calibrator's tag, a time server."""
    remark: str | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class VerificationBody(msgspec.Struct, frozen=True, kw_only=True):
    """A body's authorisation: for which kinds of device (none named: all) and on which days, half-open."""

    id: UUID
    name: str
    authorisation_no: str
    kinds: tuple[str, ...]
    begins: date | None
    ends: date | None

    def may_verify(self, kind: str, day: date) -> bool:
        within = (self.begins is None or self.begins <= day) and (self.ends is None or day < self.ends)
        return within and (not self.kinds or kind in self.kinds)
