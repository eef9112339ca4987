"""What a step in a device's life is measured by: what is known in its transaction, and the gates before its use."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from device_registry import queries
from device_registry.explanation import why
from device_registry.model import (
    Aspect,
    Device,
    Facts,
    Finding,
    Interval,
    Mounting,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    State,
)
from device_registry.problems import (
    NotUsableYet,
    NotVerifiedNow,
    ReleaserIsFixer,
    SignCheckMissing,
    SiteVersionNotFound,
    StepNotAllowed,
    SupervisorMustRelease,
    VerifiedElsewhere,
)
from device_registry.queries import PolicyName, policy_for
from device_registry.rules import OPENING, History, life_cycle_state, signs_clear_on, standing, usable_from
from foundation.civil import day_of
from foundation.database import Connection
from foundation.problem import Spoken
from foundation.words import Language

TESTED_ON_SITE = "SPEED_"
"""How the codes of the kinds begin whose error is tested where they stand (JJG 527-2015 and its kin)."""


class Known(NamedTuple):
    """A device as it is known in the transaction of a step. The device is locked."""

    db: Connection
    device: Device
    facts: Facts
    history: History
    now: datetime

    def state(self) -> State:
        """Of the device where it has been in service, else of the newest version of its site."""
        return life_cycle_state(self.facts, self.now)

    def version(self, version_id: UUID) -> SiteVersion:
        """Raises SiteVersionNotFound."""
        found = self.history.siting.versions.get(version_id)
        if found is None:
            raise SiteVersionNotFound(field="site_version_id")
        return found

    def approved_on(self, version_id: UUID) -> date:
        """The day of the later review of an approved version."""
        reviews = [self.history.siting.review(version_id, aspect, self.now) for aspect in Aspect]
        return max(review.reviewed_on for review in reviews if review)

    def refuse(self, step: str, state: State) -> StepNotAllowed:
        return StepNotAllowed(
            tag=self.device.tag, state=Spoken(f"device.state.{state}"), step=Spoken(f"device.step.{step}")
        )


async def site_to_use(known: Known, state: State) -> UUID:
    """The announced version of the site that comes into use now: its announcement old enough, its signs seen."""
    siting, in_force = known.history.siting, known.history.at(known.now).site_version_id
    newest = siting.newest()
    on_its_way = siting.state(newest, known.now) if newest else State.REGISTERED
    if newest is None or on_its_way is not State.ANNOUNCED or newest.id == in_force:
        raise known.refuse("put-in-service", state if newest and newest.id == in_force else on_its_way)
    if known.history.at(known.now).by_supervisor:
        raise SupervisorMustRelease
    announcement = siting.announcement(newest.id, known.now)
    assert announcement is not None
    today = day_of(known.now)
    if today < usable_from(announcement):
        raise NotUsableYet(days=announcement.lead_days, usable_from=usable_from(announcement))
    days = await policy_for(known.db, known.device.unit_id, PolicyName.SIGN_CHECK_DAYS, today)
    oldest = today - timedelta(days=days)
    if newest.number > 1:  # the signs at another place, or with another speed limit, are others
        oldest = max(oldest, day_of(await queries.proposed_at(known.db, newest.id)))
    seen = signs_clear_on(known.facts.sign_checks)
    if seen is None or seen < oldest:
        raise SignCheckMissing(days=days)
    _check_verified_there(known, newest)
    return newest.id


def _check_verified_there(known: Known, version: SiteVersion) -> None:
    """A fixed speed meter is tested on its site: moving it asks for a verification made since.

    Raises VerifiedElsewhere.
    """
    status = known.history.at(known.now)
    before = known.history.siting.versions.get(status.site_version_id) if status.site_version_id else None
    fixed = known.device.mounting is Mounting.FIXED and known.device.verification_needed
    if (
        before is None
        or not fixed
        or not known.device.kind.startswith(TESTED_ON_SITE)
        or _place(before) == _place(version)
    ):
        return
    moved = day_of(known.now if status.state is State.IN_SERVICE else status.since or known.now)
    held = standing(known.device, known.facts, Interval(known.now, known.now)).certificates
    if any(certificate.verified_on < moved for certificate in held):
        raise VerifiedElsewhere(address=before.address)


def _place(version: SiteVersion) -> tuple[object, ...]:
    return version.address, version.place, version.road, version.direction, version.lane


def check_standing_with(known: Known, event: ServiceEvent) -> None:
    """With this event the device must be in standing at once. Raises NotVerifiedNow with all reasons."""
    found = standing(known.device, known.facts.and_(event), Interval(known.now, known.now))
    if found.reasons:
        words = Why(found.reasons)
        raise NotVerifiedNow(why=words, members={"reasons": [finding.reason for finding in found.reasons]})


def last_report(facts: Facts) -> ServiceEvent | None:
    """The report of the rectification under way; None: it was begun, or the device stopped, after the last report."""
    steps = [e for e in facts.service_events if e.change in (ServiceChange.RECTIFYING, ServiceChange.RECTIFIED)]
    last = max(steps, key=lambda e: (e.occurred_at, e.change is ServiceChange.RECTIFIED), default=None)
    return last if last and last.change is ServiceChange.RECTIFIED else None


def reports(facts: Facts) -> list[ServiceEvent]:
    """Every report since the device was last in use: whoever made one has put it right."""
    opened = max((e.occurred_at for e in facts.service_events if e.change in OPENING), default=None)
    reports = [e for e in facts.service_events if e.change is ServiceChange.RECTIFIED]
    return [e for e in reports if opened is None or e.occurred_at >= opened]


async def put_right_by_another(known: Known, person_id: UUID) -> tuple[UUID | None, UUID | None]:
    """The last report since the device was in use, and who made it; None, None: nobody is known to have put it right.

    Raises ReleaserIsFixer where the person made one of the reports.
    """
    made = reports(known.facts)
    fixers = await queries.recorders_of(known.db, [report.id for report in made])
    if person_id in fixers.values():
        raise ReleaserIsFixer
    last = max(made, key=lambda report: report.occurred_at, default=None)
    fixer = None if last is None else fixers[last.id]
    return (None, None) if last is None or fixer is None else (last.id, fixer)


class Why(Spoken):
    """The reasons of a standing in sentences."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("list")
        self._findings = findings

    def __call__(self, language: Language) -> str:
        return ("" if language == "zh-CN" else " ").join(why(finding, language) for finding in self._findings)
