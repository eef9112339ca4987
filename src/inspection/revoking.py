"""A phone that was lost is revoked, from the instant of its loss on: what it told and captured since counts no more."""

from datetime import datetime
from uuid import UUID

from agency.model import Actor
from agency.queries import revoke_phone
from evidence.custody import Event, tell
from evidence.queries import committed_by_phone
from evidence.reverse_trace import JOB as JUDGE_AGAIN
from evidence.reverse_trace import MOST_AT_ONCE
from foundation.clock import Clock
from foundation.database import Connection, in_batches, sees_every_unit
from foundation.jobs import enqueue_all
from inspection import queries
from inspection.current import derive


@sees_every_unit
async def revoke(db: Connection, clock: Clock, phone_id: UUID, actor: Actor, lost_at: datetime, reason: str) -> None:
    """In a transaction. Revoking it once more can only move the instant back.

    Inspections are derived anew at once; evidence that was committed to since is judged again by a job.
    """
    touched = await queries.told_by_phone(db, phone_id, lost_at)
    await queries.one_by_one(db, touched)
    await revoke_phone(db, phone_id, lost_at)
    now = clock.now()
    details = {"phone_id": phone_id, "revoked_at": lost_at, "reason": reason}
    await tell(
        db, Event.PHONE_REVOKED, now, evidence_id=None, actor_id=actor.person_id, phone_id=phone_id, details=details
    )
    await derive(db, touched, now)
    evidence = await committed_by_phone(db, phone_id, lost_at)
    batches = [{"evidence_ids": list(batch), "cause": "PhoneRevoked"} for batch in in_batches(evidence, MOST_AT_ONCE)]
    await enqueue_all(db, JUDGE_AGAIN, batches, now)
