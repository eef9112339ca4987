"""`/desk/drawings` and `/public/drawings`: the double-random drawing, from its pools to its publication."""

import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Credential, Person, PersonKind
from agency.queries import credentials_of, people_by_id, people_in, reach, tree
from console.forms import BETWEEN, Form
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.planning.choices import choices
from console.visit import Visit
from device_registry.http.reaching import Line
from foundation.cacheable import cacheable
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.misfit import not_decoded
from foundation.problem import Malformed, Problem, Spoken
from inspection.drawing import drawing as use_cases
from inspection.drawing import queries
from inspection.drawing.http import (
    WHO_DRAWS,
    WHO_READS,
    DrawingRow,
    NewCandidate,
    NewConflict,
    NewDraw,
    NewDrawing,
    NewStratum,
    NewTasks,
    known_drawing,
    made,
    publicly,
    shown,
    tasks_made,
)
from inspection.drawing.model import Step

PATH = "/desk/drawings"
CANDIDATE = ("uscc", "name", "address", "category", "stratum", "weight")
MOST_SHOWN = 200

ENTRIES.append(Entry("drawings", PATH, frozenset(WHO_READS)))

Lines = Annotated[list[str], Meta(min_length=1, max_length=20_000)]


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The form: a line an enterprise, a stratum, a conflict."""

    unit_id: UUID
    title: Line
    basis: Line
    enterprises: Lines
    officers: Annotated[list[UUID], Meta(min_length=2, max_length=500)]
    numbers: Annotated[list[str], Meta(min_length=1, max_length=50)]
    team_size: Annotated[int, Meta(ge=2, le=10)] = 2
    conflicts: list[str] = []
    beacon_source: Line | None = None


@get("/drawings", guards=[requires(*WHO_READS)])
async def drawings_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _list(visit, request, database, clock, Form({"team_size": 2}))


@post("/drawings", guards=[requires(*WHO_DRAWS)], status_code=200)
async def make_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        typed = form.read(Typed)
        async with database.connection() as db:
            people = await people_by_id(db, typed.officers)
            held = await credentials_of(db, typed.officers)
        drawing = await made(database, clock, request.user, _new(typed, people, held))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _list(visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{drawing.id}", done="made")


@get("/drawings/{drawing_id:uuid}", guards=[requires(*WHO_READS)])
async def drawing_page(
    drawing_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _drawing(drawing_id, visit, request, database, clock, Form())


@post("/drawings/{drawing_id:uuid}", guards=[requires(*WHO_DRAWS)], status_code=200)
async def step_at_page(
    drawing_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """The next step, whichever it is: a page that is out of date names the step it stood for, and is refused."""
    form = await Form.sent(request)
    try:
        async with database.connection() as db:
            found = await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock)
        step = form.value("step")
        if step == "freeze":
            await use_cases.freeze(database, clock, request.user, found)
        elif step == "draw":
            await use_cases.draw_lots(database, clock, request.user, found, form.read(NewDraw).beacon)
        elif step == "publish":
            await use_cases.publish(database, clock, request.user, found)
        elif step == "tasks":
            made = await tasks_made(database, clock, request.user, found, form.read(NewTasks))
            return redirect(f"{PATH}/{drawing_id}", made=str(len(made.tasks)), full=str(len(made.at_cap)))
        else:
            raise Malformed(field="step", what=Spoken("malformed.missing"))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _drawing(drawing_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{drawing_id}")


@get("/public/drawings")
async def public_list_page(
    request: Request[Any, Any, State], visit: NamedDependency[Visit], database: NamedDependency[Database]
) -> Response[Any]:
    async with database.connection() as db:
        found = [DrawingRow.of(one) for one in await queries.published(db)]
    return _kept(request, page(visit, "public/drawings.html", drawings=found))


@get("/public/drawings/{drawing_id:uuid}")
async def public_drawing_page(
    drawing_id: FromPath[UUID],
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
) -> Response[Any]:
    async with database.connection() as db:
        told = await publicly(db, drawing_id)
    return _kept(request, page(visit, "public/drawing.html", told=told, numbered=_numbered(told.pools)))


async def _list(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today, chinese = day_of(clock.now()), visit.language == "zh-CN"
    async with database.connection() as db:
        found = await queries.drawings(db, await reach(db, request.user, WHO_READS, today))
        leads = await reach(db, request.user, WHO_DRAWS, today)
        units = await tree(db, today)
        people = await people_in(db, leads, (PersonKind.OFFICER,))
        held = await credentials_of(db, [person.id for person in people])
    names = {unit.id: unit.name_zh if chinese else unit.name_en for unit in units}

    def called(person: Person) -> str:
        numbers = "、".join(credential.credential_no for credential in held.get(person.id, ()))
        return " · ".join(
            part
            for part in (person.name_zh if chinese else person.name_en, numbers, names.get(person.unit_id, ""))
            if part
        )

    return page(
        visit,
        "drawings/list.html",
        status=status,
        form=form,
        drawings=[DrawingRow.of(one) for one in found],
        names=names,
        units=[(str(unit.id), names[unit.id]) for unit in units if unit.id in leads],
        officers=[(str(person.id), called(person)) for person in people],
    )


async def _drawing(
    drawing_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    chinese = visit.language == "zh-CN"
    async with database.connection() as db:
        found = await shown(db, await known_drawing(db, request.user, WHO_READS, drawing_id, clock))
        people = await people_by_id(db, found.pools.officers)
        offered = await choices(db, visit, [], day_of(clock.now()))
    drawn = [] if found.result is None else found.result.teams
    return page(
        visit,
        "drawings/drawing.html",
        status=status,
        form=form,
        drawing=found.drawing,
        pools=found.pools,
        result=found.result,
        reasons=found.reasons[:MOST_SHOWN],
        most=MOST_SHOWN,
        names={str(person.id): person.name_zh if chinese else person.name_en for person in people.values()},
        enterprises={one.uscc: one for one in found.pools.enterprises},
        may=visit.may(*WHO_DRAWS),
        steps=Step,
        tasks=found.tasks,
        without=sum(team.uscc not in found.tasks for team in drawn),
        offered=offered,
        told=_numbers(request, "made", "full"),
    )


def _numbers(request: Request[Any, Any, State], *names: str) -> dict[str, int] | None:
    """What the address says after a step; None where it says no numbers."""
    said = {name: request.query_params.get(name, "") for name in names}
    if not all(re.fullmatch("[0-9]{1,5}", number) for number in said.values()):
        return None
    return {name: int(number) for name, number in said.items()}


def _new(typed: Typed, people: dict[UUID, Person], held: dict[UUID, list[Credential]]) -> NewDrawing:
    """Raises Malformed beside the field whose line cannot be read."""
    enterprises = []
    for line in typed.enterprises:
        cells = dict(zip(CANDIDATE, BETWEEN.split(line.strip()), strict=False))
        try:
            enterprises.append(
                msgspec.convert({key: cell for key, cell in cells.items() if cell}, NewCandidate, strict=False)
            )
        except msgspec.ValidationError as error:
            raise Malformed(field="enterprises", what=not_decoded(error).values["what"]) from error
    called: dict[str, set[UUID]] = {}
    for person in people.values():
        for name in (person.name_zh, person.name_en, *(one.credential_no for one in held.get(person.id, ()))):
            called.setdefault(name, set()).add(person.id)
    conflicts = []
    for line in typed.conflicts:
        name, uscc, reason = (*BETWEEN.split(line.strip(), maxsplit=2), "", "")[:3]
        if len(called.get(name, ())) != 1 or not reason:
            raise Malformed(field="conflicts", what=Spoken("page.drawings.conflict-line", line=line[:60]))
        conflicts.append(NewConflict(officer=next(iter(called[name])), uscc=uscc, reason=reason))
    numbers = []
    for line in typed.numbers:
        stratum, _, number = line.strip().rpartition(" ")
        if not re.fullmatch(r"[0-9]{1,4}", number) or not 1 <= int(number) <= 1000:
            raise Malformed(field="numbers", what=Spoken("page.drawings.number-line", line=line[:60]))
        numbers.append(NewStratum(number=int(number), stratum=stratum))
    return NewDrawing(
        unit_id=typed.unit_id,
        title=typed.title,
        basis=typed.basis,
        numbers=numbers,
        enterprises=enterprises,
        officers=typed.officers,
        team_size=typed.team_size,
        conflicts=conflicts,
        beacon_source=typed.beacon_source,
    )


def _numbered(pools: Any) -> dict[str, int]:
    """Officers by their place in the pool: people read numbers more easily than ids."""
    return {} if pools is None else {str(officer): number for number, officer in enumerate(pools.officers, 1)}


def _kept(request: Request[Any, Any, Any], rendered: Response[str]) -> Response[Any]:
    rendered.cookies.clear()
    return cacheable(request, rendered, rendered.content.encode(), "Cookie")


ROUTES: list[HTTPRouteHandler] = [drawings_page, make_at_page, drawing_page, step_at_page]
