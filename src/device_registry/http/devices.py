"""Devices at the desk: registered by managers, read by whoever supervises or reviews."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry import queries
from device_registry.explanation import explain
from device_registry.http.reaching import READERS, Line, known_device, managed_units, tidy
from device_registry.model import (
    Aspect,
    Caution,
    CertificateDetails,
    Datum,
    Device,
    DeviceKind,
    Fact,
    InForce,
    InServiceCheck,
    Interval,
    Mounting,
    Nature,
    Notice,
    Occasion,
    Outcome,
    Place,
    Reason,
    Requirement,
    ReviewOutcome,
    ReviewPoint,
    ServiceEvent,
    SiteVersion,
    Span,
    VerifiedPeriod,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.model import State as LifeCycleState
from device_registry.problems import (
    DeviceKindUnknown,
    DeviceNotFound,
    DeviceTagTaken,
    RequirementTooWeak,
    UnitUnknown,
)
from device_registry.queries import Holding
from device_registry.register import Registration, register_device
from device_registry.rules import life_cycle_state
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import checked_instant, declared, language_of
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotSignedIn,
    TooLarge,
    UnsupportedContentType,
)

MOST_ON_A_PAGE = 200


class NewPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    longitude: Annotated[float, Meta(ge=-180, le=180, examples=[114.3055])]
    latitude: Annotated[float, Meta(ge=-90, le=90, examples=[30.5928])]
    datum: Datum


class NewDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`requirement` may be left out, or be MANDATORY where the kind asks for less.

    `replaces` is the device whose place it takes, like for like.
    """

    tag: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S", examples=["SLM-041"])]
    kind: Annotated[str, Meta(max_length=100, examples=["SOUND_LEVEL"])]
    serial_no: Line
    model: Line
    maker: Line
    unit_id: UUID
    mounting: Mounting
    address: Line | None = None
    place: NewPlace | None = None
    requirement: Requirement | None = None
    replaces: UUID | None = None


class DevicePage(msgspec.Struct, frozen=True):
    """In the order of tags. `next` goes into `after` for the following page; null on the last."""

    devices: list[Device]
    next: str | None


class CertificateShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    verified_on: date
    valid_until: date
    certificate_no: str
    issuing_body: str
    occasion: Occasion
    nature: Nature
    channel: str
    regulation: str | None
    issued_sequence: int | None
    document_sha256: str | None
    details: CertificateDetails


class ReviewShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    site_version_id: UUID
    aspect: Aspect
    outcome: ReviewOutcome
    reviewing_body: str
    document_no: str
    reviewed_on: date
    opinion: str
    proposed_by: UUID
    points: tuple[ReviewPoint, ...]
    standards: str | None
    type_approval_no: str | None
    document_sha256: str | None


class AnnouncementShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    site_version_id: UUID
    notice: Notice
    announced_on: date
    channel: str
    content: str
    url: str | None
    lead_days: int
    snapshot_sha256: str | None


class SignCheckShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    checked_on: date
    clear: bool
    photo_sha256: str | None
    remark: str | None


class FailureNoticeShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    failed_on: date
    notice_no: str
    issuing_body: str
    channel: str
    regulation: str | None
    failed_items: str | None
    issued_sequence: int | None
    document_sha256: str | None


class DeviceInFull(msgspec.Struct, frozen=True):
    """The device, every fact about it, and the half-open periods (UTC) that follow from them."""

    device: Device
    certificates: list[CertificateShown]
    failure_notices: list[FailureNoticeShown]
    void_events: list[VoidEvent]
    service_events: list[ServiceEvent]
    written_conclusions: list[WrittenConclusion]
    site_versions: list[SiteVersion]
    reviews: list[ReviewShown]
    announcements: list[AnnouncementShown]
    sign_checks: list[SignCheckShown]
    in_service_checks: list[InServiceCheck]
    state: LifeCycleState
    holdings: list[Holding]
    verified_periods: list[VerifiedPeriod]
    service_periods: list[Span]


class ReasonShown(msgspec.Struct, frozen=True):
    """`words` are in the reader's language."""

    code: Reason
    channel: str
    words: str


class StandingShown(msgspec.Struct, frozen=True):
    """Whether what the device captures at that instant may count; all reasons if not."""

    device_id: UUID
    tag: str
    at: datetime
    outcome: Outcome
    reasons: list[ReasonShown]
    certificates: list[InForce]
    conclusion_id: UUID | None
    verified_that_day: bool
    cautions: list[Caution]
    rule_version: str


@get("/device-kinds", summary="The catalogue of device kinds", responses=declared(NotSignedIn))
async def device_kinds(database: NamedDependency[Database]) -> list[DeviceKind]:
    async with database.connection() as db:
        return await queries.device_kinds(db)


@post(
    "/devices",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Register a device",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, DeviceTagTaken, TooLarge, UnsupportedContentType,
        DeviceKindUnknown, UnitUnknown, RequirementTooWeak,
    ),
)  # fmt: skip
async def add_device(
    data: JSONBody[NewDevice],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Device:
    async with database.connection() as db:
        if data.unit_id not in await managed_units(db, request.user, clock):
            raise UnitUnknown(field="unit_id")
    registration = Registration(
        tag=tidy(data.tag),
        kind=data.kind,
        serial_no=tidy(data.serial_no),
        model=tidy(data.model),
        maker=tidy(data.maker),
        unit_id=data.unit_id,
        mounting=data.mounting,
        address=tidy(data.address) if data.address else None,
        place=Place(data.place.longitude, data.place.latitude, data.place.datum) if data.place else None,
        requirement=data.requirement,
        replaces=data.replaces,
    )
    return await register_device(database, clock, registration, registered_by=request.user.person_id)


@get(
    "/devices",
    guards=[requires(*READERS)],
    summary="Search the devices of my units",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def find_devices(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    text: Annotated[str | None, QueryParameter(max_length=100, description="Part of a tag or a serial number")] = None,
    kind: Annotated[str | None, QueryParameter(max_length=100)] = None,
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> DevicePage:
    async with database.connection() as db:
        units = await reach(db, request.user, READERS, day_of(clock.now()))
        found = await queries.devices(db, units, text=text, kind=kind, after=after, most=most + 1)
    return DevicePage(found[:most], found[most - 1].tag if len(found) > most else None)


@get(
    "/devices/{device_id:uuid}",
    guards=[requires(*READERS)],
    summary="A device with every fact about it",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound),
)
async def show_device(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DeviceInFull:
    async with database.connection() as db:
        device = await known_device(db, request.user, READERS, device_id, clock)
        facts = await queries.facts_of(db, device_id)
        verified = await queries.verified_periods_of(db, [device_id])
        served = await queries.service_periods_of(db, [device_id])
        holdings = await queries.holdings_of(db, device_id)
    return DeviceInFull(
        device,
        [CertificateShown(**_with_hex(certificate)) for certificate in facts.certificates],
        [FailureNoticeShown(**_with_hex(notice)) for notice in facts.failure_notices],
        [*facts.void_events],
        [*facts.service_events],
        [*facts.written_conclusions],
        [*facts.site_versions],
        [ReviewShown(**_with_hex(review)) for review in facts.reviews],
        [AnnouncementShown(**_with_hex(announcement)) for announcement in facts.announcements],
        [SignCheckShown(**_with_hex(check)) for check in facts.sign_checks],
        [*facts.in_service_checks],
        life_cycle_state(facts, clock.now()),
        holdings,
        verified[device_id],
        served[device_id],
    )


@get(
    "/devices/{device_id:uuid}/standing",
    guards=[requires(*READERS)],
    summary="May what the device captures at an instant count?",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound),
)
async def show_standing(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    at: Annotated[datetime | None, QueryParameter(description="Instant with offset; left out: now")] = None,
    known_at: Annotated[
        datetime | None, QueryParameter(description="What this register knew then; left out: all it knows")
    ] = None,
) -> StandingShown:
    instant = checked_instant("at", at) if at else clock.now()
    captured = Interval(instant, instant)
    async with database.connection() as db:
        device = await known_device(db, request.user, READERS, device_id, clock)
        if known_at is None:
            found = await queries.standing_of(db, device.tag, captured)
        else:
            found = await queries.standing_as_known(db, device.tag, captured, checked_instant("known_at", known_at))
    if found is None:  # it was not registered then
        raise DeviceNotFound
    language = language_of(request)
    return StandingShown(
        device.id,
        device.tag,
        instant,
        found.outcome,
        [ReasonShown(finding.reason, finding.channel, explain(finding, language)) for finding in found.reasons],
        [*found.certificates],
        found.conclusion_id,
        found.verified_that_day,
        [*found.cautions],
        found.rule_version,
    )


def _with_hex(fact: Fact) -> dict[str, Any]:
    values = msgspec.structs.asdict(fact)
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


ROUTES: list[ControllerRouterHandler] = [device_kinds, add_device, find_devices, show_device, show_standing]
