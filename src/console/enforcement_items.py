"""`/desk/enforcement-items`: the catalogue, and of each item its versions, the streets that may, and what was done."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from agency.enforcement_items import keeping, queries
from agency.enforcement_items.changes import ItemsChanged
from agency.enforcement_items.http import Day, End, LastDay, NewItem, Text, half_open
from agency.enforcement_items.model import Act
from agency.http import requires
from agency.model import Actor, Role, UnitKind
from agency.queries import reach, tree
from console.forms import Form, choices
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, Problem, Spoken

READERS = tuple(Role)
KEEPERS = [requires(Role.ADMINISTRATOR)]
PATH = "/desk/enforcement-items"
MOST = 100
A_DAY = timedelta(days=1)

ENTRIES.append(Entry("enforcement-items", PATH, frozenset({Role.ADMINISTRATOR, Role.ENTITY_HEAD, Role.SUPERVISOR})))


class Empowering(msgspec.Struct, frozen=True, kw_only=True):
    """The form: a street may carry the item out."""

    unit_id: UUID
    begins: Day
    last_day: LastDay | None = None
    basis: Text


class EndingGrant(End, frozen=True, kw_only=True):
    """The form: a street's empowerment ends."""

    grant_id: UUID


@get("/enforcement-items", guards=[requires(*READERS)])
async def items_page(
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    request: Request[Actor, Any, State],
    clock: NamedDependency[Clock],
    after: FromQuery[str | None] = None,
) -> Response[str]:
    return await _list(visit, request, database, clock, Form(), after)


@post("/enforcement-items", guards=KEEPERS, status_code=200)
async def publish_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewItem)
        await keeping.publish_item(database, clock, request.user, new.version(), items_changed)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _list(visit, request, database, clock, refused, None, int(problem.status))
    return redirect(f"{PATH}/{new.code}", done="published")


@get("/enforcement-items/{item_code:str}", guards=[requires(*READERS)])
async def item_page(
    item_code: FromPath[str],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _item(item_code, visit, request, database, clock, Form())


@post("/enforcement-items/{item_code:str}", guards=KEEPERS, status_code=200)
async def keep_at_page(
    item_code: FromPath[str],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> Response[Any]:
    """One of the forms of the page, named by `step`."""
    form, actor, step = await Form.sent(request), request.user, ""
    try:
        step = form.value("step")
        if step == "empower":
            new = form.read(Empowering)
            begins, ends = new.begins, half_open(new.last_day)
            basis = " ".join(new.basis.split())
            await keeping.empower(database, clock, actor, new.unit_id, item_code, begins, ends, basis, items_changed)
        elif step == "end-grant":
            gone = form.read(EndingGrant)
            await keeping.end_empowerment(database, clock, actor, gone.grant_id, gone.ending(), items_changed)
        elif step == "end":
            await keeping.end_item(database, clock, actor, item_code, form.read(End).ending(), items_changed)
        else:
            raise Malformed(field="step", what=Spoken("malformed.missing"))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _item(item_code, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{item_code}", done=step)


async def _list(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    after: str | None,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    after = after.replace("\0", "") if after else None
    async with database.connection() as db:
        found = await queries.catalogue(db, today, after=after, most=MOST + 1)
        names, kept = await _units(db, visit, request.user, clock)
    return page(
        visit,
        "enforcement_items/list.html",
        status=status,
        form=form,
        items=found[:MOST],
        next=found[MOST - 1].code if len(found) > MOST else None,
        first=after is None,
        names=names,
        units=[(str(id_), names[id_]) for id_ in names if id_ in kept],
        acts=choices(visit.language, "page.enforcement-items.act", Act),
        may=visit.may(Role.ADMINISTRATOR),
    )


async def _item(
    item_code: str,
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        versions = await keeping.known_item(db, item_code.replace("\0", ""))
        grants = await queries.grants(db, code=item_code)
        used = await queries.uses_of(db, item_code, today.year)
        names, kept = await _units(db, visit, request.user, clock)
        streets = [unit.id for unit in await tree(db, today) if unit.kind is UnitKind.STREET and unit.id in kept]
    done = request.query_params.get("done")
    return page(
        visit,
        "enforcement_items/item.html",
        status=status,
        form=form,
        code=item_code,
        versions=versions,
        grants=grants,
        used=used,
        names=names,
        kept=kept,
        streets=[(str(id_), names[id_]) for id_ in streets],
        may=visit.may(Role.ADMINISTRATOR),
        today=today,
        a_day=A_DAY,
        done=done if done in ("published", "empower", "end-grant", "end") else None,
    )


async def _units(db: Connection, visit: Visit, actor: Actor, clock: Clock) -> tuple[dict[UUID, str], frozenset[UUID]]:
    """What every unit is called today, and those whose catalogue the reader keeps."""
    today = day_of(clock.now())
    chinese = visit.language == "zh-CN"
    names = {unit.id: unit.name_zh if chinese else unit.name_en for unit in await tree(db, today)}
    return names, await reach(db, actor, (Role.ADMINISTRATOR,), today)


ROUTES = [items_page, publish_at_page, item_page, keep_at_page]
