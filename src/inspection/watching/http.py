"""`/desk/v1/watches`: what I watch; what happens to it comes into the inbox."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType
from inspection.watching import keeping, queries
from inspection.watching.model import WATCHERS, Kind, Search, Watch
from inspection.watching.problems import NothingToWatch, TooManyWatches, WatchNotFound


class Outcome(StrEnum):
    ADMITTED = "ADMITTED"
    HELD = "HELD"
    UNDETERMINED = "UNDETERMINED"


class NewWatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`subject_id` of what is watched; for SEARCH none, and at least one of the others."""

    kind: Kind
    subject_id: UUID | None = None
    unit_id: UUID | None = None
    officer_id: UUID | None = None
    device_tag: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")] | None = None
    state: Outcome | None = None

    def search(self) -> Search:
        return Search(unit_id=self.unit_id, officer_id=self.officer_id, device_tag=self.device_tag, state=self.state)


class WatchShown(Struct, frozen=True, kw_only=True):
    id: UUID
    kind: Kind
    subject_id: UUID | None
    search: Search
    label: str
    begun_at: datetime


@post(
    "/watches",
    guards=[requires(*WATCHERS)],
    summary="Watch a record, a unit, an officer or a search from now on",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, NothingToWatch, TooManyWatches, TooLarge, UnsupportedContentType
    ),
)
async def begin_watch(
    data: JSONBody[NewWatch],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> WatchShown:
    return _shown(await keeping.begin(database, clock, request.user, data.kind, data.subject_id, data.search()))


@get(
    "/watches",
    guards=[requires(*WATCHERS)],
    summary="What I watch, the newest first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def my_watches(request: Request[Actor, Any, State], database: NamedDependency[Database]) -> list[WatchShown]:
    async with database.connection() as db:
        return [_shown(one) for one in await queries.watches_of(db, request.user.person_id)]


@delete(
    "/watches/{watch_id:uuid}",
    guards=[requires(*WATCHERS)],
    summary="Watch it no more",
    responses=declared(Malformed, NotSignedIn, NotAllowed, WatchNotFound),
)
async def end_watch(
    watch_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await keeping.end(database, clock, request.user, watch_id)


def _shown(watch: Watch) -> WatchShown:
    return WatchShown(
        id=watch.id,
        kind=watch.kind,
        subject_id=watch.subject_id,
        search=watch.search,
        label=watch.label,
        begun_at=watch.begun_at,
    )


router = Router("/desk/v1", route_handlers=[begin_watch, my_watches, end_watch], tags=["watches"])
