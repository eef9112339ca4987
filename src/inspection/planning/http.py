"""`/desk/v1/inspection-plans`, `/desk/v1/inspections`, `/desk/v1/visit-merges`: what happens before a visit."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach, tree
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from inspection.model import Enterprise, Inspection, Source, State
from inspection.planning import merges as merging
from inspection.planning import queries, rules, tasks
from inspection.planning.model import Merge, Plan, Row, Visit
from inspection.planning.problems import (
    AlreadyApproved,
    AlreadyClosed,
    ApprovesOwnVisit,
    CapReached,
    EnterpriseRefused,
    InspectionNotFound,
    ItemNotOpen,
    MergeAnswered,
    MergeNotFound,
    MergeRefused,
    PlanDays,
    PlanNotFound,
    TeamRefused,
)
from inspection.planning.queries.tasks import Sought

WHO_PLANS = (Role.ENTITY_HEAD, Role.SUPERVISOR)
WHO_APPROVES = (Role.ENTITY_HEAD,)
WHO_READS = (*WHO_PLANS, Role.LEGAL_REVIEWER, Role.FIELD_OFFICER)

Codes = Annotated[list[Line], Meta(min_length=1, max_length=50)]
Officers = Annotated[list[UUID], Meta(min_length=2, max_length=20)]
Day = Annotated[date, Meta(description="A Beijing civil day")]
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


class NewTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uscc: Annotated[str, Meta(min_length=18, max_length=18)]
    name: Line
    address: Annotated[str, Meta(max_length=200)] = ""

    def enterprise(self) -> Enterprise:
        return Enterprise(self.uscc, tidy(self.name), tidy(self.address))


class NewPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit_id: UUID
    title: Line
    source: Annotated[Source, Meta(description="PLAN or SPECIAL_CAMPAIGN")] = Source.PLAN
    begins: Day
    ends: Day
    items: Codes
    checklist: Annotated[str, Meta(max_length=200)] = ""
    published_on: Day
    counts: bool | None = None
    """Whether its visits count toward the yearly cap; not told: as its source does."""
    counts_why: Line
    targets: Annotated[list[NewTarget], Meta(min_length=1, max_length=500)]


class NewTasks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    due_on: Day
    officers: Officers


class NewTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    officers: Annotated[list[UUID], Meta(max_length=20)] = []


class NewTeam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    officers: Officers


class NewApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=2000)] = ""


class NewMerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    other_id: UUID


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    agreed: bool
    reason: Annotated[str, Meta(max_length=2000)] = ""


class NewEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class NewCap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit_id: UUID
    year: Annotated[int, Meta(ge=2025, le=2100)]
    most: Annotated[int, Meta(ge=1, le=366)]
    basis: Line


class Made(msgspec.Struct, frozen=True):
    id: UUID


_READING = (Malformed, NotSignedIn, NotAllowed)
_WRITING = (*_READING, TooLarge, UnsupportedContentType)
_TASK = (UnitUnknown, EnterpriseRefused, ItemNotOpen, TeamRefused, CapReached)


@post(
    "/inspection-plans",
    guards=[requires(*WHO_PLANS)],
    summary="File a plan that has been published",
    responses=declared(*_WRITING, UnitUnknown, EnterpriseRefused, ItemNotOpen, PlanDays),
)
async def file_plan(
    data: JSONBody[NewPlan],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Plan:
    if data.source not in (Source.PLAN, Source.SPECIAL_CAMPAIGN):
        raise Malformed(field="source", what=Spoken("malformed.choice", value=data.source))
    for field in ("begins", "ends", "published_on"):
        checked_day(field, getattr(data, field))
    await _in_reach(database, clock, request.user, data.unit_id)
    plan = Plan(
        id=uuid4(),
        unit_id=data.unit_id,
        title=tidy(data.title),
        source=data.source,
        begins=data.begins,
        ends=data.ends,
        items=list(dict.fromkeys(data.items)),
        checklist=data.checklist,
        published_on=data.published_on,
        counts=rules.COUNTS[data.source] if data.counts is None else data.counts,
        counts_why=tidy(data.counts_why),
        targets=[target.enterprise() for target in data.targets],
    )
    return await tasks.file_plan(database, clock, request.user, plan)


@get(
    "/inspection-plans",
    guards=[requires(*WHO_READS)],
    summary="Plans of my units, newest first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_plans(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[Plan]:
    async with database.connection() as db:
        return await queries.plans(db, await reach(db, request.user, WHO_READS, day_of(clock.now())))


@post(
    "/inspection-plans/{plan_id:uuid}/tasks",
    guards=[requires(*WHO_PLANS)],
    summary="Make a task for each enterprise of the plan that has none",
    responses=declared(*_WRITING, *_TASK, PlanNotFound),
)
async def make_tasks(
    plan_id: FromPath[UUID],
    data: JSONBody[NewTasks],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[UUID]:
    checked_day("due_on", data.due_on)
    async with database.connection() as db:
        plan = await queries.plan_by_id(db, plan_id)
        if plan is None or plan.unit_id not in await reach(db, request.user, WHO_PLANS, day_of(clock.now())):
            raise PlanNotFound
    return await tasks.tasks_of_plan(database, clock, request.user, plan, data.due_on, data.officers)


@post(
    "/inspections",
    guards=[requires(*WHO_PLANS)],
    summary="Make a single task",
    responses=declared(*_WRITING, *_TASK),
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
    checked_day("due_on", new.due_on)
    await _in_reach(database, clock, actor, new.unit_id)
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
    responses=declared(*_READING),
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
    responses=declared(*_WRITING, InspectionNotFound, TeamRefused, AlreadyClosed),
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
    responses=declared(*_WRITING, InspectionNotFound, AlreadyApproved, ApprovesOwnVisit),
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
    "/inspections/{inspection_id:uuid}/merge-candidates",
    guards=[requires(*WHO_PLANS)],
    summary="Open tasks of other units that might be one visit with this one",
    responses=declared(*_READING, InspectionNotFound),
)
async def merge_candidates(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[Row]:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_PLANS, inspection_id, clock)
        everywhere = frozenset(unit.id for unit in await tree(db, day_of(clock.now())))
        return await merging.candidates(db, found, everywhere)


@post(
    "/inspections/{inspection_id:uuid}/visit-merges",
    guards=[requires(*WHO_PLANS)],
    summary="Propose that another unit's visit and this one be one, led by this unit",
    responses=declared(*_WRITING, InspectionNotFound, MergeRefused),
)
async def propose_merge(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewMerge],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Made:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_PLANS, inspection_id, clock)
    return Made(await merging.propose(database, clock, request.user, found, data.other_id))


@get(
    "/visit-merges",
    guards=[requires(*WHO_PLANS)],
    summary="Proposals that concern my units, open ones first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_merges(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[Merge]:
    async with database.connection() as db:
        return await queries.merges_of(db, await reach(db, request.user, WHO_PLANS, day_of(clock.now())))


@post(
    "/visit-merges/{merge_id:uuid}/answer",
    guards=[requires(*WHO_PLANS)],
    status_code=204,
    summary="Agree or not, for the unit that was asked",
    responses=declared(*_WRITING, MergeNotFound, MergeAnswered, MergeRefused, AlreadyClosed),
)
async def answer_merge(
    merge_id: FromPath[UUID],
    data: JSONBody[NewAnswer],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, merge_id)
        if merge is None or merge.other_unit not in await reach(db, request.user, WHO_PLANS, day_of(clock.now())):
            raise MergeNotFound
    await merging.answer(database, clock, request.user, merge, data.agreed, data.reason.strip())


@post(
    "/visit-merges/{merge_id:uuid}/end",
    guards=[requires(*WHO_PLANS)],
    status_code=204,
    summary="Part the two visits again, for either unit",
    responses=declared(*_WRITING, MergeNotFound, MergeAnswered, AlreadyClosed),
)
async def end_merge(
    merge_id: FromPath[UUID],
    data: JSONBody[NewEnd],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, merge_id)
        reached = await reach(db, request.user, WHO_PLANS, day_of(clock.now()))
        if merge is None or not reached & {merge.lead_unit, merge.other_unit}:
            raise MergeNotFound
    await merging.part(database, clock, request.user, merge, tidy(data.reason))


@get(
    "/enterprises/{uscc:str}/visits",
    guards=[requires(*WHO_READS)],
    summary="Who has been at the enterprise in a year, whatever unit, and what counts toward the cap",
    responses=declared(*_READING),
)
async def list_visits(
    uscc: FromPath[str],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    year: Annotated[int | None, QueryParameter(ge=2000, le=2099)] = None,
) -> list[Visit]:
    async with database.connection() as db:
        return await tasks.visits(db, uscc.replace("\0", ""), year or day_of(clock.now()).year)


@post(
    "/visit-caps",
    guards=[requires(*WHO_APPROVES)],
    status_code=204,
    summary="Set how often a unit may visit an enterprise in a year",
    responses=declared(*_WRITING, UnitUnknown),
)
async def set_cap(
    data: JSONBody[NewCap],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await _in_reach(database, clock, request.user, data.unit_id)
    async with database.transaction() as db:
        by, now = request.user.person_id, clock.now()
        await queries.set_cap(db, data.unit_id, data.year, data.most, tidy(data.basis), by, now)


async def known_inspection(
    db: Connection, actor: Actor, roles: tuple[Role, ...], inspection_id: UUID, clock: Clock
) -> Row:
    """Raises InspectionNotFound, also for a unit that these roles do not reach."""
    found = (await queries.rows_by_id(db, [inspection_id])).get(inspection_id)
    if found is None or found.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise InspectionNotFound
    return found


def checked_day(field: str, day: date) -> None:
    """Raises Malformed outside this century."""
    if not FIRST <= day < LAST:
        raise Malformed(field=field, what=Spoken("malformed.choice", value=str(day)))


async def _in_reach(database: Database, clock: Clock, actor: Actor, unit_id: UUID) -> None:
    async with database.connection() as db:
        if unit_id not in await reach(db, actor, WHO_PLANS, day_of(clock.now())):
            raise UnitUnknown(field="unit_id")


router = Router(
    "/desk/v1",
    route_handlers=[
        file_plan,
        list_plans,
        make_tasks,
        make_task,
        list_inspections,
        assign,
        approve,
        merge_candidates,
        propose_merge,
        list_merges,
        answer_merge,
        end_merge,
        list_visits,
        set_cap,
    ],
    tags=["inspections"],
)
