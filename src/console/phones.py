"""`/desk/phones`: the phones of my units; one that was lost is revoked from the instant of its loss."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from agency.queries import phones_of, reach, tree
from console.forms import Form
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem
from inspection.phones_http import WHO_REVOKES, NewRevocation, revoked

PATH = "/desk/phones"
GUARDS = [requires(*WHO_REVOKES)]

ENTRIES.append(Entry("phones", PATH, frozenset(WHO_REVOKES)))


@get("/phones", guards=GUARDS)
async def phones_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _page(visit, request, database, clock, Form(), None)


@post("/phones/{phone_id:uuid}", guards=GUARDS, status_code=200)
async def revoke_at_page(
    phone_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await revoked(database, clock, request.user, phone_id, form.read(NewRevocation))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _page(visit, request, database, clock, refused, phone_id, int(problem.status))
    return redirect(PATH)


async def _page(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    asked: UUID | None,
    status: int = 200,
) -> Response[str]:
    today, chinese = day_of(clock.now()), visit.language == "zh-CN"
    async with database.connection() as db:
        found = await phones_of(db, await reach(db, request.user, WHO_REVOKES, today))
        units = {unit.id: unit.name_zh if chinese else unit.name_en for unit in await tree(db, today)}
    return page(visit, "phones.html", status=status, form=form, asked=asked, phones=found, units=units, chinese=chinese)


ROUTES = [phones_page, revoke_at_page]
