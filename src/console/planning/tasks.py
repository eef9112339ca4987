"""`/desk/inspections/new`: a single task, of a complaint or a transfer."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from msgspec import Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from console.forms import Form
from console.pages import page, redirect
from console.planning.choices import choices
from console.visit import Visit
from evidence.clues.handling import refer
from evidence.clues.model import Reference
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem
from inspection.planning.http.common import WHO_PLANS
from inspection.planning.http.visits import NewTask, made
from inspection.planning.rules import SINGLE_TASKS


class BegunBy(Struct, frozen=True):
    """The clue that made somebody begin it."""

    clue: UUID | None = None


@get("/inspections/new", guards=[requires(*WHO_PLANS)])
async def new_task_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _form(visit, request, database, clock, Form(dict(visit.query)))


@post("/inspections/new", guards=[requires(*WHO_PLANS)], status_code=200)
async def make_task_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        task_id = await made(database, clock, request.user, form.read(NewTask))
        if begun := form.read(BegunBy).clue:
            await refer(database, clock, request.user, begun, Reference(inspection_id=task_id))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _form(visit, request, database, clock, refused, int(problem.status))
    return redirect(f"/desk/inspections/{task_id}/preparation", done="made")


async def _form(
    visit: Visit, request: Request[Actor, Any, State], database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        offered = await choices(db, visit, await reach(db, request.user, WHO_PLANS, today), today)
    return page(visit, "planning/task.html", status=status, form=form, offered=offered, sources=SINGLE_TASKS)


ROUTES = [new_task_page, make_task_at_page]
