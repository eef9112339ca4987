"""Facts about a device, recorded at the desk: one route a kind of fact."""

from datetime import date, datetime
from typing import Annotated, Any
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
from device_registry.http.reaching import Line, known_device, tidy
from device_registry.model import (
    Fact,
    Nature,
    Occasion,
    Requirement,
    ServiceChange,
    ServiceEvent,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import (
    ChannelUnknown,
    ConclusionDoesNotFit,
    DateNotPlausible,
    DeviceNotFound,
    DeviceRetired,
    FactAlreadyRecorded,
    ValidUntilTooEarly,
)
from device_registry.record import StandingChanged, record_fact
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
    cause: VoidCause
    occurred_at: Instant
    remark: Remark | None = None


class NewServiceEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    change: ServiceChange
    occurred_at: Instant
    reason: Remark | None = None


class NewConclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    requirement: Requirement
    document_no: Line
    conclusion: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    concluded_on: Day


class Recorded(msgspec.Struct, frozen=True):
    """`id` is the fact's. What follows from it is derived already: read the device."""

    id: UUID


_FACT_PROBLEMS = (
    Malformed, NotSignedIn, NotAllowed, DeviceNotFound, FactAlreadyRecorded, TooLarge, UnsupportedContentType,
    DateNotPlausible,
)  # fmt: skip


@post(
    "/devices/{device_id:uuid}/verification-certificates",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record a verification certificate (or one of calibration, which verifies nothing)",
    responses=declared(*_FACT_PROBLEMS, ValidUntilTooEarly, ChannelUnknown),
)
async def add_certificate(
    device_id: FromPath[UUID],
    data: JSONBody[NewCertificate],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    certificate = VerificationCertificate(**_as_written(data))
    return await _record(database, clock, request.user, device_id, certificate, standing_changed)


@post(
    "/devices/{device_id:uuid}/verification-failure-notices",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record that the device failed its verification",
    responses=declared(*_FACT_PROBLEMS, ChannelUnknown),
)
async def add_failure_notice(
    device_id: FromPath[UUID],
    data: JSONBody[NewFailureNotice],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    notice = VerificationFailureNotice(**_as_written(data))
    return await _record(database, clock, request.user, device_id, notice, standing_changed)


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
    event = VoidEvent(cause=data.cause, occurred_at=data.occurred_at, remark=data.remark)
    return await _record(database, clock, request.user, device_id, event, standing_changed)


@post(
    "/devices/{device_id:uuid}/service-events",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record that the device was put in service, suspended, resumed or retired",
    responses=declared(*_FACT_PROBLEMS, DeviceRetired),
)
async def add_service_event(
    device_id: FromPath[UUID],
    data: JSONBody[NewServiceEvent],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    event = ServiceEvent(change=data.change, occurred_at=data.occurred_at, reason=data.reason)
    return await _record(database, clock, request.user, device_id, event, standing_changed)


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
    conclusion = WrittenConclusion(
        requirement=data.requirement,
        document_no=tidy(data.document_no),
        conclusion=data.conclusion.strip(),
        concluded_on=data.concluded_on,
    )
    return await _record(database, clock, request.user, device_id, conclusion, standing_changed)


async def _record(
    database: Database, clock: Clock, actor: Actor, device_id: UUID, fact: Fact, standing_changed: StandingChanged
) -> Recorded:
    async with database.connection() as db:
        await known_device(db, actor, (Role.DEVICE_MANAGER,), device_id, clock)
    await record_fact(database, clock, device_id, fact, recorded_by=actor.person_id, on_change=standing_changed)
    return Recorded(fact.id)


def _as_written(data: NewCertificate | NewFailureNotice) -> dict[str, Any]:
    written = msgspec.structs.asdict(data)
    for name in ("certificate_no", "notice_no", "issuing_body", "channel", "regulation"):
        if written.get(name):
            written[name] = tidy(written[name])
    digest = written.pop("document_sha256")
    return written | {"document_sha256": digest and bytes.fromhex(digest)}


ROUTES: list[ControllerRouterHandler] = [
    add_certificate,
    add_failure_notice,
    add_void_event,
    add_service_event,
    add_conclusion,
]
