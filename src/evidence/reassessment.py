"""Facts about a device, or about what a unit may carry out, arrive late: admissions go, and evidence is judged again.

Verdicts are added, never edited: what was known when somebody was fined has one answer.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from agency.enforcement_items.changes import ItemChange
from agency.enforcement_items.queries import hold_item, item_used
from device_registry import queries as registry
from device_registry.model import Span
from device_registry.record import Change
from evidence import queries
from evidence.admission import record, weigh
from evidence.custodian import Custodian
from evidence.model import Reason
from evidence.queries import Taken
from evidence.rules import traced
from foundation.civil import beginning_of, day_of
from foundation.clock import Clock
from foundation.database import Connection, seeing_every_unit
from foundation.jobs import enqueue

JOB = "judge-again"
JOB_OF_ITEM = "judge-item-again"
SUSPENDED = Reason("ADMISSION_SUSPENDED")
ITEM_CHANGED = "ITEM_CHANGED"
BATCH = 200


class Suspension:
    """Listens to the register (device_registry.record.StandingChanged): evidence hears of facts, not the other way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, db: Connection, changes: Sequence[Change]) -> None:
        """Takes admissions inside lost spans and new windows away, and queues what was captured there to be judged.

        In the caller's transaction: the temporal foreign keys let a period shrink only when nothing stands on it, and
        no admission may be in the window of a reverse trace. What a window takes away is in its queue at once; what
        waits there for another reason joins it when it is judged.
        """
        now = self._clock.now()
        taken = [
            Taken(change.device_id, span, change.cause, SUSPENDED) for change in changes for span in change.lost
        ] + [
            Taken(change.device_id, trace.window.span, change.cause, traced(trace), trace.id)
            for change in changes
            for trace in change.opened
        ]
        gained = [(change.device_id, span, change.cause) for change in changes for span in change.gained]
        spans = [*((one.device_id, one.span, one.cause) for one in taken), *gained]
        async with seeing_every_unit(db):
            await queries.suspend_admissions(db, taken, now)
            for device_id, span, cause in await queries.with_evidence(db, spans):
                await enqueue(db, JOB, {"device_id": device_id, "span": span, "cause": cause}, now)


class ItemSuspension:
    """Listens to the catalogue (agency.enforcement_items.changes.ItemsChanged), likewise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, db: Connection, change: ItemChange) -> None:
        """Takes admissions away from units that may not have carried out the item, and queues all to be judged."""
        now = self._clock.now()
        span = Span(beginning_of(change.begins), None if change.ends is None else beginning_of(change.ends))
        if span.begins > now:
            return
        reason = Reason(ITEM_CHANGED, {"item": change.code})
        async with seeing_every_unit(db):
            if change.taken_from is None or change.taken_from:
                await queries.suspend_admissions_under(
                    db, change.code, span, change.taken_from, change.cause, reason, now
                )
            if await queries.received_under_item(db, change.code, span, None, 1):
                await enqueue(db, JOB_OF_ITEM, {"code": change.code, "span": span, "cause": change.cause}, now)


class Payload(msgspec.Struct, frozen=True):
    device_id: UUID
    span: Span
    cause: str
    after: UUID | None = None


async def judge_span_again(custodian: Custodian, payload: dict[str, Any]) -> None:
    """The job: judges a batch of what the device captured in the span, then queues the next batch."""
    asked = msgspec.convert(payload, Payload, strict=False)
    async with custodian.database.connection() as db:
        device = await registry.device_by_id(db, asked.device_id)
        if device is None:
            return
        found = await queries.received_by_device(db, device.tag, asked.span, asked.after, BATCH)
    for evidence_id in found:
        await judge_again(custodian, evidence_id, asked.cause)
    if len(found) == BATCH:
        async with custodian.database.transaction() as db:
            following = msgspec.structs.replace(asked, after=found[-1])
            await enqueue(db, JOB, msgspec.to_builtins(following), custodian.clock.now())


class PayloadOfItem(msgspec.Struct, frozen=True):
    code: str
    span: Span
    cause: str
    after: UUID | None = None


async def judge_item_again(custodian: Custodian, payload: dict[str, Any]) -> None:
    """The same for what was captured in the span under an enforcement item."""
    asked = msgspec.convert(payload, PayloadOfItem, strict=False)
    async with custodian.database.connection() as db:
        found = await queries.received_under_item(db, asked.code, asked.span, asked.after, BATCH)
    for evidence_id in found:
        await judge_again(custodian, evidence_id, asked.cause)
    if len(found) == BATCH:
        async with custodian.database.transaction() as db:
            following = msgspec.structs.replace(asked, after=found[-1])
            await enqueue(db, JOB_OF_ITEM, msgspec.to_builtins(following), custodian.clock.now())


async def judge_again(custodian: Custodian, evidence_id: UUID, cause: str) -> bool:
    """Adds a verdict where the facts known now lead to another one. True where they did."""
    async with custodian.database.transaction() as db:
        await queries.lock_verdicts(db, evidence_id)
        evidence = await queries.evidence_by_id(db, evidence_id)
        if evidence is not None and evidence.device_tag is not None:
            await registry.hold_standing(db, evidence.device_tag)
        if evidence is not None and evidence.facts.item is not None:
            await hold_item(db, evidence.facts.item)
        found = await queries.content_of(db, evidence_id)
        verdicts = await queries.verdicts_of(db, evidence_id)
        if evidence is None or found is None or not verdicts:
            return False
        weighed = await weigh(db, evidence, found[0])
        latest = verdicts[-1]
        if weighed.finding.outcome == latest.outcome and list(weighed.finding.reasons) == latest.reasons:
            return False
        await queries.remove_admission(db, evidence_id)
        verdict = await record(db, custodian, evidence, weighed, ordinal=latest.ordinal + 1, cause=cause)
        if evidence.facts.item is not None and verdict.outcome == "ADMITTED":
            await item_used(db, evidence.facts.item, evidence.unit_id, day_of(evidence.latest))
        return True
