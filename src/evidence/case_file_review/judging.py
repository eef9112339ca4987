"""A reviewer judges a file by the sheet, once; what is found becomes an order to rectify with a due day."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from agency.model import Actor
from agency.queries import working_days
from evidence.case_file_review import queries, rules
from evidence.case_file_review.model import Finding, Judged, Judgement, Mark, Order, OrderState, Review, Sheet
from evidence.case_file_review.problems import CaseReviewNotFound, CaseReviewOutOfStep, CaseReviewRefused
from evidence.case_file_review.queries import FileOfReview
from evidence.case_files import queries as case_files
from evidence.custody import Event, tell
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.working_days import add_working_days


async def judge(
    database: Database, clock: Clock, actor: Actor, review_id: UUID, case_id: UUID, items: Sequence[Judged]
) -> Mark:
    """By this reviewer, once and for all. Raises CaseReviewNotFound, CaseReviewOutOfStep, CaseReviewRefused."""
    async with database.transaction() as db:
        return await judge_in(db, clock, actor, review_id, case_id, items)


async def judge_in(
    db: Connection, clock: Clock, actor: Actor, review_id: UUID, case_id: UUID, items: Sequence[Judged]
) -> Mark:
    """The same in the caller's transaction."""
    now = clock.now()
    if await queries.review_by_id(db, review_id) is None:
        raise CaseReviewNotFound
    sheet = await queries.sheet_of(db, review_id)
    if what := rules.misjudged(sheet, items):
        raise CaseReviewRefused(field="items", what=what)
    mark = rules.mark(sheet, [items])
    judgement = Judgement(reviewer_id=actor.person_id, items=tuple(items), judged_at=now)
    found = rules.findings_in(sheet, items)
    await queries.add_judgement(db, review_id, case_id, judgement, rules.score_of(items), bool(mark.vetoed), found)
    told = {"review_id": review_id, "case_id": case_id, "score": rules.score_of(items), "vetoed": mark.vetoed}
    await tell(db, Event.CASE_REVIEW_JUDGED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return mark


async def order(
    database: Database, clock: Clock, actor: Actor, review: Review, case_id: UUID, demand: str, days: int
) -> UUID:
    """Within so many working days, once all reviewers of the file are done and something was found.

    Raises CaseReviewNotFound, CaseReviewOutOfStep, WorkingDaysUnknown.
    """
    async with database.transaction() as db:
        return await order_in(db, clock, actor, review, case_id, demand, days)


async def order_in(
    db: Connection, clock: Clock, actor: Actor, review: Review, case_id: UUID, demand: str, days: int
) -> UUID:
    """The same in the caller's transaction."""
    now = clock.now()
    file = await drawn_file(db, review.id, case_id)
    outcome = outcomes(
        await queries.sheet_of(db, review.id), {case_id: await queries.judgements_of(db, review.id, case_id)}
    )
    if file.judged < len(file.reviewers) or not outcome[case_id][1]:
        raise CaseReviewOutOfStep
    due_on = add_working_days(await working_days(db), day_of(now), days)
    number = (await case_files.numbers_of(db, [case_id]))[case_id].number
    issued = Order(
        id=uuid4(), review_id=review.id, case_id=case_id, number=number, unit_id=file.unit_id,
        orderer_id=review.unit_id, title=review.terms.title, demand=demand, due_on=due_on, ordered_at=now,
        ordered_by=actor.person_id, state=OrderState.OPEN, closed_at=None, closed_by=None,
    )  # fmt: skip
    await queries.add_order(db, issued)
    told = {"review_id": review.id, "order_id": issued.id, "case_id": case_id, "due_on": due_on}
    await tell(db, Event.CASE_REVIEW_ORDERED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return issued.id


async def drawn_file(db: Connection, review_id: UUID, case_id: UUID) -> FileOfReview:
    """Raises CaseReviewNotFound."""
    for file in await queries.files_of(db, review_id):
        if file.case_id == case_id:
            return file
    raise CaseReviewNotFound


def outcomes(sheet: Sheet, judged: dict[UUID, list[Judgement]]) -> dict[UUID, tuple[Mark, list[Finding]]]:
    """Of every file that somebody has judged."""
    return {
        case_id: (rules.mark(sheet, [one.items for one in judgements]), rules.findings(sheet, judgements))
        for case_id, judgements in judged.items()
        if judgements
    }


def seen_by(actor: Actor, file: FileOfReview, judgements: Sequence[Judgement], *, told: bool) -> list[Judgement]:
    """What this reader may know of a file's judgements: a reviewer of it judges before knowing of another's.

    `told`: the reader follows the campaign from above, or all of it is judged.
    """
    own = [one for one in judgements if one.reviewer_id == actor.person_id]
    if actor.person_id in file.reviewers and not own:
        return []
    return list(judgements) if told else own
