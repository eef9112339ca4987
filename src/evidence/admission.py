"""Bytes are here and locked: may they count? Judged at capture time, recorded whatever the answer, then told."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError

from agency import queries as agency
from agency.enforcement_items.queries import hold_item, item_standings, item_used
from device_registry import queries as registry
from device_registry.model import Interval, Mounting, Standing
from evidence import queries, rules, signing
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import Content, Courier, Evidence, Verdict
from evidence.problems import NotYetReceived
from foundation.civil import day_of
from foundation.database import Connection
from foundation.object_store import StoredObject

ATTEMPTS = 3
"""A fact about the device may be recorded between the look and the insert; the foreign key notices, we look again."""


class Judged(NamedTuple):
    """The verdict that holds, and receipt 2: the phone may wipe its copy."""

    verdict: Verdict
    receipt: str


class Weighed(NamedTuple):
    """What was found, what it rests on, and the device it was captured with (None: by the phone alone)."""

    finding: rules.Finding
    inputs: dict[str, Any]
    standing: Standing | None
    queues: tuple[UUID, ...] = ()
    """Reverse traces that alone keep it from counting, or with what people may still resolve: it joins their queues."""


async def admit(
    custodian: Custodian, evidence: Evidence, stored: StoredObject, content: Content, courier: Courier
) -> Judged:
    """Records the reception and its verdict in one transaction, once. Refusing is a result here, not an error."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with custodian.database.transaction() as db:
                return await _receive(db, custodian, evidence, stored, content, courier)
        except ForeignKeyViolationError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


async def judged(db: Connection, evidence_id: UUID) -> Judged:
    """What was decided last. Raises NotYetReceived."""
    verdicts = await queries.verdicts_of(db, evidence_id)
    if not verdicts:
        raise NotYetReceived
    return Judged(verdicts[-1], await queries.receipt_of(db, evidence_id, "SAFE_TO_WIPE"))


async def weigh(db: Connection, evidence: Evidence, content: Content) -> Weighed:
    """Everything that bears on the evidence as known now, frozen with the outcome it leads to. Writes nothing."""
    credential = await agency.credential_standing(db, evidence.officer_id, evidence.earliest, evidence.latest)
    phone = await agency.signatory(db, evidence.phone_id)
    revoked_at = None if phone is None else phone.revoked_at
    findings = [
        rules.content(content, evidence.media_type),
        rules.capture_time(evidence),
        rules.phone(evidence, revoked_at),
        rules.place(evidence.facts.place),
        rules.credential(credential),
    ]
    inputs: dict[str, Any] = {
        "captured_earliest": evidence.earliest,
        "captured_latest": evidence.latest,
        "claimed_earliest": evidence.facts.captured_earliest,
        "claimed_latest": evidence.facts.captured_latest,
        "clock": evidence.facts.clock,
        "committed_at": evidence.committed_at,
        "enrolled_at": evidence.enrolled_at,
        "phone_revoked_at": revoked_at,
        "media_type": content.media_type,
        "credential": credential,
    }
    if (item := evidence.facts.item) is not None:
        items = await item_standings(db, evidence.unit_id, [item], evidence.earliest, evidence.latest)
        findings.append(rules.item(items[item]))
        inputs["item"] = items[item]
    if evidence.device_tag is None:
        return Weighed(rules.judge(findings), inputs, None)
    captured = Interval(evidence.earliest, evidence.latest)
    standing = await registry.standing_of(db, evidence.device_tag, captured)
    findings.append(rules.device(evidence.device_tag, standing))
    if standing is None:
        return Weighed(rules.judge(findings), inputs | {"device": None}, None)
    if standing.device.mounting is Mounting.FIXED and evidence.facts.place is not None:
        site = await registry.site_in_force(db, standing.device.id, evidence.earliest)
        findings.append(rules.site(evidence.facts.place, None if site is None else site.place))
    inputs["device"] = await registry.snapshot(db, standing, captured)
    traces = await registry.traces_over(db, standing.device.id, captured)
    if not traces:
        return Weighed(rules.judge(findings), inputs, standing)
    concluded = await queries.confirmed_conclusions(db, evidence.id)
    finding = rules.judge([*findings, rules.reverse_trace(traces, concluded)])
    inputs["reverse_traces"] = [{"trace": trace, "concluded": concluded.get(trace.id)} for trace in traces]
    waiting = () if finding.outcome == "HELD" else tuple(trace.id for trace in traces if trace.id not in concluded)
    return Weighed(finding, inputs, standing, waiting)


async def record(
    db: Connection, custodian: Custodian, evidence: Evidence, weighed: Weighed, *, ordinal: int, cause: str
) -> Verdict:
    """Writes the verdict, the admission or the queues that follow from it, and the custody entry. In a transaction."""
    now = custodian.clock.now()
    verdict = Verdict(
        ordinal,
        weighed.finding.outcome,
        list(weighed.finding.reasons),
        msgspec.to_builtins(weighed.inputs),
        rules.RULE_VERSION,
        cause,
        now,
    )
    await queries.add_verdict(db, evidence.id, verdict, weighed.standing)
    if weighed.queues:
        await queries.join_queue(db, evidence.id, weighed.queues, now)
    return verdict


async def _receive(
    db: Connection, custodian: Custodian, evidence: Evidence, stored: StoredObject, content: Content, courier: Courier
) -> Judged:
    now = custodian.clock.now()
    received = await queries.receive(db, evidence, stored, content, courier, now)
    if not received.first:
        return await judged(db, evidence.id)
    who = courier.as_actor()
    for other in [] if received.new_bytes else await queries.others_with_bytes(db, evidence):
        await tell(db, Event.SAME_BYTES_FOUND, now, evidence_id=evidence.id, **who, details={"other": other})
        await tell(db, Event.SAME_BYTES_FOUND, now, evidence_id=other, **who, details={"other": evidence.id})
    if evidence.device_tag is not None:
        await registry.hold_standing(db, evidence.device_tag)
    if evidence.facts.item is not None:
        await hold_item(db, evidence.facts.item)
    verdict = await record(db, custodian, evidence, await weigh(db, evidence, content), ordinal=1, cause="RECEIVED")
    if evidence.facts.item is not None and verdict.outcome == "ADMITTED":
        await item_used(db, evidence.facts.item, evidence.unit_id, day_of(evidence.latest))
    receipt = custodian.signer.sign(
        signing.receipt_of_bytes(
            evidence.id, evidence.sha256, evidence.size, verdict.outcome, stored.retained_until, now
        )
    )
    await queries.acknowledge(db, evidence, receipt, now)
    return Judged(verdict, receipt)
