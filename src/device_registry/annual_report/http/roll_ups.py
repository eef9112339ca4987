"""Roll-ups: asked for by a government, done by a job, looked at while they run."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from device_registry.annual_report import roll_up
from device_registry.annual_report.http.reaching import OVERSEERS
from device_registry.annual_report.model.workflow import RollUp
from device_registry.annual_report.problems import ReportNotFound
from device_registry.annual_report.queries import roll_ups
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType


class NewRollUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the reports of all units below that government."""

    unit_id: UUID
    year: Annotated[int, Meta(ge=2000, le=9000, examples=[2026])]


@post(
    "/annual-report-roll-ups",
    guards=[requires(*OVERSEERS)],
    summary="Add up the received reports below a government: a job, to be looked at while it runs",
    status_code=202,
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, TooLarge, UnsupportedContentType),
)
async def ask_for_roll_up(
    data: JSONBody[NewRollUp],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> RollUp:
    async with database.connection() as db:
        await must_oversee(db, request.user, data.unit_id, clock)
    roll_up_id = await roll_up.request(database, clock, data.unit_id, data.year, request.user.person_id)
    async with database.connection() as db:
        return await known_roll_up(db, request.user, roll_up_id, clock)


@get(
    "/annual-report-roll-ups/{roll_up_id:uuid}",
    guards=[requires(*OVERSEERS)],
    summary="How far a roll-up has come, and what came out",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound),
)
async def read_roll_up(
    roll_up_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> RollUp:
    async with database.connection() as db:
        return await known_roll_up(db, request.user, roll_up_id, clock)


async def must_oversee(db: Connection, actor: Actor, unit_id: UUID, clock: Clock) -> None:
    """Raises ReportNotFound beyond the actor's reach."""
    if unit_id not in await reach(db, actor, OVERSEERS, day_of(clock.now())):
        raise ReportNotFound


async def known_roll_up(db: Connection, actor: Actor, roll_up_id: UUID, clock: Clock) -> RollUp:
    """Raises ReportNotFound."""
    found = await roll_ups.roll_up_by_id(db, roll_up_id)
    if found is None:
        raise ReportNotFound
    await must_oversee(db, actor, found.unit_id, clock)
    return found


ROUTES: list[ControllerRouterHandler] = [ask_for_roll_up, read_roll_up]
