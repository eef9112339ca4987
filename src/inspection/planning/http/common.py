"""What the routes of planning share."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from agency.model import Actor, Role
from agency.queries import reach
from device_registry.http.reaching import Line
from device_registry.problems import UnitUnknown
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from inspection.planning import queries
from inspection.planning.model import Row
from inspection.planning.problems import CapReached, EnterpriseRefused, InspectionNotFound, ItemNotOpen, TeamRefused

WHO_PLANS = (Role.ENTITY_HEAD, Role.SUPERVISOR)
WHO_APPROVES = (Role.ENTITY_HEAD,)
WHO_READS = (*WHO_PLANS, Role.LEGAL_REVIEWER, Role.FIELD_OFFICER)

Codes = Annotated[list[Line], Meta(min_length=1, max_length=50)]
Officers = Annotated[list[UUID], Meta(max_length=20)]
Day = Annotated[date, Meta(description="A Beijing civil day")]
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)

READING = (Malformed, NotSignedIn, NotAllowed)
WRITING = (*READING, TooLarge, UnsupportedContentType)
TASK = (UnitUnknown, EnterpriseRefused, ItemNotOpen, TeamRefused, CapReached)


class Made(Struct, frozen=True):
    id: UUID


async def known_inspection(
    db: Connection, actor: Actor, roles: tuple[Role, ...], inspection_id: UUID, clock: Clock
) -> Row:
    """Raises InspectionNotFound, also for a unit that these roles do not reach."""
    found = (await queries.rows_by_id(db, [inspection_id])).get(inspection_id)
    if found is None or found.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise InspectionNotFound
    return found


def checked_day(field: str, day: date) -> None:
    """Raises Malformed outside this century."""
    if not FIRST <= day < LAST:
        raise Malformed(field=field, what=Spoken("malformed.choice", value=str(day)))


async def in_reach(database: Database, clock: Clock, actor: Actor, unit_id: UUID) -> None:
    async with database.connection() as db:
        if unit_id not in await reach(db, actor, WHO_PLANS, day_of(clock.now())):
            raise UnitUnknown(field="unit_id")
