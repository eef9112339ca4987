"""Inspections at a desk, for programs: what a supervisor may ask of their phones."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence.problems import NotCommitted
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn
from inspection import queries
from inspection.model import Wish
from inspection.problems import EvidenceAlreadyHere
from inspection.wishes import ask_first

WHO_ASKS = (Role.SUPERVISOR, Role.ENTITY_HEAD)


@post(
    "/inspections/{inspection_id:uuid}/evidence/{evidence_id:uuid}/wish",
    guards=[requires(*WHO_ASKS)],
    status_code=200,
    tags=["inspections"],
    summary="Ask for one piece of evidence first",
    description="Of what was committed to and is still on a phone. The phone is told with the inspection, also while "
    "it is sending something else. Idempotent: asked again, the first wish stands.",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, NotCommitted, EvidenceAlreadyHere),
)
async def ask_for_evidence(
    inspection_id: FromPath[UUID],
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Wish:
    return await asked(database, clock, request.user, inspection_id, evidence_id)


async def asked(database: Database, clock: Clock, actor: Actor, inspection_id: UUID, evidence_id: UUID) -> Wish:
    """What the routes of programs and of the desk do. Raises NotFound, NotCommitted, EvidenceAlreadyHere."""
    async with database.transaction() as db:
        await _within_reach(db, clock, actor, inspection_id)
        return await ask_first(db, clock, inspection_id, evidence_id, actor.person_id)


async def _within_reach(db: Connection, clock: Clock, actor: Actor, inspection_id: UUID) -> None:
    """Raises NotFound."""
    inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
    if inspection is None or inspection.unit_id not in await reach(db, actor, WHO_ASKS, day_of(clock.now())):
        raise NotFound


router = Router("/desk/v1", route_handlers=[ask_for_evidence])
