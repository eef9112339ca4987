"""`/desk/clues`: what somebody told supervision, what is late first; one clue, its next step in one form."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Person, PersonKind
from agency.queries import people_by_id, people_in, reach, tree
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from evidence.case_files import queries as cases
from evidence.case_files.attaching import WHO_READS_CASES
from evidence.clues import handling, queries, rules
from evidence.clues.access import DECIDERS, HANDLERS, access_of
from evidence.clues.http import About, Erasure, NewClue, NewStep, Text, in_full, listed, registered, taken
from evidence.clues.model import Reference, Reporter, Stage, Step
from evidence.clues.problems import ReporterGone
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem
from inspection.planning.http.common import WHO_PLANS
from inspection.watching.model import Kind
from inspection.watching.queries import watch_of

PATH = "/desk/clues"
GUARDS = [requires(*HANDLERS)]
DECIDING = [requires(*DECIDERS)]
BAR = (Stage.REGISTERED, Stage.ACCEPTED, Stage.ASSIGNED, Stage.LOOKED_INTO, Stage.RESULT, Stage.REPLIED, Stage.CLOSED)
"""What most clues go through; one that is not accepted or is transferred shows that instead."""
KINDS = ("unit_id", "officer_id", "uscc", "device_tag", "inspection_id", "evidence_id", "case_id")


async def _open(db: Connection, actor: Actor, clock: Clock) -> int:
    access = await access_of(db, actor, clock)
    return await queries.how_many_open(db, access.own, access.assigned)


ENTRIES.append(Entry("clues", PATH, frozenset(HANDLERS)))
BLOCKS.append(Waiting("clues", frozenset(HANDLERS), PATH, _open))


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that say what a clue is about."""

    about_unit: UUID | None = None
    about_officer: UUID | None = None
    about_uscc: str | None = None
    about_device: Annotated[str, Meta(max_length=200)] | None = None
    about_inspection: UUID | None = None
    about_evidence: UUID | None = None
    about_case: UUID | None = None

    def abouts(self) -> list[About]:
        given = (
            self.about_unit,
            self.about_officer,
            self.about_uscc,
            self.about_device,
            self.about_inspection,
            self.about_evidence,
            self.about_case,
        )
        named = zip(KINDS, given, strict=True)
        return [msgspec.convert({name: value}, About) for name, value in named if value is not None]


class Typed(Named, frozen=True, kw_only=True):
    channel: str
    channel_number: Annotated[str, Meta(max_length=200)] = ""
    unit_id: UUID
    received_at: datetime
    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    reporter_name: Annotated[str, Meta(max_length=200)] = ""
    reporter_contact: Annotated[str, Meta(max_length=200)] = ""


class Stepped(Named, frozen=True, kw_only=True):
    after: int
    step: Step
    text: Text = ""
    unit_id: UUID | None = None
    person_id: UUID | None = None


@get("/clues", guards=GUARDS)
async def clues_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    closed: FromQuery[bool] = False,
) -> Response[str]:
    async with database.connection() as db:
        found = await listed(db, request.user, clock, closed=closed)
        names = await _units(db, visit, clock)
    return page(
        visit,
        "clues/list.html",
        clues=found,
        closed=closed,
        names=names,
        ends={one.clue.id: rules.next_due(one.due) for one in found},
        assigned={one.clue.id: rules.assignment(one.steps) for one in found},
        may_register=visit.may(*DECIDERS),
    )


@get("/clues/new", guards=DECIDING)
async def new_clue_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    about = {name: value for name, value in request.query_params.items() if name.startswith("about_")}
    return await _new(visit, request, database, clock, Form(about))


@post("/clues/new", guards=DECIDING, status_code=200)
async def register_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        typed = form.read(Typed)
        new = NewClue(
            channel=typed.channel,
            channel_number=typed.channel_number,
            unit_id=typed.unit_id,
            received_at=typed.received_at,
            text=typed.text,
            reporter_name=typed.reporter_name,
            reporter_contact=typed.reporter_contact,
            about=typed.abouts(),
        )
        clue = await registered(database, clock, request.user, new)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _new(visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{clue.id}")


@get("/clues/{clue_id:uuid}", guards=GUARDS)
async def clue_page(
    clue_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _shown(clue_id, visit, request, database, clock, Form())


@post("/clues/{clue_id:uuid}", guards=GUARDS, status_code=200)
async def step_at_page(
    clue_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        typed = form.read(Stepped)
        new = NewStep(
            after=typed.after,
            step=typed.step,
            text=typed.text,
            unit_id=typed.unit_id,
            person_id=typed.person_id,
            about=typed.abouts(),
        )
        await taken(database, clock, request.user, clue_id, new)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _shown(clue_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{clue_id}")


@post("/clues/{clue_id:uuid}/reporter", guards=GUARDS, status_code=200)
async def reporter_at_page(
    clue_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """Sent, not read: that somebody looked is kept."""
    try:
        reporter = await handling.read_reporter(database, clock, request.user, clue_id)
    except ReporterGone as problem:
        refused = Form().refused(problem, visit.language)
        return await _shown(clue_id, visit, request, database, clock, refused, int(problem.status))
    return await _shown(clue_id, visit, request, database, clock, Form(), reporter=reporter)


@post("/clues/{clue_id:uuid}/reporter/erasure", guards=DECIDING, status_code=200)
async def erase_at_page(
    clue_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await handling.erase_reporter(database, clock, request.user, clue_id, form.read(Erasure).reason)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _shown(clue_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{clue_id}")


async def _new(
    visit: Visit, request: Request[Actor, Any, Scope], database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        names = await _units(db, visit, clock)
        own = await reach(db, request.user, DECIDERS, today)
        officers = await people_in(db, own, (PersonKind.OFFICER,))
        channels = (await queries.channels(db, today)).values()
    return page(
        visit,
        "clues/new.html",
        status=status,
        form=form,
        channels=channels,
        channel_choices=[(one.code, visit.named(one)) for one in channels],
        units=[(str(id_), name) for id_, name in names.items() if id_ in own],
        officers=[(str(one.id), f"{visit.named(one)} · {names.get(one.unit_id, '')}") for one in officers],
    )


async def _shown(
    clue_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
    reporter: Reporter | None = None,
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        found = await in_full(db, request.user, clock, clue_id)
        shown = found.shown
        names = await _units(db, visit, clock)
        own = await reach(db, request.user, DECIDERS, today)
        staff = await people_in(db, own, (PersonKind.STAFF,)) if Step.ASSIGNED in shown.possible else []
        asked = {one.officer_id for one in found.about if one.officer_id}
        asked |= {shown.clue.registered_by, *(one.by_id for one in shown.steps)}
        asked |= {one.person_id for one in shown.steps if one.person_id}
        people = {one.id: visit.named(one) for one in (await people_by_id(db, asked)).values()}
        reached = await reach(db, request.user, WHO_READS_CASES, today)
        watched = await watch_of(db, request.user.person_id, Kind.CLUE, clue_id)
        numbers = {one.id: one.number for one in await cases.cases(db, reached)}
    return page(
        visit,
        "clues/clue.html",
        status=status,
        form=form,
        shown=shown,
        clue=shown.clue,
        ordinal=shown.steps[-1].ordinal if shown.steps else 0,
        bar=_bar(shown.stage),
        assigned=rules.assignment(shown.steps),
        extended=any(one.step is Step.EXTENDED for one in shown.steps),
        about=[
            (kind, words, path) for one in found.about for kind, words, path in [_link(one, names, people, numbers)]
        ],
        reporter=reporter,
        watched=watched,
        may_begin=visit.may(*WHO_PLANS),
        may_erase=shown.clue.unit_id in own,
        names=names,
        people=people,
        units=[(str(id_), name) for id_, name in names.items() if id_ in own],
        staff=[(str(one.id), f"{visit.named(one)} · {names.get(one.unit_id, '')}") for one in staff],
    )


def _bar(at: Stage) -> Sequence[tuple[Stage, str]]:
    """Each stage with `past`, `now` or `ahead`."""
    stages = BAR if at in BAR else (Stage.REGISTERED, at, Stage.REPLIED, Stage.CLOSED)
    now = stages.index(at)
    return [
        (one, "past" if n < now or at is Stage.CLOSED else "now" if n == now else "ahead")
        for n, one in enumerate(stages)
    ]


def _choices(visit: Visit, people: Collection[Person], names: dict[UUID, str]) -> list[tuple[str, str]]:
    return [(str(one.id), f"{visit.named(one)} · {names.get(one.unit_id, '')}") for one in people]


def _link(
    about: Reference, names: dict[UUID, str], people: dict[UUID, str], numbers: dict[UUID, str]
) -> tuple[str, str, str]:
    """Its kind, its words, and the page that shows it; empty where none does."""
    ((kind, value),) = about.named().items()
    if isinstance(value, str):
        return kind, value, f"/desk/devices/{value}" if kind == "device_tag" else ""
    match kind:
        case "unit_id":
            return kind, names.get(value, str(value)), f"/desk/evidence?unit={value}"
        case "officer_id":
            return kind, people.get(value, str(value)), f"/desk/evidence?officer={value}"
        case "inspection_id":
            return kind, str(value), f"/desk/inspections/{value}"
        case "evidence_id":
            return kind, str(value), f"/desk/evidence/{value}"
        case _:
            return kind, numbers.get(value, str(value)), ""


async def _units(db: Connection, visit: Visit, clock: Clock) -> dict[UUID, str]:
    return {one.id: visit.named(one) for one in await tree(db, day_of(clock.now()))}


ROUTES = [clues_page, new_clue_page, register_at_page, clue_page, step_at_page, reporter_at_page, erase_at_page]
