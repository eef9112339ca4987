"""The desk's routes for the inbox."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agency.http import requires
from agency.model import Actor
from agency.queries import reach_by_role
from device_registry.http.reaching import DESK
from device_registry.notices import queries
from device_registry.notices.model import sentence
from device_registry.notices.problems import NoticeNotFound
from device_registry.notices.queries import Mark
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken

MOST_ON_A_PAGE = 200


class NoticeShown(msgspec.Struct, frozen=True):
    """`words` are in the reader's language; `read_at` is None until this reader has read it."""

    id: UUID
    subject: str
    words: str
    details: dict[str, str | int]
    device_id: UUID | None
    created_at: datetime
    read_at: datetime | None


class NoticePage(msgspec.Struct, frozen=True):
    notices: list[NoticeShown]
    unread: int
    next: str | None


@get(
    "/notices",
    guards=[requires(*DESK)],
    summary="What I am told: unread first, the newest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def my_notices(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> NoticePage:
    mark = mark_of(after) if after else None
    me = request.user.person_id
    async with database.connection() as db:
        reach = await reach_by_role(db, me, clock.now())
        found = await queries.inbox(db, me, reach, after=mark, most=most + 1)
        unread = await queries.unread(db, me, reach)
    language = language_of(request)
    shown = [
        NoticeShown(
            one.id,
            one.subject,
            sentence(one.subject, one.details, language),
            one.details,
            one.device_id,
            one.created_at,
            one.read_at,
        )
        for one in found[:most]
    ]
    following = f"{int(shown[-1].read_at is not None)}.{shown[-1].id}" if len(found) > most else None
    return NoticePage(shown, unread, following)


@post(
    "/notices/{notice_id:uuid}/readings",
    guards=[requires(*DESK)],
    status_code=204,
    summary="I have read it",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NoticeNotFound),
)
async def read_notice(
    notice_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    me, now = request.user.person_id, clock.now()
    async with database.transaction() as db:
        reach = await reach_by_role(db, me, now)
        if not await queries.read(db, me, reach, now, notice_id=notice_id):
            raise NoticeNotFound


def mark_of(text: str) -> Mark:
    """Raises Malformed."""
    read, _, id_ = text.partition(".")
    try:
        if read not in ("0", "1"):
            raise ValueError
        return Mark(read == "1", UUID(id_))
    except ValueError as error:
        raise Malformed(field="after", what=Spoken("malformed.page")) from error


router = Router("/desk/v1", route_handlers=[my_notices, read_notice], tags=["notices"])
