"""`/desk/inspections/{id}/notices`: the notice before a visit, and that nothing is fined, are issued at a desk."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency import queries as agency
from agency.http import requires
from agency.model import Actor
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from evidence.custodian import Custodian
from foundation.civil import day_of
from foundation.problem import NotFound, Problem
from inspection import queries
from inspection.documents import queries as documents
from inspection.documents.http import ISSUERS
from inspection.documents.notices import NO_PENALTY, NewInspectionNotice, NewNoPenaltyNotice, NewNotice, issue_notice
from inspection.model import Inspection
from inspection.rules import merging

PATH = "/inspections/{inspection_id:uuid}/notices"
GUARDS = [requires(*ISSUERS)]


@get(PATH, guards=GUARDS)
async def notices_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> Response[str]:
    return await _shown(inspection_id, visit, request, custodian, Form())


@post(PATH, guards=GUARDS, status_code=200)
async def issue_at_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> Response[Any]:
    form = await Form.sent(request)
    await _known(inspection_id, request.user, custodian)
    unfined = form.value("notice") == "NO_PENALTY_NOTICE"
    try:
        new: NewNotice = form.read(NewNoPenaltyNotice) if unfined else form.read(NewInspectionNotice)
        await issue_notice(custodian, inspection_id, new, request.user.person_id)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _shown(inspection_id, visit, request, custodian, refused, int(problem.status))
    return redirect(f"/desk/inspections/{inspection_id}/notices", done="issued")


async def _known(inspection_id: UUID, actor: Actor, custodian: Custodian) -> Inspection:
    async with custodian.database.connection() as db:
        inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
        units = await agency.reach(db, actor, ISSUERS, day_of(custodian.clock.now()))
    if inspection is None or inspection.unit_id not in units:
        raise NotFound
    return inspection


async def _shown(
    inspection_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, State],
    custodian: Custodian,
    form: Form,
    status: int = 200,
) -> Response[str]:
    inspection = await _known(inspection_id, request.user, custodian)
    async with custodian.database.connection() as db:
        issued = await documents.issued_of(db, inspection_id)
        told = (await queries.operations_of(db, [inspection_id]))[inspection_id]
    outcome = merging.value(merging.merged(told), "outcome", "outcome")
    return page(
        visit,
        "inspections/notices.html",
        status=status,
        inspection=inspection,
        form=form,
        issued=issued,
        unfined=outcome in NO_PENALTY,
        none_typed=Form(),
        done=request.query_params.get("done"),
    )


ROUTES = [notices_page, issue_at_page]
