"""What a conclusion means for the register, and whether it may be drawn: pure, for one device at a time.

A device without a site version stood there before this register. It may come in as it is, which is the only way around
a proposal, and only with everything the law asks of a device in use: a basis in a law or administrative regulation,
both reviews, an announcement (Administrative Penalty Law, art. 41) and a valid verification (国发〔2024〕5号).
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from device_registry.cleanup.model import Assessment, Draft, Held, LegacySite, Signs, Treatment, Verification
from device_registry.cleanup.problems import (
    EffectiveDayTooEarly,
    LegacySiteIncomplete,
    RectificationIncomplete,
    SiteKnownAlready,
)
from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    BasisLevel,
    Device,
    Fact,
    Facts,
    Finding,
    Interval,
    Notice,
    Origin,
    Reason,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    State,
    SuspensionCause,
)
from device_registry.problems import DateNotPlausible, ReviewIncomplete, SupervisorMustRelease
from device_registry.rules import History, standing
from foundation.civil import beginning_of, day_of

_VERIFICATION = {Reason(found.value): found for found in Verification if found.name in Reason.__members__}


class Weighed(NamedTuple):
    """What a draft comes to at an instant."""

    version: SiteVersion | None
    """Recorded in the name of who drew the conclusion up."""
    decided: tuple[Fact, ...]
    """Recorded in the name of who confirms it: reviews, announcement, what happens to the device."""
    assessment: Assessment
    against_keeping: tuple[Finding, ...]
    """Every reason why the device may not be kept; empty for any other treatment."""


def weigh(
    device: Device, known: Facts, draft: Draft, *, opened_on: date, lead_days: int, drafter: UUID, now: datetime
) -> Weighed:
    """Raises what makes the draft impossible whoever confirms it. `lead_days`: policy on the announcement's day."""
    check_form(draft)
    if draft.site and known.site_versions:
        raise SiteKnownAlready(field="site", tag=device.tag)
    version = brought_in(device, draft.site, draft.necessity) if draft.site else None
    documents = tuple(_documents(version, draft.site, drafter, lead_days)) if version and draft.site else ()
    told = _with(known, ([version] if version else []) + list(documents))
    events = tuple(_events(known, draft, version, now))
    after = _with(told, events)
    status = History(after).at(now)
    if draft.treatment is not Treatment.KEEP and status.state is State.IN_SERVICE:
        raise EffectiveDayTooEarly(field="effective_on", tag=device.tag, since=day_of(status.since or now))
    found = standing(device, after, Interval(now, now)).reasons
    return Weighed(
        version,
        (*documents, *events),
        assessed(told, draft.signs, opened_on, now, device.address, found),
        tuple(_against_keeping(known, found)) if draft.treatment is Treatment.KEEP else (),
    )


def check_form(draft: Draft) -> None:
    """What needs no device to be seen. Raises RectificationIncomplete, ReviewIncomplete."""
    told = (draft.rectify_by is not None) + (draft.responsible is not None)
    if told != (2 if draft.treatment is Treatment.RECTIFY else 0):
        raise RectificationIncomplete(field="responsible" if draft.rectify_by else "rectify_by")
    for review in draft.site.reviews if draft.site else ():
        if any(point not in review.points for point in POINTS[review.aspect]):
            missing = [point for point in POINTS[review.aspect] if point not in review.points]
            raise ReviewIncomplete(field="site.reviews", points=", ".join(missing), members={"missing": missing})


def check_days(draft: Draft, now: datetime) -> None:
    """Days as they must be when the conclusion is drawn up. Raises DateNotPlausible."""
    if draft.rectify_by and draft.rectify_by < day_of(now):
        raise DateNotPlausible(field="rectify_by", value=draft.rectify_by.isoformat())
    if draft.effective_on and draft.effective_on > day_of(now):
        raise DateNotPlausible(field="effective_on", value=draft.effective_on.isoformat())


def brought_in(device: Device, site: LegacySite, necessity: str) -> SiteVersion:
    """The site as it is. Raises LegacySiteIncomplete."""
    address = site.address or device.address
    if not address:
        raise LegacySiteIncomplete(field="site.address", tag=device.tag)
    told = {name: getattr(site, name) for name in site.__struct_fields__ if name in SiteVersion.__struct_fields__}
    own = {"address": address, "place": site.place or device.place, "necessity": necessity}
    return SiteVersion(number=1, origin=Origin.LEGACY, **(told | own))


def assessed(
    told: Facts, signs: Signs | None, opened_on: date, now: datetime, address: str | None, found: tuple[Finding, ...]
) -> Assessment:
    """`found`: the reasons of the device's standing."""
    history = History(told)
    version_id = history.at(now).site_version_id
    siting = history.siting
    version = siting.versions.get(version_id) if version_id else siting.newest()
    reviews = {aspect: siting.review(version.id, aspect, now) if version else None for aspect in Aspect}
    passed = {
        aspect: review.reviewed_on if review and review.outcome is ReviewOutcome.PASSED else None
        for aspect, review in reviews.items()
    }
    announcement = siting.announcement(version.id, now) if version else None
    seen = max(told.sign_checks, key=lambda check: (check.checked_on, not check.clear), default=None)
    return Assessment(
        address=version.address if version else address,
        direction=version.direction if version else None,
        basis=f"{version.basis_name}{version.basis_article}" if version else None,
        basis_level=version.basis_level if version else BasisLevel.NONE,
        legal_review=_held(passed[Aspect.LEGAL], opened_on),
        technical_review=_held(passed[Aspect.TECHNICAL], opened_on),
        announced=_held(announcement.announced_on if announcement else None, opened_on),
        signs=signs or (Signs.MISSING if seen is None else Signs.CLEAR if seen.clear else Signs.UNCLEAR),
        verification=_verification(told, found),
    )


def _with(facts: Facts, more: list[Fact] | tuple[Fact, ...]) -> Facts:
    for fact in more:
        facts = facts.and_(fact)
    return facts


def _documents(version: SiteVersion, site: LegacySite, drafter: UUID, lead_days: int) -> Iterator[Fact]:
    for review in site.reviews:
        yield Review(
            site_version_id=version.id,
            outcome=ReviewOutcome.PASSED,
            proposed_by=drafter,
            **msgspec.structs.asdict(review),
        )
    if site.announcement:
        told = msgspec.structs.asdict(site.announcement)
        yield Announcement(site_version_id=version.id, notice=Notice.PUBLISHED, lead_days=lead_days, **told)


def _events(known: Facts, draft: Draft, version: SiteVersion | None, now: datetime) -> Iterator[ServiceEvent]:
    """What the register records about the device's life. Nothing happens any more to one that is retired."""
    status = History(known).at(now)
    if status.state is State.RETIRED:
        return
    if draft.treatment is Treatment.KEEP:
        if version is not None:
            if status.by_supervisor:
                raise SupervisorMustRelease
            yield ServiceEvent(
                change=ServiceChange.PUT_IN_SERVICE, occurred_at=now, site_version_id=version.id, reason=draft.reasons
            )
        return
    since = beginning_of(draft.effective_on) if draft.effective_on else now
    stopped = ServiceEvent(
        change=ServiceChange.SUSPENDED, occurred_at=since, cause=SuspensionCause.CLEANUP, reason=draft.reasons
    )
    if not any((event.change, event.occurred_at) == (stopped.change, since) for event in known.service_events):
        yield stopped
    if draft.treatment is Treatment.RECTIFY:
        yield ServiceEvent(
            change=ServiceChange.RECTIFYING,
            occurred_at=now,
            deadline=draft.rectify_by,
            responsible=draft.responsible,
            reason=draft.problems or draft.reasons,
        )


def _against_keeping(known: Facts, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """A device that came in the ordinary way may be out of use for another cause and still be kept."""
    for finding in found:
        if not (known.site_versions and finding.reason is Reason.DEVICE_SUSPENDED):
            yield finding


def _held(day: date | None, opened_on: date) -> Held:
    if day is None:
        return Held.MISSING
    return Held.MADE_UP if day >= opened_on else Held.HELD


def _verification(facts: Facts, found: tuple[Finding, ...]) -> Verification:
    for finding in found:
        if finding.reason in _VERIFICATION:
            return _VERIFICATION[finding.reason]
    return Verification.VALID if facts.verification_needed else Verification.NOT_NEEDED
