"""`/desk/v1`: for what somebody looks at evidence, and who did what across evidence."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence import queries
from evidence.access import Purpose, give_reason
from evidence.custody import Event
from evidence.http.evidence import CustodyShown, custody_shown, within_reach
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import checked_instant, declared, language_of
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, Spoken

READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)
MOST = 200
SPAN = timedelta(days=7)
"""What is listed where no time is asked for: until now."""
WIDEST = timedelta(days=366)


class Reason(Struct, frozen=True, kw_only=True):
    """For what somebody looks; it becomes a custody entry. Stands for eight hours."""

    purpose: Purpose
    reason: Annotated[str, Meta(min_length=2, max_length=500, description="Which case, complaint or order")]


class TrailEntry(Struct, frozen=True):
    evidence_id: UUID | None
    entry: CustodyShown


class Trail(Struct, frozen=True):
    """Newest first. `next` goes into `before` for the following page; null on the last."""

    entries: list[TrailEntry]
    next: int | None


@post(
    "/evidence/{evidence_id:uuid}/access-reasons",
    guards=[requires(*READERS, Role.TECHNICAL_REVIEWER)],
    status_code=204,
    summary="Say for what I look at a piece of evidence; asked for where the unit's policy says so",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
)
async def say_reason(
    evidence_id: FromPath[UUID],
    data: JSONBody[Reason],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.transaction() as db:
        await within_reach(db, request.user, clock, evidence_id)
        await give_reason(db, request.user, evidence_id, data.purpose, data.reason, clock.now())


@get(
    "/custody-entries",
    guards=[requires(*READERS)],
    summary="Who did what with evidence of my units, and what my people did, newest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_custody(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    actor_id: FromQuery[UUID | None] = None,
    unit_id: Annotated[UUID | None, QueryParameter(description="Unit of the person who acted")] = None,
    event: FromQuery[Event | None] = None,
    begins: Annotated[datetime | None, QueryParameter(description="Instant with offset, included")] = None,
    ends: Annotated[datetime | None, QueryParameter(description="Instant with offset, not included")] = None,
    before: Annotated[int | None, QueryParameter(ge=0, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST)] = 50,
) -> Trail:
    language = language_of(request)
    since, until = span(begins, ends, clock.now())
    async with database.connection() as db:
        found = await queries.custody_trail(
            db,
            await _reached(db, request.user, clock),
            since,
            until,
            actor_id=actor_id,
            unit_id=unit_id,
            event=event,
            before=before,
            most=most + 1,
        )
    entries = [TrailEntry(one.evidence_id, custody_shown(one, language)) for one in found[:most]]
    return Trail(entries, found[most - 1].id if len(found) > most else None)


def span(begins: datetime | None, ends: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Half-open, a week until now where nothing is asked. Raises Malformed: reversed, or wider than WIDEST."""
    until = checked_instant("ends", ends) if ends else now + timedelta(seconds=1)
    since = checked_instant("begins", begins) if begins else until - SPAN
    if since > until:
        raise Malformed(field="ends", what=Spoken("malformed.order"))
    if until - since > WIDEST:
        raise Malformed(field="begins", what=Spoken("malformed.span", days=WIDEST.days))
    return since, until


async def _reached(db: Connection, actor: Actor, clock: Clock) -> frozenset[UUID]:
    return await reach(db, actor, READERS, day_of(clock.now()))


ROUTES: list[ControllerRouterHandler] = [say_reason, list_custody]
