"""`/desk/v1/inspections`: single tasks, who goes, the head's approval; how often an enterprise is visited."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, Spoken
from inspection.model import Enterprise, Inspection, Source, State
from inspection.planning import queries, rules, tasks
from inspection.planning.http.common import (
    READING,
    TASK,
    WHO_APPROVES,
    WHO_PLANS,
    WHO_READS,
    WRITING,
    Codes,
    Day,
    Made,
    Officers,
    checked_day,
    in_reach,
    known_inspection,
)
from inspection.planning.model import Row, Visit
from inspection.planning.problems import (
    AlreadyApproved,
    AlreadyClosed,
    ApprovesOwnVisit,
    InspectionNotFound,
    TeamRefused,
)
from inspection.planning.queries.tasks import Sought


class NewTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A single task; without officers it waits for some to be assigned."""

    unit_id: UUID
    title: Line
    source: Annotated[Source, Meta(description="COMPLAINT, TRANSFER, SPECIAL_CAMPAIGN or PLAN")]
    due_on: Day
    uscc: Annotated[str, Meta(min_length=18, max_length=18)]
    enterprise_name: Line
    enterprise_address: Annotated[str, Meta(max_length=200)] = ""
    items: Codes
    checklist: Annotated[str, Meta(max_length=200)] = ""
    officers: Officers = []


class NewTeam(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    officers: Officers


class NewApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=2000)] = ""


class NewCap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit_id: UUID
    year: Annotated[int, Meta(ge=2025, le=2100)]
    most: Annotated[int, Meta(ge=1, le=366)]
    basis: Line


@post(
    "/inspections",
    guards=[requires(*WHO_PLANS)],
    summary="Make a single task",
    responses=declared(*WRITING, *TASK),
)
async def make_task(
    data: JSONBody[NewTask],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Made:
    return Made(await made(database, clock, request.user, data))


async def made(database: Database, clock: Clock, actor: Actor, new: NewTask) -> UUID:
    """Raises UnitUnknown and what `tasks.add_task` raises."""
    if new.source not in rules.SINGLE_TASKS:
        raise Malformed(field="source", what=Spoken("malformed.choice", value=new.source))
    checked_day("due_on", new.due_on)
    await in_reach(database, clock, actor, new.unit_id)
    task = Inspection(
        id=uuid4(),
        unit_id=new.unit_id,
        source=new.source,
        title=tidy(new.title),
        due_on=new.due_on,
        enterprise=Enterprise(new.uscc, tidy(new.enterprise_name), tidy(new.enterprise_address)),
        items=list(dict.fromkeys(new.items)),
        checklist=new.checklist,
        officers=list(dict.fromkeys(new.officers)),
    )
    await tasks.add_task(database, clock, actor, task)
    return task.id


@get(
    "/inspections",
    guards=[requires(*WHO_READS)],
    summary="Inspections of my units, what needs a person first",
    responses=declared(*READING),
)
async def list_inspections(
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    stage: Annotated[State | None, QueryParameter(name="state")] = None,
    source: FromQuery[Source | None] = None,
    unit_id: FromQuery[UUID | None] = None,
    officer: FromQuery[UUID | None] = None,
) -> list[Row]:
    async with database.connection() as db:
        units = await reach(db, request.user, WHO_READS, day_of(clock.now()))
        sought = Sought(state=stage, source=source, unit_id=unit_id, officer=officer)
        return await queries.listed(db, units, sought)


@post(
    "/inspections/{inspection_id:uuid}/team",
    guards=[requires(*WHO_PLANS)],
    status_code=204,
    summary="Say who goes: at least two officers, credentialed on the day",
    responses=declared(*WRITING, InspectionNotFound, TeamRefused, AlreadyClosed),
)
async def assign(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewTeam],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_PLANS, inspection_id, clock)
    await tasks.assign(database, clock, request.user, found, list(dict.fromkeys(data.officers)))


@post(
    "/inspections/{inspection_id:uuid}/approval",
    guards=[requires(*WHO_APPROVES)],
    status_code=204,
    summary="Approve the visit, as the head of the entity",
    responses=declared(*WRITING, InspectionNotFound, AlreadyApproved, ApprovesOwnVisit),
)
async def approve(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewApproval],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_APPROVES, inspection_id, clock)
    await tasks.approve(database, clock, request.user, found, data.note.strip())


@get(
    "/enterprises/{uscc:str}/visits",
    guards=[requires(*WHO_READS)],
    summary="Who has been at the enterprise in a year, whatever unit, and what counts toward the cap",
    responses=declared(*READING),
)
async def list_visits(
    uscc: FromPath[str],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    year: Annotated[int | None, QueryParameter(ge=2000, le=2099)] = None,
) -> list[Visit]:
    async with database.connection() as db:
        code = uscc.replace("\0", "")
        return (await tasks.visits(db, [code], year or day_of(clock.now()).year))[code]


@post(
    "/visit-caps",
    guards=[requires(*WHO_APPROVES)],
    status_code=204,
    summary="Set how often a unit may visit an enterprise in a year",
    responses=declared(*WRITING, UnitUnknown),
)
async def set_cap(
    data: JSONBody[NewCap],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await in_reach(database, clock, request.user, data.unit_id)
    async with database.transaction() as db:
        by, now = request.user.person_id, clock.now()
        await queries.set_cap(db, data.unit_id, data.year, data.most, tidy(data.basis), by, now)


ROUTES = [make_task, list_inspections, assign, approve, list_visits, set_cap]
