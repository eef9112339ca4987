"""The desk's routes for working lists and for the verifications planned from them."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach, subtree
from device_registry.http.reaching import READERS, known_device, managed_units
from device_registry.http.reaching import Line as TextLine
from device_registry.problems import DeviceNotFound, DeviceRetired
from device_registry.queries import PolicyName, policy_by_unit
from device_registry.working_lists import queries
from device_registry.working_lists.model import Item, PlanEntry, PlanHistory, PlanStep, WorkingList
from device_registry.working_lists.planning import take_step
from device_registry.working_lists.problems import PlanStepOutOfOrder
from device_registry.working_lists.queries import Within
from foundation.civil import FIRST_DAY, LAST_DAY, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from foundation.words import say

MOST_ON_A_PAGE = 200
MOST_AT_ONCE = 2000
"""Devices in one request."""


class ListCount(msgspec.Struct, frozen=True):
    name: WorkingList
    title: str
    count: int


class ItemPage(msgspec.Struct, frozen=True):
    items: list[Item]
    next: str | None


class NewStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step for all of these devices. `day`: planned for, sent, returned or cancelled on, Beijing."""

    device_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    step: PlanStep
    day: date
    body: TextLine | None = None
    remark: TextLine | None = None


UnitWanted = Annotated[UUID | None, QueryParameter(description="This unit and everything below it")]
KindWanted = Annotated[str | None, QueryParameter(max_length=100)]


@get(
    "/working-lists",
    guards=[requires(*READERS)],
    summary="How many devices of my units are in each working list",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def count_lists(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    unit: UnitWanted = None,
    kind: KindWanted = None,
) -> list[ListCount]:
    async with database.connection() as db:
        within = await look_within(db, request.user, clock, unit, kind)
        counts = await queries.counted(db, within, clock.now())
    language = language_of(request)
    return [ListCount(name, say(language, f"working-list.{name}.title"), count) for name, count in counts.items()]


@get(
    "/working-lists/{list_name:str}",
    guards=[requires(*READERS)],
    summary="The devices in a working list, the most urgent first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def show_list(
    list_name: FromPath[WorkingList],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    unit: UnitWanted = None,
    kind: KindWanted = None,
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> ItemPage:
    async with database.connection() as db:
        within = await look_within(db, request.user, clock, unit, kind)
        found = await queries.listed(db, list_name, within, clock.now(), after=after, most=most + 1)
    return ItemPage(found[:most], found[most - 1].tag if len(found) > most else None)


@post(
    "/verification-plan-steps",
    guards=[requires(Role.DEVICE_MANAGER)],
    status_code=204,
    summary="Plan verifications, send devices to the body, take them back",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, DeviceNotFound, DeviceRetired, PlanStepOutOfOrder,
        TooLarge, UnsupportedContentType,
    ),
)  # fmt: skip
async def take_plan_step(
    data: JSONBody[NewStep],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    entry = checked(PlanEntry(step=data.step, day=data.day, body=data.body, remark=data.remark))
    async with database.connection() as db:
        units = await managed_units(db, request.user, clock)
    await take_step(database, clock, set(data.device_ids), entry, units=units, recorded_by=request.user.person_id)


@get(
    "/devices/{device_id:uuid}/verification-plan-steps",
    guards=[requires(*READERS)],
    summary="Every planned verification of a device, newest step first",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound),
)
async def show_plan(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[PlanHistory]:
    async with database.connection() as db:
        await known_device(db, request.user, READERS, device_id, clock)
        return await queries.plan_of(db, device_id)


async def look_within(db: Connection, actor: Actor, clock: Clock, unit: UUID | None, kind: str | None) -> Within:
    """The actor's units, of these the given one and what is below it; and how old their sign checks may be."""
    today = day_of(clock.now())
    units = await reach(db, actor, READERS, today)
    if unit is not None:
        units &= await subtree(db, [unit], today)
    days = await policy_by_unit(db, PolicyName.SIGN_CHECK_DAYS, today)
    return Within(signs_since={one: today - timedelta(days=days[one]) for one in units}, kind=kind)


def checked(entry: PlanEntry) -> PlanEntry:
    """Raises Malformed: no body where one is needed, or a day beyond the calendar."""
    if entry.step in (PlanStep.PLANNED, PlanStep.SENT) and entry.body is None:
        raise Malformed(field="body", what=Spoken("malformed.missing"))
    if not FIRST_DAY <= entry.day <= LAST_DAY:
        raise Malformed(field="day", what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
    return entry


router = Router("/desk/v1", route_handlers=[count_lists, show_list, take_plan_step, show_plan], tags=["working lists"])
