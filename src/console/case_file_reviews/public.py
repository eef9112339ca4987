"""`/public/case-file-reviews`: commitments, samples, and how to reckon them again; nothing of what was found."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.queries import tree
from console.case_file_reviews.campaigns import STEPS, names_of
from console.pages import page
from console.visit import Visit
from evidence.case_file_review.http.public import publicly
from foundation.cacheable import cacheable
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database


@get("/public/case-file-reviews/{review_id:uuid}")
async def public_review_page(
    review_id: FromPath[UUID],
    request: Request[Any, Any, Scope],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    async with database.connection() as db:
        told = await publicly(db, review_id, clock)
        names = names_of(await tree(db, day_of(clock.now())), visit)
    rendered = page(visit, "public/case_file_review.html", told=told, names=names, steps=STEPS)
    rendered.cookies.clear()
    return cacheable(request, rendered, rendered.content.encode(), "Cookie")


ROUTES = [public_review_page]
