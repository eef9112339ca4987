"""Sheets to review by: data, published in versions that are never edited."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from device_registry.http.reaching import Line
from evidence.case_file_review import sheets
from evidence.case_file_review.http.reaching import WHO_ORDERS, WHO_REVIEWS
from evidence.case_file_review.model import (
    Grade,
    Item,
    Sheet,
)
from evidence.case_file_review.problems import (
    CaseReviewRefused,
)
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType


class SheetShown(msgspec.Struct, frozen=True):
    sha256: str
    sheet: Sheet


class NewSheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a sheet; its points make 100."""

    code: Annotated[str, Meta(pattern=r"^[A-Z0-9_-]{1,40}$")]
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    zh: Line
    en: Line
    bounds: dict[Grade, Annotated[int, Meta(ge=0, le=100)]]
    capped_at: Grade
    items: Annotated[list[Item], Meta(min_length=1, max_length=200)]


@get(
    "/case-file-review-sheets",
    guards=[requires(*WHO_REVIEWS)],
    summary="Sheets to review by: the standard one, and what was published",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_sheets(database: NamedDependency[Database]) -> list[SheetShown]:
    async with database.connection() as db:
        return [SheetShown(digest, sheet) for digest, sheet in (await sheets.available(db)).items()]


@post(
    "/case-file-review-sheets",
    guards=[requires(*WHO_ORDERS)],
    summary="Publish a version of a sheet; it is never edited",
    responses=declared(Malformed, NotSignedIn, NotAllowed, CaseReviewRefused, TooLarge, UnsupportedContentType),
)
async def publish_sheet(
    data: JSONBody[NewSheet],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> SheetShown:
    sheet = msgspec.convert(msgspec.to_builtins(data), Sheet)
    async with database.transaction() as db:
        digest = await sheets.publish(db, sheet, request.user.person_id, clock.now())
    return SheetShown(digest.hex(), sheet)


ROUTES: list[ControllerRouterHandler] = [list_sheets, publish_sheet]
