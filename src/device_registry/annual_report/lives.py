"""A device's facts, as the register knew them at an instant, told as the report needs them. Pure."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from device_registry.annual_report.model.movement import Held, Life, Step
from device_registry.annual_report.model.snapshot import (
    AnnouncementThen,
    CertificateThen,
    Particulars,
    ReviewThen,
    SiteThen,
    Verification,
)
from device_registry.annual_report.rules.movements import ORDER
from device_registry.model import (
    Aspect,
    Device,
    Facts,
    Nature,
    Reason,
    Requirement,
    SiteVersion,
    Span,
    State,
    VerificationCertificate,
)
from device_registry.rules.service import History
from device_registry.rules.siting import Siting
from device_registry.rules.verification import in_force, ledgers_of
from foundation.civil import day_of

A_MOMENT = timedelta(microseconds=1)

BY_REASON = {
    Reason.NEVER_VERIFIED: Verification.NEVER,
    Reason.VERIFICATION_OVERDUE: Verification.OVERDUE,
    Reason.VERIFICATION_FAILED: Verification.FAILED,
    Reason.VERIFICATION_VOIDED: Verification.VOIDED,
}
WORST = (Verification.FAILED, Verification.VOIDED, Verification.NEVER, Verification.OVERDUE, Verification.VALID)


def life_of(device: Device, facts: Facts, held: tuple[Held, ...]) -> Life:
    steps = [
        Step(event.occurred_at, event.change, event.site_version_id, event.document_no)
        for event in facts.service_events
        if event.change in ORDER
    ]
    history = History(facts)
    steps += [Step(lapse, None) for lapse in history.lapses]
    return Life(
        monitoring=device.siting_needed,
        steps=tuple(steps),
        served=tuple(served(history)),
        held=held,
        replaces=device.replaces,
        sites={version.id: _place(version) for version in facts.site_versions},
    )


def served(history: History) -> list[Span]:
    """The spans in which the life-cycle state is IN_SERVICE, whether or not reviews and announcement were in order."""
    spans = []
    for begins, ends in pairwise([*history.instants, None]):
        assert begins is not None
        if history.at(begins).state is State.IN_SERVICE:
            spans.append(Span(begins, ends))
    return spans


def verification_before(device: Device, facts: Facts, closes: datetime) -> Verification:
    """What the instrument's papers said just before that instant; of several channels the worst."""
    if device.requirement is not Requirement.MANDATORY:
        return Verification(device.requirement)
    instant = closes - A_MOMENT
    found = [BY_REASON[bar.reason] for ledger in ledgers_of(facts) for bar in ledger.bars(instant)]
    return min(found, key=WORST.index, default=Verification.VALID)


def particulars_before(
    device: Device, facts: Facts, closes: datetime, in_service_on: date | None, replaces: str | None
) -> Particulars:
    """The form's columns as they stood just before that instant."""
    instant = closes - A_MOMENT
    ledgers = ledgers_of(facts)
    certificates = in_force(ledgers, instant) or _latest(facts, day_of(instant))
    return Particulars(
        model=device.model,
        serial_no=device.serial_no,
        maker=device.maker,
        mounting=device.mounting,
        requirement=device.requirement,
        regulation=next((found.regulation for found in certificates if found.regulation), None),
        site=_site(device, facts, instant),
        certificates=tuple(
            CertificateThen(
                channel=found.channel,
                regulation=found.regulation,
                issuing_body=found.issuing_body,
                certificate_no=found.certificate_no,
                verified_on=found.verified_on,
                valid_until=found.valid_until,
            )
            for found in certificates
        ),
        in_service_on=in_service_on,
        replaces=replaces,
    )


def _latest(facts: Facts, day: date) -> list[VerificationCertificate]:
    """Where none holds: the last pass of each channel."""
    latest: dict[str, VerificationCertificate] = {}
    for found in sorted(facts.certificates, key=lambda found: (found.verified_on, found.certificate_no, found.id)):
        if found.nature is Nature.VERIFICATION and found.verified_on <= day:
            latest[found.channel] = found
    return [latest[channel] for channel in facts.channels or ("",) if channel in latest]


def _site(device: Device, facts: Facts, instant: datetime) -> SiteThen | None:
    history = History(facts)
    version = _version(history, instant)
    if version is None:
        return SiteThen(address=device.address, place=device.place) if device.address else None
    signs = max(
        (check for check in facts.sign_checks if check.checked_on <= day_of(instant)),
        key=lambda check: (check.checked_on, not check.clear),
        default=None,
    )
    return SiteThen(
        address=version.address,
        road=version.road,
        direction=version.direction,
        lane=version.lane,
        place=version.place,
        spacing_metres=version.spacing_metres,
        speed_limit=version.speed_limit,
        monitored_items=version.monitored_items,
        basis_name=version.basis_name,
        basis_article=version.basis_article,
        basis_level=version.basis_level,
        necessity=version.necessity,
        funding=version.funding,
        reviews=_reviews(history.siting, version.id, instant),
        announcement=_announcement(history.siting, version.id, instant),
        signs_checked_on=None if signs is None else signs.checked_on,
        signs_clear=None if signs is None else signs.clear,
    )


def _announcement(siting: Siting, version_id: UUID, instant: datetime) -> AnnouncementThen | None:
    told = siting.announcement(version_id, instant)
    if told is None:
        return None
    return AnnouncementThen(announced_on=told.announced_on, channel=told.channel, url=told.url)


def _version(history: History, instant: datetime) -> SiteVersion | None:
    in_force_id = history.at(instant).site_version_id
    return history.siting.versions.get(in_force_id) if in_force_id else history.siting.newest()


def _reviews(siting: Siting, version_id: UUID, instant: datetime) -> tuple[ReviewThen, ...]:
    found = (siting.review(version_id, aspect, instant) for aspect in Aspect)
    return tuple(
        ReviewThen(
            aspect=review.aspect,
            reviewing_body=review.reviewing_body,
            reviewed_on=review.reviewed_on,
            document_no=review.document_no,
        )
        for review in found
        if review is not None
    )


def _place(version: SiteVersion) -> str:
    place = version.place
    where = (version.address, version.road, version.direction, version.lane)
    return "\n".join([*(part or "" for part in where), f"{place.longitude} {place.latitude}" if place else ""])
