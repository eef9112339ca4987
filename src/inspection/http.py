"""Inspections at a desk, for programs: all there is of one, and what somebody in charge may ask and answer for."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence.problems import NotCommitted
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, TooLarge, UnsupportedContentType
from inspection import queries
from inspection.looking import look, tell_of_look
from inspection.model import Inspection, Wish
from inspection.problems import EvidenceAlreadyHere, NothingToVouchFor, OwnStatements
from inspection.shown import InspectionShown
from inspection.vouching import vouch
from inspection.wishes import ask_first

WHO_ASKS = (Role.SUPERVISOR, Role.ENTITY_HEAD)


WHO_LOOKS = (Role.SUPERVISOR, Role.ENTITY_HEAD, Role.FIELD_OFFICER, Role.LEGAL_REVIEWER)
WHO_VOUCHES = (Role.SUPERVISOR, Role.ENTITY_HEAD)


class NewVouching(Struct, frozen=True, forbid_unknown_fields=True):
    """What that phone told of the inspection after its revocation counts from now on."""

    phone_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]


@get(
    "/inspections/{inspection_id:uuid}",
    guards=[requires(*WHO_LOOKS)],
    tags=["inspections"],
    summary="One inspection: what was told, what holds, what is missing, what became of its evidence",
    description="Each look stands in the custody chain, as that of a person at the page does.",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
)
async def show_inspection(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> InspectionShown:
    now = clock.now()
    async with database.connection() as db:
        inspection = await within_reach(db, clock, request.user, WHO_LOOKS, inspection_id)
        seen = await look(db, inspection, now)
        await tell_of_look(db, inspection_id, request.user.person_id, now)
    return InspectionShown.of(seen, language_of(request))


@post(
    "/inspections/{inspection_id:uuid}/vouching",
    guards=[requires(*WHO_VOUCHES)],
    status_code=200,
    tags=["inspections"],
    summary="Answer for what a phone told after its revocation",
    description="For a phone that was found again. Answers with the operations that count from now on.",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, NotFound, NothingToVouchFor, OwnStatements, TooLarge, UnsupportedContentType
    ),
)
async def vouch_for_phone(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewVouching],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[UUID]:
    return await vouched(database, clock, request.user, inspection_id, data)


async def vouched(database: Database, clock: Clock, actor: Actor, inspection_id: UUID, new: NewVouching) -> list[UUID]:
    """Raises NotFound, NothingToVouchFor, OwnStatements."""
    async with database.transaction() as db:
        await within_reach(db, clock, actor, WHO_VOUCHES, inspection_id)
        return await vouch(db, clock, inspection_id, new.phone_id, actor, new.reason.strip())


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
        await within_reach(db, clock, actor, WHO_ASKS, inspection_id)
        return await ask_first(db, clock, inspection_id, evidence_id, actor.person_id)


async def within_reach(
    db: Connection, clock: Clock, actor: Actor, roles: tuple[Role, ...], inspection_id: UUID
) -> Inspection:
    """Raises NotFound, also for one of a unit that these roles do not reach."""
    inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
    if inspection is None or inspection.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise NotFound
    return inspection


router = Router("/desk/v1", route_handlers=[show_inspection, ask_for_evidence, vouch_for_phone])
