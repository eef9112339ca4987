"""A supervisor asks for one piece of evidence first: its phone sends it before whatever else waits there."""

from uuid import UUID

from evidence import queries as evidence
from evidence.custody import Event, tell
from evidence.problems import NotCommitted
from foundation.clock import Clock
from foundation.database import Connection
from foundation.problem import NotFound
from inspection import queries
from inspection.current import derive
from inspection.model import ON_A_PHONE, EvidenceListed, Wish
from inspection.problems import EvidenceAlreadyHere


async def ask_first(db: Connection, clock: Clock, inspection_id: UUID, evidence_id: UUID, asked_by: UUID) -> Wish:
    """Asked again, the first wish stands. In a transaction.

    Raises NotFound for evidence that nobody listed in this inspection, NotCommitted, EvidenceAlreadyHere.
    """
    await queries.one_by_one(db, [inspection_id])
    told = (await queries.operations_of(db, [inspection_id]))[inspection_id]
    if not any(isinstance(one.what, EvidenceListed) and one.what.evidence_id == evidence_id for one in told):
        raise NotFound
    state = (await evidence.states_of(db, [evidence_id])).get(evidence_id)
    if state is None:
        raise NotCommitted
    if state not in ON_A_PHONE:
        raise EvidenceAlreadyHere
    wish = Wish(evidence_id, asked_by, clock.now())
    if not await queries.add_wish(db, inspection_id, wish):
        wishes = (await queries.wishes_of(db, [inspection_id]))[inspection_id]
        return next(one for one in wishes if one.evidence_id == evidence_id)
    details = {"inspection_id": inspection_id}
    at, actor = wish.asked_at, wish.asked_by
    await tell(db, Event.ASKED_FOR, at, evidence_id=evidence_id, actor_id=actor, details=details)
    await derive(db, [inspection_id], wish.asked_at)
    return wish
