"""`/desk/inspections/{id}/preparation`: who goes, the head's approval, whose visits become one, how often they come."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id, reach, tree
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.pages import page, redirect
from console.planning.choices import choices
from console.visit import Visit
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, Problem, Spoken
from inspection.model import State
from inspection.planning import merges, queries, rules, tasks
from inspection.planning.http.common import WHO_APPROVES, WHO_PLANS, WHO_READS, known_inspection
from inspection.planning.http.merges import NewEnd, NewMerge
from inspection.planning.http.visits import NewApproval, NewTeam
from inspection.planning.problems import MergeNotFound


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Which proposal, and yes or no."""

    merge_id: UUID
    agreed: bool
    reason: Annotated[str, Meta(max_length=2000)] = ""


class Parted(NewEnd, frozen=True, kw_only=True):
    merge_id: UUID


async def _unapproved(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.unapproved(db, await reach(db, actor, WHO_APPROVES, day_of(clock.now())))


async def _unanswered(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.unanswered(db, await reach(db, actor, WHO_PLANS, day_of(clock.now())))


BLOCKS.append(Waiting("approvals", frozenset(WHO_APPROVES), "/desk/inspections?unapproved=true", _unapproved))
BLOCKS.append(Waiting("joint-visits", frozenset(WHO_PLANS), "/desk/joint-visits", _unanswered))


@get("/inspections/{inspection_id:uuid}/preparation", guards=[requires(*WHO_READS)])
async def preparation_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _shown(inspection_id, visit, request, database, clock, Form())


@post("/inspections/{inspection_id:uuid}/preparation", guards=[requires(*WHO_PLANS)], status_code=200)
async def prepare_at_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """One of the forms of the page, named by `step`."""
    form = await Form.sent(request)
    try:
        step = STEPS.get(form.value("step"))
        if step is None:
            raise Malformed(field="step", what=Spoken("malformed.missing"))
        await step(inspection_id, form, request.user, database, clock)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _shown(inspection_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"/desk/inspections/{inspection_id}/preparation", done=form.value("step"))


@get("/joint-visits", guards=[requires(*WHO_PLANS)])
async def joint_visits_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        today = day_of(clock.now())
        reached = await reach(db, request.user, WHO_PLANS, today)
        found = await queries.merges_of(db, reached)
        names = {unit.id: visit.named(unit) for unit in await tree(db, today)}
    return page(visit, "planning/joint_visits.html", merges=found, names=names, reached=reached)


async def _team(inspection_id: UUID, form: Form, actor: Actor, database: Database, clock: Clock) -> None:
    new = form.read(NewTeam)
    async with database.connection() as db:
        found = await known_inspection(db, actor, WHO_PLANS, inspection_id, clock)
    await tasks.assign(database, clock, actor, found, list(dict.fromkeys(new.officers)))


async def _approval(inspection_id: UUID, form: Form, actor: Actor, database: Database, clock: Clock) -> None:
    new = form.read(NewApproval)
    async with database.connection() as db:
        found = await known_inspection(db, actor, WHO_APPROVES, inspection_id, clock)
    await tasks.approve(database, clock, actor, found, new.note)


async def _proposal(inspection_id: UUID, form: Form, actor: Actor, database: Database, clock: Clock) -> None:
    new = form.read(NewMerge)
    async with database.connection() as db:
        found = await known_inspection(db, actor, WHO_PLANS, inspection_id, clock)
    await merges.propose(database, clock, actor, found, new.other_id)


async def _answer(inspection_id: UUID, form: Form, actor: Actor, database: Database, clock: Clock) -> None:
    new = form.read(Answered)
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, new.merge_id)
        reached = await reach(db, actor, WHO_PLANS, day_of(clock.now()))
        if merge is None or merge.other_id != inspection_id or merge.other_unit not in reached:
            raise MergeNotFound
    await merges.answer(database, clock, actor, merge, new.agreed, new.reason)


async def _part(inspection_id: UUID, form: Form, actor: Actor, database: Database, clock: Clock) -> None:
    new = form.read(Parted)
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, new.merge_id)
        reached = await reach(db, actor, WHO_PLANS, day_of(clock.now()))
        own = merge and {merge.lead_id: merge.lead_unit, merge.other_id: merge.other_unit}.get(inspection_id)
        if merge is None or own not in reached:
            raise MergeNotFound
    await merges.part(database, clock, actor, merge, new.reason)


Step = Callable[[UUID, Form, Actor, Database, Clock], Awaitable[None]]
STEPS: dict[str, Step] = {"team": _team, "approval": _approval, "proposal": _proposal, "answer": _answer, "part": _part}


async def _shown(
    inspection_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_READS, inspection_id, clock)
        units = await tree(db, today)
        offered = await choices(db, visit, [found.unit_id], today)
        going = await people_by_id(db, found.officers)
        year = (found.due_on or today).year
        code = found.enterprise.uscc
        visits = (await tasks.visits(db, [code], year))[code] if code else []
        cap = await queries.cap_of(db, found.unit_id, year)
        proposals = await queries.merges_about(db, inspection_id)
        candidates = await merges.candidates(db, found, frozenset(unit.id for unit in units))
    proposed = {id_ for one in proposals if one.agreed is None for id_ in (one.lead_id, one.other_id)}
    own = [one for one in visits if one.unit_id == found.unit_id]
    return page(
        visit,
        "planning/preparation.html",
        status=status,
        form=form,
        team=form if form.value("step") == "team" else Form({"officers": found.officers}),
        inspection=found,
        offered=offered,
        going=[visit.named(one) for one in going.values()],
        visits=visits,
        counted=rules.counted(own),
        cap=cap,
        year=year,
        proposals=proposals,
        candidates=[one for one in candidates if one.id not in proposed],
        planned=found.state is State.PLANNED,
        closed=found.state is State.CLOSED,
        may_plan=visit.may(*WHO_PLANS),
        may_approve=visit.may(*WHO_APPROVES) and request.user.person_id not in found.officers,
    )


ROUTES = [preparation_page, prepare_at_page, joint_visits_page]
