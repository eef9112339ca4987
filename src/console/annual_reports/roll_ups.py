"""A government's roll-up: asked for, watched while it runs, read."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from agency.queries import units_by_id
from console.annual_reports.listing import LIST, TONES
from console.annual_reports.report import balance_lines, counts
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from device_registry.annual_report import roll_up
from device_registry.annual_report.http.reaching import OVERSEERS
from device_registry.annual_report.http.roll_ups import known_roll_up, must_oversee
from device_registry.annual_report.model.workflow import RollUpState
from device_registry.annual_report.rules.reporting import deadline
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    government_id: UUID
    year: int


class Come(msgspec.Struct, frozen=True):
    """For the script that moves the bar; without it the page reloads itself."""

    state: RollUpState
    done: int
    total: int


@post("/annual-reports/roll-ups", guards=[requires(*OVERSEERS)], status_code=200)
async def ask(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    wanted = (await Form.sent(request)).read(Wanted)
    async with database.connection() as db:
        await must_oversee(db, request.user, wanted.government_id, clock)
    roll_up_id = await roll_up.request(database, clock, wanted.government_id, wanted.year, request.user.person_id)
    return redirect(f"/desk/annual-reports/roll-ups/{roll_up_id}")


@get("/annual-reports/roll-ups/{roll_up_id:uuid}", guards=[requires(*OVERSEERS)])
async def roll_up_page(
    roll_up_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        found = await known_roll_up(db, request.user, roll_up_id, clock)
        day = min(day_of(found.requested_at), deadline(found.year))
        unit = next(iter(await units_by_id(db, [found.unit_id], day)), None)
    result = found.result
    return page(
        visit,
        "annual_reports/roll_up.html",
        found=found,
        unit=unit,
        running=found.state in (RollUpState.WAITING, RollUpState.RUNNING),
        balance=balance_lines(visit, result.total) if result else [],
        verification=counts(visit, result.total.verification) if result else [],
        stopped=counts(visit, result.total.stopped_verification) if result else [],
        missing=[line for line in result.lines if not line.counted] if result else [],
        tones=TONES,
        list=LIST,
    )


@get("/annual-reports/roll-ups/{roll_up_id:uuid}/progress", guards=[requires(*OVERSEERS)])
async def progress(
    roll_up_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Come:
    async with database.connection() as db:
        found = await known_roll_up(db, request.user, roll_up_id, clock)
    return Come(found.state, found.done, found.total)


ROUTES = [ask, roll_up_page, progress]
