"""`/desk/content-reviews`: records that wait for a reviewer, and one after the other by keyboard."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from agency.http import requires
from agency.model import Actor
from agency.queries import tree
from console.evidence.item import shown
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.map import MapSettings
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from evidence.content_review import queries
from evidence.content_review.http import NewReview, queue_of
from evidence.content_review.model import Judgement
from evidence.content_review.review import REVIEWERS, review, reviewable
from evidence.page_marks import page_mark
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem

PATH = "/desk/content-reviews"
MOST = 50
JUDGED = ("is_true", "is_clear", "is_complete", "is_accurate")


async def _waiting(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.waiting(db, await reviewable(db, actor, clock), actor.person_id)


ENTRIES.append(Entry("content-reviews", PATH, frozenset(REVIEWERS)))
BLOCKS.append(Waiting("content-reviews", frozenset(REVIEWERS), PATH, _waiting))


@get("/content-reviews", guards=[requires(*REVIEWERS)])
async def queue_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: FromQuery[str | None] = None,
) -> Response[str]:
    async with database.connection() as db:
        mark = page_mark("after", after.replace(" ", "+") if after else None)
        queue = await queue_of(db, request.user, clock, mark, MOST)
        units = {unit.id: unit for unit in await tree(db, day_of(clock.now()))}
    chinese = visit.language == "zh-CN"
    return page(
        visit,
        "evidence/queue.html",
        records=queue.records,
        next=queue.next,
        first=after is None,
        names={id_: unit.name_zh if chinese else unit.name_en for id_, unit in units.items()},
    )


@get("/content-reviews/{evidence_id:uuid}", guards=[requires(*REVIEWERS)])
async def review_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[str]:
    following = await _following(database, request.user, clock, evidence_id)
    return await shown(
        evidence_id, visit, request, database, clock, settings, Form(), following=following, reviewing=True
    )


@post("/content-reviews/{evidence_id:uuid}", guards=[requires(*REVIEWERS)], status_code=200)
async def review_at_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[Any]:
    """What is not ticked is judged to be missing; the next record follows at once."""
    form = await Form.sent(request)
    following = await _following(database, request.user, clock, evidence_id)
    try:
        for name in JUDGED:
            form.put(name, "true" if form.value(name) else "false")
        new = form.read(NewReview)
        judged: Judgement = new.judgement()
        await review(database, clock, request.user, evidence_id, judged, new.reason.strip())
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await shown(
            evidence_id,
            visit,
            request,
            database,
            clock,
            settings,
            refused,
            int(problem.status),
            following=following,
            reviewing=True,
        )
    return redirect(f"{PATH}/{following}" if following else PATH)


async def _following(database: Database, actor: Actor, clock: Clock, evidence_id: UUID) -> UUID | None:
    """The oldest other record that waits for this reviewer."""
    async with database.connection() as db:
        waiting = await queries.queue(db, await reviewable(db, actor, clock), actor.person_id, most=2)
    return next((one.evidence_id for one in waiting if one.evidence_id != evidence_id), None)


ROUTES = [queue_page, review_page, review_at_page]
