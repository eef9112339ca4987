"""`/desk/v1/refusals`: what does not count, by reason and unit, by device, and what was handed in twice."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence.queries import refusals as queries
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn
from foundation.words import Language, catalogue, say

READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)
DAYS = 30


class RefusedShown(Struct, frozen=True):
    code: str
    words: str
    unit_id: UUID
    number: int


class DeviceShown(Struct, frozen=True):
    """`last` is the latest instant of its refused captures."""

    device_tag: str
    number: int
    last: datetime


class SameShown(Struct, frozen=True):
    evidence_id: UUID
    other_id: UUID
    unit_id: UUID
    at: datetime


class Refusals(Struct, frozen=True):
    """Of what was judged from `since` on, as it stands now."""

    since: datetime
    reasons: list[RefusedShown]
    devices: list[DeviceShown]
    same_bytes: list[SameShown]


@get(
    "/refusals",
    guards=[requires(*READERS)],
    summary="What does not count, by reason, unit and device, and what was handed in twice",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_refusals(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    days: Annotated[int, QueryParameter(ge=1, le=366, description="How far back")] = DAYS,
) -> Refusals:
    async with database.connection() as db:
        return await refusals(db, request.user, clock, days, language_of(request))


async def refusals(db: Connection, actor: Actor, clock: Clock, days: int, language: Language) -> Refusals:
    """Of the units that the actor supervises."""
    now = clock.now()
    units, since = await reach(db, actor, READERS, day_of(now)), now - timedelta(days=days)
    return Refusals(
        since,
        [
            RefusedShown(one.code, short(one.code, language), one.unit_id, one.number)
            for one in await queries.refused_since(db, units, since)
        ],
        [DeviceShown(*one) for one in await queries.refused_devices(db, units, since)],
        [SameShown(*one) for one in await queries.same_bytes(db, units, since)],
    )


def short(code: str, language: Language) -> str:
    """A reason in a few words; a code that has none is shown as it is."""
    key = f"refusal.{code}"
    return say(language, key) if key in catalogue(language) else code


ROUTES: list[ControllerRouterHandler] = [list_refusals]
