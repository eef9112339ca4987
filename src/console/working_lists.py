"""`/desk/working-lists`: what waits, list by list; from a list labels are printed and verifications planned."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from console.devices.columns import STATE_TONES, Names
from console.devices.register import reached
from console.forms import Form, choices
from console.pages import page, redirect
from console.visit import HOME, Visit
from device_registry.http.labels import LabelSettings, labels_for
from device_registry.http.reaching import READERS, managed_units
from device_registry.queries import device_kinds
from device_registry.working_lists import queries
from device_registry.working_lists.http import MOST_AT_ONCE, checked, look_within
from device_registry.working_lists.model import PlanEntry, PlanStep, WorkingList
from device_registry.working_lists.planning import take_step
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, Problem, Spoken

LISTS = f"{HOME}/working-lists"
ON_A_PAGE = 50
BAD = frozenset({WorkingList.PAST_DUE, WorkingList.FAILED, WorkingList.VOIDED, WorkingList.SUSPENDED_BY_ITSELF})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for."""

    list: WorkingList = WorkingList.PAST_DUE
    unit: UUID | None = None
    kind: Annotated[str, Meta(max_length=100)] | None = None
    after: Annotated[str, Meta(max_length=100)] | None = None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    device: Annotated[list[UUID], Meta(max_length=MOST_AT_ONCE)] = msgspec.field(default_factory=list)


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    step: PlanStep
    day: date
    body: Annotated[str, Meta(max_length=200)] | None = None


@get("/working-lists", guards=[requires(*READERS)])
async def lists_page(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _shown(request, visit, database, clock, Form())


@post("/working-lists/labels", guards=[requires(*READERS)], status_code=200)
async def print_chosen(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[LabelSettings],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        return await labels_for(request, database, clock, settings, _chosen(form))
    except Problem as problem:
        return await _shown(request, visit, database, clock, form.refused(problem, visit.language), problem.status)


@post("/working-lists/plan", guards=[requires(Role.DEVICE_MANAGER)], status_code=200)
async def plan_chosen(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        planned = form.read(Planned)
        entry = checked(PlanEntry(step=planned.step, day=planned.day, body=planned.body))
        async with database.connection() as db:
            units = await managed_units(db, request.user, clock)
        chosen = _chosen(form)
        await take_step(database, clock, chosen, entry, units=units, recorded_by=request.user.person_id)
    except Problem as problem:
        return await _shown(request, visit, database, clock, form.refused(problem, visit.language), problem.status)
    return redirect(visit.link(done=len(chosen)).replace("/plan", "", 1))


def _chosen(form: Form) -> list[UUID]:
    """Raises Malformed where nothing is ticked."""
    devices = list(dict.fromkeys(form.read(Chosen).device))
    if not devices:
        raise Malformed(field="device", what=Spoken("malformed.missing"))
    return devices


async def _shown(
    request: Request[Actor, Any, AppState],
    visit: Visit,
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    asked, now = Form(dict(visit.query)).read(Asked), clock.now()
    async with database.connection() as db:
        within = await reached(db, request.user, clock)
        sought = await look_within(db, request.user, clock, asked.unit, asked.kind)
        counts = await queries.counted(db, sought, now)
        items = await queries.listed(db, asked.list, sought, now, after=asked.after, most=ON_A_PAGE + 1)
        names = Names.of(visit.language, within.units, await device_kinds(db), day_of(now))
    query = visit.link(done=None).partition("?")[2]
    return page(
        visit,
        "working_lists.html",
        status=status,
        form=form,
        asked=asked,
        counts=counts,
        bad=BAD,
        items=items[:ON_A_PAGE],
        next=items[ON_A_PAGE - 1].tag if len(items) > ON_A_PAGE else None,
        names=names,
        state_tones=STATE_TONES,
        kinds=sorted(names.kinds.items(), key=lambda kind: kind[1]),
        units=[(str(unit.id), names.units[unit.id]) for unit in within.units if unit.id in within.reach],
        steps=choices(visit.language, "plan-step", PlanStep),
        query=f"?{query}" if query else "",
        done=dict(visit.query).get("done"),
        lists=LISTS,
    )


ROUTES = [lists_page, print_chosen, plan_chosen]
