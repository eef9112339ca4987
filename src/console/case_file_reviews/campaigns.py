"""`/desk/case-file-reviews`: campaigns, and one from its commitment to what was found."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor, PersonKind, Unit, UnitKind
from agency.queries import people_by_id, people_in, reach, tree
from console.forms import Form
from console.forms import choices as offered
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from evidence.case_file_review import campaign, queries, sheets
from evidence.case_file_review.http.campaigns import (
    NewConflict,
    NewDraw,
    NewReview,
    NewReviewers,
    ReviewRow,
    begun,
    conflict_declared,
    shown,
)
from evidence.case_file_review.http.reaching import WHO_ORDERS, WHO_REVIEWS, WHO_SEES_ORDERS, known_review
from evidence.case_file_review.model import Day, Kind, Step
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, Problem, Spoken

PATH = "/desk/case-file-reviews"
REVIEWED = (UnitKind.DEPARTMENT, UnitKind.STREET, UnitKind.FUNCTIONAL_ZONE)
"""Units that handle cases; a government does so through them."""
STEPS = tuple(Step)

ENTRIES.append(Entry("case-file-reviews", PATH, frozenset(WHO_REVIEWS)))
ENTRIES.append(Entry("rectification-orders", "/desk/rectification-orders", frozenset(WHO_SEES_ORDERS)))


async def _to_judge(db: Connection, actor: Actor, _: Clock) -> int:
    return await queries.waiting_for(db, actor.person_id)


BLOCKS.append(Waiting("case-file-reviews", frozenset(WHO_REVIEWS), PATH, _to_judge))


@get("/case-file-reviews", guards=[requires(*WHO_REVIEWS)])
async def list_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    form = Form({"number": 5, "reviewers_each": 2, "day": Day.CLOSED})
    return await _list(visit, request, database, clock, form)


@post("/case-file-reviews", guards=[requires(*WHO_ORDERS)], status_code=200)
async def begin_at_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        review_id = await begun(database, clock, request.user, form.read(NewReview))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _list(visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{review_id}")


@get("/case-file-reviews/{review_id:uuid}", guards=[requires(*WHO_REVIEWS)])
async def campaign_page(
    review_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _campaign(review_id, visit, request, database, clock, Form())


@post("/case-file-reviews/{review_id:uuid}", guards=[requires(*WHO_REVIEWS)], status_code=200)
async def step_at_page(
    review_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Whichever `step` the form stands for: a page that is out of date is refused."""
    form, actor = await Form.sent(request), request.user
    try:
        step = form.value("step")
        if step == "conflict":
            await conflict_declared(database, clock, actor, review_id, form.read(NewConflict))
            return redirect(f"{PATH}/{review_id}")
        async with database.connection() as db:
            review = (await known_review(db, actor, review_id, clock, to_order=True)).review
        if step == "draw":
            await campaign.draw_lots(database, clock, actor, review, form.read(NewDraw).beacon)
        elif step == "reviewers":
            await campaign.add_reviewers(database, clock, actor, review, form.read(NewReviewers).reviewers)
        else:
            raise Malformed(field="step", what=Spoken("malformed.missing"))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _campaign(review_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{review_id}")


async def _list(
    visit: Visit, request: Request[Actor, Any, Scope], database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    now = clock.now()
    today = day_of(now)
    async with database.connection() as db:
        leads = await reach(db, request.user, WHO_ORDERS, today)
        found = await queries.reviews(db, leads, request.user.person_id)
        units = await tree(db, today)
        people = await people_in(db, leads, (PersonKind.STAFF, PersonKind.OFFICER)) if leads else []
        available = await sheets.available(db)
        waiting = await queries.assigned_to(db, request.user.person_id)
    names = names_of(units, visit)
    chinese = visit.language == "zh-CN"
    return page(
        visit,
        "case_file_reviews/list.html",
        status=status,
        form=form,
        reviews=[ReviewRow.of(one, now) for one in found],
        waiting=waiting,
        names=names,
        orderers=[(str(unit.id), names[unit.id]) for unit in units if unit.id in leads],
        reviewed=[(str(unit.id), names[unit.id]) for unit in units if unit.id in leads and unit.kind in REVIEWED],
        reviewers=[
            (str(one.id), f"{one.name_zh if chinese else one.name_en} · {names.get(one.unit_id, '')}")
            for one in people
            if one.kind is PersonKind.STAFF
        ],
        sheets=[
            (digest, f"{sheet.zh if chinese else sheet.en} · {sheet.version}") for digest, sheet in available.items()
        ],
        kinds=offered(visit.language, "case-review.kind", Kind),
        days=offered(visit.language, "case-review.day", Day),
    )


async def _campaign(
    review_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    chinese, today = visit.language == "zh-CN", day_of(clock.now())
    async with database.connection() as db:
        review, may_order = await known_review(db, request.user, review_id, clock)
        told = await shown(db, request.user, review_id, clock)
        people = await people_by_id(db, told.reviewers)
        units = await tree(db, today)
        conflicts = await queries.conflicts_of(db, review_id)
        issued = await queries.orders(db, [review.unit_id], [], review_id=review_id) if may_order else []
        frame, bars = (await campaign.frame_of(db, review, clock)) if told.result is None else (None, {})
        leads = await reach(db, request.user, WHO_ORDERS, today)
        others = await people_in(db, leads, (PersonKind.STAFF,)) if may_order and told.result is None else []
        mine = {
            case for review, case, _ in await queries.assigned_to(db, request.user.person_id) if review == review_id
        }
    names = names_of(units, visit)
    return page(
        visit,
        "case_file_reviews/campaign.html",
        status=status,
        form=form,
        told=told,
        terms=told.review.terms,
        steps=STEPS,
        may_order=may_order,
        is_reviewer=request.user.person_id in told.reviewers,
        people={one.id: one.name_zh if chinese else one.name_en for one in people.values()},
        homes={one.id: names.get(one.unit_id, "") for one in people.values()},
        names=names,
        conflicts=conflicts,
        units=[(str(unit), names.get(unit, "")) for unit in told.review.terms.units],
        others=[(str(one.id), one.name_zh if chinese else one.name_en) for one in others if one.id not in people],
        orders={one.case_id: one for one in issued},
        today=today,
        frame=frame,
        barred=len(bars),
        mine=mine,
    )


def names_of(units: list[Unit], visit: Visit) -> dict[UUID, str]:
    return {unit.id: unit.name_zh if visit.language == "zh-CN" else unit.name_en for unit in units}


ROUTES = [list_page, begin_at_page, campaign_page, step_at_page]
