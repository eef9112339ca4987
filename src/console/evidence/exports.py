"""`/desk/exports`: a court bundle, exported for a reason; what is in it, and how a stranger verifies it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id
from console.evidence.item import shown
from console.forms import Form
from console.map import MapSettings
from console.pages import page, redirect
from console.visit import Visit
from device_registry.http.reaching import Line, tidy
from evidence.court_bundle.exporting import WHO_EXPORTS, export, export_within
from evidence.court_bundle.http import bundle
from evidence.custodian import Custodian
from evidence.transparency_log import queries as log
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

PATH = "/desk/exports"
GUARDS = [requires(*WHO_EXPORTS)]


class Typed(Struct, frozen=True, kw_only=True):
    """Why it is exported."""

    why: Line


@post("/evidence/{evidence_id:uuid}/export", guards=GUARDS, status_code=200)
async def export_at_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        reason = tidy(form.read(Typed).why)
        made = await export(database, clock, request.user, [evidence_id], reason)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await shown(evidence_id, visit, request, database, clock, settings, refused, int(problem.status))
    return redirect(f"{PATH}/{made.id}")


@get("/exports/{export_id:uuid}", guards=GUARDS)
async def export_page(
    export_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        found = await export_within(db, request.user, clock, export_id)
        keys = await log.verifier_keys(db)
        by = (await people_by_id(db, [found.made_by])).get(found.made_by)
    name = (by.name_zh if visit.language == "zh-CN" else by.name_en) if by else "—"
    return page(visit, "evidence/export.html", export=found, keys=keys, by=name)


@get("/exports/{export_id:uuid}/bundle", guards=GUARDS)
async def bundle_at_page(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Stream:
    return await bundle(export_id, request.user, custodian)


ROUTES = [export_at_page, export_page, bundle_at_page]
