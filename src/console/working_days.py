"""`/desk/working-days`: which days are otherwise than the week says, entered by an administrator of the whole city."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, Role
from agency.working_days import NewWorkingDays, entered, shown
from console.forms import Form
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

GUARDS = [requires(Role.ADMINISTRATOR)]
PATH = "/desk/working-days"

ENTRIES.append(Entry("working-days", PATH, frozenset({Role.ADMINISTRATOR})))


@get("/working-days", guards=GUARDS)
async def working_days_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _page(visit, request, database, clock, Form())


@post("/working-days", guards=GUARDS, status_code=200)
async def add_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await entered(database, clock, request.user, form.read(NewWorkingDays))
    except Problem as problem:
        return await _page(visit, request, database, clock, form.refused(problem, visit.language), int(problem.status))
    return redirect(PATH, done="entered")


async def _page(
    visit: Visit, request: Request[Actor, Any, State], database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    async with database.connection() as db:
        found = await shown(db, day_of(clock.now()))
    years = sorted({day.year for day in [*found.rest, *found.work]} | set(found.years), reverse=True)
    return page(
        visit,
        "working_days.html",
        status=status,
        form=form,
        found=found,
        years=[
            (
                year,
                year in found.years,
                [day for day in found.rest if day.year == year],
                [day for day in found.work if day.year == year],
            )
            for year in years
        ],
        done=request.query_params.get("done") == "entered",
    )


ROUTES = [working_days_page, add_at_page]
