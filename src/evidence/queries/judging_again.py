"""Admissions that go when a fact arrives late, and what has to be judged again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Range

from device_registry.model import Span
from evidence.custody import Event
from evidence.model import (
    Reason,
)
from evidence.rules import RULE_VERSION
from foundation.database import Connection


class Taken(NamedTuple):
    """A span of a device in which no admission stands any more, because of which kind of fact, and with which reason.

    `trace_id`: of the reverse trace that opened it; what is suspended joins its queue.
    """

    device_id: UUID
    span: Span
    cause: str
    reason: Reason
    trace_id: UUID | None = None


async def suspend_admissions(db: Connection, taken: Sequence[Taken], now: datetime) -> None:
    """Removes the admissions that touch the spans: each gets a verdict UNDETERMINED and a custody entry.

    The verdict gives the reason of every span that is touched, and tells those that were lost.
    """
    await db.execute(
        """
        with touched as (
            select admission.evidence_id, taken.span, taken.cause, taken.reason, taken.trace_id
              from unnest($1::uuid[], $2::tstzrange[], $3::text[], $4::jsonb[], $5::uuid[])
                   as taken (device_id, span, cause, reason, trace_id)
              join admission on admission.device_id = taken.device_id and admission.captured && taken.span
        ), gone as (
            delete from admission
             where evidence_id in (select evidence_id from touched)
        ), queued as (
            insert into trace_item (trace_id, evidence_id, queued_at)
            select trace_id, evidence_id, $7 from touched where trace_id is not null
                on conflict (trace_id, evidence_id) do nothing
        ), found as (
            select evidence_id, string_agg(distinct cause, ', ') as cause,
                   array_agg(span order by span) filter (where trace_id is null) as lost,
                   (select max(ordinal) + 1 from verdict where verdict.evidence_id = touched.evidence_id) as ordinal
              from touched
             group by evidence_id
        ), why as (
            select evidence_id, jsonb_agg(reason order by trace_id nulls first) as reasons
              from (select distinct evidence_id, reason, trace_id from touched) as told
             group by evidence_id
        ), judged as (
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            select evidence_id, ordinal, 'UNDETERMINED', reasons,
                   jsonb_build_object('lost', coalesce(lost, '{}'::tstzrange[])), $6, cause, $7
              from found
              join why using (evidence_id)
            returning evidence_id, ordinal, cause, verdict_digest(verdict) as sha256
        )
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        select evidence_id, $8, null, null, $7, jsonb_build_object('ordinal', ordinal, 'cause', cause, 'sha256', sha256)
          from judged
         order by evidence_id
        """,
        [one.device_id for one in taken],
        [Range(one.span.begins, one.span.ends) for one in taken],
        [one.cause for one in taken],
        [one.reason for one in taken],
        [one.trace_id for one in taken],
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


async def suspend_admissions_under(
    db: Connection, code: str, span: Span, units: Collection[UUID] | None, cause: str, reason: Reason, now: datetime
) -> None:
    """The same for what these units, or all, captured in the span under an enforcement item. Index: evidence_item.

    Whoever calls has the item to themselves, so that nobody judges by it at the same time.
    """
    await db.execute(
        """
        with gone as (
            delete from admission
             using evidence_under_item as evidence
             where evidence.id = admission.evidence_id
               and evidence.item = $1
               and evidence.captured && $2
               and ($3::uuid[] is null or evidence.unit_id = any ($3))
            returning admission.evidence_id
        ), found as (
            select evidence_id,
                   (select max(ordinal) + 1 from verdict where verdict.evidence_id = gone.evidence_id) as ordinal
              from gone
        ), judged as (
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            select evidence_id, ordinal, 'UNDETERMINED', jsonb_build_array($4::jsonb),
                   jsonb_build_object('item', $1, 'lost', array[$2::tstzrange]), $5, $6, $7
              from found
            returning evidence_id, ordinal, verdict_digest(verdict) as sha256
        )
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        select evidence_id, $8, null, null, $7,
               jsonb_build_object('ordinal', ordinal, 'cause', $6::text, 'sha256', sha256)
          from judged
         order by evidence_id
        """,
        code,
        Range(span.begins, span.ends),
        None if units is None else list(units),
        reason,
        RULE_VERSION,
        cause,
        now,
        Event.SUSPENDED,
    )


async def received_under_item(db: Connection, code: str, span: Span, after: UUID | None, most: int) -> list[UUID]:
    """Evidence with its bytes here that was captured in the span under the item, by id, after the given one."""
    rows = await db.fetch(
        """
        select evidence.id
          from evidence_under_item as evidence
          join reception on reception.evidence_id = evidence.id
         where evidence.item = $1
           and evidence.captured && $2
           and ($3::uuid is null or evidence.id > $3)
         order by evidence.id
         limit $4
        """,
        code,
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
