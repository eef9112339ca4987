"""Campaigns: begun, staffed, drawn, judged, and what is ordered in the end."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from evidence.case_file_review import campaign, judging, queries
from evidence.case_file_review.http.reaching import WHO_ORDERS, WHO_REVIEWS, known_review
from evidence.case_file_review.model import (
    Day,
    Judged,
    Kind,
    Mark,
    Result,
    Review,
    Sheet,
    Step,
    Terms,
)
from evidence.case_file_review.problems import (
    CaseReviewNotFound,
    CaseReviewOutOfStep,
    CaseReviewRefused,
    CaseReviewUnreviewable,
)
from evidence.transparency_log import queries as log
from evidence.transparency_log.proving import proven_entry
from evidence.transparency_log.shown import EntryProven, entry_shown
from foundation.civil import FIRST_DAY, LAST_DAY, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from foundation.working_days import WorkingDaysUnknown

Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
WorkingDays = Annotated[int, Meta(ge=1, le=120, description="Working days from today on")]


class NewReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A campaign over the files of `units` that are closed, or opened, in the period; `ends` is the first day after it.

    Either `number` files of each unit, or `share` per cent of them rounded up. `sheet` is the digest of a sheet.
    `beacon_source`: a public draw of numbers whose coming result is mixed in, so that nobody could foresee the sample.
    """

    unit_id: UUID
    title: Line
    basis: Line
    kind: Kind
    units: Annotated[list[UUID], Meta(min_length=1, max_length=500)]
    begins: date
    ends: date
    reviewers: Annotated[list[UUID], Meta(min_length=1, max_length=200)]
    sheet: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    day: Day = Day.CLOSED
    number: Annotated[int, Meta(ge=1, le=1000)] | None = None
    share: Annotated[int, Meta(ge=1, le=100)] | None = None
    reviewers_each: Annotated[int, Meta(ge=1, le=3)] = 2
    beacon_source: Line | None = None


class NewReviewers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reviewers: Annotated[list[UUID], Meta(min_length=1, max_length=200)]


class NewConflict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reviewer named, or whoever asks, reviews nothing of the unit. The reason is kept, not published."""

    unit_id: UUID
    reason: Text
    reviewer_id: UUID | None = None


class NewDraw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`beacon`: the public number that has come out by now, exactly where a source was named for it."""

    beacon: Line | None = None


class NewJudgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every item of the sheet once."""

    items: Annotated[list[Judged], Meta(max_length=500)]


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    demand: Text
    working_days: WorkingDays = 15


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign. Digests are in hexadecimal; `commitment` is SHA-256 of the seed, `leaf` its place in the log."""

    id: UUID
    terms: Terms
    terms_sha256: str
    commitment: str
    committed_at: datetime
    ends_at: datetime
    drawn_at: datetime | None
    step: Step
    files: int
    to_judge: int
    orders_open: int

    @classmethod
    def of(cls, review: Review, now: datetime) -> Self:
        return cls(
            id=review.id,
            terms=review.terms,
            terms_sha256=review.terms_sha256.hex(),
            commitment=review.commitment.hex(),
            committed_at=review.committed_at,
            ends_at=review.ends_at,
            drawn_at=review.drawn_at,
            step=review.step(now),
            files=review.files,
            to_judge=review.to_judge,
            orders_open=review.orders_open,
        )


class FileShown(msgspec.Struct, frozen=True, kw_only=True):
    """`mark` is null until somebody who may know of it sees one."""

    case_id: UUID
    unit_id: UUID
    number: str
    title: str
    reviewers: list[UUID]
    judged: int
    mark: Mark | None
    findings: int
    order_id: UUID | None


class ReviewShown(msgspec.Struct, frozen=True, kw_only=True):
    """`entry`: the custody entry with the commitment, and its proof; null until it is in a signed checkpoint."""

    review: ReviewRow
    sheet: Sheet
    reviewers: list[UUID]
    files: list[FileShown]
    result: Result | None
    entry: EntryProven | None


_PROBLEMS = (Malformed, NotSignedIn, NotAllowed, CaseReviewNotFound)
_WRITING = (*_PROBLEMS, TooLarge, UnsupportedContentType, CaseReviewRefused, CaseReviewOutOfStep)


@post(
    "/case-file-reviews",
    guards=[requires(*WHO_ORDERS)],
    summary="Begin a campaign: its terms and the seed's digest are committed to in the log before the period ends",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, UnitUnknown, CaseReviewRefused, CaseReviewOutOfStep, TooLarge,
        UnsupportedContentType,
    ),
)  # fmt: skip
async def begin_review(
    data: JSONBody[NewReview],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReviewRow:
    review_id = await begun(database, clock, request.user, data)
    async with database.connection() as db:
        return ReviewRow.of((await known_review(db, request.user, review_id, clock)).review, clock.now())


async def begun(database: Database, clock: Clock, actor: Actor, new: NewReview) -> UUID:
    """Raises UnitUnknown, Malformed, CaseReviewRefused, CaseReviewOutOfStep."""
    for field, day in (("begins", new.begins), ("ends", new.ends)):
        if not FIRST_DAY <= day <= LAST_DAY:
            raise Malformed(field=field, what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
    async with database.connection() as db:
        reached = await reach(db, actor, WHO_ORDERS, day_of(clock.now()))
    if new.unit_id not in reached:
        raise UnitUnknown(field="unit_id")
    if not set(new.units) <= reached:
        raise UnitUnknown(field="units")
    terms = Terms(
        review=UUID(int=0),
        unit=new.unit_id,
        title=tidy(new.title),
        basis=tidy(new.basis),
        kind=new.kind,
        units=tuple(new.units),
        day=new.day,
        begins=new.begins,
        ends=new.ends,
        number=new.number,
        share=new.share,
        sheet=new.sheet,
        reviewers_each=new.reviewers_each,
        beacon_source=tidy(new.beacon_source) if new.beacon_source else None,
    )
    reviewers = tuple(sorted(set(new.reviewers)))
    return await campaign.commit(database, clock, actor, campaign.NewTerms(terms=terms, reviewers=reviewers))


@get(
    "/case-file-reviews",
    guards=[requires(*WHO_REVIEWS)],
    summary="Campaigns of my units, and those I review in, newest first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_reviews(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[ReviewRow]:
    async with database.connection() as db:
        units = await reach(db, request.user, WHO_ORDERS, day_of(clock.now()))
        found = await queries.reviews(db, units, request.user.person_id)
    return [ReviewRow.of(one, clock.now()) for one in found]


@get(
    "/case-file-reviews/{review_id:uuid}",
    guards=[requires(*WHO_REVIEWS)],
    summary="A campaign with its sheet, the files drawn, and how they scored",
    responses=declared(*_PROBLEMS),
)
async def show_review(
    review_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReviewShown:
    async with database.connection() as db:
        return await shown(db, request.user, review_id, clock)


async def shown(db: Connection, actor: Actor, review_id: UUID, clock: Clock) -> ReviewShown:
    """Raises CaseReviewNotFound."""
    review, reaches = await known_review(db, actor, review_id, clock)
    sheet = await queries.sheet_of(db, review_id)
    told = reaches or review.step(clock.now()) in (Step.JUDGED, Step.SETTLED)
    judged, files = await queries.judgements_of_review(db, review_id), await queries.files_of(db, review_id)
    outcomes = judging.outcomes(
        sheet,
        {one.case_id: judging.seen_by(actor, one, judged.get(one.case_id, []), told=told) for one in files},
    )
    drawn = await queries.draw_of(db, review_id)
    return ReviewShown(
        review=ReviewRow.of(review, clock.now()),
        sheet=sheet,
        reviewers=await queries.reviewers_of(db, review_id),
        files=[
            FileShown(
                **file._asdict(),
                mark=outcomes[file.case_id][0] if file.case_id in outcomes else None,
                findings=len(outcomes[file.case_id][1]) if file.case_id in outcomes else 0,
            )
            for file in files
        ],
        result=drawn.result if drawn else None,
        entry=await entry_of(db, review),
    )


@post(
    "/case-file-reviews/{review_id:uuid}/reviewers",
    guards=[requires(*WHO_ORDERS)],
    status_code=204,
    summary="Name further reviewers, until it is drawn",
    responses=declared(*_WRITING),
)
async def add_reviewers(
    review_id: FromPath[UUID],
    data: JSONBody[NewReviewers],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        review = (await known_review(db, request.user, review_id, clock, to_order=True)).review
    await campaign.add_reviewers(database, clock, request.user, review, sorted(set(data.reviewers)))


@post(
    "/case-file-reviews/{review_id:uuid}/conflicts",
    guards=[requires(*WHO_REVIEWS)],
    status_code=204,
    summary="Declare that I, or somebody, should review nothing of a unit; until it is drawn",
    responses=declared(*_WRITING),
)
async def declare_conflict(
    review_id: FromPath[UUID],
    data: JSONBody[NewConflict],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await conflict_declared(database, clock, request.user, review_id, data)


async def conflict_declared(database: Database, clock: Clock, actor: Actor, review_id: UUID, data: NewConflict) -> None:
    """Whoever did not order it declares for nobody else. Raises CaseReviewNotFound, CaseReviewRefused,
    CaseReviewOutOfStep.
    """
    who = data.reviewer_id or actor.person_id
    async with database.connection() as db:
        review = (await known_review(db, actor, review_id, clock, to_order=who != actor.person_id)).review
    await campaign.declare(database, clock, actor, review, who, data.unit_id, data.reason.strip())


@post(
    "/case-file-reviews/{review_id:uuid}/draw",
    guards=[requires(*WHO_ORDERS)],
    summary="Draw, once, when the period is over; the seed is told with the result",
    responses=declared(*_WRITING, CaseReviewUnreviewable),
)
async def draw_files(
    review_id: FromPath[UUID],
    data: JSONBody[NewDraw],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Result:
    async with database.connection() as db:
        review = (await known_review(db, request.user, review_id, clock, to_order=True)).review
    beacon = tidy(data.beacon) if data.beacon else None
    return await campaign.draw_lots(database, clock, request.user, review, beacon)


@post(
    "/case-file-reviews/{review_id:uuid}/files/{case_id:uuid}/judgement",
    guards=[requires(*WHO_REVIEWS)],
    summary="Judge a file that was drawn for me, once",
    responses=declared(*_WRITING),
)
async def judge_file(
    review_id: FromPath[UUID],
    case_id: FromPath[UUID],
    data: JSONBody[NewJudgement],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Mark:
    return await judging.judge(database, clock, request.user, review_id, case_id, data.items)


class Ordered(msgspec.Struct, frozen=True):
    order_id: UUID


@post(
    "/case-file-reviews/{review_id:uuid}/files/{case_id:uuid}/order",
    guards=[requires(*WHO_ORDERS)],
    summary="Order the unit to rectify what was found in a file, within so many working days",
    responses=declared(*_WRITING, WorkingDaysUnknown),
)
async def order_rectification(
    review_id: FromPath[UUID],
    case_id: FromPath[UUID],
    data: JSONBody[NewOrder],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Ordered:
    async with database.connection() as db:
        review = (await known_review(db, request.user, review_id, clock, to_order=True)).review
    demand = data.demand.strip()
    return Ordered(await judging.order(database, clock, request.user, review, case_id, demand, data.working_days))


async def entry_of(db: Connection, review: Review) -> EntryProven | None:
    """The commitment with its proof; None before the first checkpoint."""
    signed = await log.latest_checkpoint(db)
    proven = await proven_entry(db, review.custody_entry_id, signed.size) if signed else None
    return entry_shown(proven) if proven else None


ROUTES: list[ControllerRouterHandler] = [
    begin_review,
    list_reviews,
    show_review,
    add_reviewers,
    declare_conflict,
    draw_files,
    judge_file,
    order_rectification,
]
