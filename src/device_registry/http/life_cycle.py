"""Steps in a device's life, at the desk: a verb is a resource, so each has its route, its rule and its history."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry import life_cycle
from device_registry.http.devices import NewPlace
from device_registry.http.facts import Day, Instant, Recorded, Remark, Sha256
from device_registry.http.reaching import Line, known_device, tidy
from device_registry.life_cycle import Desk
from device_registry.model import (
    Announcement,
    Aspect,
    BasisLevel,
    Device,
    Notice,
    Place,
    Review,
    ReviewOutcome,
    ReviewPoint,
    SiteVersion,
    SuspensionCause,
)
from device_registry.problems import (
    DateNotPlausible,
    DeviceNotFound,
    DocumentNotKept,
    FactAlreadyRecorded,
    LegalBasisTooLow,
    NotUsableYet,
    NotVerifiedNow,
    ReleaserIsFixer,
    ReviewerIsProposer,
    ReviewIncomplete,
    SignCheckMissing,
    SiteVersionNotFound,
    SitingNotNeeded,
    StepNotAllowed,
    SupervisorMustRelease,
    VerifiedElsewhere,
    WithdrawalNoticeMissing,
)
from device_registry.record import StandingChanged
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType

Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
NOBODY = UUID(int=0)
"""Until the use case knows who proposed."""


class NewSiteVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the device shall stand, what it shall watch there, on what legal basis and why."""

    address: Line
    monitored_items: Annotated[list[Line], Meta(min_length=1, max_length=50, examples=[["超速行驶"]])]
    basis_name: Annotated[Line, Meta(examples=["中华人民共和国道路交通安全法"])]
    basis_article: Annotated[Line, Meta(examples=["第一百一十四条"])]
    basis_level: BasisLevel
    necessity: Text
    road: Line | None = None
    direction: Line | None = None
    lane: Line | None = None
    place: NewPlace | None = None
    speed_limit: Annotated[int, Meta(ge=1, le=200, description="km/h")] | None = None
    spacing_metres: Annotated[int, Meta(ge=0, le=10**7, description="To the nearest device of the kind.")] | None = None
    funding: Line | None = None


class NewReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A review of one aspect. It passes only with every point of the aspect."""

    site_version_id: UUID
    aspect: Aspect
    outcome: ReviewOutcome
    reviewing_body: Line
    document_no: Line
    reviewed_on: Day
    opinion: Text
    points: Annotated[list[ReviewPoint], Meta(max_length=20)] = []
    standards: Remark | None = None
    type_approval_no: Line | None = None
    document_sha256: Sha256 | None = None


class NewAnnouncement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    site_version_id: UUID
    notice: Notice
    announced_on: Day
    channel: Line
    content: Text
    url: Line | None = None
    snapshot_sha256: Sha256 | None = None


class NewService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_no: Line | None = None
    reason: Remark | None = None


class NewSuspension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`occurred_at` may lie in the past: then what was captured since is judged again."""

    occurred_at: Instant
    cause: SuspensionCause
    reason: Text
    document_no: Line | None = None


class NewRectification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document_no: Line
    deadline: Day
    responsible: Line
    reason: Remark | None = None


class NewReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done, with the number of the document that says so."""

    document_no: Line
    reason: Text


class NewWithdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    site_version_id: UUID
    reason: Text


_PROBLEMS = (
    Malformed, NotSignedIn, NotAllowed, DeviceNotFound, TooLarge, UnsupportedContentType, StepNotAllowed,
    FactAlreadyRecorded, DateNotPlausible,
)  # fmt: skip
_VERSION_PROBLEMS = (*_PROBLEMS, SiteVersionNotFound)
_HEADS = (Role.ENTITY_HEAD, Role.SUPERVISOR)


def provide_desk(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Desk:
    return Desk(database, clock, request.user.person_id, standing_changed)


@post(
    "/devices/{device_id:uuid}/site-versions",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Propose a site, or another place, item or speed limit for a device in service",
    responses=declared(*_PROBLEMS, SitingNotNeeded, LegalBasisTooLow),
)
async def propose_site(
    device_id: FromPath[UUID],
    data: JSONBody[NewSiteVersion],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.DEVICE_MANAGER,), device_id)
    return Recorded(await life_cycle.propose(desk, device_id, site_version(data)))


@post(
    "/devices/{device_id:uuid}/reviews",
    guards=[requires(Role.LEGAL_REVIEWER, Role.TECHNICAL_REVIEWER)],
    summary="Review a proposed site, legally or technically; in either order, by somebody else than the proposer",
    responses=declared(*_VERSION_PROBLEMS, ReviewerIsProposer, ReviewIncomplete, DocumentNotKept),
)
async def review_site(
    device_id: FromPath[UUID],
    data: JSONBody[NewReview],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (REVIEWERS[data.aspect],), device_id)
    return Recorded(await life_cycle.review(desk, device_id, review(data)))


@post(
    "/devices/{device_id:uuid}/announcements",
    guards=[requires(Role.PUBLICITY_OFFICER)],
    summary="Record what the public was told: the site, its withdrawal, that the device is out of use",
    responses=declared(*_VERSION_PROBLEMS, DocumentNotKept),
)
async def announce_site(
    device_id: FromPath[UUID],
    data: JSONBody[NewAnnouncement],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.PUBLICITY_OFFICER,), device_id)
    return Recorded(await life_cycle.announce(desk, device_id, announcement(data)))


@post(
    "/devices/{device_id:uuid}/services",
    guards=[requires(Role.ENTITY_HEAD)],
    summary="Put the device in service, from now on",
    responses=declared(
        *_PROBLEMS,
        NotUsableYet,
        NotVerifiedNow,
        SignCheckMissing,
        SupervisorMustRelease,
        VerifiedElsewhere,
        ReleaserIsFixer,
    ),
)
async def put_device_in_service(
    device_id: FromPath[UUID],
    data: JSONBody[NewService],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.ENTITY_HEAD,), device_id)
    taken = await life_cycle.put_in_service(desk, device_id, document_no=data.document_no, reason=data.reason)
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/suspensions",
    guards=[requires(Role.DEVICE_MANAGER, *_HEADS)],
    summary="Suspend the device, from an instant on that may lie in the past",
    responses=declared(*_PROBLEMS),
)
async def suspend_device(
    device_id: FromPath[UUID],
    data: JSONBody[NewSuspension],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    device = await _reached(desk, request.user, (Role.DEVICE_MANAGER, *_HEADS), device_id)
    taken = await life_cycle.suspend(
        desk,
        device_id,
        occurred_at=data.occurred_at,
        cause=data.cause,
        reason=data.reason.strip(),
        document_no=data.document_no,
        by_supervisor=await _supervises(desk, request.user, device),
    )
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/rectifications",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Begin the rectification of a suspended device",
    responses=declared(*_PROBLEMS),
)
async def begin_rectification(
    device_id: FromPath[UUID],
    data: JSONBody[NewRectification],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.DEVICE_MANAGER,), device_id)
    taken = await life_cycle.rectify(
        desk,
        device_id,
        document_no=tidy(data.document_no),
        deadline=data.deadline,
        responsible=tidy(data.responsible),
        reason=data.reason,
    )
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/rectification-reports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Report how the device was put right",
    responses=declared(*_PROBLEMS),
)
async def report_rectification(
    device_id: FromPath[UUID],
    data: JSONBody[NewReport],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.DEVICE_MANAGER,), device_id)
    taken = await life_cycle.report_rectification(
        desk, device_id, document_no=tidy(data.document_no), reason=data.reason.strip()
    )
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/releases",
    guards=[requires(*_HEADS, Role.TECHNICAL_REVIEWER)],
    summary="Release a rectified device into service; never by who put it right",
    responses=declared(*_PROBLEMS, ReleaserIsFixer, SupervisorMustRelease, NotVerifiedNow),
)
async def release_device(
    device_id: FromPath[UUID],
    data: JSONBody[NewService],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    device = await _reached(desk, request.user, (*_HEADS, Role.TECHNICAL_REVIEWER), device_id)
    taken = await life_cycle.release(
        desk,
        device_id,
        document_no=data.document_no,
        reason=data.reason,
        is_supervisor=await _supervises(desk, request.user, device),
    )
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/retirements",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Retire the device for good, with its disposal record",
    responses=declared(*_PROBLEMS, WithdrawalNoticeMissing),
)
async def retire_device(
    device_id: FromPath[UUID],
    data: JSONBody[NewReport],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.DEVICE_MANAGER,), device_id)
    taken = await life_cycle.retire(desk, device_id, document_no=tidy(data.document_no), reason=data.reason.strip())
    return Recorded(taken)


@post(
    "/devices/{device_id:uuid}/withdrawals",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Take a proposed site back before it comes into service",
    responses=declared(*_VERSION_PROBLEMS),
)
async def withdraw_site(
    device_id: FromPath[UUID],
    data: JSONBody[NewWithdrawal],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Recorded:
    await _reached(desk, request.user, (Role.DEVICE_MANAGER,), device_id)
    return Recorded(await life_cycle.withdraw(desk, device_id, data.site_version_id, reason=data.reason.strip()))


REVIEWERS = {Aspect.LEGAL: Role.LEGAL_REVIEWER, Aspect.TECHNICAL: Role.TECHNICAL_REVIEWER}
"""Who makes which review."""


def site_version(data: NewSiteVersion) -> SiteVersion:
    """As proposed; its number is given when it is recorded."""
    values = _tidied(data)
    values["place"] = Place(data.place.longitude, data.place.latitude, data.place.datum) if data.place else None
    values["monitored_items"] = tuple(tidy(item) for item in data.monitored_items)
    return SiteVersion(number=0, **values)


def review(data: NewReview) -> Review:
    return Review(proposed_by=NOBODY, **(_tidied(data) | {"points": tuple(data.points)}))


def announcement(data: NewAnnouncement) -> Announcement:
    return Announcement(**_tidied(data))


def _tidied(data: msgspec.Struct) -> dict[str, Any]:
    values = msgspec.structs.asdict(data)
    for name, value in values.items():
        if name.endswith("_sha256"):
            values[name] = value and bytes.fromhex(value)
        elif type(value) is str:
            values[name] = value.strip() if name in ("necessity", "opinion", "content", "standards") else tidy(value)
    return values


async def _reached(desk: Desk, actor: Actor, roles: tuple[Role, ...], device_id: UUID) -> Device:
    """Raises DeviceNotFound where none of these roles of the actor reaches the device."""
    async with desk.database.connection() as db:
        return await known_device(db, actor, roles, device_id, desk.clock)


async def _supervises(desk: Desk, actor: Actor, device: Device) -> bool:
    """Of this device: a supervisor elsewhere may be its head here, and has a head's say."""
    async with desk.database.connection() as db:
        return device.unit_id in await reach(db, actor, (Role.SUPERVISOR,), day_of(desk.clock.now()))


DEPENDENCIES = {"desk": Provide(provide_desk, sync_to_thread=False)}
ROUTES: list[ControllerRouterHandler] = [
    propose_site,
    review_site,
    announce_site,
    put_device_in_service,
    suspend_device,
    begin_rectification,
    report_rectification,
    release_device,
    retire_device,
    withdraw_site,
]
