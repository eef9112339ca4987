"""A fact about a device is recorded, and what follows from it is derived anew, in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from device_registry import queries
from device_registry.model import (
    Device,
    Fact,
    Facts,
    Requirement,
    ServiceChange,
    ServiceEvent,
    Span,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import (
    ChannelUnknown,
    ConclusionDoesNotFit,
    DateNotPlausible,
    DeviceNotFound,
    DeviceRetired,
    ValidUntilTooEarly,
)
from device_registry.rules import minus, service_periods, standing_spans, verified_periods
from foundation.civil import FIRST_DAY, LAST_DAY, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken


@runtime_checkable
class StandingChanged(Protocol):
    """Hears of every change of a device's standing, inside the transaction and before the kept periods change.

    Whoever let something stand on the `lost` spans must take it away now: a period that an admission still needs
    cannot shrink, and the transaction would fail at its end. `cause` is the name of the fact's type.
    """

    async def __call__(
        self, db: Connection, device_id: UUID, lost: list[Span], gained: list[Span], cause: str, /
    ) -> None: ...


async def nobody_listens(db: Connection, device_id: UUID, lost: list[Span], gained: list[Span], cause: str) -> None:
    """For a registry with nothing above it."""


async def record_fact(
    database: Database,
    clock: Clock,
    device_id: UUID,
    fact: Fact,
    *,
    recorded_by: UUID | None = None,
    on_change: StandingChanged = nobody_listens,
) -> None:
    """Raises DeviceNotFound, FactAlreadyRecorded, or what is wrong with the fact."""
    async with database.transaction() as db:
        await record_facts(db, clock, [(device_id, fact)], recorded_by=recorded_by, on_change=on_change)


async def record_facts(
    db: Connection,
    clock: Clock,
    facts: Sequence[tuple[UUID, Fact]],
    *,
    recorded_by: UUID | None = None,
    on_change: StandingChanged = nobody_listens,
) -> None:
    """The same for many facts about many devices, inside the caller's transaction."""
    new: dict[UUID, list[Fact]] = {}
    for device_id, fact in facts:
        new.setdefault(device_id, []).append(fact)
    devices = await queries.locked_devices(db, new)
    known = await queries.facts_of_all(db, new)
    now = clock.now()
    after: dict[UUID, Facts] = {}
    for device_id, found in new.items():
        if device_id not in devices:
            raise DeviceNotFound
        after[device_id] = known[device_id]
        for fact in found:
            check(devices[device_id], after[device_id], fact, now)
            after[device_id] = after[device_id].and_(fact)
    await queries.add_facts(db, facts, recorded_by, now)
    kept_verified = await queries.verified_periods_of(db, new)
    kept_served = await queries.service_periods_of(db, new)
    verified = {device_id: verified_periods(after[device_id]) for device_id in new}
    served = {device_id: service_periods(after[device_id]) for device_id in new}
    for device_id, device in devices.items():
        before, came = known[device_id].written_conclusions, after[device_id].written_conclusions
        then = standing_spans(device, kept_verified[device_id], kept_served[device_id], before)
        from_now_on = standing_spans(device, verified[device_id], served[device_id], came)
        lost, gained = minus(then, from_now_on), minus(from_now_on, then)
        if lost or gained:
            cause = ", ".join(sorted({type(fact).__name__ for fact in new[device_id]}))
            await on_change(db, device_id, lost, gained, cause)
    await queries.let_periods_change(db)
    await queries.replace_verified_periods(db, kept_verified, verified)
    await queries.replace_service_periods(db, kept_served, served)


def check(device: Device, known: Facts, fact: Fact, now: datetime) -> None:
    """Whether the fact can be one about this device. Raises the problem with its field."""
    match fact:
        case VerificationCertificate():
            _check_day("verified_on", fact.verified_on, day_of(now))
            _check_day("valid_until", fact.valid_until, LAST_DAY)
            if fact.valid_until < fact.verified_on:
                raise ValidUntilTooEarly(field="valid_until", verified_on=fact.verified_on)
            _check_channel(device, fact.channel)
        case VerificationFailureNotice():
            _check_day("failed_on", fact.failed_on, day_of(now))
            _check_channel(device, fact.channel)
        case VoidEvent():
            _check_day("occurred_at", fact.occurred_at, now)
        case ServiceEvent():
            _check_day("occurred_at", fact.occurred_at, now)
            opens = fact.change in (ServiceChange.PUT_IN_SERVICE, ServiceChange.RESUMED)
            retired = [e.occurred_at for e in known.service_events if e.change is ServiceChange.RETIRED]
            if opens and retired and fact.occurred_at >= min(retired):
                raise DeviceRetired(field="change", tag=device.tag)
        case WrittenConclusion():
            _check_day("concluded_on", fact.concluded_on, day_of(now))
            if fact.requirement is not device.requirement or fact.requirement is Requirement.MANDATORY:
                held_to = Spoken(f"device.requirement.{device.requirement}")
                raise ConclusionDoesNotFit(field="requirement", requirement=held_to)


def _check_day(field: str, value: date | datetime, latest: date | datetime) -> None:
    """`value` and `latest` are both civil days or both instants."""
    day = day_of(value) if isinstance(value, datetime) else value
    if not FIRST_DAY <= day < LAST_DAY or value > latest:
        raise DateNotPlausible(field=field, value=value.isoformat())


def _check_channel(device: Device, channel: str) -> None:
    if channel not in (device.channels or ("",)):
        raise ChannelUnknown(field="channel", channels=", ".join(device.channels) or "-")
