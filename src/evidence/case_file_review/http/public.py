"""Before the public: what it takes to reckon a sample again."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from evidence.case_file_review import queries
from evidence.case_file_review.http.campaigns import ReviewRow, entry_of
from evidence.case_file_review.model import (
    Frame,
    Result,
)
from evidence.case_file_review.problems import (
    CaseReviewNotFound,
)
from evidence.transparency_log.shown import EntryProven, OpeningShown
from foundation.cacheable import cacheable
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed


class PublicReview(msgspec.Struct, frozen=True, kw_only=True):
    """`frame` and `result` are null before the draw; the commitment never is. Who committed is not opened."""

    review: ReviewRow
    frame: Frame | None
    result: Result | None
    entry: EntryProven | None


@get(
    "/case-file-reviews",
    summary="Campaigns from the commitment on, newest first",
    responses=declared(),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def public_reviews(
    request: Request[Any, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[list[ReviewRow]]:
    async with database.connection() as db:
        return _answer(request, [ReviewRow.of(one, clock.now()) for one in await queries.reviews(db, None, None)])


@get(
    "/case-file-reviews/{review_id:uuid}",
    summary="A campaign, and once drawn everything it takes to reckon the sample again",
    responses=declared(Malformed, CaseReviewNotFound),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def public_review(
    review_id: FromPath[UUID],
    request: Request[Any, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[PublicReview]:
    async with database.connection() as db:
        return _answer(request, await publicly(db, review_id, clock))


async def publicly(db: Connection, review_id: UUID, clock: Clock) -> PublicReview:
    """Raises CaseReviewNotFound."""
    review = await queries.review_by_id(db, review_id)
    if review is None:
        raise CaseReviewNotFound
    drawn, entry = await queries.draw_of(db, review_id), await entry_of(db, review)
    return PublicReview(
        review=ReviewRow.of(review, clock.now()),
        frame=drawn.frame if drawn else None,
        result=drawn.result if drawn else None,
        entry=msgspec.structs.replace(entry, actor=OpeningShown(None, None)) if entry else None,
    )


def _answer(request: Request[Any, Any, Scope], content: Any) -> Response[Any]:
    response = Response(content, headers={"Content-Language": language_of(request)})
    return cacheable(request, response, msgspec.json.encode(content), "Accept-Language")


ROUTES: list[ControllerRouterHandler] = [public_reviews, public_review]
