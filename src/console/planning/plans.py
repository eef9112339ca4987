"""`/desk/inspection-plans`: plans that were published, their enterprises, and the tasks made of them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from console.forms import BETWEEN, Form
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.planning.choices import choices
from console.visit import Visit
from device_registry.http.reaching import Line
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, Problem, Spoken
from inspection.model import Source
from inspection.planning import queries
from inspection.planning import tasks as use_cases
from inspection.planning.http.common import WHO_PLANS, WHO_READS, Day, checked_day
from inspection.planning.http.plans import NewPlan, NewTarget, NewTasks, filed
from inspection.planning.model import Plan
from inspection.planning.problems import PlanNotFound

PATH = "/desk/inspection-plans"
SOURCES = (Source.PLAN, Source.SPECIAL_CAMPAIGN)
ENTRIES.append(Entry("inspection-plans", PATH, frozenset(WHO_READS)))


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The form: a line an enterprise."""

    unit_id: UUID
    title: Line
    source: Source
    begins: Day
    ends: Day
    published_on: Day
    items: Annotated[list[str], Meta(min_length=1, max_length=50)]
    checklist: str = ""
    counts: bool | None = None
    counts_why: Line
    targets: Annotated[list[str], Meta(min_length=1, max_length=500)]


@get("/inspection-plans", guards=[requires(*WHO_READS)])
async def plans_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _list(visit, request, database, clock, Form())


@post("/inspection-plans", guards=[requires(*WHO_PLANS)], status_code=200)
async def file_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        plan = await filed(database, clock, request.user, _new(form.read(Typed)))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _list(visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{plan.id}", done="filed")


@get("/inspection-plans/{plan_id:uuid}", guards=[requires(*WHO_READS)])
async def plan_page(
    plan_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _plan(plan_id, visit, request, database, clock, Form())


@post("/inspection-plans/{plan_id:uuid}", guards=[requires(*WHO_PLANS)], status_code=200)
async def make_tasks_at_page(
    plan_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewTasks)
        checked_day("due_on", new.due_on)
        async with database.connection() as db:
            plan = await _known(db, request.user, plan_id, clock)
            if plan.unit_id not in await reach(db, request.user, WHO_PLANS, day_of(clock.now())):
                raise PlanNotFound
        await use_cases.tasks_of_plan(database, clock, request.user, plan, new.due_on, new.officers)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _plan(plan_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{plan_id}", done="tasks")


async def _list(
    visit: Visit, request: Request[Actor, Any, State], database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        found = await queries.plans(db, await reach(db, request.user, WHO_READS, today))
        offered = await choices(db, visit, await reach(db, request.user, WHO_PLANS, today), today)
    return page(
        visit,
        "planning/plans.html",
        status=status,
        form=form,
        plans=found,
        today=today,
        may=visit.may(*WHO_PLANS),
        sources=SOURCES,
        offered=offered,
    )


async def _plan(
    plan_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        plan = await _known(db, request.user, plan_id, clock)
        made = await queries.made_of(db, plan_id)
        offered = await choices(db, visit, [plan.unit_id], today)
    return page(
        visit,
        "planning/plan.html",
        status=status,
        form=form,
        plan=plan,
        made=made,
        offered=offered,
        items=dict(offered.items),
        may=visit.may(*WHO_PLANS),
    )


async def _known(db: Connection, actor: Actor, plan_id: UUID, clock: Clock) -> Plan:
    """Raises PlanNotFound."""
    plan = await queries.plan_by_id(db, plan_id)
    if plan is None or plan.unit_id not in await reach(db, actor, WHO_READS, day_of(clock.now())):
        raise PlanNotFound
    return plan


def _new(typed: Typed) -> NewPlan:
    """Raises Malformed beside `targets` where a line cannot be read."""
    targets = []
    for line in typed.targets:
        uscc, name, address = (*BETWEEN.split(line.strip(), maxsplit=2), "", "")[:3]
        if len(uscc) != 18 or not 0 < len(name) <= 200 or len(address) > 200:
            raise Malformed(field="targets", what=Spoken("page.plans.target-line", line=line[:60]))
        targets.append(NewTarget(uscc=uscc, name=name, address=address))
    told = {name: getattr(typed, name) for name in typed.__struct_fields__ if name != "targets"}
    return NewPlan(**told, targets=targets)


ROUTES = [plans_page, file_at_page, plan_page, make_tasks_at_page]
