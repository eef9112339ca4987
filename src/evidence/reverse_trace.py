"""What waits in the queue of a reverse trace: one person concludes, a second one confirms, then it is judged again."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from evidence import queries, rules
from evidence.custodian import Custodian
from evidence.model import Conclusion, TraceItem
from evidence.reassessment import judge_again
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.jobs import enqueue
from foundation.problem import NotFound

JOB = "judge-concluded"
MOST_AT_ONCE = 200
"""Items that one conclusion, or one confirmation, may be about."""


async def conclude(
    database: Database,
    clock: Clock,
    trace_id: UUID,
    evidence_ids: Collection[UUID],
    conclusion: Conclusion,
    reason: str,
    *,
    by: UUID,
) -> None:
    """The same conclusion about each of them, all or none.

    Raises NotFound for evidence that is not in the queue of the trace, TraceItemNotOpen, OwnEvidence.
    """
    async with database.transaction() as db:
        items = await _items(db, trace_id, evidence_ids)
        for item in items:
            rules.may_conclude(item, by)
        await queries.conclude(db, items, conclusion, reason, by, clock.now())


async def confirm(
    database: Database,
    clock: Clock,
    trace_id: UUID,
    evidence_ids: Collection[UUID],
    remark: str | None = None,
    *,
    by: UUID,
) -> None:
    """For good: the evidence is judged again with what was concluded.

    Raises NotFound, TraceItemNotConcluded, ConcluderConfirms, OwnEvidence.
    """
    async with database.transaction() as db:
        items = await _items(db, trace_id, evidence_ids)
        for item in items:
            rules.may_answer(item, by)
        now = clock.now()
        await queries.answer(db, items, remark, by, now, confirmed=True)
        await enqueue(db, JOB, {"evidence_ids": [item.evidence_id for item in items]}, now)


async def send_back(
    database: Database, clock: Clock, trace_id: UUID, evidence_ids: Collection[UUID], reason: str, *, by: UUID
) -> None:
    """The conclusions do not stand, and others are to be made. Raises what `confirm` raises."""
    async with database.transaction() as db:
        items = await _items(db, trace_id, evidence_ids)
        for item in items:
            rules.may_answer(item, by)
        await queries.answer(db, items, reason, by, clock.now(), confirmed=False)


class Payload(msgspec.Struct, frozen=True):
    evidence_ids: list[UUID]
    cause: str = "ReverseTrace"
    """What became known, as verdicts name it."""


async def judge_concluded(custodian: Custodian, payload: dict[str, Any]) -> None:
    """The job: judges again what was concluded for good, or what else became known of these."""
    told = msgspec.convert(payload, Payload, strict=False)
    for evidence_id in told.evidence_ids:
        await judge_again(custodian, evidence_id, told.cause)


async def _items(db: Connection, trace_id: UUID, evidence_ids: Collection[UUID]) -> list[TraceItem]:
    items = await queries.trace_items_by_id(db, trace_id, evidence_ids)
    if len(items) != len(set(evidence_ids)):
        raise NotFound
    return items
