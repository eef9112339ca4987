"""`/desk/v1/clues`: what somebody told supervision, what is late first, and every step until it is closed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency import queries as agency
from agency.http import requires
from agency.identifiers import credit_code
from agency.model import Actor, Role
from agency.working_days import check_whole_city
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from evidence.clues import handling, queries, rules
from evidence.clues.access import DECIDERS, HANDLERS, access_of, known, known_of
from evidence.clues.model import Channel, Clue, Done, Dues, Kept, Reference, Reporter, Stage, Step
from evidence.clues.problems import (
    ClueConflict,
    ClueHandledBySelf,
    ClueMovedOn,
    ClueNotFound,
    ClueNotYours,
    ClueNumberTaken,
    ClueRefused,
    ClueStepNotNow,
    ReporterGone,
)
from foundation.civil import LAST_DAY, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import checked_instant, declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType

EARLIEST = date(2000, 1, 1)
"""No clue was received before this day; terms of channels begin here."""
Text = Annotated[str, Meta(max_length=4000)]
Days = Annotated[int, Meta(ge=1, le=250, description="Working days")]
READING = (Malformed, NotSignedIn, NotAllowed)
WRITING = (*READING, TooLarge, UnsupportedContentType)


class About(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clue is about: one of these."""

    unit_id: UUID | None = None
    officer_id: UUID | None = None
    uscc: Annotated[str, Meta(max_length=18)] | None = None
    device_tag: Line | None = None
    inspection_id: UUID | None = None
    evidence_id: UUID | None = None
    case_id: UUID | None = None


Abouts = Annotated[list[About], Meta(max_length=50)]


class NewClue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channel: Line
    channel_number: Annotated[str, Meta(max_length=200, description="As the channel numbers it")] = ""
    unit_id: Annotated[UUID, Meta(description="Whose supervision deals with it")]
    received_at: datetime
    text: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    reporter_name: Annotated[str, Meta(max_length=200)] = ""
    reporter_contact: Annotated[str, Meta(max_length=200)] = ""
    about: Abouts = []


class NewStep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after`: the ordinal of the last step you saw, 0 where there was none."""

    after: Annotated[int, Meta(ge=0, le=100_000)]
    step: Step
    text: Text = ""
    unit_id: UUID | None = None
    person_id: UUID | None = None
    about: Abouts = []


class Erasure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class ClueShown(Struct, frozen=True, kw_only=True):
    """`possible`: the steps that the reader may take next."""

    clue: Clue
    stage: Stage
    due: Dues
    late: bool
    steps: list[Done]
    has_reporter: bool
    possible: list[Step]


class ClueInFull(Struct, frozen=True):
    shown: ClueShown
    about: list[Reference]


class ClueList(Struct, frozen=True):
    """What is due first first, so what is late before all else."""

    clues: list[ClueShown]


@get(
    "/clues/channels",
    guards=[requires(*HANDLERS)],
    summary="Where clues come from, with the terms of today and where they come from",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_channels(database: NamedDependency[Database], clock: NamedDependency[Clock]) -> list[Channel]:
    async with database.connection() as db:
        return list((await queries.channels(db, day_of(clock.now()))).values())


class NewChannel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel, or other terms of one, for clues received from `holds_from` on."""

    code: Annotated[str, Meta(max_length=50, pattern=r"^[A-Z][A-Z0-9_]*$")]
    holds_from: Annotated[date, Meta(description="A Beijing civil day, after today")]
    name_zh: Line
    name_en: Line
    complaint: bool
    accept_days: Days
    reply_days: Days | None = None
    extension_days: Annotated[int, Meta(ge=0, le=250)] = 0
    source: Line


@post(
    "/clues/channels",
    guards=[requires(Role.ADMINISTRATOR)],
    summary="A channel, or its terms from a coming day on, for the whole city",
    responses=declared(*WRITING, ClueRefused),
)
async def add_channel(
    data: JSONBody[NewChannel],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Channel:
    today = day_of(clock.now())
    if not today < data.holds_from <= LAST_DAY:
        raise ClueRefused(field="holds_from", what=Spoken("clue.channel-from"))
    channel = Channel(
        code=data.code,
        holds_from=data.holds_from,
        name_zh=tidy(data.name_zh),
        name_en=tidy(data.name_en),
        complaint=data.complaint,
        accept_days=data.accept_days,
        reply_days=data.reply_days,
        extension_days=data.extension_days,
        source=tidy(data.source),
    )
    async with database.transaction() as db:
        await check_whole_city(db, request.user, today)
        if not await queries.add_channel(db, channel, request.user.person_id):
            raise ClueRefused(field="holds_from", what=Spoken("clue.channel-from"))
    return channel


@get(
    "/clues",
    guards=[requires(*HANDLERS)],
    summary="Clues of my units or assigned to them: what is late first, or the last closed ones",
    responses=declared(*READING),
)
async def list_clues(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    closed: FromQuery[bool] = False,
) -> ClueList:
    async with database.connection() as db:
        return ClueList(await listed(db, request.user, clock, closed=closed))


@post(
    "/clues",
    guards=[requires(*DECIDERS)],
    summary="Register a clue",
    responses=declared(*WRITING, UnitUnknown, ClueNumberTaken, ClueConflict, ClueRefused),
)
async def register_clue(
    data: JSONBody[NewClue],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Clue:
    return await registered(database, clock, request.user, data)


@get(
    "/clues/{clue_id:uuid}",
    guards=[requires(*HANDLERS)],
    summary="One clue, what was done about it, and what it is about; never who told",
    responses=declared(*READING, ClueNotFound),
)
async def show_clue(
    clue_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ClueInFull:
    async with database.connection() as db:
        return await in_full(db, request.user, clock, clue_id)


@post(
    "/clues/{clue_id:uuid}/steps",
    guards=[requires(*HANDLERS)],
    summary="The next step",
    responses=declared(
        *WRITING,
        ClueNotFound,
        ClueMovedOn,
        ClueStepNotNow,
        ClueConflict,
        ClueNotYours,
        ClueHandledBySelf,
        ClueRefused,
    ),
)
async def take_step(
    clue_id: FromPath[UUID],
    data: JSONBody[NewStep],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ClueInFull:
    await taken(database, clock, request.user, clue_id, data)
    async with database.connection() as db:
        return await in_full(db, request.user, clock, clue_id)


@get(
    "/clues/{clue_id:uuid}/reporter",
    guards=[requires(*HANDLERS)],
    summary="Who told; that it was read is told in the custody chain",
    responses=declared(*READING, ClueNotFound, ReporterGone),
)
async def show_reporter(
    clue_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Reporter:
    return await handling.read_reporter(database, clock, request.user, clue_id)


@post(
    "/clues/{clue_id:uuid}/reporter/erasure",
    guards=[requires(*DECIDERS)],
    status_code=204,
    summary="Erase who told; the clue stays",
    responses=declared(*WRITING, ClueNotFound, ClueMovedOn, ClueNotYours, ReporterGone),
)
async def erase_reporter(
    clue_id: FromPath[UUID],
    data: JSONBody[Erasure],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await handling.erase_reporter(database, clock, request.user, clue_id, tidy(data.reason))


async def registered(database: Database, clock: Clock, actor: Actor, new: NewClue) -> Clue:
    """Raises Malformed, UnitUnknown, ClueNumberTaken, ClueConflict, ClueRefused."""
    now = clock.now()
    received_at = checked_instant("received_at", new.received_at)
    if not day_of(received_at) >= EARLIEST or received_at > now:
        raise ClueRefused(field="received_at", what=Spoken("clue.received-when"))
    about = references(new.about)
    async with database.connection() as db:
        if new.unit_id not in await agency.reach(db, actor, DECIDERS, day_of(now)):
            raise UnitUnknown(field="unit_id")
        channel = (await queries.channels(db, day_of(received_at))).get(new.channel)
    if channel is None:
        raise ClueRefused(field="channel", what=Spoken("clue.channel-unknown"))
    name, contact = tidy(new.reporter_name), tidy(new.reporter_contact)
    clue = Clue(
        id=uuid4(),
        unit_id=new.unit_id,
        channel=channel,
        channel_number=tidy(new.channel_number),
        received_at=received_at,
        text=new.text.strip(),
        registered_by=actor.person_id,
        registered_at=now,
    )
    reporter = Reporter(name, contact) if name or contact else None
    await handling.register(database, clock, actor, clue, reporter, about)
    return clue


async def taken(database: Database, clock: Clock, actor: Actor, clue_id: UUID, new: NewStep) -> Kept:
    """Raises what `handling.take` raises."""
    return await handling.take(
        database,
        clock,
        actor,
        clue_id,
        new.after,
        new.step,
        new.text.strip(),
        unit_id=new.unit_id,
        person_id=new.person_id,
        about=references(new.about),
    )


async def listed(db: Connection, actor: Actor, clock: Clock, *, closed: bool = False) -> list[ClueShown]:
    access = await access_of(db, actor, clock)
    if closed:
        found = await queries.closed_clues(db, access.own)
    else:
        found = await queries.open_clues(db, access.own, access.assigned)
    calendar = await agency.working_days(db)
    due = [(kept, rules.dues(calendar, kept.clue, kept.steps)) for kept in await known_of(db, access, found)]
    today = day_of(clock.now())
    ordered = due if closed else rules.most_urgent_first(due)
    return [_shown(kept, dues, today, access.possible(kept)) for kept, dues in ordered]


async def in_full(db: Connection, actor: Actor, clock: Clock, clue_id: UUID) -> ClueInFull:
    """Raises ClueNotFound."""
    access = await access_of(db, actor, clock)
    kept, _ = await known(db, access, clue_id)
    due = rules.dues(await agency.working_days(db), kept.clue, kept.steps)
    shown = _shown(kept, due, day_of(clock.now()), access.possible(kept))
    return ClueInFull(shown, await queries.references_of(db, clue_id))


def references(about: list[About]) -> list[Reference]:
    """Raises ClueRefused where one names none or several, or no credit code there can be."""
    found = []
    for one in about:
        named = {name: value for name in one.__struct_fields__ if (value := getattr(one, name)) is not None}
        if len(named) != 1:
            raise ClueRefused(field="about", what=Spoken("clue.one-reference"))
        if one.uscc is not None:
            code = credit_code(one.uscc)
            if code is None:
                raise ClueRefused(field="about", what=Spoken("clue.no-credit-code"))
            named["uscc"] = code
        if one.device_tag is not None:
            named["device_tag"] = tidy(one.device_tag)
        found.append(Reference(**named))
    return found


def _shown(kept: Kept, due: Dues, today: date, possible: list[Step]) -> ClueShown:
    ends = rules.next_due(due)
    return ClueShown(
        clue=kept.clue,
        stage=rules.stage(kept.steps),
        due=due,
        late=ends is not None and ends < today,
        steps=list(kept.steps),
        has_reporter=kept.has_reporter,
        possible=possible,
    )


ROUTES: list[ControllerRouterHandler] = [
    list_channels,
    add_channel,
    list_clues,
    register_clue,
    show_clue,
    take_step,
    show_reporter,
    erase_reporter,
]
