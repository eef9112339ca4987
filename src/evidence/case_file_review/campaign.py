"""A campaign: its terms and seed are committed to before the period ends, and drawn from once it is over."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from uuid import UUID, uuid4

import anyio.to_thread
from msgspec import Struct
from msgspec.structs import replace

from agency.model import Actor
from agency.queries import lines_above, people_by_id
from evidence.case_file_review import queries, sheets
from evidence.case_file_review.model import Bar, Barred, Day, File, Frame, Result, Review, Step, Terms
from evidence.case_file_review.problems import CaseReviewOutOfStep, CaseReviewRefused, CaseReviewUnreviewable
from evidence.case_file_review.rules import draw
from evidence.case_files import queries as case_files
from evidence.custody import Event, tell
from foundation.civil import beginning_of, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database, sees_every_unit
from foundation.lots import canonical, new_seed
from foundation.problem import Spoken


class NewTerms(Struct, frozen=True, kw_only=True):
    """`terms.sheet` is the digest of a sheet that is available."""

    terms: Terms
    reviewers: tuple[UUID, ...]


async def commit(database: Database, clock: Clock, actor: Actor, new: NewTerms) -> UUID:
    """Fixes the terms and commits to a seed that nobody knows, in the log. Raises CaseReviewRefused,
    CaseReviewOutOfStep: the period is over already.
    """
    async with database.transaction() as db:
        return await commit_in(db, clock, actor, new)


async def commit_in(db: Connection, clock: Clock, actor: Actor, new: NewTerms) -> UUID:
    """The same in the caller's transaction."""
    now, terms = clock.now(), replace(new.terms, review=uuid4(), units=tuple(sorted(set(new.terms.units))))
    ends_at = beginning_of(terms.ends)
    if terms.ends <= terms.begins:
        raise CaseReviewRefused(field="ends", what=Spoken("malformed.order"))
    if (terms.number is None) is (terms.share is None):
        raise CaseReviewRefused(field="number", what=Spoken("case-review.refused.size"))
    if now >= ends_at:
        raise CaseReviewOutOfStep(field="ends")
    body, seed = canonical(terms), new_seed()
    commitment, digest = sha256(seed).digest(), sha256(body).digest()
    await _check_reviewers(db, new.reviewers)
    available = await sheets.available(db)
    if terms.sheet not in available:
        raise CaseReviewRefused(field="sheet", what=Spoken("case-review.refused.sheet"))
    await sheets.publish(db, available[terms.sheet], actor.person_id, now)
    told = {"review_id": terms.review, "commitment": commitment.hex(), "terms_sha256": digest.hex()}
    await tell(db, Event.CASE_REVIEW_COMMITTED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    await queries.add_review(db, terms, body, digest, seed, commitment, ends_at=ends_at, at=now, by=actor.person_id)
    await queries.add_reviewers(db, terms.review, new.reviewers, actor.person_id, now)
    return terms.review


async def add_reviewers(
    database: Database, clock: Clock, actor: Actor, review: Review, people: Collection[UUID]
) -> None:
    """Until it is drawn. Raises CaseReviewRefused, CaseReviewOutOfStep."""
    async with database.transaction() as db:
        await _not_drawn(db, review)
        await _check_reviewers(db, people)
        await queries.add_reviewers(db, review.id, people, actor.person_id, clock.now())


async def declare(
    database: Database, clock: Clock, actor: Actor, review: Review, reviewer_id: UUID, unit_id: UUID, reason: str
) -> None:
    """A conflict between a reviewer and a unit, until it is drawn. Raises CaseReviewRefused, CaseReviewOutOfStep."""
    if unit_id not in review.terms.units:
        raise CaseReviewRefused(field="unit_id", what=Spoken("case-review.refused.unit"))
    async with database.transaction() as db:
        await _not_drawn(db, review)
        await queries.add_conflict(db, review.id, reviewer_id, unit_id, reason, actor.person_id, clock.now())


async def draw_lots(database: Database, clock: Clock, actor: Actor, review: Review, beacon: str | None) -> Result:
    """Draws, once, from what there is when the period is over, and reveals the seed.

    Raises CaseReviewOutOfStep, CaseReviewRefused for a beacon too few or too many, CaseReviewUnreviewable.
    """
    async with database.transaction() as db:
        return await draw_in(db, clock, actor, review, beacon)


async def draw_in(db: Connection, clock: Clock, actor: Actor, review: Review, beacon: str | None) -> Result:
    """The same in the caller's transaction."""
    terms, now = review.terms, clock.now()
    if (beacon is None) is not (terms.beacon_source is None):
        raise CaseReviewRefused(field="beacon", what=Spoken("case-review.refused.beacon"))
    if review.step(now) is not Step.TO_DRAW:
        raise CaseReviewOutOfStep
    seed = await queries.seed_of(db, review.id)
    frame, _ = await frame_of(db, review, clock)
    sample = await anyio.to_thread.run_sync(draw, terms, frame, seed, beacon or "")
    if sample.short:
        raise CaseReviewUnreviewable(members={"cases": list(sample.short)}, number=len(sample.short))
    framed = canonical(frame)
    result = Result(
        review=review.id,
        terms_sha256=review.terms_sha256.hex(),
        frame_sha256=sha256(framed).hexdigest(),
        commitment=review.commitment.hex(),
        seed=seed.hex(),
        beacon=beacon or "",
        files=sample.files,
    )
    body = canonical(result)
    digests = sha256(framed).digest(), sha256(body).digest()
    await queries.add_draw(db, review, framed, body, digests, result, now, actor.person_id)
    told = {"review_id": review.id, "frame_sha256": digests[0].hex(), "result_sha256": digests[1].hex()}
    await tell(db, Event.CASE_REVIEW_DRAWN, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return result


@sees_every_unit
async def frame_of(db: Connection, review: Review, clock: Clock) -> tuple[Frame, dict[Barred, Bar]]:
    """What there is to draw from as of now, and why each pair that is barred is."""
    terms = review.terms
    in_period = case_files.closed_in if terms.day is Day.CLOSED else case_files.opened_in
    files = sorted(File(*one) for one in await in_period(db, terms.units, terms.begins, terms.ends))
    reviewers = await queries.reviewers_of(db, review.id)
    bars = await _bars(db, review, files, reviewers, clock)
    frame = Frame(
        review=review.id,
        terms_sha256=review.terms_sha256.hex(),
        files=tuple(files),
        reviewers=tuple(sorted(reviewers)),
        barred=tuple(sorted(bars)),
    )
    return frame, bars


async def _bars(
    db: Connection, review: Review, files: Iterable[File], reviewers: Collection[UUID], clock: Clock
) -> dict[Barred, Bar]:
    """Of several reasons the last one here is told."""
    people, today = await people_by_id(db, reviewers), day_of(clock.now())
    lines = await lines_above(db, {(one.unit_id, today) for one in people.values()})
    files, declared = list(files), {(who, unit) for who, unit, _ in await queries.conflicts_of(db, review.id)}
    bars: dict[Barred, Bar] = {}
    for file in files:
        for one in people.values():
            if (one.id, file.unit) in declared:
                bars[Barred(file.case, one.id)] = Bar.DECLARED
            elif one.unit_id == file.unit:
                bars[Barred(file.case, one.id)] = Bar.OWN_UNIT
            elif file.unit in lines.get((one.unit_id, today), ()):
                bars[Barred(file.case, one.id)] = Bar.SUBORDINATE
    for case, person, how in await case_files.involved(db, [one.case for one in files], reviewers):
        bars[Barred(case, person)] = Bar(how)
    return bars


async def _check_reviewers(db: Connection, people: Collection[UUID]) -> None:
    known = await people_by_id(db, people)
    if any(one not in known for one in people):
        raise CaseReviewRefused(field="reviewers", what=Spoken("case-review.refused.person"))


async def _not_drawn(db: Connection, review: Review) -> None:
    """And it will not be while this transaction lasts. Raises CaseReviewOutOfStep."""
    await queries.seed_of(db, review.id)
    if await queries.draw_of(db, review.id) is not None:
        raise CaseReviewOutOfStep
