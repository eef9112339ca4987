"""`/desk/v1/inspection-plans`: what a unit has said it will inspect, and the tasks made of it."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
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
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken
from inspection.model import Enterprise, Source
from inspection.planning import queries, rules, tasks
from inspection.planning.http.common import (
    TASK,
    WHO_PLANS,
    WHO_READS,
    WRITING,
    Codes,
    Day,
    Officers,
    checked_day,
    in_reach,
)
from inspection.planning.model import Plan
from inspection.planning.problems import EnterpriseRefused, ItemNotOpen, PlanDays, PlanNotFound


class NewTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uscc: Annotated[str, Meta(min_length=18, max_length=18)]
    name: Line
    address: Annotated[str, Meta(max_length=200)] = ""

    def enterprise(self) -> Enterprise:
        return Enterprise(self.uscc, tidy(self.name), tidy(self.address))


class NewPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class NewTasks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    due_on: Day
    officers: Officers


@post(
    "/inspection-plans",
    guards=[requires(*WHO_PLANS)],
    summary="File a plan that has been published",
    responses=declared(*WRITING, UnitUnknown, EnterpriseRefused, ItemNotOpen, PlanDays),
)
async def file_plan(
    data: JSONBody[NewPlan],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Plan:
    return await filed(database, clock, request.user, data)


async def filed(database: Database, clock: Clock, actor: Actor, new: NewPlan) -> Plan:
    """Raises Malformed, UnitUnknown and what `tasks.file_plan` raises."""
    if new.source not in (Source.PLAN, Source.SPECIAL_CAMPAIGN):
        raise Malformed(field="source", what=Spoken("malformed.choice", value=new.source))
    for field in ("begins", "ends", "published_on"):
        checked_day(field, getattr(new, field))
    await in_reach(database, clock, actor, new.unit_id)
    plan = Plan(
        id=uuid4(),
        unit_id=new.unit_id,
        title=tidy(new.title),
        source=new.source,
        begins=new.begins,
        ends=new.ends,
        items=list(dict.fromkeys(new.items)),
        checklist=new.checklist,
        published_on=new.published_on,
        counts=rules.COUNTS[new.source] if new.counts is None else new.counts,
        counts_why=tidy(new.counts_why),
        targets=[target.enterprise() for target in new.targets],
    )
    return await tasks.file_plan(database, clock, actor, plan)


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
    responses=declared(*WRITING, *TASK, PlanNotFound),
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


ROUTES = [file_plan, list_plans, make_tasks]
