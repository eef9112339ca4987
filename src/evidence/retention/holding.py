"""Somebody in charge holds evidence by hand, or lets go of it."""

from uuid import UUID

from agency.model import Actor, Role
from agency.queries import reach
from evidence import queries as evidence
from evidence.custody import Event, tell
from evidence.queries import Sought
from evidence.retention import queries
from evidence.retention.model import HoldSource
from evidence.retention.problems import HoldNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound

WHO_HOLDS = (Role.SUPERVISOR, Role.ENTITY_HEAD)


async def place(
    database: Database, clock: Clock, actor: Actor, evidence_id: UUID, source: HoldSource, reason: str
) -> UUID:
    """Stands from now on in the database; a job puts it on the object. Raises NotFound, EvidenceDisposed."""
    now = clock.now()
    async with database.transaction() as db:
        await _within(db, actor, clock, evidence_id)
        hold_id = await queries.place_hold(db, evidence_id, source, reason, actor.person_id, now)
        told = {"hold_id": hold_id, "source": source, "reason": reason}
        await tell(db, Event.HOLD_PLACED, now, evidence_id=evidence_id, actor_id=actor.person_id, details=told)
    return hold_id


async def lift(database: Database, clock: Clock, actor: Actor, hold_id: UUID, reason: str) -> UUID:
    """The evidence it was about. Raises HoldNotFound."""
    now = clock.now()
    async with database.transaction() as db:
        evidence_id = await queries.held_evidence(db, hold_id)
        if evidence_id is None:
            raise HoldNotFound
        try:
            await _within(db, actor, clock, evidence_id)
        except NotFound as error:
            raise HoldNotFound from error
        if not await queries.lift_hold(db, hold_id, reason, actor.person_id, now):
            raise HoldNotFound
        told = {"hold_id": hold_id, "reason": reason}
        await tell(db, Event.HOLD_LIFTED, now, evidence_id=evidence_id, actor_id=actor.person_id, details=told)
    return evidence_id


async def _within(db: Connection, actor: Actor, clock: Clock, evidence_id: UUID) -> None:
    """Raises NotFound."""
    units = await reach(db, actor, WHO_HOLDS, day_of(clock.now()))
    if not await evidence.search(db, Sought(evidence_id=evidence_id, units=list(units), most=1)):
        raise NotFound
