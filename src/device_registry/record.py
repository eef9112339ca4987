"""A fact about a device is recorded or corrected, and what follows is derived anew, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable
from uuid import UUID

from device_registry import queries
from device_registry.checks import body_of, check, check_body
from device_registry.model import (
    Correction,
    Device,
    Fact,
    Facts,
    Nature,
    SiteVersion,
    Span,
    VerificationCertificate,
    VerificationFailureNotice,
)
from device_registry.problems import (
    CalibrationOnly,
    CorrectionDiffers,
    DeviceNotFound,
    FactNotCorrectable,
    FactNotFound,
)
from device_registry.rules import minus, overview, service_periods, standing_spans, verified_periods
from foundation.clock import Clock
from foundation.database import Connection, Database


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
    if new.keys() - devices.keys():
        raise DeviceNotFound
    before = await queries.facts_of_all(db, new)
    bodies = await queries.bodies_named(db, {body for _, fact in facts if (body := body_of(fact))})
    now = clock.now()
    after: dict[UUID, Facts] = {}
    for device_id, found in new.items():
        after[device_id] = before[device_id]
        for fact in found:
            check(devices[device_id], after[device_id], fact, now)
            check_body(devices[device_id], fact, bodies)
            after[device_id] = after[device_id].and_(fact)
    await _check_documents(db, [fact for _, fact in facts])
    await queries.add_facts(db, facts, recorded_by, now)
    causes = {device_id: ", ".join(sorted({type(fact).__name__ for fact in found})) for device_id, found in new.items()}
    await derive(db, clock, devices, before, after, causes, on_change)


async def correct(
    database: Database,
    clock: Clock,
    device_id: UUID,
    correction: Correction,
    *,
    recorded_by: UUID,
    on_change: StandingChanged = nobody_listens,
) -> None:
    """A fact stops counting from now on, and another one takes its place or none; both stay to be read.

    Raises DeviceNotFound, FactNotFound (also for one that was corrected before), FactNotCorrectable, CorrectionDiffers,
    or what is wrong with the replacement.
    """
    async with database.transaction() as db:
        devices = await queries.locked_devices(db, [device_id])
        if device_id not in devices:
            raise DeviceNotFound
        before = await queries.facts_of(db, device_id)
        superseded, replacement = before.by_id(correction.superseded_id), correction.replacement
        if superseded is None:
            raise FactNotFound(field="superseded_id")
        if isinstance(superseded, SiteVersion):
            raise FactNotCorrectable(field="superseded_id")
        now = clock.now()
        after = before.without(superseded.id)
        if replacement is not None:
            if type(replacement) is not type(superseded):
                raise CorrectionDiffers(field="replacement")
            check(devices[device_id], after, replacement, now)
            body = body_of(replacement)
            check_body(devices[device_id], replacement, await queries.bodies_named(db, {body} if body else set()))
            after = after.and_(replacement)
            await _check_documents(db, [replacement])
            await queries.add_facts(db, [(device_id, replacement)], recorded_by, now)
        await queries.add_correction(db, device_id, correction, recorded_by, now)
        await derive(
            db, clock, devices, {device_id: before}, {device_id: after}, {device_id: Correction.__name__}, on_change
        )


async def _check_documents(db: Connection, facts: Sequence[Fact]) -> None:
    """A result of verification is not to be had from a certificate of calibration. Raises CalibrationOnly."""
    results = [
        fact
        for fact in facts
        if isinstance(fact, VerificationFailureNotice)
        or (isinstance(fact, VerificationCertificate) and fact.nature is Nature.VERIFICATION)
    ]
    digests = {fact.document_sha256 for fact in results if fact.document_sha256}
    if digests and await queries.any_of_calibration(db, digests):
        raise CalibrationOnly(field="document_sha256")


async def derive(
    db: Connection,
    clock: Clock,
    devices: Mapping[UUID, Device],
    before: Mapping[UUID, Facts],
    after: Mapping[UUID, Facts],
    causes: Mapping[UUID, str],
    on_change: StandingChanged = nobody_listens,
) -> None:
    """Keeps what follows from the facts `after`, once whoever listens has heard. The devices must be locked."""
    kept_verified = await queries.verified_periods_of(db, after)
    kept_served = await queries.service_periods_of(db, after)
    verified = {device_id: verified_periods(facts) for device_id, facts in after.items()}
    served = {device_id: service_periods(facts) for device_id, facts in after.items()}
    for device_id, facts in after.items():
        device, concluded = devices[device_id], before[device_id].written_conclusions
        then = standing_spans(device, kept_verified[device_id], kept_served[device_id], concluded)
        from_now_on = standing_spans(device, verified[device_id], served[device_id], facts.written_conclusions)
        lost, gained = minus(then, from_now_on), minus(from_now_on, then)
        if lost or gained:
            await on_change(db, device_id, lost, gained, causes[device_id])
    await queries.let_periods_change(db)
    await queries.replace_verified_periods(db, kept_verified, verified)
    await queries.replace_service_periods(db, kept_served, served)
    now = clock.now()
    overviews = {
        device_id: overview(facts, verified[device_id], served[device_id], now) for device_id, facts in after.items()
    }
    await queries.keep_overviews(db, devices, after, overviews)
