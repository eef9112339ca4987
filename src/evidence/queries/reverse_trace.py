"""The queue of reverse traces: what waits in it, what was concluded about it, and who confirmed that."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import CheckViolationError, UniqueViolationError

from evidence.custody import Event
from evidence.model import Conclusion, ItemState, TraceItem
from evidence.problems import ConcluderConfirms, TraceItemNotConcluded, TraceItemNotOpen
from foundation.database import Connection, sees_every_unit

# Queueing and judging


async def join_queue(db: Connection, evidence_id: UUID, trace_ids: Collection[UUID], now: datetime) -> None:
    """Evidence that is in the queue of a trace already stays as it is there."""
    await db.execute(
        """
        insert into trace_item (trace_id, evidence_id, queued_at)
        select trace_id, $1, $3 from unnest($2::uuid[]) as trace_id
            on conflict (trace_id, evidence_id) do nothing
        """,
        evidence_id,
        list(trace_ids),
        now,
    )


async def confirmed_conclusions(db: Connection, evidence_id: UUID) -> dict[UUID, tuple[Conclusion, str]]:
    """By trace what was concluded for good about the evidence, with its reason."""
    rows = await db.fetch(
        """
        select trace_id, conclusion, conclusion.reason
          from trace_confirmation as confirmation
          join trace_conclusion as conclusion using (trace_id, evidence_id, ordinal)
         where evidence_id = $1
           and confirmed
        """,
        evidence_id,
    )
    return {trace_id: (Conclusion(conclusion), reason) for trace_id, conclusion, reason in rows}


# Concluding


async def conclude(
    db: Connection, items: Sequence[TraceItem], conclusion: Conclusion, reason: str, by: UUID, now: datetime
) -> None:
    """One conclusion about open items. Raises TraceItemNotOpen where somebody else concluded meanwhile."""
    try:
        await db.execute(
            """
            with concluded as (
                insert into trace_conclusion (trace_id, evidence_id, ordinal, conclusion, reason, concluded_by,
                                              concluded_at)
                select item.*, $4, $5, $6, $7
                  from unnest($1::uuid[], $2::uuid[], $3::integer[]) as item
                returning trace_id, evidence_id
            )
            insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
            select evidence_id, $8, $6, null, $7,
                   jsonb_build_object('trace_id', trace_id, 'conclusion', $4::text, 'reason', $5::text)
              from concluded
            """,
            [item.trace_id for item in items],
            [item.evidence_id for item in items],
            [(item.ordinal or 0) + 1 for item in items],
            conclusion,
            reason,
            by,
            now,
            Event.TRACE_CONCLUDED,
        )
    except UniqueViolationError as error:
        raise TraceItemNotOpen(field="evidence_ids", evidence_id="…") from error


async def answer(
    db: Connection, items: Sequence[TraceItem], reason: str | None, by: UUID, now: datetime, *, confirmed: bool
) -> None:
    """Confirms the conclusions about items, or sends them back.

    Raises ConcluderConfirms, and TraceItemNotConcluded where somebody else answered meanwhile.
    """
    try:
        await db.execute(
            """
            with answered as (
                insert into trace_confirmation (trace_id, evidence_id, ordinal, concluded_by, confirmed, reason,
                                                confirmed_by, confirmed_at)
                select item.*, $5, $6, $7, $8
                  from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[]) as item
                returning trace_id, evidence_id
            )
            insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
            select evidence_id, $9, $7, null, $8, jsonb_build_object('trace_id', trace_id, 'reason', $6::text)
              from answered
            """,
            [item.trace_id for item in items],
            [item.evidence_id for item in items],
            [item.ordinal for item in items],
            [item.concluded_by for item in items],
            confirmed,
            reason,
            by,
            now,
            Event.TRACE_CONFIRMED if confirmed else Event.TRACE_SENT_BACK,
        )
    except UniqueViolationError as error:
        raise TraceItemNotConcluded(field="evidence_ids", evidence_id="…") from error
    except CheckViolationError as error:
        if error.constraint_name != "trace_needs_second_person":
            raise
        raise ConcluderConfirms(field="evidence_ids", evidence_id="…") from error


# Looking


class Counts(NamedTuple):
    """Items of one trace by where they stand, and the confirmed ones by what was concluded."""

    open: int = 0
    concluded: int = 0
    kept: int = 0
    excluded: int = 0
    to_correct: int = 0


async def traces_with_work(db: Connection) -> list[UUID]:
    """Traces with items that wait for a conclusion or its confirmation."""
    rows = await db.fetch(
        """
        select distinct trace_id
          from trace_item
         where not exists (
               select
                 from trace_confirmation as confirmation
                where confirmation.trace_id = trace_item.trace_id
                  and confirmation.evidence_id = trace_item.evidence_id
                  and confirmed)
        """
    )
    return [row["trace_id"] for row in rows]


async def trace_counts(db: Connection, trace_ids: Collection[UUID]) -> dict[UUID, Counts]:
    """Of every trace asked for."""
    rows = await db.fetch(
        """
        select trace_id,
               count(*) filter (where state = 'OPEN'),
               count(*) filter (where state = 'CONCLUDED'),
               count(*) filter (where state = 'CONFIRMED' and conclusion = 'KEEP'),
               count(*) filter (where state = 'CONFIRMED' and conclusion = 'EXCLUDE'),
               count(*) filter (where state = 'CONFIRMED' and conclusion = 'DECISION_TO_CORRECT')
          from trace_item_state
         where trace_id = any ($1)
         group by trace_id
        """,
        list(trace_ids),
    )
    return dict.fromkeys(trace_ids, Counts()) | {trace_id: Counts(*counts) for trace_id, *counts in rows}


@sees_every_unit
async def trace_items(
    db: Connection, trace_id: UUID, state: ItemState | None, after: UUID | None, most: int
) -> list[TraceItem]:
    """Items of one trace by evidence id, those after the given one. Index: trace_item_pkey."""
    rows = await db.fetch(
        f"""
        {_ITEMS}
         where item.trace_id = $1
           and ($2::text is null or item.state = $2)
           and ($3::uuid is null or item.evidence_id > $3)
         order by item.evidence_id
         limit $4
        """,
        trace_id,
        state,
        after,
        most,
    )
    return [msgspec.convert(dict(row), TraceItem) for row in rows]


@sees_every_unit
async def trace_items_by_id(db: Connection, trace_id: UUID, evidence_ids: Collection[UUID]) -> list[TraceItem]:
    rows = await db.fetch(
        f"""
        {_ITEMS}
         where item.trace_id = $1
           and item.evidence_id = any ($2)
         order by item.evidence_id
        """,
        trace_id,
        list(evidence_ids),
    )
    return [msgspec.convert(dict(row), TraceItem) for row in rows]


async def decisions_to_correct(
    db: Connection, units: Collection[UUID], before: tuple[datetime, UUID] | None, most: int
) -> list[TraceItem]:
    """What the units captured and decided with, and have to correct: the latest confirmation first.

    `before`: instant of confirmation and evidence id of the last item of the page before.
    """
    before_at, before_id = before or (None, None)
    rows = await db.fetch(
        f"""
        {_ITEMS}
         where item.state = 'CONFIRMED'
           and item.conclusion = 'DECISION_TO_CORRECT'
           and evidence.unit_id = any ($1)
           and ($2::timestamptz is null or (item.confirmed_at, item.evidence_id) < ($2, $3::uuid))
         order by item.confirmed_at desc, item.evidence_id desc
         limit $4
        """,
        list(units),
        before_at,
        before_id,
        most,
    )
    return [msgspec.convert(dict(row), TraceItem) for row in rows]


_ITEMS = """
        select item.trace_id, item.evidence_id, item.queued_at, item.state, item.ordinal, item.conclusion, item.reason,
               item.concluded_by, item.concluded_at, item.confirmed, item.answer, item.confirmed_by, item.confirmed_at,
               lower(evidence.captured) as earliest, upper(evidence.captured) as latest, evidence.device_tag,
               evidence.officer_id, evidence.unit_id, evidence_state.state as evidence_state
          from trace_item_state as item
          join evidence on evidence.id = item.evidence_id
          join evidence_state on evidence_state.evidence_id = item.evidence_id"""
