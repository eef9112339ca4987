"""`/desk/v1/drawings` for those who draw, `/public/v1/drawings` for those who want to see that nobody steered it."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import ResponseHeader
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from agency.http import FOR_ANYBODY, requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from foundation.cacheable import cacheable
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from inspection.drawing import drawing as use_cases
from inspection.drawing import queries
from inspection.drawing.model import Candidate, Conflict, Drawing, Pools, Result, Step
from inspection.drawing.problems import (
    DrawingBeacon,
    DrawingInfeasible,
    DrawingNotFound,
    DrawingOutOfStep,
    DrawingPoolRefused,
)
from inspection.drawing.tasks import Made, Wish, make_tasks
from inspection.model import State
from inspection.planning.http.common import Codes, Day, checked_day
from inspection.planning.problems import ItemNotOpen, TeamRefused

WHO_DRAWS = (Role.ENTITY_HEAD, Role.SUPERVISOR)
WHO_READS = (*WHO_DRAWS, Role.LEGAL_REVIEWER)
MOST_BODY_BYTES = 8 << 20
MOST_ENTERPRISES, MOST_OFFICERS, MOST_DRAWN = 20_000, 500, 1000
"""So drawing takes a few seconds of a thread at most."""


class NewCandidate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uscc: Annotated[str, Meta(min_length=18, max_length=18, examples=["92420102MADEM00114"])]
    name: Line
    address: Annotated[str, Meta(max_length=200)] = ""
    category: Annotated[str, Meta(max_length=200)] = ""
    stratum: Annotated[str, Meta(max_length=200)] = ""
    weight: Annotated[int, Meta(ge=1, le=10, description="2 is drawn twice as readily as 1")] = 1


class NewConflict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    officer: UUID
    uscc: Annotated[str, Meta(min_length=18, max_length=18)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S", description="Kept, not published")]


class NewStratum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many enterprises are drawn of those in this stratum."""

    number: Annotated[int, Meta(ge=1, le=MOST_DRAWN)]
    stratum: Annotated[str, Meta(max_length=200)] = ""


class NewDrawing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`beacon_source`: a public draw of numbers whose coming result is mixed in, so that nobody could foresee it."""

    unit_id: UUID
    title: Line
    basis: Line
    numbers: Annotated[list[NewStratum], Meta(min_length=1, max_length=50)]
    enterprises: Annotated[list[NewCandidate], Meta(min_length=1, max_length=MOST_ENTERPRISES)]
    officers: Annotated[list[UUID], Meta(min_length=2, max_length=MOST_OFFICERS)]
    team_size: Annotated[int, Meta(ge=2, le=10)] = 2
    conflicts: Annotated[list[NewConflict], Meta(max_length=10_000)] = []
    beacon_source: Line | None = None

    def pools(self) -> use_cases.NewPools:
        """Raises DrawingPoolRefused."""
        numbers: dict[str, int] = {}
        for one in self.numbers:
            numbers[tidy(one.stratum)] = numbers.get(tidy(one.stratum), 0) + one.number
        if (number := sum(numbers.values())) > MOST_DRAWN:
            what = Spoken("drawing.refused.too-many-in-all", number=number, most=MOST_DRAWN)
            raise DrawingPoolRefused(field="numbers", what=what)
        return use_cases.NewPools(
            title=tidy(self.title),
            basis=tidy(self.basis),
            numbers=numbers,
            team_size=self.team_size,
            beacon_source=tidy(self.beacon_source) if self.beacon_source else None,
            enterprises=[
                Candidate(
                    uscc=one.uscc.upper(),
                    name=tidy(one.name),
                    address=tidy(one.address),
                    category=tidy(one.category),
                    stratum=tidy(one.stratum),
                    weight=one.weight,
                )
                for one in self.enterprises
            ],
            officers=self.officers,
            conflicts=[Conflict(one.officer, one.uscc.upper()) for one in self.conflicts],
            reasons=[one.reason.strip() for one in self.conflicts],
        )


class NewDraw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`beacon`: the public number that has come out by now, exactly where a source was named for it."""

    beacon: Line | None = None


class DrawingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing without its pools. Digests are in hexadecimal; `commitment` is SHA-256 of the seed."""

    id: UUID
    unit_id: UUID
    title: str
    basis: str
    step: Step
    beacon_source: str | None
    pools_sha256: str
    commitment: str | None
    made_at: datetime
    frozen_at: datetime | None
    drawn_at: datetime | None
    published_at: datetime | None

    @classmethod
    def of(cls, drawing: Drawing) -> Self:
        told = {name: getattr(drawing, name) for name in cls.__struct_fields__ if name not in _DIGESTS}
        return cls(
            **told,
            pools_sha256=drawing.pools_sha256.hex(),
            commitment=drawing.commitment.hex() if drawing.commitment else None,
        )


_DIGESTS = ("pools_sha256", "commitment")


class TaskOfDrawing(msgspec.Struct, frozen=True):
    inspection_id: UUID
    state: State


class DrawingShown(msgspec.Struct, frozen=True, kw_only=True):
    drawing: DrawingRow
    pools: Pools
    result: Result | None
    reasons: list[dict[str, str]]
    tasks: dict[str, TaskOfDrawing]
    """By the enterprise's credit code."""


class NewTasks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tasks have in common; whom they are about and who goes was drawn."""

    due_on: Day
    items: Codes
    checklist: Annotated[str, Meta(max_length=200)] = ""


class PublicDrawing(msgspec.Struct, frozen=True, kw_only=True):
    """`pools` and `result` are null before the result is published; commitment and digest of the pools never are."""

    drawing: DrawingRow
    pools: Pools | None
    result: Result | None


_PROBLEMS = (Malformed, NotSignedIn, NotAllowed, DrawingNotFound)
_WRITING = (*_PROBLEMS, TooLarge, UnsupportedContentType, DrawingOutOfStep)


@post(
    "/drawings",
    guards=[requires(*WHO_DRAWS)],
    summary="Make a drawing: its pools, how many are drawn, who does not inspect whom",
    request_max_body_size=MOST_BODY_BYTES,
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, TooLarge, UnsupportedContentType, UnitUnknown, DrawingPoolRefused
    ),
)
async def make_drawing(
    data: JSONBody[NewDrawing],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DrawingRow:
    return DrawingRow.of(await made(database, clock, request.user, data))


async def made(database: Database, clock: Clock, actor: Actor, new: NewDrawing) -> Drawing:
    """Raises UnitUnknown, DrawingPoolRefused."""
    async with database.connection() as db:
        reached = await reach(db, actor, WHO_DRAWS, day_of(clock.now()))
    if new.unit_id not in reached:
        raise UnitUnknown(field="unit_id")
    return await use_cases.make(database, clock, actor, new.unit_id, new.pools(), reached)


@get(
    "/drawings",
    guards=[requires(*WHO_READS)],
    summary="Drawings of my units, newest first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_drawings(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[DrawingRow]:
    async with database.connection() as db:
        units = await reach(db, request.user, WHO_READS, day_of(clock.now()))
        return [DrawingRow.of(one) for one in await queries.drawings(db, units)]


@get(
    "/drawings/{drawing_id:uuid}",
    guards=[requires(*WHO_READS)],
    summary="A drawing with its pools, and its result where it is drawn",
    responses=declared(*_PROBLEMS),
)
async def show_drawing(
    drawing_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DrawingShown:
    async with database.connection() as db:
        return await shown(db, await known_drawing(db, request.user, WHO_READS, drawing_id, clock))


@post(
    "/drawings/{drawing_id:uuid}/commitment",
    guards=[requires(*WHO_DRAWS)],
    summary="Freeze the pools and commit to a seed that nobody knows",
    responses=declared(*_PROBLEMS, DrawingOutOfStep),
)
async def freeze_drawing(
    drawing_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DrawingRow:
    async with database.connection() as db:
        found = await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock)
    await use_cases.freeze(database, clock, request.user, found)
    async with database.connection() as db:
        return DrawingRow.of(await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock))


@post(
    "/drawings/{drawing_id:uuid}/result",
    guards=[requires(*WHO_DRAWS)],
    summary="Draw, once and for all; the seed is told with the result",
    responses=declared(*_WRITING, DrawingBeacon, DrawingInfeasible),
)
async def draw_lots(
    drawing_id: FromPath[UUID],
    data: JSONBody[NewDraw],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Result:
    async with database.connection() as db:
        found = await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock)
    beacon = tidy(data.beacon) if data.beacon else None
    return await use_cases.draw_lots(database, clock, request.user, found, beacon)


@post(
    "/drawings/{drawing_id:uuid}/publication",
    guards=[requires(*WHO_DRAWS)],
    status_code=204,
    summary="Publish the result with everything it takes to reckon it again",
    responses=declared(*_PROBLEMS, DrawingOutOfStep),
)
async def publish_drawing(
    drawing_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        found = await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock)
    await use_cases.publish(database, clock, request.user, found)


@post(
    "/drawings/{drawing_id:uuid}/tasks",
    guards=[requires(*WHO_DRAWS)],
    summary="Make the tasks that follow from a published drawing; what is made already stays as it is",
    responses=declared(*_WRITING, ItemNotOpen, TeamRefused),
)
async def make_tasks_of_drawing(
    drawing_id: FromPath[UUID],
    data: JSONBody[NewTasks],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Made:
    async with database.connection() as db:
        found = await known_drawing(db, request.user, WHO_DRAWS, drawing_id, clock)
    return await tasks_made(database, clock, request.user, found, data)


async def tasks_made(database: Database, clock: Clock, actor: Actor, drawing: Drawing, new: NewTasks) -> Made:
    """Raises Malformed and what `tasks.make_tasks` raises."""
    checked_day("due_on", new.due_on)
    wish = Wish(due_on=new.due_on, items=list(dict.fromkeys(new.items)), checklist=new.checklist)
    return await make_tasks(database, clock, actor, drawing, wish)


@get(
    "/drawings",
    summary="Drawings from their commitment on, newest first",
    responses=declared(),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def public_drawings(
    request: Request[Any, Any, Scope], database: NamedDependency[Database]
) -> Response[list[DrawingRow]]:
    async with database.connection() as db:
        return _answer(request, [DrawingRow.of(one) for one in await queries.published(db)])


@get(
    "/drawings/{drawing_id:uuid}",
    summary="A drawing, and once published everything it takes to reckon it again",
    responses=declared(Malformed, DrawingNotFound),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def public_drawing(
    drawing_id: FromPath[UUID], request: Request[Any, Any, Scope], database: NamedDependency[Database]
) -> Response[PublicDrawing]:
    async with database.connection() as db:
        return _answer(request, await publicly(db, drawing_id))


async def publicly(db: Connection, drawing_id: UUID) -> PublicDrawing:
    """Raises DrawingNotFound before its commitment."""
    found = await queries.drawing_by_id(db, drawing_id)
    if found is None or found.step is Step.MADE:
        raise DrawingNotFound
    told = found.step is Step.PUBLISHED
    return PublicDrawing(
        drawing=DrawingRow.of(found),
        pools=msgspec.json.decode(await queries.pools_of(db, drawing_id), type=Pools) if told else None,
        result=await queries.result_of(db, drawing_id) if told else None,
    )


async def shown(db: Connection, drawing: Drawing) -> DrawingShown:
    return DrawingShown(
        drawing=DrawingRow.of(drawing),
        pools=msgspec.json.decode(await queries.pools_of(db, drawing.id), type=Pools),
        result=await queries.result_of(db, drawing.id),
        reasons=await queries.reasons_of(db, drawing.id),
        tasks={uscc: TaskOfDrawing(*task) for uscc, task in (await queries.tasks_made(db, drawing.id)).items()},
    )


async def known_drawing(
    db: Connection, actor: Actor, roles: tuple[Role, ...], drawing_id: UUID, clock: Clock
) -> Drawing:
    """Raises DrawingNotFound, also for a unit that these roles do not reach."""
    found = await queries.drawing_by_id(db, drawing_id)
    if found is None or found.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise DrawingNotFound
    return found


def _answer(request: Request[Any, Any, Scope], content: Any) -> Response[Any]:
    response = Response(content, headers={"Content-Language": language_of(request)})
    return cacheable(request, response, msgspec.json.encode(content), "Accept-Language")


router = Router(
    "/desk/v1",
    route_handlers=[
        make_drawing,
        list_drawings,
        show_drawing,
        freeze_drawing,
        draw_lots,
        publish_drawing,
        make_tasks_of_drawing,
    ],
    tags=["drawings"],
)
public_router = Router(
    "/public/v1", route_handlers=[public_drawings, public_drawing], opt=FOR_ANYBODY, security=[{}], tags=["public"]
)
