"""`/desk/v1/content-reviews`: what waits for a reviewer, and the judgement about one record."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from device_registry.queries import DEFAULTS, PolicyName, policy_by_unit
from evidence.content_review import queries, rules
from evidence.content_review.model import Awaited, Judgement, ReviewStanding
from evidence.content_review.problems import NothingToReview, OwnCapture, ReasonMissing, ReviewedAlready
from evidence.content_review.review import REVIEWERS, review, reviewable
from evidence.page_marks import page_mark
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, TooLarge, UnsupportedContentType


class NewReview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_true: bool
    is_clear: bool
    is_complete: bool
    is_accurate: bool
    reason: Annotated[str, Meta(max_length=2000, description="Needed where something is not as it must be")] = ""

    def judgement(self) -> Judgement:
        return Judgement(
            is_true=self.is_true,
            is_clear=self.is_clear,
            is_complete=self.is_complete,
            is_accurate=self.is_accurate,
        )


class ToReview(Struct, frozen=True):
    record: Awaited
    due_on: date
    """The last Beijing day on which it is in time, as policy says for its unit."""
    late: bool


class ReviewQueue(Struct, frozen=True):
    """What was received first first. `next` goes into `after`; null on the last page."""

    records: list[ToReview]
    next: str | None


class Concluded(Struct, frozen=True):
    standing: ReviewStanding


@get(
    "/content-reviews",
    guards=[requires(*REVIEWERS)],
    summary="Records of devices that wait for my review, oldest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_awaited(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: Annotated[str | None, QueryParameter(description="`next` of the page before", max_length=100)] = None,
    most: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> ReviewQueue:
    async with database.connection() as db:
        return await queue_of(db, request.user, clock, page_mark("after", after), most)


async def queue_of(
    db: Connection, actor: Actor, clock: Clock, after: tuple[datetime, UUID] | None, most: int
) -> ReviewQueue:
    """With the day by which each is due."""
    found = await queries.queue(db, await reviewable(db, actor, clock), actor.person_id, after, most + 1)
    today = day_of(clock.now())
    days = await policy_by_unit(db, PolicyName.CONTENT_REVIEW_DAYS, today)
    listed = []
    for record in found[:most]:
        due = rules.due_on(
            day_of(record.received_at), days.get(record.unit_id, DEFAULTS[PolicyName.CONTENT_REVIEW_DAYS])
        )
        listed.append(ToReview(record, due, due < today))
    following = (
        f"{found[most - 1].received_at.isoformat()}~{found[most - 1].evidence_id}" if len(found) > most else None
    )
    return ReviewQueue(listed, following)


@post(
    "/evidence/{evidence_id:uuid}/content-review",
    guards=[requires(*REVIEWERS)],
    summary="Judge whether a record is true, clear, complete and accurate",
    responses=declared(
        Malformed,
        NotSignedIn,
        NotAllowed,
        NotFound,
        NothingToReview,
        OwnCapture,
        ReasonMissing,
        ReviewedAlready,
        TooLarge,
        UnsupportedContentType,
    ),
)
async def review_content(
    evidence_id: FromPath[UUID],
    data: JSONBody[NewReview],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Concluded:
    standing = await review(database, clock, request.user, evidence_id, data.judgement(), data.reason.strip())
    return Concluded(standing)


ROUTES: list[ControllerRouterHandler] = [list_awaited, review_content]
