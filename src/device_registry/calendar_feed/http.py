"""The address of somebody's calendar feed, and the feed itself, which a calendar program reads without signing in."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import ResponseHeader, State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import FOR_ANYBODY, requires
from agency.model import Actor
from agency.queries import account_is_open, reach_by_role
from agency.sign_in import Confidential
from device_registry.calendar_feed import queries
from device_registry.calendar_feed.calendar import calendar
from device_registry.http.labels import LabelSettings
from device_registry.http.reaching import READERS
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import NotAllowed, NotFound, NotSignedIn
from foundation.words import DEFAULT

LOOKED_BACK, LOOKED_AHEAD = timedelta(days=30), timedelta(days=400)
"""A verification is for a year at most as a rule; what lapsed a month ago is for the working lists."""


class FeedAddress(Confidential, frozen=True):
    """Told this once: whoever knows it reads the days. `address` lacks the host where no public address is set."""

    address: str


class FeedStands(msgspec.Struct, frozen=True):
    """Since when there is a feed; None: there is none."""

    created_at: datetime | None


@get(
    "/calendar-feed",
    guards=[requires(*READERS)],
    summary="Whether I have a calendar feed",
    responses=declared(NotSignedIn, NotAllowed),
)
async def my_feed(request: Request[Actor, Any, State], database: NamedDependency[Database]) -> FeedStands:
    async with database.connection() as db:
        feed = await queries.feed_of(db, request.user.person_id)
    return FeedStands(feed.created_at if feed else None)


@post(
    "/calendar-feed",
    guards=[requires(*READERS)],
    summary="A new secret address for my calendar; the one before ends",
    responses=declared(NotSignedIn, NotAllowed),
    response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
)
async def renew_feed(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[LabelSettings],
) -> FeedAddress:
    return FeedAddress(await new_address(request.user, database, clock, settings.public_url))


@delete(
    "/calendar-feed",
    guards=[requires(*READERS)],
    summary="Ends my calendar feed",
    responses=declared(NotSignedIn, NotAllowed),
)
async def revoke_feed(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> None:
    async with database.transaction() as db:
        await queries.revoke_feed(db, request.user.person_id, clock.now())


@get("/calendar/{file:str}", opt=FOR_ANYBODY, include_in_schema=False)
async def feed(
    file: FromPath[str],
    request: Request[Any, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    """Raises NotFound: no such feed, or its person has no account any more."""
    now = clock.now()
    async with database.connection() as db:
        found = await queries.feed_behind(db, _digest(file.removesuffix(".ics")))
        if found is None or not await account_is_open(db, found.person_id, now):
            raise NotFound
        units = {unit for role, unit in await reach_by_role(db, found.person_id, now) if role in READERS}
        days = await queries.dates(db, units, now - LOOKED_BACK, now + LOOKED_AHEAD)
    content = await to_thread.run_sync(calendar, days, found.created_at, DEFAULT)
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="text/calendar", headers=headers)


async def new_address(actor: Actor, database: Database, clock: Clock, public_url: str) -> str:
    """256 random bits, of which only the digest is kept."""
    secret = secrets.token_urlsafe(32)
    async with database.transaction() as db:
        await queries.renew_feed(db, actor.person_id, _digest(secret), clock.now())
    return f"{public_url.rstrip('/')}/calendar/{secret}.ics"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


router = Router(
    "/",
    route_handlers=[
        Router("/desk/v1", route_handlers=[my_feed, renew_feed, revoke_feed], tags=["working lists"]),
        feed,
    ],
)
