"""A clue is registered, goes from step to step, and is closed by somebody other than who handled it."""

from hashlib import sha256
from uuid import UUID

from agency.model import Actor
from evidence import queries as evidence
from evidence.clues import queries, rules
from evidence.clues.access import Access, access_of, access_of_person, known
from evidence.clues.model import Clue, Concerned, Done, Kept, Reference, Reporter, Step
from evidence.clues.problems import (
    ClueConflict,
    ClueHandledBySelf,
    ClueMovedOn,
    ClueNotYours,
    ClueRefused,
    ClueStepNotNow,
    ReporterGone,
)
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound, Spoken


async def register(
    database: Database,
    clock: Clock,
    actor: Actor,
    clue: Clue,
    reporter: Reporter | None,
    about: list[Reference],
) -> None:
    """Raises ClueNumberTaken, ClueConflict, ClueRefused. That the unit is the actor's is the caller's to check."""
    async with database.transaction() as db:
        await _check_reach(db, clock, actor, about)
        await keep(db, clue, reporter, about)
        concerned = (await queries.concerned(db, [clue.id]))[clue.id]
        if found := (await access_of(db, actor, clock)).conflict(concerned):
            raise ClueConflict(why=Spoken(f"clue-conflict.{found}"))


async def keep(db: Connection, clue: Clue, reporter: Reporter | None, about: list[Reference]) -> None:
    """Writes it down and tells of it, in the caller's transaction; who told stays out of the custody chain."""
    await queries.add_clue(db, clue, reporter)
    await queries.add_references(db, clue.id, about, clue.registered_by, clue.registered_at)
    told = {
        "clue_id": clue.id,
        "channel": clue.channel.code,
        "number": clue.channel_number,
        "text_sha256": sha256(clue.text.encode()).hexdigest(),
        "has_reporter": reporter is not None,
    }
    by, at = clue.registered_by, clue.registered_at
    await tell(db, Event.CLUE_REGISTERED, at, evidence_id=None, actor_id=by, details=told)


async def take(
    database: Database,
    clock: Clock,
    actor: Actor,
    clue_id: UUID,
    after: int,
    step: Step,
    text: str,
    *,
    unit_id: UUID | None = None,
    person_id: UUID | None = None,
    about: list[Reference] | None = None,
) -> Kept:
    """The step after the one the caller saw last, `after`, 0 where there was none; with what was found on the way.

    Raises ClueNotFound, ClueMovedOn, ClueStepNotNow, ClueNotYours, ClueHandledBySelf, ClueConflict, ClueRefused.
    """
    async with database.transaction() as db:
        now = clock.now()
        access = await access_of(db, actor, clock)
        kept, concerned = await known(db, access, clue_id)
        last = kept.steps[-1].ordinal if kept.steps else 0
        if last != after:
            raise ClueMovedOn
        _check_turn(kept, step, access, text)
        if step is Step.ASSIGNED:
            await _check_assignment(db, clock, access, concerned, unit_id, person_id)
        else:
            unit_id = person_id = None
        await _check_reach(db, clock, actor, about or [])
        done = Done(
            ordinal=last + 1, step=step, by_id=actor.person_id, at=now, text=text, unit_id=unit_id, person_id=person_id
        )
        await record_step(db, clue_id, done)
        await queries.add_references(db, clue_id, about or [], actor.person_id, now)
        return Kept(clue=kept.clue, steps=(*kept.steps, done), has_reporter=kept.has_reporter)


def _check_turn(kept: Kept, step: Step, access: Access, text: str) -> None:
    """Raises ClueStepNotNow, ClueNotYours, ClueHandledBySelf, ClueRefused."""
    possible = rules.next_steps(kept.clue.channel, kept.steps)
    if step not in possible:
        words = [Spoken(f"clue-step.{one}") for one in Step if one in possible]
        raise ClueStepNotNow(stage=Spoken(f"clue-stage.{rules.stage(kept.steps)}"), members={"possible": words})
    if not access.may(kept, step):
        raise ClueNotYours
    if step is Step.CLOSED and rules.has_handled(access.person_id, kept.steps):
        raise ClueHandledBySelf
    if not text and step not in (Step.ACCEPTED, Step.ASSIGNED):
        raise ClueRefused(field="text", what=Spoken("clue.text-missing"))


async def _check_assignment(
    db: Connection, clock: Clock, access: Access, about: Concerned, unit_id: UUID | None, person_id: UUID | None
) -> None:
    """To a unit of the one who assigns, and to nobody in conflict. Raises ClueRefused, ClueConflict."""
    if unit_id is None or unit_id not in access.own:
        raise ClueRefused(field="unit_id", what=Spoken("clue.unit-beyond"))
    if person_id is None:
        return
    try:
        theirs = await access_of_person(db, person_id, clock)
    except NotFound as error:
        raise ClueRefused(field="person_id", what=Spoken("clue.person-beyond")) from error
    if unit_id not in theirs.assigned:
        raise ClueRefused(field="person_id", what=Spoken("clue.person-beyond"))
    if found := theirs.conflict(about):
        raise ClueConflict(field="person_id", why=Spoken(f"clue-conflict.{found}"))


async def refer(database: Database, clock: Clock, actor: Actor, clue_id: UUID, reference: Reference) -> None:
    """Adds what a clue led to, an inspection begun because of it. Raises ClueNotFound, ClueRefused."""
    async with database.transaction() as db:
        now = clock.now()
        await known(db, await access_of(db, actor, clock), clue_id)
        await _check_reach(db, clock, actor, [reference])
        await queries.add_references(db, clue_id, [reference], actor.person_id, now)
        told = {"clue_id": clue_id, **reference.named()}
        await tell(db, Event.CLUE_REFERRED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def read_reporter(database: Database, clock: Clock, actor: Actor, clue_id: UUID) -> Reporter:
    """Who told; that it was read is in the custody chain. Raises ClueNotFound, ReporterGone."""
    async with database.transaction() as db:
        await known(db, await access_of(db, actor, clock), clue_id)
        found = await queries.reporter_of(db, clue_id)
        if found is None:
            raise ReporterGone
        told = {"clue_id": clue_id}
        await tell(db, Event.CLUE_REPORTER_READ, clock.now(), evidence_id=None, actor_id=actor.person_id, details=told)
        return found


async def erase_reporter(database: Database, clock: Clock, actor: Actor, clue_id: UUID, reason: str) -> None:
    """Who told is gone, the clue stays. Raises ClueNotFound, ClueNotYours, ReporterGone."""
    async with database.transaction() as db:
        access = await access_of(db, actor, clock)
        kept, _ = await known(db, access, clue_id)
        if kept.clue.unit_id not in access.own:
            raise ClueNotYours
        if not await queries.erase_reporter(db, clue_id):
            raise ReporterGone
        last = kept.steps[-1].ordinal if kept.steps else 0
        erased = Done(ordinal=last + 1, step=Step.REPORTER_ERASED, by_id=actor.person_id, at=clock.now(), text=reason)
        await record_step(db, clue_id, erased)


async def record_step(db: Connection, clue_id: UUID, done: Done) -> None:
    """In the caller's transaction, which has checked that it may. Raises ClueMovedOn, ClueHandledBySelf."""
    await queries.add_step(db, clue_id, done)
    told = {
        "clue_id": clue_id,
        "step": done.step,
        "ordinal": done.ordinal,
        "text_sha256": sha256(done.text.encode()).hexdigest(),
    }
    await tell(db, Event.CLUE_STEPPED, done.at, evidence_id=None, actor_id=done.by_id, details=told)


async def _check_reach(db: Connection, clock: Clock, actor: Actor, about: list[Reference]) -> None:
    """Raises ClueRefused for evidence beyond the actor's units, as for what is not there."""
    named = {one.evidence_id for one in about if one.evidence_id is not None}
    if not named:
        return
    access = await access_of(db, actor, clock)
    units = await evidence.units_of(db, named)
    if any(units.get(one) not in access.own | access.assigned for one in named):
        raise ClueRefused(field="about", what=Spoken("clue.unknown-reference"))
