"""Facts about a device, recorded at the desk: one route a kind of fact."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry import queries
from device_registry.checks import corrector
from device_registry.http.reaching import Line, known_device, tidy
from device_registry.model import (
    CertificateDetails,
    CheckSubject,
    Correction,
    Fact,
    InServiceCheck,
    Nature,
    Occasion,
    Requirement,
    SignCheck,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import (
    BodyNotAuthorised,
    CalibrationOnly,
    CertificateOfAnother,
    ChannelUnknown,
    ConclusionDoesNotFit,
    CorrectionDiffers,
    DateNotPlausible,
    DeviceNotFound,
    DocumentNotKept,
    FactAlreadyRecorded,
    FactNotCorrectable,
    FactNotFound,
    ValidUntilTooEarly,
)
from device_registry.record import StandingChanged, correct, record_fact
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotSignedIn,
    TooLarge,
    UnsupportedContentType,
)

Remark = Annotated[str, Meta(max_length=2000)]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$", description="Of the document.")]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-05-03T14:05:00+08:00"])]
Day = Annotated[date, Meta(description="Beijing civil day.", examples=["2026-05-03"])]
Sequence = Annotated[int, Meta(ge=1, le=2**31 - 1, description="Orders the results of one day.")]
Channel = Annotated[str, Meta(max_length=20, description="Of a kind with channels: the one this result is about.")]


class NewCertificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verification certificate as it is written; the last valid day is inclusive."""

    verified_on: Day
    valid_until: Day
    certificate_no: Line
    issuing_body: Line
    occasion: Occasion = Occasion.SUBSEQUENT
    nature: Nature = Nature.VERIFICATION
    channel: Channel = ""
    regulation: Line | None = None
    issued_sequence: Sequence | None = None
    document_sha256: Sha256 | None = None
    details: CertificateDetails = CertificateDetails()


class NewFailureNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    failed_on: Day
    notice_no: Line
    issuing_body: Line
    channel: Channel = ""
    regulation: Line | None = None
    failed_items: Remark | None = None
    issued_sequence: Sequence | None = None
    document_sha256: Sha256 | None = None


class NewVoidEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cause: Literal["REPAIR", "SEAL_BROKEN", "RELOCATION", "FIRMWARE"]
    """What is out of tolerance is told as the check that found it."""
    occurred_at: Instant
    remark: Remark | None = None


class NewConclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    requirement: Requirement
    document_no: Line
    conclusion: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    concluded_on: Day


class NewSignCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    checked_on: Day
    clear: bool
    photo_sha256: Sha256 | None = None
    remark: Remark | None = None


class NewInServiceCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Out of tolerance, it ends the verification from its instant on; within, it extends nothing."""

    subject: CheckSubject
    checked_at: Instant
    within_tolerance: bool
    deviation: Line | None = None
    tolerance: Line | None = None
    reference: Line | None = None
    remark: Remark | None = None


class NewCorrection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most one replacement, of the same kind as what it replaces; none: it should never have been recorded."""

    superseded_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
    certificate: NewCertificate | None = None
    failure_notice: NewFailureNotice | None = None
    void_event: NewVoidEvent | None = None
    conclusion: NewConclusion | None = None
    sign_check: NewSignCheck | None = None
    in_service_check: NewInServiceCheck | None = None


class Recorded(msgspec.Struct, frozen=True):
    """`id` is the fact's. What follows from it is derived already: read the device."""

    id: UUID


class Corrected(msgspec.Struct, frozen=True):
    """`id` is the replacement's, where there is one."""

    id: UUID | None


CORRECTORS = (
    Role.DEVICE_MANAGER, Role.LEGAL_REVIEWER, Role.TECHNICAL_REVIEWER, Role.PUBLICITY_OFFICER, Role.ENTITY_HEAD,
    Role.SUPERVISOR,
)  # fmt: skip
"""Whoever may tell some kind of fact; which of them may correct this one, `corrector` says."""
_FACT_PROBLEMS = (
    Malformed, NotSignedIn, NotAllowed, DeviceNotFound, FactAlreadyRecorded, TooLarge, UnsupportedContentType,
    DateNotPlausible,
)  # fmt: skip


@post(
    "/devices/{device_id:uuid}/verification-certificates",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record a verification certificate (or one of calibration, which verifies nothing)",
    responses=declared(
        *_FACT_PROBLEMS,
        ValidUntilTooEarly,
        ChannelUnknown,
        CertificateOfAnother,
        BodyNotAuthorised,
        DocumentNotKept,
        CalibrationOnly,
    ),
)
async def add_certificate(
    device_id: FromPath[UUID],
    data: JSONBody[NewCertificate],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/verification-failure-notices",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record that the device failed its verification",
    responses=declared(*_FACT_PROBLEMS, ChannelUnknown, BodyNotAuthorised, DocumentNotKept, CalibrationOnly),
)
async def add_failure_notice(
    device_id: FromPath[UUID],
    data: JSONBody[NewFailureNotice],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/void-events",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record what ended a verification early",
    responses=declared(*_FACT_PROBLEMS),
)
async def add_void_event(
    device_id: FromPath[UUID],
    data: JSONBody[NewVoidEvent],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/written-conclusions",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record why the device needs no verification",
    responses=declared(*_FACT_PROBLEMS, ConclusionDoesNotFit),
)
async def add_conclusion(
    device_id: FromPath[UUID],
    data: JSONBody[NewConclusion],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/sign-checks",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record whether the signs at the site were clear",
    responses=declared(*_FACT_PROBLEMS, DocumentNotKept),
)
async def add_sign_check(
    device_id: FromPath[UUID],
    data: JSONBody[NewSignCheck],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/in-service-checks",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record a check between verifications: sound calibrator before or after, clock, reference",
    responses=declared(*_FACT_PROBLEMS),
)
async def add_in_service_check(
    device_id: FromPath[UUID],
    data: JSONBody[NewInServiceCheck],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    return await _record(database, clock, request.user, device_id, fact_of(data), standing_changed)


@post(
    "/devices/{device_id:uuid}/corrections",
    guards=[requires(*CORRECTORS)],
    summary="Let a fact no longer count, and another take its place; both stay to be read",
    responses=declared(
        *_FACT_PROBLEMS, FactNotFound, FactNotCorrectable, CorrectionDiffers, ChannelUnknown, ValidUntilTooEarly,
        ConclusionDoesNotFit, CertificateOfAnother, BodyNotAuthorised, DocumentNotKept, CalibrationOnly,
    ),
)  # fmt: skip
async def correct_fact(
    device_id: FromPath[UUID],
    data: JSONBody[NewCorrection],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Corrected:
    said = (data.certificate, data.failure_notice, data.void_event, data.conclusion, data.sign_check,
            data.in_service_check)  # fmt: skip
    given = [found for found in said if found is not None]
    if len(given) > 1:
        raise CorrectionDiffers(field="replacement")
    replacement = fact_of(given[0]) if given else None
    async with database.connection() as db:
        device = await known_device(db, request.user, CORRECTORS, device_id, clock)
        superseded = (await queries.facts_of(db, device_id)).by_id(data.superseded_id)
        if superseded and device.unit_id not in await reach(
            db, request.user, (corrector(superseded),), day_of(clock.now())
        ):
            raise NotAllowed
    await correct(
        database,
        clock,
        device_id,
        Correction(superseded_id=data.superseded_id, replacement=replacement, reason=data.reason.strip()),
        recorded_by=request.user.person_id,
        on_change=standing_changed,
    )
    return Corrected(None if replacement is None else replacement.id)


async def _record(
    database: Database, clock: Clock, actor: Actor, device_id: UUID, fact: Fact, standing_changed: StandingChanged
) -> Recorded:
    async with database.connection() as db:
        await known_device(db, actor, (Role.DEVICE_MANAGER,), device_id, clock)
    await record_fact(database, clock, device_id, fact, recorded_by=actor.person_id, on_change=standing_changed)
    return Recorded(fact.id)


_FACTS: dict[type[msgspec.Struct], type[Fact]] = {
    NewCertificate: VerificationCertificate,
    NewFailureNotice: VerificationFailureNotice,
    NewVoidEvent: VoidEvent,
    NewConclusion: WrittenConclusion,
    NewSignCheck: SignCheck,
    NewInServiceCheck: InServiceCheck,
}
"""What is said at the desk, and the fact it becomes: the same fields, tidied."""
_DIGESTS = ("document_sha256", "photo_sha256")
_AS_WRITTEN = ("remark", "failed_items", "conclusion")


def fact_of(data: msgspec.Struct) -> Fact:
    """The fact that was said, its texts tidied."""
    values = msgspec.structs.asdict(data)
    for name, value in values.items():
        if name in _DIGESTS:
            values[name] = value and bytes.fromhex(value)
        elif type(value) is str:
            values[name] = value.strip() if name in _AS_WRITTEN else tidy(value)
    if isinstance(data, NewVoidEvent):
        values["cause"] = VoidCause(data.cause)
    return _FACTS[type(data)](**values)


ROUTES: list[ControllerRouterHandler] = [
    add_certificate,
    add_failure_notice,
    add_void_event,
    add_sign_check,
    add_in_service_check,
    correct_fact,
    add_conclusion,
]
