"""For what somebody looks at evidence: asked where policy says, told before anything is shown."""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from agency.model import Actor
from device_registry.queries import PolicyName, policy_for
from evidence.custody import Event, tell
from evidence.problems import ReasonNeeded
from evidence.queries import purpose_given, was_looked_at
from foundation.civil import day_of
from foundation.database import Connection

HOLDS = timedelta(hours=8)
"""How long a reason stands for further looks of the same person at the same piece. A design value: a working day."""


class Purpose(StrEnum):
    """A text beside it says which case, complaint or order."""

    CASE = "CASE"
    REVIEW = "REVIEW"
    COMPLAINT = "COMPLAINT"
    SUPERVISION = "SUPERVISION"
    COURT = "COURT"
    OTHER = "OTHER"


class Look(IntEnum):
    """How close: a policy ACCESS_REASON of at least this number asks for a reason."""

    ORIGINAL = 1
    RECORD = 2


async def permit(db: Connection, actor: Actor, evidence_id: UUID, unit_id: UUID, now: datetime, look: Look) -> None:
    """Raises ReasonNeeded where the unit's policy asks for one, and this person gave none in the last HOLDS."""
    if await policy_for(db, unit_id, PolicyName.ACCESS_REASON, day_of(now)) < look:
        return
    if not await purpose_given(db, evidence_id, actor.person_id, now - HOLDS):
        raise ReasonNeeded


async def permit_copy(db: Connection, actor: Actor, evidence_id: UUID, unit_id: UUID, now: datetime) -> None:
    """A viewing copy is part of the page that was told as looked at. Raises ReasonNeeded where it was not."""
    if not await was_looked_at(db, evidence_id, actor.person_id, now - HOLDS):
        await permit(db, actor, evidence_id, unit_id, now, Look.RECORD)


async def give_reason(
    db: Connection, actor: Actor, evidence_id: UUID, purpose: Purpose, reason: str, now: datetime
) -> None:
    """A custody entry, in the caller's transaction; the looks that follow rest on it."""
    details = {"purpose": purpose, "reason": reason}
    await tell(db, Event.ACCESS_REASONED, now, evidence_id=evidence_id, actor_id=actor.person_id, details=details)
