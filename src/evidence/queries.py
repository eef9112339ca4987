"""What evidence reads and writes. Instants are UTC; capture intervals include both ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Range, Record
from msgspec import Struct

from device_registry.model import Span, Standing
from evidence.custody import Event
from evidence.model import (
    Commitment,
    Content,
    Courier,
    CustodyEntry,
    Evidence,
    Facts,
    Reason,
    State,
    Verdict,
)
from evidence.rules import RULE_VERSION
from foundation.database import Connection
from foundation.object_store import StoredObject

# Commitments


async def add_commitment(db: Connection, commitment: Commitment, courier: Courier, receipt: str, now: datetime) -> bool:
    """Evidence, receipt 1 and custody entry in one statement. False, and nothing written, where the id is taken."""
    facts = commitment.facts
    added = await db.fetchval(
        """
        with committed as (
            insert into evidence (id, sha256, size, media_type, captured, device_tag, officer_id, phone_id, unit_id,
                                  facts, commitment, algorithm, committed_at, enrolled_at)
            values ($1, $2, $3, $4, tstzrange($5, $6, '[]'), $7, $8, $9, $10, $11, $12, $13, $14, $19)
            on conflict (id) do nothing
            returning id
        ), acknowledged as (
            insert into receipt (evidence_id, kind, jws, issued_at)
            select id, 'COMMITTED', $15, $14 from committed
        ), told as (
            insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
            select id, $16, $17, $18, $14, jsonb_build_object('officer_id', $8::uuid, 'sha256', encode($2, 'hex'))
              from committed
        )
        select count(*) from committed
        """,
        facts.evidence_id,
        bytes.fromhex(facts.sha256),
        facts.size,
        facts.media_type,
        facts.captured_earliest,
        facts.captured_latest,
        facts.device_tag,
        commitment.officer_id,
        commitment.phone_id,
        commitment.unit_id,
        facts,
        commitment.jws,
        commitment.algorithm,
        now,
        receipt,
        Event.COMMITTED,
        courier.person_id,
        courier.phone_id,
        commitment.enrolled_at,
    )
    return bool(added)


async def evidence_by_id(db: Connection, evidence_id: UUID) -> Evidence | None:
    row = await db.fetchrow(
        f"""
        select {_EVIDENCE}
          from evidence
         where evidence.id = $1
        """,  # noqa: S608 - a constant list of columns
        evidence_id,
    )
    return _evidence(row) if row else None


async def receipt_of(db: Connection, evidence_id: UUID, kind: str) -> str:
    """The receipt as it was first issued; empty where there is none yet."""
    return (await db.fetchval("select jws from receipt where evidence_id = $1 and kind = $2", evidence_id, kind)) or ""


async def receipts_of(db: Connection, evidence_id: UUID) -> dict[str, str]:
    """Receipts by kind."""
    rows = await db.fetch("select kind, jws from receipt where evidence_id = $1 order by kind", evidence_id)
    return {row["kind"]: row["jws"] for row in rows}


# Judging


class Received(NamedTuple):
    """`first`: not received before. `new_bytes`: no other evidence can have the same."""

    first: bool
    new_bytes: bool


async def receive(
    db: Connection, evidence: Evidence, stored: StoredObject, content: Content, courier: Courier, now: datetime
) -> Received:
    """Writes and tells that the bytes are here. Waits for a transaction that stores the same bytes, to see it."""
    row = await db.fetchrow(
        """
        with kept as (
            insert into stored_object (sha256, size, key, version_id, retained_until, stored_at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (sha256) do update
               set retained_until = greatest(stored_object.retained_until, excluded.retained_until)
            returning sha256, xmax = 0 as inserted
        ), received as (
            insert into reception (evidence_id, sha256, media_type, trouble, metadata, received_at)
            select $7, sha256, $8, $9, $10, $6 from kept
            on conflict (evidence_id) do nothing
            returning evidence_id
        ), told as (
            insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
            select evidence_id, $11, $12, $13, $6, jsonb_build_object('sha256', encode($1, 'hex')) from received
        )
        select exists (select from received), inserted from kept
        """,
        stored.sha256,
        stored.size,
        stored.key,
        stored.version_id,
        stored.retained_until,
        now,
        evidence.id,
        content.media_type,
        content.trouble,
        content.metadata,
        Event.RECEIVED,
        courier.person_id,
        courier.phone_id,
    )
    assert row is not None
    return Received(*row)


async def was_received(db: Connection, evidence_id: UUID) -> bool:
    return bool(await db.fetchval("select exists (select from reception where evidence_id = $1)", evidence_id))


async def others_with_bytes(db: Connection, evidence: Evidence) -> list[UUID]:
    """The newest other evidence ids whose received bytes are the same. Index: reception_sha256."""
    rows = await db.fetch(
        """
        select evidence_id from reception where sha256 = $1 and evidence_id <> $2 order by received_at desc limit 20
        """,
        evidence.sha256,
        evidence.id,
    )
    return [row["evidence_id"] for row in rows]


async def add_verdict(db: Connection, evidence_id: UUID, verdict: Verdict, standing: Standing | None) -> None:
    """The verdict, the admission if it admits, and the custody entry, in one statement.

    `standing` is the device's, None for what the phone captured by itself. Raises ForeignKeyViolationError where the
    device's periods are not (any more) what the caller believed.
    """
    needed = None if standing is None else standing.device.verification_needed
    await db.execute(
        """
        with judged as (
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning evidence_id, ordinal, outcome, cause, judged_at
        ), admitted as (
            insert into admission (evidence_id, by_device, device_tag, device_id, verification_needed, conclusion_id,
                                   captured, verified_during, admitted_at)
            select id, by_device, device_tag, $9, $10::boolean, $11, captured, case when $10 then captured end,
                   judged_at
              from judged
              join evidence on evidence.id = judged.evidence_id
             where outcome = 'ADMITTED'
        )
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        select evidence_id, $12, null, null, judged_at,
               jsonb_build_object('ordinal', ordinal, 'cause', cause, 'reasons', $13::text[])
          from judged
        """,
        evidence_id,
        *(getattr(verdict, name) for name in Verdict.__struct_fields__),
        None if standing is None else standing.device.id,
        needed,
        None if standing is None or needed else standing.conclusion_id,
        Event[verdict.outcome],
        [reason.code for reason in verdict.reasons],
    )


async def acknowledge(db: Connection, evidence: Evidence, receipt: str, now: datetime) -> None:
    """Receipt 2, and the end of the transfer: its offset says so to whoever asks again, its pieces go."""
    await db.execute(
        """
        with signed as (
            insert into receipt (evidence_id, kind, jws, issued_at)
            values ($1, 'SAFE_TO_WIPE', $2, $3)
            returning evidence_id
        ), closed as (
            update upload
               set at = $4, epoch = epoch + 1, multipart_id = null, parts = '[]'
              from signed
             where upload.evidence_id = signed.evidence_id
            returning upload.evidence_id
        )
        delete from upload_piece using closed where upload_piece.evidence_id = closed.evidence_id
        """,
        evidence.id,
        receipt,
        now,
        evidence.size,
    )


async def verdicts_of(db: Connection, evidence_id: UUID) -> list[Verdict]:
    """Every judgement, oldest first."""
    rows = await db.fetch(
        """
        select ordinal, outcome, reasons, inputs, rule_version, cause, judged_at
          from verdict
         where evidence_id = $1
         order by ordinal
        """,
        evidence_id,
    )
    return [msgspec.convert(dict(row), Verdict) for row in rows]


# Judging again


async def suspend_admissions(
    db: Connection, lost: Sequence[tuple[UUID, Span, str]], reasons: list[Reason], now: datetime
) -> None:
    """Removes the admissions of each device that touch its span: each gets a verdict UNDETERMINED and a custody entry.

    `lost`: device, span and cause; the verdict tells all spans its device has lost.
    """
    await db.execute(
        """
        with lost as (
            select device_id, array_agg(span order by span) as spans, string_agg(distinct cause, ', ') as cause
              from unnest($1::uuid[], $2::tstzrange[], $3::text[]) as told (device_id, span, cause)
             group by device_id
        ), suspended as (
            delete from admission
             using lost
             where admission.device_id = lost.device_id
               and admission.captured && any (lost.spans)
            returning admission.evidence_id, lost.spans, lost.cause
        ), numbered as (
            select suspended.evidence_id, suspended.spans, suspended.cause,
                   (select max(ordinal) + 1 from verdict where verdict.evidence_id = suspended.evidence_id) as ordinal
              from suspended
        ), judged as (
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            select evidence_id, ordinal, 'UNDETERMINED', $4, jsonb_build_object('lost', spans), $5, cause, $6
              from numbered
        )
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        select evidence_id, $7, null, null, $6, jsonb_build_object('ordinal', ordinal, 'cause', cause)
          from numbered
         order by evidence_id
        """,
        [device_id for device_id, _, _ in lost],
        [Range(span.begins, span.ends) for _, span, _ in lost],
        [cause for _, _, cause in lost],
        reasons,
        RULE_VERSION,
        now,
        Event.SUSPENDED,
    )


async def with_evidence(db: Connection, spans: Sequence[tuple[UUID, Span, str]]) -> list[tuple[UUID, Span, str]]:
    """Those in which the device has captured anything. Index: evidence_device.

    What is committed beside this transaction is judged after it, by the facts it writes: judges lock the device.
    """
    numbers = await db.fetch(
        """
        select number
          from unnest($1::uuid[], $2::tstzrange[]) with ordinality as changed (device_id, span, number)
          join device on device.id = changed.device_id
         where exists (
               select
                 from evidence
                where evidence.device_tag = device.tag
                  and evidence.captured && changed.span)
         order by number
        """,
        [device_id for device_id, _, _ in spans],
        [Range(span.begins, span.ends) for _, span, _ in spans],
    )
    return [spans[number - 1] for (number,) in numbers]


async def received_by_device(db: Connection, tag: str, span: Span, after: UUID | None, most: int) -> list[UUID]:
    """Evidence with its bytes here that the device captured in the span, by id, after the given one."""
    rows = await db.fetch(
        """
        select evidence.id
          from evidence
          join reception on reception.evidence_id = evidence.id
         where evidence.device_tag = $1
           and evidence.captured && $2
           and ($3::uuid is null or evidence.id > $3)
         order by evidence.id
         limit $4
        """,
        tag,
        Range(span.begins, span.ends),
        after,
        most,
    )
    return [row["id"] for row in rows]


async def lock_verdicts(db: Connection, evidence_id: UUID) -> None:
    """One judge at a time, until the transaction ends. Rows of evidence are never updated, so there is none to lock."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", evidence_id)


async def remove_admission(db: Connection, evidence_id: UUID) -> None:
    await db.execute("delete from admission where evidence_id = $1", evidence_id)


# Looking up


class Summary(NamedTuple):
    """A piece of evidence as it stands now: what an officer's list and a supervisor's search show."""

    id: UUID
    state: State
    received_bytes: int
    sha256: bytes
    size: int
    media_type: str
    earliest: datetime
    latest: datetime
    device_tag: str | None
    officer_id: UUID
    unit_id: UUID
    committed_at: datetime
    received_at: datetime | None
    reasons: list[Reason]


class Sought(Struct, frozen=True, kw_only=True):
    """What a search asks for; every condition narrows, None does not. Instants UTC, `begins` included, `ends` not."""

    evidence_id: UUID | None = None
    units: list[UUID] | None = None
    officer_id: UUID | None = None
    device_tag: str | None = None
    sha256: bytes | None = None
    states: list[State] | None = None
    reason: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    before: tuple[datetime, UUID] | None = None
    """Only what was committed before this entry of an earlier page."""
    most: int = 50


async def search(db: Connection, sought: Sought) -> list[Summary]:
    """Newest commitment first."""
    before_at, before_id = sought.before or (None, None)
    rows = await db.fetch(
        """
        select evidence.id, evidence_state.state, evidence_state.received_bytes, evidence.sha256, evidence.size,
               coalesce(reception.media_type, evidence.media_type), lower(evidence.captured), upper(evidence.captured),
               evidence.device_tag, evidence.officer_id, evidence.unit_id, evidence.committed_at, reception.received_at,
               coalesce(verdict.reasons, '[]')
          from evidence
          join evidence_state on evidence_state.evidence_id = evidence.id
          left join reception on reception.evidence_id = evidence.id
          left join verdict on verdict.evidence_id = evidence.id and verdict.ordinal = evidence_state.ordinal
         where ($1::uuid[] is null or evidence.unit_id = any ($1))
           and ($2::uuid is null or evidence.officer_id = $2)
           and ($3::text is null or evidence.device_tag = $3)
           and ($4::bytea is null or evidence.sha256 = $4)
           and ($5::text[] is null or evidence_state.state = any ($5))
           and ($6::text is null or verdict.reasons @> jsonb_build_array(jsonb_build_object('code', $6)))
           and evidence.captured && tstzrange($7, $8)
           and ($9::timestamptz is null or (evidence.committed_at, evidence.id) < ($9, $10::uuid))
           and ($12::uuid is null or evidence.id = $12)
         order by evidence.committed_at desc, evidence.id desc
         limit $11
        """,
        sought.units,
        sought.officer_id,
        sought.device_tag,
        sought.sha256,
        sought.states,
        sought.reason,
        sought.begins,
        sought.ends,
        before_at,
        before_id,
        sought.most,
        sought.evidence_id,
    )
    return [Summary._make((row[0], State(row[1]), *row[2:13], msgspec.convert(row[13], list[Reason]))) for row in rows]


async def custody_of(db: Connection, evidence_id: UUID) -> list[CustodyEntry]:
    """What happened to it, in the order in which it was written."""
    rows = await db.fetch(
        """
        select id, evidence_id, event, actor_id, phone_id, at, details
          from custody_entry
         where evidence_id = $1
         order by id
        """,
        evidence_id,
    )
    return [CustodyEntry(*row) for row in rows]


async def content_of(db: Connection, evidence_id: UUID) -> tuple[Content, StoredObject, datetime] | None:
    """What the bytes said, where they are kept, and when they were received; None before that."""
    row = await db.fetchrow(
        """
        select reception.media_type, reception.trouble, reception.metadata, reception.received_at,
               stored_object.sha256, stored_object.size, stored_object.key, stored_object.version_id,
               stored_object.retained_until
          from reception
          join stored_object on stored_object.sha256 = reception.sha256
         where reception.evidence_id = $1
        """,
        evidence_id,
    )
    return (Content(*row[:3]), StoredObject(*row[4:]), row[3]) if row else None


# Helpers

_EVIDENCE = """
    evidence.id, evidence.sha256, evidence.size, evidence.media_type, evidence.captured, evidence.device_tag,
    evidence.officer_id, evidence.phone_id, evidence.unit_id, evidence.facts, evidence.commitment,
    evidence.committed_at, evidence.enrolled_at
"""


def _evidence(row: Record) -> Evidence:
    values = dict(row)
    captured: Range[datetime] = values.pop("captured")
    assert captured.lower is not None
    assert captured.upper is not None
    facts = values.pop("facts")
    return Evidence(
        **values,
        earliest=captured.lower,
        latest=captured.upper,
        facts=msgspec.convert(facts, Facts),
    )


# Counts


async def counts_of_device(db: Connection, tag: str) -> dict[State, int]:
    """How much was captured with the device, by what became of it. Index: evidence_device.

    It looks at every capture of the device: about 2 ms for a thousand. A page asks once, a list never.
    """
    rows = await db.fetch(
        """
        select evidence_state.state, count(*)
          from evidence
          join evidence_state on evidence_state.evidence_id = evidence.id
         where evidence.device_tag = $1
         group by evidence_state.state
        """,
        tag,
    )
    return {State(state): count for state, count in rows}
