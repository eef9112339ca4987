"""Which unit holds a device, what governments ask for, and which bodies may verify: kept at the desk."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry import queries
from device_registry.checks import check_day
from device_registry.http.facts import Day
from device_registry.http.reaching import READERS, Line, known_device, managed_units, tidy
from device_registry.model import VerificationBody
from device_registry.problems import DateNotPlausible, DeviceNotFound, MoveOutOfOrder, PolicyOverlaps, UnitUnknown
from device_registry.queries import Policy, PolicyName
from device_registry.register import move_device
from foundation.civil import day_after, day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType


class NewHolding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From that Beijing civil day on the unit holds the device."""

    unit_id: UUID
    begins: Day


class NewPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number, from a Beijing civil day on, with the norm it comes from."""

    unit_id: UUID
    name: PolicyName
    value: Annotated[int, Meta(ge=0, le=36600)]
    begins: Day
    source: Line


class NewBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An authorisation; both days are Beijing civil days, `until` inclusive. No kinds: every kind."""

    name: Line
    authorisation_no: Line
    kinds: Annotated[list[Line], Meta(max_length=100, examples=[["SOUND_LEVEL"]])] = []
    begins: Day | None = None
    until: Day | None = None


class PolicyList(msgspec.Struct, frozen=True):
    policies: list[Policy]
    defaults: dict[PolicyName, int]


class Moved(msgspec.Struct, frozen=True):
    unit_id: UUID
    begins: date


@post(
    "/devices/{device_id:uuid}/holdings",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Hand the device over to another unit",
    responses=declared(
        Malformed,
        NotSignedIn,
        NotAllowed,
        DeviceNotFound,
        UnitUnknown,
        DateNotPlausible,
        MoveOutOfOrder,
        TooLarge,
        UnsupportedContentType,
    ),
)
async def hand_over(
    device_id: FromPath[UUID],
    data: JSONBody[NewHolding],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Moved:
    async with database.connection() as db:
        await known_device(db, request.user, (Role.DEVICE_MANAGER,), device_id, clock)
        if data.unit_id not in await managed_units(db, request.user, clock):
            raise UnitUnknown(field="unit_id")
    await move_device(database, clock, device_id, data.unit_id, data.begins, recorded_by=request.user.person_id)
    return Moved(data.unit_id, data.begins)


@get("/policies", guards=[requires(*READERS, Role.ADMINISTRATOR)], summary="What governments ask for, in numbers",
     responses=declared(NotSignedIn, NotAllowed))  # fmt: skip
async def show_policies(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> PolicyList:
    async with database.connection() as db:
        units = await reach(db, request.user, (*READERS, Role.ADMINISTRATOR), day_of(clock.now()))
        return PolicyList(await queries.policies(db, units), queries.DEFAULTS)


@post(
    "/policies",
    guards=[requires(Role.ADMINISTRATOR)],
    summary="Set a number for a government's area, from a day on",
    responses=declared(
        Malformed,
        NotSignedIn,
        NotAllowed,
        UnitUnknown,
        DateNotPlausible,
        PolicyOverlaps,
        TooLarge,
        UnsupportedContentType,
    ),
)
async def add_policy(
    data: JSONBody[NewPolicy],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Policy:
    return await set_policy(database, clock, request.user, data)


@post(
    "/verification-bodies",
    guards=[requires(Role.ADMINISTRATOR)],
    summary="Record that a body is authorised to verify",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, DateNotPlausible, PolicyOverlaps, TooLarge, UnsupportedContentType
    ),
)
async def add_verification_body(
    data: JSONBody[NewBody], request: Request[Actor, Any, State], database: NamedDependency[Database]
) -> VerificationBody:
    return await authorise(database, request.user, data)


async def set_policy(database: Database, clock: Clock, actor: Actor, data: NewPolicy) -> Policy:
    """Raises UnitUnknown where the actor administers no such unit, DateNotPlausible, PolicyOverlaps."""
    check_day("begins", data.begins)
    policy = Policy(data.unit_id, data.name, data.value, data.begins, None, tidy(data.source))
    async with database.transaction() as db:
        if data.unit_id not in await reach(db, actor, (Role.ADMINISTRATOR,), day_of(clock.now())):
            raise UnitUnknown(field="unit_id")
        await queries.set_policy(db, policy, clock.now(), actor.person_id)
    return policy


async def authorise(database: Database, actor: Actor, data: NewBody) -> VerificationBody:
    """Raises DateNotPlausible, Malformed, PolicyOverlaps."""
    for field, day in (("begins", data.begins), ("until", data.until)):
        if day is not None:
            check_day(field, day)
    if data.begins and data.until and data.until < data.begins:
        raise Malformed(field="until", what=Spoken("malformed.order"))
    body = VerificationBody(
        id=uuid4(),
        name=tidy(data.name),
        authorisation_no=tidy(data.authorisation_no),
        kinds=tuple(data.kinds),
        begins=data.begins,
        ends=None if data.until is None else day_after(data.until),
    )
    async with database.transaction() as db:
        await queries.add_body(db, body, actor.person_id)
    return body


ROUTES: list[ControllerRouterHandler] = [hand_over, show_policies, add_policy, add_verification_body]
