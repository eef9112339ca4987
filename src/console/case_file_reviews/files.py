"""`/desk/case-file-reviews/{id}/files/{case}`: the sheet of a drawn file, by keyboard, and what it came to."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id, units_by_id
from console.case_file_reviews.campaigns import PATH
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from evidence.case_file_review import judging, queries
from evidence.case_file_review.http.campaigns import NewOrder
from evidence.case_file_review.http.reaching import WHO_ORDERS, WHO_REVIEWS, known_review
from evidence.case_file_review.model import ItemKind, Judged, Sheet, Step
from evidence.case_files import queries as case_files
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem


@get("/case-file-reviews/{review_id:uuid}/files/{case_id:uuid}", guards=[requires(*WHO_REVIEWS)])
async def file_page(
    review_id: FromPath[UUID],
    case_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _file(review_id, case_id, visit, request, database, clock, Form({"working_days": 15}))


@post(
    "/case-file-reviews/{review_id:uuid}/files/{case_id:uuid}/judgement",
    guards=[requires(*WHO_REVIEWS)],
    status_code=200,
)
async def judge_at_page(
    review_id: FromPath[UUID],
    case_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """The next file that waits for this reviewer follows at once."""
    form = await Form.sent(request)
    try:
        async with database.connection() as db:
            await known_review(db, request.user, review_id, clock)
            sheet = await queries.sheet_of(db, review_id)
        await judging.judge(database, clock, request.user, review_id, case_id, _judged(sheet, form))
        async with database.connection() as db:
            waiting = [
                case for review, case, _ in await queries.assigned_to(db, request.user.person_id) if review == review_id
            ]
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _file(review_id, case_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{review_id}/files/{waiting[0]}" if waiting else f"{PATH}/{review_id}")


@post("/case-file-reviews/{review_id:uuid}/files/{case_id:uuid}/order", guards=[requires(*WHO_ORDERS)], status_code=200)
async def order_at_page(
    review_id: FromPath[UUID],
    case_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewOrder)
        async with database.connection() as db:
            review = (await known_review(db, request.user, review_id, clock, to_order=True)).review
        demand, days = new.demand.strip(), new.working_days
        order_id = await judging.order(database, clock, request.user, review, case_id, demand, days)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _file(review_id, case_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"/desk/rectification-orders/{order_id}")


async def _file(
    review_id: UUID,
    case_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    actor, chinese = request.user, visit.language == "zh-CN"
    async with database.connection() as db:
        review, may_order = await known_review(db, actor, review_id, clock)
        file = await judging.drawn_file(db, review_id, case_id)
        sheet = await queries.sheet_of(db, review_id)
        case = (await case_files.numbers_of(db, [case_id]))[case_id]
        attached = await case_files.attached_to(db, case_id)
        closed_on = await case_files.closed_on(db, case_id)
        handled_by = await case_files.officers_of(db, case_id)
        judgements = await queries.judgements_of(db, review_id, case_id)
        people = await people_by_id(db, [*file.reviewers, *handled_by])
        units = await units_by_id(db, [file.unit_id], day_of(clock.now()))
    called = {one.id: one.name_zh if chinese else one.name_en for one in people.values()}
    told = may_order or review.step(clock.now()) in (Step.JUDGED, Step.SETTLED)
    seen = judging.seen_by(actor, file, judgements, told=told)
    judged = any(one.reviewer_id == actor.person_id for one in judgements)
    mark, findings = judging.outcomes(sheet, {case_id: seen}).get(case_id, (None, []))
    done = len(judgements) == len(file.reviewers)
    return page(
        visit,
        "case_file_reviews/file.html",
        status=status,
        form=form,
        review=review,
        file=file,
        case=case,
        closed_on=closed_on,
        attached=attached,
        sheet=sheet,
        unit=next((one.name_zh if chinese else one.name_en for one in units), ""),
        people=called,
        handlers=("、" if chinese else ", ").join(called[one] for one in handled_by),
        may_judge=actor.person_id in file.reviewers and not judged,
        may_order=may_order and done and bool(findings) and file.order_id is None,
        mark=mark,
        done=done,
        findings=findings,
        judgements=seen,
    )


def _judged(sheet: Sheet, form: Form) -> list[Judged]:
    """A field that says no number is no judgement, which the rules refuse."""
    judged = []
    for item in sheet.items:
        reason, typed = form.value(f"reason.{item.code}").strip()[:4000], form.value(f"points.{item.code}").strip()
        if item.kind is ItemKind.POINTS:
            points = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else None
            judged.append(Judged(code=item.code, points=points, reason=reason))
        else:
            found = form.value(f"found.{item.code}") == "true"
            judged.append(Judged(code=item.code, found=found, reason=reason))
    return judged


ROUTES = [file_page, judge_at_page, order_at_page]
