"""`/desk/evidence/{id}/reason`: for what somebody looks, where policy asks before anything is shown."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.model import Actor
from console.evidence.item import GUARDS, within_reach
from console.forms import Form, choices
from console.pages import page, redirect
from console.visit import Visit
from evidence.access import Purpose, give_reason
from evidence.http.custody import Reason
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem


@get("/evidence/{evidence_id:uuid}/reason", guards=GUARDS)
async def reason_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        await within_reach(db, request.user, clock, evidence_id)
    return _page(visit, evidence_id, Form(), 200)


@post("/evidence/{evidence_id:uuid}/reason", guards=GUARDS, status_code=200)
async def give_reason_at_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        said = form.read(Reason)
        async with database.transaction() as db:
            await within_reach(db, request.user, clock, evidence_id)
            await give_reason(db, request.user, evidence_id, said.purpose, said.reason, clock.now())
    except Problem as problem:
        return _page(visit, evidence_id, form.refused(problem, visit.language), int(problem.status))
    return redirect(f"/desk/evidence/{evidence_id}")


def _page(visit: Visit, evidence_id: UUID, form: Form, status: int) -> Response[str]:
    purposes = choices(visit.language, "access.purpose", Purpose)
    return page(visit, "evidence/reason.html", status=status, form=form, evidence_id=evidence_id, purposes=purposes)


ROUTES = [reason_page, give_reason_at_page]
