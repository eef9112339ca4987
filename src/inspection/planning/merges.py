"""综合查一次: visits of several units to one enterprise become one; each unit keeps its officers and record."""

from uuid import UUID, uuid4

from agency.model import Actor
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Connection, Database, seeing_every_unit, sees_every_unit
from inspection import queries as inspections
from inspection.current import derive
from inspection.model import State
from inspection.planning import queries, rules
from inspection.planning.model import Merge, Row
from inspection.planning.problems import AlreadyClosed, MergeAnswered, MergeRefused
from inspection.planning.queries.tasks import Sought


@sees_every_unit
async def candidates(db: Connection, one: Row, everywhere: frozenset[UUID]) -> list[Row]:
    """Open tasks of other units that might be one visit with it."""
    if not one.enterprise.uscc:
        return []
    sought = Sought(state=State.PLANNED, uscc=one.enterprise.uscc)
    return [other for other in await queries.listed(db, everywhere, sought) if rules.mergeable(one, other)]


async def propose(database: Database, clock: Clock, actor: Actor, lead: Row, other_id: UUID) -> UUID:
    """The lead's unit proposes. Raises MergeRefused."""
    id_, now = uuid4(), clock.now()
    async with database.transaction() as db, seeing_every_unit(db):
        await queries.one_enterprise_by_one(db, [lead.enterprise.uscc])
        other = (await queries.rows_by_id(db, [other_id])).get(other_id)
        if other is None or not rules.mergeable(lead, other) or await queries.is_proposed(db, lead.id, other_id):
            raise MergeRefused(field="other_id")
        await queries.add_merge(db, id_, lead.id, other_id, actor.person_id, now)
        told = {"merge_id": id_, "lead_id": lead.id, "other_id": other_id}
        await tell(db, Event.VISITS_PROPOSED_AS_ONE, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return id_


async def answer(database: Database, clock: Clock, actor: Actor, merge: Merge, agreed: bool, reason: str) -> None:
    """The other unit answers. Raises AlreadyClosed where one has begun meanwhile, MergeAnswered, MergeRefused."""
    now = clock.now()
    async with database.transaction() as db, seeing_every_unit(db):
        await _held(db, merge)
        if merge.proposed_by == actor.person_id:
            raise MergeRefused
        await queries.add_answer(db, merge.id, agreed, reason, actor.person_id, now)
        if agreed:
            both = await queries.rows_by_id(db, [merge.lead_id, merge.other_id])
            if any(one.state is not State.PLANNED for one in both.values()):
                raise AlreadyClosed
            await derive(db, await queries.join_visits(db, merge.lead_id, merge.other_id, merge.id), now)
        told = {"merge_id": merge.id, "agreed": agreed, "reason": reason}
        await tell(db, Event.VISITS_ANSWERED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def part(database: Database, clock: Clock, actor: Actor, merge: Merge, reason: str) -> None:
    """They are two visits again. Raises AlreadyClosed where one has begun, MergeAnswered where they are none."""
    now = clock.now()
    async with database.transaction() as db, seeing_every_unit(db):
        await _held(db, merge)
        if not merge.agreed:
            raise MergeAnswered
        both = await queries.rows_by_id(db, [merge.lead_id, merge.other_id])
        if any(one.state is not State.PLANNED for one in both.values()):
            raise AlreadyClosed
        await queries.add_end(db, merge.id, reason, actor.person_id, now)
        await derive(db, await queries.part_visits(db, merge.lead_id, merge.other_id), now)
        told = {"merge_id": merge.id, "reason": reason}
        await tell(db, Event.VISITS_PARTED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def _held(db: Connection, merge: Merge) -> None:
    """Nobody else joins, parts or tells of any of the visits that are one with either, until the transaction ends."""
    await queries.one_enterprise_by_one(db, [merge.enterprise.uscc])
    await inspections.one_by_one(db, await queries.one_visit_with(db, merge.lead_id, merge.other_id))
