"""`/desk/v1/working-days`: the calendar of working days, and what an administrator of the whole city adds to it."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency import queries
from agency.http import requires
from agency.model import Actor, Role
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from foundation.working_days import missing_year

FIRST_YEAR, LAST_YEAR = 1990, 2100
Days = Annotated[list[date], Meta(max_length=120)]


class NewWorkingDays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days as a notice has them. `completes`: with these, everything about that year is entered."""

    source: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", examples=["国办发明电〔2025〕7号"])]
    rest: Days = []
    work: Days = []
    completes: Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)] | None = None


class WorkingDaysShown(msgspec.Struct, frozen=True, kw_only=True):
    """Days that are otherwise than the week says. `missing`: the year that should be known by now and is not."""

    years: list[int]
    missing: int | None
    rest: list[date]
    work: list[date]


@get(
    "/desk/v1/working-days",
    tags=["working days"],
    summary="The years that are known, and the days that are otherwise than the week says",
    responses=declared(NotSignedIn),
)
async def show_working_days(database: NamedDependency[Database], clock: NamedDependency[Clock]) -> WorkingDaysShown:
    async with database.connection() as db:
        return await shown(db, day_of(clock.now()))


@post(
    "/desk/v1/working-days",
    tags=["working days"],
    guards=[requires(Role.ADMINISTRATOR)],
    summary="Enter holidays and make-up days; a later entry about a day holds",
    responses=declared(Malformed, NotSignedIn, NotAllowed, TooLarge, UnsupportedContentType),
)
async def add_working_days(
    data: JSONBody[NewWorkingDays],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> WorkingDaysShown:
    return await entered(database, clock, request.user, data)


async def entered(database: Database, clock: Clock, actor: Actor, data: NewWorkingDays) -> WorkingDaysShown:
    """Raises Malformed, NotAllowed: the calendar is that of the whole city."""
    now = clock.now()
    days = dict.fromkeys(data.rest, False) | dict.fromkeys(data.work, True)
    if len(days) < len(data.rest) + len(data.work):
        raise Malformed(field="work", what=Spoken("working-days.twice"))
    if any(not FIRST_YEAR <= day.year <= LAST_YEAR for day in days):
        raise Malformed(field="rest", what=Spoken("working-days.years", first=FIRST_YEAR, last=LAST_YEAR))
    async with database.transaction() as db:
        await check_whole_city(db, actor, day_of(now))
        await queries.add_days(db, days, data.completes, data.source.strip(), actor.person_id, now)
        return await shown(db, day_of(now))


async def check_whole_city(db: Connection, actor: Actor, today: date) -> None:
    """Raises NotAllowed for an administrator of less."""
    reached = await queries.reach(db, actor, (Role.ADMINISTRATOR,), today)
    if any(unit.id not in reached for unit in await queries.tree(db, today)):
        raise NotAllowed(members={"needed": [Spoken(f"role.{Role.ADMINISTRATOR}")]})


async def shown(db: Connection, today: date) -> WorkingDaysShown:
    """As of that Beijing civil day."""
    calendar = await queries.working_days(db)
    return WorkingDaysShown(
        years=sorted(calendar.years),
        missing=missing_year(calendar, today),
        rest=sorted(day for day, worked in calendar.otherwise.items() if not worked),
        work=sorted(day for day, worked in calendar.otherwise.items() if worked),
    )


ROUTES: list[ControllerRouterHandler] = [show_working_days, add_working_days]
