"""Reverse traces at the desk: the list, one trace with its evidence, a conclusion and a second person's answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id, reach
from console.forms import Form, choices
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from device_registry import queries as registry
from evidence import queries
from evidence.http.traces import (
    REVIEWERS,
    ItemShown,
    NewConclusion,
    NewConfirmation,
    NewReturn,
    conclude_about,
    confirm_about,
    re_examinations_within,
    send_back_about,
    trace_in_full,
    traces_within,
)
from evidence.model import Conclusion, ItemState
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem

GUARDS = [requires(*REVIEWERS)]
PATH = "/desk/traces"
MOST = 50
"""Rows a page; also how many one conclusion is about at most here."""


async def _count(db: Connection, actor: Actor, clock: Clock) -> int:
    units = await reach(db, actor, REVIEWERS, day_of(clock.now()))
    return await registry.count_traces(db, units, await queries.traces_with_work(db))


ENTRIES.append(Entry("traces", PATH, frozenset(REVIEWERS)))
BLOCKS.append(Waiting("traces", frozenset(REVIEWERS), PATH, _count))


@get("/traces", guards=GUARDS)
async def traces_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: FromQuery[UUID | None] = None,
) -> Response[str]:
    found = await traces_within(database, clock, request.user, after, MOST, visit.language)
    today = day_of(clock.now())
    ages = {trace.trace_id: (today - day_of(trace.opened_at)).days for trace in found.traces}
    return page(visit, "traces/list.html", traces=found.traces, next=found.next, first=after is None, ages=ages)


@get("/traces/to-correct", guards=GUARDS)
async def to_correct_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: FromQuery[str | None] = None,
) -> Response[str]:
    found = await re_examinations_within(database, clock, request.user, after, MOST, visit.language)
    names = await _names(database, visit, found.items)
    return page(visit, "traces/to_correct.html", items=found.items, next=found.next, first=after is None, names=names)


@get("/traces/{trace_id:uuid}", guards=GUARDS)
async def trace_page(
    trace_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    tab: FromQuery[ItemState] = ItemState.OPEN,
    after: FromQuery[UUID | None] = None,
) -> Response[str]:
    return await _trace_page(visit, request, database, clock, trace_id, tab, Form(), after)


@post("/traces/{trace_id:uuid}/conclusions", guards=GUARDS, status_code=200)
async def conclude_at_page(
    trace_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    return await _taken(visit, request, database, clock, trace_id, NewConclusion, conclude_about, "conclusion")


@post("/traces/{trace_id:uuid}/confirmations", guards=GUARDS, status_code=200)
async def confirm_at_page(
    trace_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    return await _taken(visit, request, database, clock, trace_id, _Confirmed, _confirm, "confirmation")


@post("/traces/{trace_id:uuid}/returns", guards=GUARDS, status_code=200)
async def send_back_at_page(
    trace_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    return await _taken(visit, request, database, clock, trace_id, NewReturn, send_back_about, "return")


ROUTES = [traces_page, to_correct_page, trace_page, conclude_at_page, confirm_at_page, send_back_at_page]


class _Confirmed(NewReturn, frozen=True):
    """One field serves both answers; only sending back must give a reason."""

    reason: str = ""


async def _confirm(database: Database, clock: Clock, actor: Actor, trace_id: UUID, data: _Confirmed) -> Any:
    said = NewConfirmation(data.evidence_ids, data.reason or None)
    return await confirm_about(database, clock, actor, trace_id, said)


async def _taken(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    trace_id: UUID,
    kind: type[Struct],
    use: Callable[..., Awaitable[Any]],
    done: str,
) -> Response[Any]:
    tab = ItemState.OPEN if done == "conclusion" else ItemState.CONCLUDED
    form = await Form.sent(request)
    try:
        await use(database, clock, request.user, trace_id, form.read(kind))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _trace_page(visit, request, database, clock, trace_id, tab, refused, None, status=problem.status)
    return redirect(f"{PATH}/{trace_id}", tab=tab, done=done)


async def _trace_page(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    trace_id: UUID,
    tab: ItemState,
    form: Form,
    after: UUID | None,
    *,
    status: int = 200,
) -> Response[str]:
    found = await trace_in_full(database, clock, request.user, trace_id, tab, after, MOST, visit.language)
    done = request.query_params.get("done")
    return page(
        visit,
        "traces/trace.html",
        status=status,
        form=form,
        trace=found.trace,
        items=found.items,
        next=found.next,
        first=after is None,
        tab=tab,
        conclusions=choices(visit.language, "trace.conclusion", Conclusion),
        names=await _names(database, visit, found.items),
        done=done if done in ("conclusion", "confirmation", "return") else None,
    )


async def _names(database: Database, visit: Visit, items: Iterable[ItemShown]) -> dict[UUID, str]:
    """What the people behind items are called."""
    ids = {person for item in items for person in (item.officer_id, item.concluded_by, item.confirmed_by) if person}
    async with database.connection() as db:
        people = await people_by_id(db, ids)
    return {person.id: person.name_zh if visit.language == "zh-CN" else person.name_en for person in people.values()}
