"""`/desk/retention`: what is held, and disposal from the rehearsal to the end; holds from the page of evidence."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id, reach, tree
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from device_registry.http.reaching import tidy
from evidence.custodian import Custodian
from evidence.retention import disposing, holding, queries
from evidence.retention.http import READERS, Because, NewHold, NewList
from evidence.retention.model import Step
from evidence.retention.problems import DisposalNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from foundation.problem import Problem

PATH = "/desk/retention"
GUARDS = [requires(*READERS)]
WHO_ACTS = [requires(*disposing.WHO_DISPOSES)]
MOST = 200

ENTRIES.append(Entry("retention", PATH, frozenset(READERS)))


async def _to_confirm(db: Connection, actor: Actor, clock: Clock) -> int:
    units = await reach(db, actor, disposing.WHO_DISPOSES, day_of(clock.now()))
    return await queries.to_confirm(db, units, actor.person_id)


BLOCKS.append(Waiting("disposals", frozenset(disposing.WHO_DISPOSES), PATH, _to_confirm))


@get("/retention", guards=GUARDS)
async def retention_page(
    visit: NamedDependency[Visit], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[str]:
    return await _overview(visit, request.user, custodian, Form())


@post("/retention", guards=WHO_ACTS, status_code=200)
async def rehearse_at_page(
    visit: NamedDependency[Visit], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewList)
        list_id = await disposing.rehearse(custodian, request.user, new.unit_id, tidy(new.reason))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _overview(visit, request.user, custodian, refused, int(problem.status))
    return redirect(f"{PATH}/{list_id}")


@get("/retention/{list_id:uuid}", guards=GUARDS)
async def disposal_page(
    list_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
) -> Response[str]:
    return await _disposal(visit, request.user, custodian, list_id, Form())


@post("/retention/{list_id:uuid}/{step:str}", guards=WHO_ACTS, status_code=200)
async def step_at_page(
    list_id: FromPath[UUID],
    step: FromPath[str],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
) -> Response[Any]:
    """`confirm`, `withdraw` with a reason, or `strike-<evidence id>` with one."""
    form = await Form.sent(request)
    try:
        match step.partition("-"):
            case "confirm", "", "":
                await disposing.confirm(custodian, request.user, list_id)
            case "withdraw", "", "":
                await disposing.withdraw(custodian, request.user, list_id, tidy(form.read(Because).reason))
            case "strike", "-", piece:
                reason = tidy(form.read(Because).reason)
                await disposing.strike(custodian, request.user, list_id, _id(piece), reason)
            case _:
                raise DisposalNotFound
    except DisposalNotFound:
        raise
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _disposal(visit, request.user, custodian, list_id, refused, int(problem.status))
    return redirect(f"{PATH}/{list_id}")


@post("/evidence/{evidence_id:uuid}/hold", guards=[requires(*holding.WHO_HOLDS)], status_code=200)
async def hold_at_page(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    """What is wrong with it is told in a page of its own."""
    form = await Form.sent(request)
    form.put("reason", form.value("hold-reason"))
    new = form.read(NewHold)
    await holding.place(custodian.database, custodian.clock, request.user, evidence_id, new.source, tidy(new.reason))
    return redirect(f"/desk/evidence/{evidence_id}", done="held")


@post("/holds/{hold_id:uuid}/lift", guards=[requires(*holding.WHO_HOLDS)], status_code=200)
async def lift_at_page(
    hold_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    reason = tidy((await Form.sent(request)).read(Because).reason)
    evidence_id = await holding.lift(custodian.database, custodian.clock, request.user, hold_id, reason)
    return redirect(f"/desk/evidence/{evidence_id}", done="lifted")


async def _overview(visit: Visit, actor: Actor, custodian: Custodian, form: Form, status: int = 200) -> Response[str]:
    today = day_of(custodian.clock.now())
    async with custodian.database.connection() as db:
        reached = await reach(db, actor, READERS, today)
        units = {one.id: visit.named(one) for one in await tree(db, today)}
        found = await queries.lists(db, reached)
        holds = await queries.holds_in(db, reached, MOST)
    return page(
        visit,
        "evidence/retention.html",
        status=status,
        form=form,
        lists=found,
        holds=holds,
        names=units,
        units=[(str(id_), name) for id_, name in units.items() if id_ in reached],
        may_act=visit.may(*disposing.WHO_DISPOSES),
    )


async def _disposal(
    visit: Visit, actor: Actor, custodian: Custodian, list_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    """Raises DisposalNotFound."""
    today = day_of(custodian.clock.now())
    async with custodian.database.connection() as db:
        found = await queries.lists(db, await reach(db, actor, READERS, today), list_id=list_id)
        if not found:
            raise DisposalNotFound
        one = found[0]
        items = await queries.items_of(db, list_id)
        people = await people_by_id(db, {one.rehearsed_by, *([one.confirmed_by] if one.confirmed_by else [])})
        units = {unit.id: visit.named(unit) for unit in await tree(db, today)}
    return page(
        visit,
        "evidence/disposal.html",
        status=status,
        form=form,
        one=one,
        items=items,
        people={each.id: visit.named(each) for each in people.values()},
        unit=units.get(one.unit_id, "—"),
        steps=[Step.REHEARSED, Step.CONFIRMED, Step.CARRIED_OUT],
        may_act=visit.may(*disposing.WHO_DISPOSES),
        may_confirm=visit.may(*disposing.WHO_DISPOSES) and one.rehearsed_by != actor.person_id,
    )


def _id(text: str) -> UUID:
    """Raises DisposalNotFound."""
    try:
        return UUID(text)
    except ValueError as error:
        raise DisposalNotFound from error


ROUTES = [retention_page, rehearse_at_page, disposal_page, step_at_page, hold_at_page, lift_at_page]
