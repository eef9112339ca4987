"""`/desk/devices`: the register as a list, exactly as its address says."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Unit
from agency.queries import reach, tree
from console.devices.columns import ALWAYS, COLUMNS, COOKIE, STATE_TONES, TONES, Names, picked
from console.forms import Form, choices
from console.pages import page, redirect
from console.queries import SavedFilter, forget_filter, save_filter, saved_filters
from console.visit import A_YEAR, HOME, Visit
from device_registry import queries
from device_registry.http.reaching import READERS
from device_registry.model import Awaiting, State
from device_registry.queries import MOST_COUNTED, Filter, Sort, Verification
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database

LIST = f"{HOME}/devices"
ON_A_PAGE = 50


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address of the list asks for."""

    text: Annotated[str, Meta(max_length=100)] | None = None
    kind: Annotated[str, Meta(max_length=100)] | None = None
    unit: UUID | None = None
    """This unit and everything below it."""
    state: State | None = None
    verification: Verification | None = None
    standing: Literal["yes", "no"] | None = None
    due: Annotated[int, Meta(ge=1, le=366)] = 30
    """Days within which an end of validity counts as near."""
    awaiting: Awaiting | None = None
    sort: Sort = Sort.TAG
    after: Annotated[str, Meta(max_length=100)] | None = None

    @property
    def narrows(self) -> bool:
        return any((self.text, self.kind, self.unit, self.state, self.verification, self.standing, self.awaiting))


class Reached(msgspec.Struct, frozen=True):
    """The tree of units as it stands today, and which of them the reader reaches."""

    units: list[Unit]
    reach: frozenset[UUID]

    def below(self, root: UUID) -> frozenset[UUID]:
        """The reached units among the root and everything below it: parents stand before their children in `units`."""
        found = {root}
        for unit in self.units:
            if unit.parent_id in found:
                found.add(unit.id)
        return self.reach & found

    def filter_for(self, asked: Asked) -> Filter:
        return Filter(
            units=self.below(asked.unit) if asked.unit else self.reach,
            text=asked.text,
            kind=asked.kind,
            state=asked.state,
            verification=asked.verification,
            in_standing=asked.standing == "yes" if asked.standing else None,
            due_within=timedelta(days=asked.due),
            awaiting=asked.awaiting,
        )


async def reached(db: Connection, actor: Actor, clock: Clock) -> Reached:
    today = day_of(clock.now())
    return Reached(await tree(db, today), await reach(db, actor, READERS, today))


@get("/devices", guards=[requires(*READERS)])
async def register_page(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    form = Form(dict(visit.query))
    asked, now = form.read(Asked), clock.now()
    async with database.connection() as db:
        within = await reached(db, request.user, clock)
        wanted = within.filter_for(asked)
        kinds = await queries.device_kinds(db)
        lines = await queries.listed(db, wanted, now, sort=asked.sort, after=asked.after, most=ON_A_PAGE + 1)
        is_all = asked.after is None and len(lines) <= ON_A_PAGE
        count = len(lines) if is_all else await queries.counted(db, wanted, now)
        saved = await saved_filters(db, request.user.person_id)
    names = Names.of(visit.language, within.units, kinds, day_of(now))
    return page(
        visit,
        "devices/register.html",
        form=form,
        asked=asked,
        lines=lines[:ON_A_PAGE],
        next=lines[ON_A_PAGE - 1].tag if len(lines) > ON_A_PAGE else None,
        count=count,
        most_counted=MOST_COUNTED,
        names=names,
        columns=picked(request.cookies.get(COOKIE)),
        all_columns=COLUMNS,
        always=ALWAYS,
        tones=TONES,
        state_tones=STATE_TONES,
        saved=saved,
        kinds=sorted(names.kinds.items(), key=lambda kind: kind[1]),
        units=_indented(within, names),
        states=choices(visit.language, "device.state", State),
        standings=choices(visit.language, "page.standing", ("yes", "no")),
        verifications=choices(visit.language, "page.verification-filter", Verification),
        awaitings=choices(visit.language, "device.awaiting", Awaiting),
        filter_query=_query_of(visit),
    )


@post("/devices/columns", guards=[requires(*READERS)], status_code=200)
async def pick_columns(request: Request[Actor, Any, AppState], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await Form.sent(request)
    keys = [key for key in COLUMNS if key in form.values("column")]
    response = redirect(_list_with(form.value("query")))
    response.set_cookie(visit.cookie(COOKIE, ".".join(keys), A_YEAR, HOME))
    return response


class Named(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(max_length=60)]
    query: Annotated[str, Meta(max_length=2000)] = ""


@post("/devices/filters", guards=[requires(*READERS)], status_code=200)
async def save_this_filter(
    request: Request[Actor, Any, AppState], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[Any]:
    named = (await Form.sent(request)).read(Named)
    async with database.transaction() as db:
        await save_filter(db, request.user.person_id, SavedFilter(named.name, named.query), clock.now())
    return redirect(_list_with(named.query))


@post("/devices/filters/forget", guards=[requires(*READERS)], status_code=200)
async def forget_this_filter(
    request: Request[Actor, Any, AppState], database: NamedDependency[Database]
) -> Response[Any]:
    named = (await Form.sent(request)).read(Named)
    async with database.transaction() as db:
        await forget_filter(db, request.user.person_id, named.name)
    return redirect(_list_with(named.query))


def _list_with(query: str) -> str:
    return f"{LIST}?{query}" if query else LIST


def _query_of(visit: Visit) -> str:
    """The filter alone: not where in the list the reader is."""
    return urlencode([(name, value) for name, value in visit.query if name != "after" and value])


def _indented(within: Reached, names: Names) -> list[tuple[str, str]]:
    """The units within reach for a select, each below its parent."""
    depth: dict[UUID, int] = {}
    shown = []
    for unit in within.units:
        if unit.id in within.reach:
            depth[unit.id] = depth[unit.parent_id] + 1 if unit.parent_id in depth else 0
            shown.append((str(unit.id), "\u3000" * depth[unit.id] + names.units[unit.id]))
    return shown


ROUTES = [register_page, pick_columns, save_this_filter, forget_this_filter]
