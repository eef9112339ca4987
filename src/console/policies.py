"""What governments ask for in numbers, and which bodies may verify: kept by administrators, from a day on."""

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach, tree
from console.forms import Form, choices
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from device_registry import queries
from device_registry.http.holdings import NewBody, NewPolicy, authorise, set_policy
from device_registry.queries import PolicyName
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

GUARDS = [requires(Role.ADMINISTRATOR)]
PATH = "/desk/policies"
A_DAY = timedelta(days=1)

ENTRIES.append(Entry("policies", PATH, frozenset({Role.ADMINISTRATOR})))


@get("/policies", guards=GUARDS)
async def policies_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _page(visit, request, database, clock, Form(), Form())


@post("/policies", guards=GUARDS, status_code=200)
async def add_policy_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await set_policy(database, clock, request.user, form.read(NewPolicy))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _page(visit, request, database, clock, refused, Form(), status=problem.status)
    return redirect(PATH, done="policy")


@post("/verification-bodies", guards=GUARDS, status_code=200)
async def add_body_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await authorise(database, request.user, form.read(NewBody))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _page(visit, request, database, clock, Form(), refused, status=problem.status)
    return redirect(PATH, done="body")


ROUTES = [policies_page, add_policy_at_page, add_body_at_page]


async def _page(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    policy_form: Form,
    body_form: Form,
    *,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    chinese = visit.language == "zh-CN"
    async with database.connection() as db:
        administered = await reach(db, request.user, (Role.ADMINISTRATOR,), today)
        units = [unit for unit in await tree(db, today) if unit.id in administered]
        kinds = await queries.device_kinds(db)
        found = await queries.policies(db, administered)
        bodies = await queries.bodies(db)
    done = request.query_params.get("done")
    return page(
        visit,
        "policies.html",
        status=status,
        policy_form=policy_form,
        body_form=body_form,
        units=[(str(unit.id), unit.name_zh if chinese else unit.name_en) for unit in units],
        names=choices(visit.language, "page.policies.name", PolicyName),
        kinds=[(kind.code, kind.name_zh if chinese else kind.name_en) for kind in kinds],
        policies=found,
        defaults=queries.DEFAULTS,
        bodies=bodies,
        today=today,
        a_day=A_DAY,
        done=done if done in ("policy", "body") else None,
    )
