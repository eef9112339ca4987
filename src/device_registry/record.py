"""A fact about a device is recorded or corrected, and what follows is derived anew, in one transaction.

What follows from many facts about many devices takes seconds to work out. So a file is read, checked and worked out
before the transaction (`known_of`, `prepare`), which then holds the devices, makes sure that nothing was recorded about
them in between, and writes (`hold`, `keep`). A single fact is all of that in one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from device_registry import queries
from device_registry.checks import body_of, check, check_body
from device_registry.model import (
    Correction,
    Device,
    Fact,
    Facts,
    LastResult,
    Nature,
    Overview,
    SiteVersion,
    Span,
    Trace,
    VerificationBody,
    VerificationCertificate,
    VerificationFailureNotice,
    VerifiedPeriod,
    Window,
)
from device_registry.notices.failures import tell_failures
from device_registry.problems import (
    CalibrationOnly,
    CorrectionDiffers,
    DeviceNotFound,
    FactNotCorrectable,
    FactNotFound,
    ImportChanged,
)
from device_registry.rules import (
    minus,
    overview,
    service_periods,
    standing_spans,
    verified_periods,
    windows,
    withdrawn,
)
from foundation.clock import Clock
from foundation.database import Connection, Database, in_batches

BATCH = 1000
"""Devices whose facts are asked for at once."""


class Change(msgspec.Struct, frozen=True):
    """Of one device's standing: the spans it has lost and gained, and the traces that new findings have opened.

    `cause` is the name of the fact's type.
    """

    device_id: UUID
    lost: list[Span]
    gained: list[Span]
    cause: str
    opened: Sequence[Trace] = ()


@runtime_checkable
class StandingChanged(Protocol):
    """Hears of every change of devices' standing, inside the transaction and before the kept periods change.

    Whoever let something stand on the `lost` spans, or in the window of a trace that was `opened`, must take it away
    now: a period that an admission still needs cannot shrink, no admission may be in such a window, and the transaction
    would fail at its end. A file of facts makes thousands of changes at once.
    """

    async def __call__(self, db: Connection, changes: Sequence[Change], /) -> None: ...


async def nobody_listens(db: Connection, changes: Sequence[Change]) -> None:
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
    """The same for some facts about some devices, inside the caller's transaction."""
    devices = await queries.locked_devices(db, {device_id for device_id, _ in facts})
    known = await known_of(db, devices, facts)
    await keep(db, clock, prepare(known, facts, clock.now()), recorded_by=recorded_by, on_change=on_change)


class Known(msgspec.Struct, frozen=True):
    """What the register holds of some devices. `versions` tell whether anything was recorded about them since."""

    devices: Mapping[UUID, Device]
    facts: Mapping[UUID, Facts]
    verified: Mapping[UUID, list[VerifiedPeriod]]
    served: Mapping[UUID, list[Span]]
    bodies: Mapping[str, Sequence[VerificationBody]]
    versions: Mapping[UUID, str]


class Prepared(msgspec.Struct, frozen=True):
    """Facts that may be recorded, and what follows from them."""

    known: Known
    facts: Sequence[tuple[UUID, Fact]]
    changes: Sequence[Change]
    following: "Following"
    causes: Mapping[UUID, str]
    """By device the names of the types of its new facts."""


class Following(msgspec.Struct, frozen=True):
    """What follows from all facts about each device."""

    facts: Mapping[UUID, Facts]
    verified: Mapping[UUID, list[VerifiedPeriod]]
    served: Mapping[UUID, list[Span]]
    overviews: Mapping[UUID, Overview]
    windows: Mapping[UUID, list[Window]]


async def known_of(db: Connection, devices: Mapping[UUID, Device], facts: Sequence[tuple[UUID, Fact]]) -> Known:
    """What has to be known to prepare the facts. Of thousands of devices, a thousand at a time."""
    versions = await queries.overview_versions(db, devices)  # before the facts: whatever comes between is noticed
    held: dict[UUID, Facts] = {}
    for some in in_batches([*devices], BATCH):
        held |= await queries.facts_of_all(db, some)
    return Known(
        devices,
        held,
        await queries.verified_periods_of(db, devices),
        await queries.service_periods_of(db, devices),
        await queries.bodies_named(db, {body for _, fact in facts if (body := body_of(fact))}),
        versions,
    )


def prepare(known: Known, facts: Sequence[tuple[UUID, Fact]], now: datetime) -> Prepared:
    """Raises DeviceNotFound, FactAlreadyRecorded, or what is wrong with a fact."""
    after = dict[UUID, Facts]()
    kinds: dict[UUID, set[str]] = {}
    for device_id, fact in facts:
        if device_id not in known.devices:
            raise DeviceNotFound
        before = after.get(device_id) or known.facts[device_id]
        check(known.devices[device_id], before, fact, now)
        check_body(known.devices[device_id], fact, known.bodies)
        after[device_id] = before.and_(fact)
        kinds.setdefault(device_id, set()).add(type(fact).__name__)
    causes = {device_id: ", ".join(sorted(names)) for device_id, names in kinds.items()}
    following = follow(after, now)
    return Prepared(known, facts, changes_of(known, following, causes), following, causes)


async def hold(db: Connection, known: Known) -> None:
    """The devices are locked until the transaction ends. Raises ImportChanged if anything was recorded since."""
    await queries.locked_devices(db, known.devices)
    if await queries.overview_versions(db, known.devices) != known.versions:
        raise ImportChanged


async def keep(
    db: Connection,
    clock: Clock,
    prepared: Prepared,
    *,
    recorded_by: UUID | None,
    on_change: StandingChanged = nobody_listens,
) -> None:
    """Writes the facts and what follows. The devices must be locked, and known as they are."""
    await _check_documents(db, [fact for _, fact in prepared.facts])
    now = clock.now()
    await queries.add_facts(db, prepared.facts, recorded_by, now)
    await tell_failures(db, _failures(prepared), now)
    opened = await queries.open_traces(db, prepared.following.windows, now, recorded_by)
    if changes := _with_traces(prepared.changes, opened, prepared.causes):
        await on_change(db, changes)
    await keep_following(db, prepared.known, prepared.following)


def _failures(prepared: Prepared) -> Iterator[tuple[Device, VerificationFailureNotice]]:
    """Those by which a device is failed now: an old one that was made good since is no news."""
    for device_id, fact in prepared.facts:
        now_failed = prepared.following.overviews[device_id].last_result is LastResult.FAIL
        if now_failed and isinstance(fact, VerificationFailureNotice):
            yield prepared.known.devices[device_id], fact


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
            db,
            clock,
            devices,
            {device_id: before},
            {device_id: after},
            {device_id: Correction.__name__},
            recorded_by=recorded_by,
            on_change=on_change,
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
    *,
    recorded_by: UUID | None = None,
    on_change: StandingChanged = nobody_listens,
) -> None:
    """Keeps what follows from the facts `after`, once whoever listens has heard. The devices must be locked."""
    now = clock.now()
    verified = await queries.verified_periods_of(db, after)
    served = await queries.service_periods_of(db, after)
    known = Known(devices, before, verified, served, {}, {})
    following = follow(after, now)
    laid_open = {
        device_id: [*found, *withdrawn(before[device_id], after[device_id], now)]
        for device_id, found in following.windows.items()
    }
    opened = await queries.open_traces(db, laid_open, now, recorded_by)
    if changes := _with_traces(changes_of(known, following, causes), opened, causes):
        await on_change(db, changes)
    await keep_following(db, known, following)


def follow(after: Mapping[UUID, Facts], now: datetime) -> Following:
    verified = {device_id: verified_periods(facts) for device_id, facts in after.items()}
    served = {device_id: service_periods(facts) for device_id, facts in after.items()}
    overviews = {
        device_id: overview(facts, verified[device_id], served[device_id], now) for device_id, facts in after.items()
    }
    return Following(
        after, verified, served, overviews, {device_id: windows(facts) for device_id, facts in after.items()}
    )


def changes_of(known: Known, following: Following, causes: Mapping[UUID, str]) -> list[Change]:
    found = []
    for device_id, facts in following.facts.items():
        device, concluded = known.devices[device_id], known.facts[device_id].written_conclusions
        then = standing_spans(device, known.verified[device_id], known.served[device_id], concluded)
        from_now_on = standing_spans(
            device, following.verified[device_id], following.served[device_id], facts.written_conclusions
        )
        lost, gained = minus(then, from_now_on), minus(from_now_on, then)
        if lost or gained:
            found.append(Change(device_id, lost, gained, causes[device_id]))
    return found


def _with_traces(changes: Sequence[Change], opened: Sequence[Trace], causes: Mapping[UUID, str]) -> list[Change]:
    by_device = {change.device_id: change for change in changes}
    traces: dict[UUID, list[Trace]] = {}
    for trace in opened:
        traces.setdefault(trace.device_id, []).append(trace)
    for device_id, found in traces.items():
        change = by_device.get(device_id) or Change(device_id, [], [], causes[device_id])
        by_device[device_id] = msgspec.structs.replace(change, opened=found)
    return [*by_device.values()]


async def keep_following(db: Connection, known: Known, following: Following) -> None:
    """Turns what is kept of the devices into what follows. Whoever listens has heard before."""
    await queries.let_periods_change(db)
    await queries.replace_verified_periods(db, known.verified, following.verified)
    await queries.replace_service_periods(db, known.served, following.served)
    await queries.keep_overviews(db, known.devices, following.facts, following.overviews)
