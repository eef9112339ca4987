"""Each step in a device's life: who may take it when, with what evidence. One function a step, nothing is ever undone.

The law fixes the gates (Administrative Penalty Law, art. 41; 国发〔2024〕5号), the order is the design's: proposed,
reviewed twice, announced, put in service; suspended, rectified, released by another; retired. All instants are UTC.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from device_registry import queries
from device_registry.checks import check_day
from device_registry.gates import Known, check_standing_with, last_report, put_right_by_another, site_to_use
from device_registry.model import (
    POINTS,
    SUFFICIENT_BASIS,
    Announcement,
    Fact,
    Notice,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    State,
    SuspensionCause,
)
from device_registry.problems import (
    DateNotPlausible,
    DeviceNotFound,
    LegalBasisTooLow,
    ReviewerIsProposer,
    ReviewIncomplete,
    SitingNotNeeded,
    SupervisorMustRelease,
    WithdrawalNoticeMissing,
)
from device_registry.queries import PolicyName, policy_for
from device_registry.record import StandingChanged, record_facts
from device_registry.rules import OPENING, History
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Spoken, listed

OPEN_PROPOSAL = (State.PROPOSED, State.LEGAL_REVIEW, State.TECHNICAL_REVIEW, State.APPROVED, State.ANNOUNCED)
OUT_OF_USE = (State.SUSPENDED, State.RECTIFYING)


class Desk(NamedTuple):
    """What every step works with: who takes it, and who has to hear what it changes."""

    database: Database
    clock: Clock
    person_id: UUID
    on_change: StandingChanged


async def propose(desk: Desk, device_id: UUID, proposed: SiteVersion) -> UUID:
    """A site for a device, or another one for a device in service; gives the version's id. `number` is set here.

    Raises DeviceNotFound, SitingNotNeeded, LegalBasisTooLow, StepNotAllowed (another proposal is under way).
    """

    async def step(known: Known) -> Fact:
        if not known.device.siting_needed:
            raise SitingNotNeeded
        if proposed.basis_level not in SUFFICIENT_BASIS:
            raise LegalBasisTooLow(field="basis_level", level=Spoken(f"device.basis-level.{proposed.basis_level}"))
        if known.state() is State.RETIRED:
            raise known.refuse("propose", State.RETIRED)
        siting = known.history.siting
        newest = siting.newest()
        in_force = known.history.at(known.now).site_version_id
        if newest and newest.id != in_force and (state := siting.state(newest, known.now)) in OPEN_PROPOSAL:
            raise known.refuse("propose", state)
        return msgspec.structs.replace(proposed, number=newest.number + 1 if newest else 1)

    return await _take(desk, device_id, step)


async def review(desk: Desk, device_id: UUID, reviewed: Review) -> UUID:
    """A legal or technical review, in either order. `proposed_by` is set here.

    Raises DeviceNotFound, SiteVersionNotFound, ReviewerIsProposer, ReviewIncomplete, StepNotAllowed.
    """

    async def step(known: Known) -> Fact:
        version = known.version(reviewed.site_version_id)
        state = known.history.siting.state(version, known.now)
        if state not in OPEN_PROPOSAL or known.history.siting.review(version.id, reviewed.aspect, known.now):
            raise known.refuse("review", state)
        proposer = await queries.proposer_of(known.db, version.id)
        if proposer == desk.person_id:
            raise ReviewerIsProposer
        missing = [point for point in POINTS[reviewed.aspect] if point not in reviewed.points]
        if missing and reviewed.outcome is ReviewOutcome.PASSED:
            words = [Spoken(f"device.review-point.{point}") for point in missing]
            raise ReviewIncomplete(field="points", points=listed(words), members={"missing": words})
        proposed_on = day_of(await queries.proposed_at(known.db, version.id))
        if reviewed.reviewed_on < proposed_on:
            raise DateNotPlausible(field="reviewed_on", value=reviewed.reviewed_on.isoformat())
        return msgspec.structs.replace(reviewed, proposed_by=proposer)

    return await _take(desk, device_id, step)


async def announce(desk: Desk, device_id: UUID, told: Announcement) -> UUID:
    """The public is told of the site, of its withdrawal, or that the device is out of use. `lead_days` is set here.

    Raises DeviceNotFound, SiteVersionNotFound, StepNotAllowed, DateNotPlausible (before it was approved, or withdrawn
    before it was published).
    """

    async def step(known: Known) -> Fact:
        version = known.version(told.site_version_id)
        state = known.history.siting.state(version, known.now)
        announced = known.history.siting.announcement(version.id, known.now)
        if told.notice is Notice.PUBLISHED and state is not State.APPROVED:
            raise known.refuse("announce", state)
        if told.notice is not Notice.PUBLISHED and announced is None:
            raise known.refuse("announce", state)
        if told.announced_on < (announced.announced_on if announced else known.approved_on(version.id)):
            raise DateNotPlausible(field="announced_on", value=told.announced_on.isoformat())
        days = await policy_for(known.db, known.device.unit_id, PolicyName.LEAD_DAYS, told.announced_on)
        return msgspec.structs.replace(told, lead_days=days if told.notice is Notice.PUBLISHED else 0)

    return await _take(desk, device_id, step)


async def put_in_service(desk: Desk, device_id: UUID, *, document_no: str | None, reason: str | None) -> UUID:
    """From now on.

    Raises DeviceNotFound, StepNotAllowed, NotUsableYet, NotVerifiedNow, SignCheckMissing, VerifiedElsewhere,
    SupervisorMustRelease, ReleaserIsFixer (also at another site: who put the device right does not let it out).
    """

    async def step(known: Known) -> Fact:
        state, version = known.state(), None
        if known.device.siting_needed:
            version = await site_to_use(known, state)
        elif state is not State.REGISTERED:
            raise known.refuse("put-in-service", state)
        rectified_event, fixed_by = await put_right_by_another(known, desk.person_id)
        event = ServiceEvent(
            change=ServiceChange.PUT_IN_SERVICE,
            occurred_at=known.now,
            site_version_id=version,
            document_no=document_no,
            reason=reason,
            rectified_event=rectified_event,
            fixed_by=fixed_by,
        )
        check_standing_with(known, event)
        return event

    return await _take(desk, device_id, step)


async def suspend(
    desk: Desk,
    device_id: UUID,
    *,
    occurred_at: datetime,
    cause: SuspensionCause,
    reason: str,
    document_no: str | None,
    by_supervisor: bool,
) -> UUID:
    """From an instant on that may lie in the past; a supervisor may also take a suspended device in hand.

    Who opened the device since did not know of it, so it holds over every opening that is recorded already.
    Raises DeviceNotFound, DateNotPlausible, StepNotAllowed.
    """

    async def step(known: Known) -> list[Fact]:
        check_day("occurred_at", occurred_at, known.now)
        then = known.history.at(occurred_at)
        allowed = (State.IN_SERVICE, *OUT_OF_USE) if by_supervisor else (State.IN_SERVICE,)
        automatic = then.state is State.SUSPENDED and then.automatic
        if then.state not in allowed and not automatic:
            raise known.refuse("suspend", then.state or known.state())
        orders = [e for e in known.facts.service_events if e.change is ServiceChange.SUSPENDED]
        suspended = {e.occurred_at for e in orders if e.by_supervisor is by_supervisor}
        opened = {e.occurred_at for e in known.facts.service_events if e.change in OPENING} - suspended
        return [
            ServiceEvent(
                change=ServiceChange.SUSPENDED,
                occurred_at=instant,
                cause=cause,
                reason=reason,
                document_no=document_no,
                by_supervisor=by_supervisor,
            )
            for instant in (occurred_at, *sorted(instant for instant in opened if instant > occurred_at))
        ]

    return await _take(desk, device_id, step)


async def rectify(
    desk: Desk, device_id: UUID, *, document_no: str, deadline: date, responsible: str, reason: str | None
) -> UUID:
    """The rectification of a suspended device begins, or begins again where what was reported does not do.

    Raises DeviceNotFound, StepNotAllowed, DateNotPlausible.
    """

    async def step(known: Known) -> Fact:
        reported = known.state() is State.RECTIFYING and last_report(known.facts)
        if known.state() is not State.SUSPENDED and not reported:
            raise known.refuse("rectify", known.state())
        check_day("deadline", deadline)
        if deadline < day_of(known.now):
            raise DateNotPlausible(field="deadline", value=deadline.isoformat())
        return ServiceEvent(
            change=ServiceChange.RECTIFYING,
            occurred_at=known.now,
            document_no=document_no,
            deadline=deadline,
            responsible=responsible,
            reason=reason,
        )

    return await _take(desk, device_id, step)


async def report_rectification(desk: Desk, device_id: UUID, *, document_no: str, reason: str) -> UUID:
    """Whoever put the device right says how. Raises DeviceNotFound, StepNotAllowed."""

    async def step(known: Known) -> Fact:
        if known.state() is not State.RECTIFYING or last_report(known.facts):
            raise known.refuse("report-rectification", known.state())
        return ServiceEvent(
            change=ServiceChange.RECTIFIED, occurred_at=known.now, document_no=document_no, reason=reason
        )

    return await _take(desk, device_id, step)


async def release(
    desk: Desk, device_id: UUID, *, document_no: str | None, reason: str | None, is_supervisor: bool
) -> UUID:
    """In service again, on the report of somebody else.

    Raises DeviceNotFound, StepNotAllowed, ReleaserIsFixer, SupervisorMustRelease, NotVerifiedNow.
    """

    async def step(known: Known) -> Fact:
        status = known.history.at(known.now)
        report = last_report(known.facts)
        if known.state() is not State.RECTIFYING or report is None:
            raise known.refuse("release", known.state())
        if status.by_supervisor and not is_supervisor:
            raise SupervisorMustRelease
        rectified_event, fixed_by = await put_right_by_another(known, desk.person_id)
        event = ServiceEvent(
            change=ServiceChange.RESUMED,
            occurred_at=known.now,
            document_no=document_no,
            reason=reason,
            rectified_event=rectified_event,
            fixed_by=fixed_by,
        )
        check_standing_with(known, event)
        return event

    return await _take(desk, device_id, step)


async def retire(desk: Desk, device_id: UUID, *, document_no: str, reason: str) -> UUID:
    """For good, with the disposal record. Raises DeviceNotFound, StepNotAllowed, WithdrawalNoticeMissing."""

    async def step(known: Known) -> Fact:
        if known.state() not in OUT_OF_USE:
            raise known.refuse("retire", known.state())
        siting = known.history.siting
        if any(siting.announcement(version_id, known.now) for version_id in siting.versions):
            raise WithdrawalNoticeMissing
        return ServiceEvent(change=ServiceChange.RETIRED, occurred_at=known.now, document_no=document_no, reason=reason)

    return await _take(desk, device_id, step)


async def withdraw(desk: Desk, device_id: UUID, site_version_id: UUID, *, reason: str) -> UUID:
    """A proposal is taken back before it comes into service.

    Raises DeviceNotFound, SiteVersionNotFound, StepNotAllowed.
    """

    async def step(known: Known) -> Fact:
        version = known.version(site_version_id)
        state = known.history.siting.state(version, known.now)
        used = {event.site_version_id for event in known.facts.service_events if event.change in OPENING}
        if state not in OPEN_PROPOSAL or version.id in used:
            raise known.refuse("withdraw", state)
        return ServiceEvent(
            change=ServiceChange.WITHDRAWN, occurred_at=known.now, site_version_id=version.id, reason=reason
        )

    return await _take(desk, device_id, step)


async def _take(desk: Desk, device_id: UUID, step: Callable[[Known], Awaitable[Fact | list[Fact]]]) -> UUID:
    """The step's fact (the first, of several), recorded in the transaction that looked whether it may be taken."""
    async with desk.database.transaction() as db:
        devices = await queries.locked_devices(db, [device_id])
        if device_id not in devices:
            raise DeviceNotFound
        facts = await queries.facts_of(db, device_id)
        taken = await step(Known(db, devices[device_id], facts, History(facts), desk.clock.now()))
        new = taken if isinstance(taken, list) else [taken]
        recorded = [(device_id, fact) for fact in new]
        await record_facts(db, desk.clock, recorded, recorded_by=desk.person_id, on_change=desk.on_change)
    return new[0].id
