"""Somebody in charge answers for what a phone told after its revocation: from then on it counts."""

from uuid import UUID

from agency.model import Actor
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Connection
from inspection import queries
from inspection.current import derive
from inspection.problems import NothingToVouchFor, OwnStatements


async def vouch(
    db: Connection, clock: Clock, inspection_id: UUID, phone_id: UUID, actor: Actor, reason: str
) -> list[UUID]:
    """The operations of that phone which count now. In a transaction. Raises NothingToVouchFor, OwnStatements.

    For a phone that was found again: whoever asks has seen it, and knows whose hands it was in.
    """
    await queries.one_by_one(db, [inspection_id])
    told = (await queries.all_told(db, [inspection_id]))[inspection_id].after_revocation
    of_phone = [one for one in told if one.phone == phone_id]
    if not of_phone:
        raise NothingToVouchFor(field="phone_id")
    if any(one.author == actor.person_id for one in of_phone):
        raise OwnStatements
    now, ids = clock.now(), [one.id for one in of_phone]
    await queries.vouch(db, ids, actor.person_id, reason, now)
    details = {"inspection_id": inspection_id, "operations": ids, "of_phone": phone_id, "reason": reason}
    await tell(db, Event.OPERATIONS_VOUCHED, now, evidence_id=None, actor_id=actor.person_id, details=details)
    await derive(db, [inspection_id], now)
    return ids
