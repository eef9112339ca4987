"""Was a site lawful, reviewed and announced at an instant? Administrative Penalty Law (2021), art. 41 ¶1.

Reviews and announcements speak in civil days and hold from the beginning of theirs, an announcement from so many days
later as policy asked for. Of the reviews of one aspect the latest governs; of several on one day the one that rejects.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from device_registry.model import (
    SUFFICIENT_BASIS,
    Announcement,
    Aspect,
    Facts,
    Notice,
    Reason,
    Review,
    ReviewOutcome,
    ServiceChange,
    SignCheck,
    SiteVersion,
    State,
)
from foundation.civil import beginning_of, day_of

MISSING = {Aspect.LEGAL: Reason.LEGAL_REVIEW_MISSING, Aspect.TECHNICAL: Reason.TECHNICAL_REVIEW_MISSING}


class Lack(NamedTuple):
    """One thing that a site lacks; `fact` is what says so, where something does."""

    reason: Reason
    fact: SiteVersion | Review | Announcement | None = None
    usable_from: date | None = None


def usable_from(announcement: Announcement) -> date:
    """The first Beijing civil day on which the site may be used."""
    return announcement.announced_on + timedelta(days=announcement.lead_days)


def signs_clear_on(checks: Collection[SignCheck]) -> date | None:
    """The day of the last check, where it found the signs clear and none on that day found otherwise."""
    last = max((check.checked_on for check in checks), default=None)
    return last if all(check.clear for check in checks if check.checked_on == last) else None


class Siting:
    """The site versions of one device with what was decided and published about each."""

    def __init__(self, facts: Facts) -> None:
        self.needed = facts.siting_needed
        self.versions = {version.id: version for version in sorted(facts.site_versions, key=lambda found: found.number)}
        self._withdrawn = {
            event.site_version_id: event.occurred_at
            for event in facts.service_events
            if event.change is ServiceChange.WITHDRAWN
        }
        self._reviews = sorted(facts.reviews, key=lambda review: (review.reviewed_on, _strictness(review), review.id))
        self._announcements = sorted(facts.announcements, key=lambda told: (told.announced_on, _order(told), told.id))

    def edges(self) -> Iterator[datetime]:
        """Every instant at which something may change."""
        for review in self._reviews:
            yield beginning_of(review.reviewed_on)
        for announcement in self._announcements:
            yield _takes_effect(announcement)

    def newest(self) -> SiteVersion | None:
        return next(reversed(self.versions.values()), None)

    def review(self, version_id: UUID, aspect: Aspect, instant: datetime) -> Review | None:
        """The review that governs at the instant."""
        day = day_of(instant)
        found = None
        for review in self._reviews:
            if review.reviewed_on <= day and (review.site_version_id, review.aspect) == (version_id, aspect):
                found = review
        return found

    def announcement(self, version_id: UUID, instant: datetime) -> Announcement | None:
        """The publication that holds at the instant, its lead days not yet counted; None: withdrawn or never made."""
        day = day_of(instant)
        found = None
        for announcement in self._announcements:
            if announcement.site_version_id != version_id or announcement.announced_on > day:
                continue
            if announcement.notice is Notice.PUBLISHED:
                found = found or announcement
            elif announcement.notice is Notice.WITHDRAWN:
                found = None
        return found

    def lacks(self, version: SiteVersion | None, instant: datetime) -> list[Lack]:
        """All that the site version lacks at the instant; None: there is none, and it lacks everything."""
        if not self.needed:
            return []
        if version is None:
            return [Lack(Reason.NO_LEGAL_BASIS), *map(Lack, MISSING.values()), Lack(Reason.SITE_NOT_ANNOUNCED)]
        lacks = [] if version.basis_level in SUFFICIENT_BASIS else [Lack(Reason.NO_LEGAL_BASIS, version)]
        for aspect, reason in MISSING.items():
            review = self.review(version.id, aspect, instant)
            if review is None or review.outcome is not ReviewOutcome.PASSED:
                lacks.append(Lack(reason, review))
        announcement = self.announcement(version.id, instant)
        if announcement is None:
            lacks.append(Lack(Reason.SITE_NOT_ANNOUNCED))
        elif instant < _takes_effect(announcement):
            lacks.append(Lack(Reason.SITE_NOT_ANNOUNCED, announcement, usable_from(announcement)))
        return lacks

    def state(self, version: SiteVersion, instant: datetime) -> State:
        """How far a version has come on its way into service."""
        if version.id in self._withdrawn and self._withdrawn[version.id] <= instant:
            return State.WITHDRAWN
        reviews = [self.review(version.id, aspect, instant) for aspect in Aspect]
        outcomes = [None if review is None else review.outcome for review in reviews]
        if ReviewOutcome.REJECTED in outcomes:
            return State.REJECTED
        if outcomes == [None, None]:
            return State.PROPOSED
        if None in outcomes:
            return State.LEGAL_REVIEW if outcomes[0] is None else State.TECHNICAL_REVIEW
        return State.APPROVED if self.announcement(version.id, instant) is None else State.ANNOUNCED


def _takes_effect(announcement: Announcement) -> datetime:
    if announcement.notice is Notice.PUBLISHED:
        return beginning_of(usable_from(announcement))
    return beginning_of(announcement.announced_on)


def _strictness(review: Review) -> int:
    return 1 if review.outcome is ReviewOutcome.REJECTED else 0


def _order(announcement: Announcement) -> tuple[bool, int]:
    """Of notices on one day the withdrawal is taken for the later; of publications the longest wait rules."""
    return announcement.notice is Notice.WITHDRAWN, -announcement.lead_days
