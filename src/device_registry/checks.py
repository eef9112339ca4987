"""Whether a fact can be one about a device: its days, its channel, its documents, and that it is not told twice."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from unicodedata import normalize

from agency.model import Role
from device_registry.model import (
    COLLECTIONS,
    Announcement,
    Aspect,
    Device,
    Fact,
    Facts,
    InServiceCheck,
    Nature,
    Requirement,
    Review,
    ServiceChange,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    VerificationBody,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import (
    BodyNotAuthorised,
    CertificateOfAnother,
    ChannelUnknown,
    ConclusionDoesNotFit,
    DateNotPlausible,
    DeviceRetired,
    FactAlreadyRecorded,
    ValidUntilTooEarly,
)
from foundation.civil import FIRST_DAY, LAST_DAY, day_of, within_calendar
from foundation.problem import Spoken

_WHEN: dict[type[Fact], str] = {
    VerificationCertificate: "verified_on",
    VerificationFailureNotice: "failed_on",
    VoidEvent: "occurred_at",
    ServiceEvent: "occurred_at",
    WrittenConclusion: "concluded_on",
    Review: "reviewed_on",
    Announcement: "announced_on",
    SignCheck: "checked_on",
    InServiceCheck: "checked_at",
}
"""The civil day or instant from which a fact holds: never in the future."""


def check(device: Device, known: Facts, fact: Fact, now: datetime) -> None:
    """Whether the fact can be one about this device. Raises the problem with its field."""
    if field := _WHEN.get(type(fact)):
        value = getattr(fact, field)
        check_day(field, value, now if isinstance(value, datetime) else day_of(now))
    if any(identity(other) == identity(fact) for other in getattr(known, COLLECTIONS[type(fact)])):
        raise FactAlreadyRecorded
    match fact:
        case VerificationCertificate():
            _check_certificate(device, fact)
        case VerificationFailureNotice():
            _check_channel(device, fact.channel)
        case ServiceEvent():
            _check_not_retired(device, known, fact)
        case WrittenConclusion():
            if fact.requirement is not device.requirement or fact.requirement is Requirement.MANDATORY:
                held_to = Spoken(f"device.requirement.{device.requirement}")
                raise ConclusionDoesNotFit(field="requirement", requirement=held_to)


def check_body(device: Device, fact: Fact, bodies: Mapping[str, Sequence[VerificationBody]]) -> None:
    """A body that this register knows must have been authorised that day; of others it can say nothing.

    Raises BodyNotAuthorised. `bodies`: what is known of the bodies by name.
    """
    if isinstance(fact, VerificationCertificate) and fact.nature is Nature.VERIFICATION:
        day = fact.verified_on
    elif isinstance(fact, VerificationFailureNotice):
        day = fact.failed_on
    else:
        return
    known = bodies.get(fact.issuing_body)
    if known and not any(body.may_verify(device.kind, day) for body in known):
        raise BodyNotAuthorised(field="issuing_body", body=fact.issuing_body, day=day)


def check_day(field: str, value: date | datetime, latest: date | datetime = LAST_DAY) -> None:
    """`value` and `latest` are both civil days or both instants. Raises DateNotPlausible."""
    plausible = within_calendar(value) if isinstance(value, datetime) else FIRST_DAY <= value < LAST_DAY
    if not plausible or value > latest:
        raise DateNotPlausible(field=field, value=value.isoformat())


def corrector(fact: Fact) -> Role:
    """Whose it is to correct a fact: who may tell it. What takes a device out of use is for the head, who releases."""
    match fact:
        case Review():
            return Role.LEGAL_REVIEWER if fact.aspect is Aspect.LEGAL else Role.TECHNICAL_REVIEWER
        case Announcement():
            return Role.PUBLICITY_OFFICER
        case ServiceEvent():
            return Role.SUPERVISOR if fact.by_supervisor else Role.ENTITY_HEAD
        case _:
            return Role.DEVICE_MANAGER


def body_of(fact: Fact) -> str | None:
    """The body that issued a result; None for other facts."""
    return fact.issuing_body if isinstance(fact, VerificationCertificate | VerificationFailureNotice) else None


_IDENTITY: dict[type[Fact], tuple[str, ...]] = {
    VerificationCertificate: ("channel", "certificate_no", "issuing_body"),
    VerificationFailureNotice: ("channel", "notice_no", "issuing_body"),
    VoidEvent: ("occurred_at", "cause"),
    ServiceEvent: ("occurred_at", "change", "by_supervisor"),
    WrittenConclusion: ("document_no",),
    SiteVersion: ("number",),
    Review: ("site_version_id", "aspect", "document_no"),
    Announcement: ("site_version_id", "notice", "announced_on", "channel"),
    SignCheck: ("checked_on", "clear"),
    InServiceCheck: ("subject", "checked_at"),
}
"""What makes two facts about one device the same one, told twice. Between devices numbers repeat in real life."""


def identity(fact: Fact) -> tuple[object, ...]:
    """Two facts of one type about one device with the same identity are one fact, told twice."""
    return tuple(getattr(fact, name) for name in _IDENTITY[type(fact)])


def _bare(serial_no: str) -> str:
    """Without what people add, leave out or type in full width when they copy one."""
    return "".join(character for character in normalize("NFKC", serial_no).casefold() if character.isalnum())


def _check_certificate(device: Device, certificate: VerificationCertificate) -> None:
    check_day("valid_until", certificate.valid_until)
    if certificate.valid_until < certificate.verified_on:
        raise ValidUntilTooEarly(field="valid_until", verified_on=certificate.verified_on)
    _check_channel(device, certificate.channel)
    written = certificate.details.serial_no
    if written and _bare(written) != _bare(device.serial_no):
        raise CertificateOfAnother(field="details.serial_no", serial_no=device.serial_no)


def _check_not_retired(device: Device, known: Facts, event: ServiceEvent) -> None:
    opens = event.change in (ServiceChange.PUT_IN_SERVICE, ServiceChange.RESUMED)
    retired = [other.occurred_at for other in known.service_events if other.change is ServiceChange.RETIRED]
    if opens and retired and event.occurred_at >= min(retired):
        raise DeviceRetired(field="change", tag=device.tag)


def _check_channel(device: Device, channel: str) -> None:
    if channel not in (device.channels or ("",)):
        raise ChannelUnknown(field="channel", channels=", ".join(device.channels) or "-")
