"""`/desk/notices`: the inbox; and `/desk/calendar`: how else somebody wants to hear of what is due."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import emails, reach_by_role, set_email
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.pages import page, redirect
from console.visit import HOME, Visit
from device_registry.calendar_feed.http import new_address
from device_registry.calendar_feed.queries import feed_of, revoke_feed
from device_registry.http.labels import LabelSettings
from device_registry.http.reaching import DESK, READERS
from device_registry.notices import queries
from device_registry.notices.http import mark_of
from device_registry.notices.model import sentence
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem
from inspection.watching.model import WATCHERS

INBOX, CALENDAR = f"{HOME}/notices", f"{HOME}/calendar"
ON_A_PAGE = 50


class Mail(msgspec.Struct, frozen=True):
    email: Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


@get("/notices", guards=[requires(*DESK)])
async def inbox_page(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    after, me = dict(visit.query).get("after"), request.user.person_id
    async with database.connection() as db:
        reach = await reach_by_role(db, me, clock.now())
        found = await queries.inbox(db, me, reach, after=mark_of(after) if after else None, most=ON_A_PAGE + 1)
        unread = await queries.unread(db, me, reach)
    shown = found[:ON_A_PAGE]
    return page(
        visit,
        "notices.html",
        notices=[(notice, sentence(notice.subject, notice.details, visit.language)) for notice in shown],
        unread=unread,
        next=f"{int(shown[-1].read_at is not None)}.{shown[-1].id}" if len(found) > ON_A_PAGE else None,
        after=after,
        may_watch=visit.may(*WATCHERS),
    )


@post("/notices/readings", guards=[requires(*DESK)], status_code=200)
async def read_all(
    request: Request[Actor, Any, AppState], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[Any]:
    await _read(request.user, database, clock, None)
    return redirect(INBOX)


@post("/notices/{notice_id:uuid}/readings", guards=[requires(*DESK)], status_code=200)
async def read_one(
    notice_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    await _read(request.user, database, clock, notice_id)
    return redirect(INBOX)


async def _read(actor: Actor, database: Database, clock: Clock, notice_id: UUID | None) -> None:
    now = clock.now()
    async with database.transaction() as db:
        reach = await reach_by_role(db, actor.person_id, now)
        await queries.read(db, actor.person_id, reach, now, notice_id=notice_id)


@get("/calendar", guards=[requires(*READERS)])
async def calendar_page(
    request: Request[Actor, Any, AppState], visit: NamedDependency[Visit], database: NamedDependency[Database]
) -> Response[str]:
    return await _calendar(request.user, visit, database, Form())


@post("/calendar", guards=[requires(*READERS)], status_code=200)
async def renew_calendar(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[LabelSettings],
) -> Response[str]:
    base = settings.public_url or str(request.base_url)
    address = await new_address(request.user, database, clock, base)
    return await _calendar(request.user, visit, database, Form(), address=address)


@post("/calendar/end", guards=[requires(*READERS)], status_code=200)
async def end_calendar(
    request: Request[Actor, Any, AppState], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[Any]:
    async with database.transaction() as db:
        await revoke_feed(db, request.user.person_id, clock.now())
    return redirect(CALENDAR)


@post("/calendar/email", guards=[requires(*READERS)], status_code=200)
async def set_mail(
    request: Request[Actor, Any, AppState], visit: NamedDependency[Visit], database: NamedDependency[Database]
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        mail = form.read(Mail)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _calendar(request.user, visit, database, refused, status=problem.status)
    async with database.transaction() as db:
        await set_email(db, request.user.person_id, mail.email)
    return redirect(CALENDAR)


async def _calendar(
    actor: Actor, visit: Visit, database: Database, form: Form, *, address: str = "", status: int = 200
) -> Response[str]:
    async with database.connection() as db:
        feed = await feed_of(db, actor.person_id)
        email = (await emails(db)).get(actor.person_id)
    if form.is_empty:
        form = Form({"email": email})
    return page(visit, "calendar.html", status=status, feed=feed, address=address, form=form)


async def _unread(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.unread(db, actor.person_id, await reach_by_role(db, actor.person_id, clock.now()))


BLOCKS.append(Waiting("notices", frozenset(DESK), INBOX, _unread))
ROUTES = [inbox_page, read_all, read_one, calendar_page, renew_calendar, end_calendar, set_mail]
