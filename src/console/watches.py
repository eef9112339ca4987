"""`/desk/watches`: what I watch; the button of other pages sends its form here."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from console.forms import Form
from console.pages import local, page, redirect
from console.visit import Visit
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem
from inspection.watching import keeping, queries
from inspection.watching.http import NewWatch
from inspection.watching.model import WATCHERS
from inspection.watching.rules import path

PATH = "/desk/watches"
GUARDS = [requires(*WATCHERS)]


@get("/watches", guards=GUARDS)
async def watches_page(
    visit: NamedDependency[Visit], request: Request[Actor, Any, Scope], database: NamedDependency[Database]
) -> Response[str]:
    return await _list(visit, request, database, Form())


@post("/watches", guards=GUARDS, status_code=200)
async def begin_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewWatch)
        await keeping.begin(database, clock, request.user, new.kind, new.subject_id, new.search())
    except Problem as problem:
        return await _list(visit, request, database, form.refused(problem, visit.language), int(problem.status))
    return redirect(local(form.value("back", PATH)))


@post("/watches/{watch_id:uuid}/end", guards=GUARDS, status_code=200)
async def end_at_page(
    watch_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await keeping.end(database, clock, request.user, watch_id)
    except Problem as problem:
        return await _list(visit, request, database, form.refused(problem, visit.language), int(problem.status))
    return redirect(local(form.value("back", PATH)))


async def _list(
    visit: Visit, request: Request[Actor, Any, Scope], database: Database, form: Form, status: int = 200
) -> Response[str]:
    async with database.connection() as db:
        found = await queries.watches_of(db, request.user.person_id)
    return page(visit, "watches.html", status=status, form=form, watches=[(one, path(one)) for one in found])


ROUTES = [watches_page, begin_at_page, end_at_page]
