"""A case is opened and closed, and evidence attached: only what counts, and what a device recorded once reviewed."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from agency.model import Actor, PersonKind, Role
from agency.queries import people_by_id, reach
from evidence import queries as evidence
from evidence.case_files import queries
from evidence.case_files.model import CaseFile
from evidence.case_files.problems import CaseNotFound, CaseOfficerRefused, EvidenceNotUsable
from evidence.content_review import queries as reviews
from evidence.content_review.model import ReviewStanding
from evidence.custody import Event, tell
from evidence.explanation import spoken_reason
from evidence.model import State
from evidence.queries import Sought
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound, Spoken

WHO_KEEPS_CASES = (Role.FIELD_OFFICER, Role.LEGAL_REVIEWER)
WHO_READS_CASES = (*WHO_KEEPS_CASES, Role.SUPERVISOR, Role.ENTITY_HEAD)

UNREVIEWED = {
    ReviewStanding.AWAITED: "CONTENT_NOT_REVIEWED",
    ReviewStanding.FAILED: "CONTENT_REVIEW_FAILED",
}
"""行政处罚法 Art. 41 ¶2: not reviewed, or reviewed and failing, it is no evidence for a penalty."""


async def open_case(database: Database, clock: Clock, actor: Actor, case: CaseFile) -> None:
    """Raises CaseNumberTaken."""
    async with database.transaction() as db:
        await open_in(db, clock, actor, case)


async def open_in(db: Connection, clock: Clock, actor: Actor, case: CaseFile) -> None:
    """The same in the caller's transaction."""
    now = clock.now()
    await queries.add_case(db, case, actor.person_id, now)
    told = {"case_id": case.id, "number": case.number}
    await tell(db, Event.CASE_OPENED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def attach(database: Database, clock: Clock, actor: Actor, case_id: UUID, evidence_id: UUID) -> None:
    """Attaching it once more changes nothing. Raises CaseNotFound, NotFound, EvidenceNotUsable, EvidenceDisposed."""
    async with database.transaction() as db:
        units = await reach(db, actor, WHO_KEEPS_CASES, day_of(clock.now()))
        if not await queries.cases(db, units, case_id=case_id):
            raise CaseNotFound
        await reviews.one_by_one(db, evidence_id)
        if reasons := await why_not_usable(db, units, evidence_id):
            raise EvidenceNotUsable(field="evidence_id", members={"reasons": reasons})
        now = clock.now()
        if await queries.attach(db, case_id, evidence_id, actor.person_id, now):
            told = {"case_id": case_id}
            await tell(db, Event.CASE_ATTACHED, now, evidence_id=evidence_id, actor_id=actor.person_id, details=told)


async def name_officers(
    database: Database, clock: Clock, actor: Actor, case_id: UUID, officers: Collection[UUID]
) -> None:
    """Who handles the case; who is named already stays. Raises CaseNotFound, CaseOfficerRefused."""
    now = clock.now()
    async with database.transaction() as db:
        units = await reach(db, actor, WHO_KEEPS_CASES, day_of(now))
        if not await queries.cases(db, units, case_id=case_id):
            raise CaseNotFound
        people = await people_by_id(db, officers)
        for one in officers:
            if one not in people or people[one].kind is not PersonKind.OFFICER or people[one].unit_id not in units:
                raise CaseOfficerRefused(field="officers")
        if named := await queries.add_officers(db, case_id, officers, actor.person_id, now):
            told = {"case_id": case_id, "officers": named}
            await tell(db, Event.CASE_OFFICERS_NAMED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def close(database: Database, clock: Clock, actor: Actor, case_id: UUID, closed_on: date) -> None:
    """结案. Raises CaseNotFound, CaseClosed."""
    now = clock.now()
    async with database.transaction() as db:
        if not await queries.cases(db, await reach(db, actor, WHO_KEEPS_CASES, day_of(now)), case_id=case_id):
            raise CaseNotFound
        await queries.close(db, case_id, closed_on, actor.person_id, now)
        told = {"case_id": case_id, "closed_on": closed_on}
        await tell(db, Event.CASE_CLOSED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def why_not_usable(db: Connection, units: frozenset[UUID], evidence_id: UUID) -> list[dict[str, object]]:
    """The members of a problem, empty where it may be used. Raises NotFound beyond these units."""
    found = await evidence.search(db, Sought(evidence_id=evidence_id, units=list(units), most=1))
    if not found:
        raise NotFound
    summary = found[0]
    if summary.state is not State.ADMITTED:
        if summary.reasons:
            return [spoken_reason(reason) for reason in summary.reasons]
        return [{"code": "NOT_ADMITTED", "words": Spoken(f"state.{summary.state}"), "details": {}}]
    standing = (await reviews.standings(db, [evidence_id]))[evidence_id]
    code = UNREVIEWED.get(standing)
    return [{"code": code, "words": Spoken(f"content-review.{standing}"), "details": {}}] if code else []
