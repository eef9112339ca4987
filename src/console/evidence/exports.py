"""`/desk/exports`: a court bundle, exported for a reason; how far it is, what is in it, how a stranger verifies it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from agency.http import requires
from agency.model import Actor
from console.evidence.item import shown
from console.forms import Form
from console.map import MapSettings
from console.pages import page, redirect
from console.visit import Visit
from device_registry.http.reaching import Line, tidy
from evidence.court_bundle import queries
from evidence.court_bundle.exporting import WHO_EXPORTS, export, fetched, make_again, standing_within
from evidence.court_bundle.http import bundle
from evidence.court_bundle.model import Export, Standing, State
from evidence.court_bundle.page import verifying
from evidence.custodian import Custodian
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

PATH = "/desk/exports"
GUARDS = [requires(*WHO_EXPORTS)]
UNDER_WAY = (State.WAITING, State.WORKING)


class Typed(Struct, frozen=True, kw_only=True):
    """Why it is exported."""

    why: Line


class Progress(Struct, frozen=True):
    """As `progress.js` reads it: pieces of evidence."""

    state: str
    done: int
    total: int


@post("/evidence/{evidence_id:uuid}/export", guards=GUARDS, status_code=200)
async def export_at_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        reason = tidy(form.read(Typed).why)
        made = await export(custodian, request.user, [evidence_id], reason)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await shown(evidence_id, visit, request, database, clock, settings, refused, int(problem.status))
    return redirect(f"{PATH}/{made.id}")


@get("/exports/{export_id:uuid}", guards=GUARDS)
async def export_page(
    export_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
) -> Response[str]:
    found, standing = await standing_within(custodian, request.user, export_id)
    async with custodian.database.connection() as db:
        stamp = await queries.stamp_of(db, export_id)
        first = await queries.first_made(db, export_id)
    return page(
        visit,
        "evidence/export.html",
        export=found,
        standing=standing,
        running=standing.state in UNDER_WAY,
        kept_days=custodian.bundle_kept.days,
        stamp=stamp,
        verifying=verifying(stamp) if stamp else "",
        verifier=first[1].hex() if first else "",
        differs=first is not None and standing.sha256 is not None and first[0] != standing.sha256,
    )


@get("/exports/{export_id:uuid}/progress", guards=GUARDS)
async def progress_at_page(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Progress:
    return _progress(*await standing_within(custodian, request.user, export_id))


def _progress(_: Export, standing: Standing) -> Progress:
    state = standing.state if standing.state in UNDER_WAY else "DONE"
    return Progress(state, standing.pieces_done, standing.pieces)


@post("/exports/{export_id:uuid}", guards=GUARDS, status_code=200)
async def make_again_at_page(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    await Form.sent(request)
    await make_again(custodian, request.user, export_id)
    return redirect(f"{PATH}/{export_id}")


@get("/exports/{export_id:uuid}/bundle", guards=GUARDS)
async def bundle_at_page(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    standing = await fetched(custodian, request.user, export_id)
    if standing.state in UNDER_WAY:
        return redirect(f"{PATH}/{export_id}")
    return bundle(export_id, standing, request, custodian)


ROUTES = [export_at_page, export_page, progress_at_page, make_again_at_page, bundle_at_page]
