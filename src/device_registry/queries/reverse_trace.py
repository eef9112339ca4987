"""Windows of reverse traces: opened once a cause, read, never changed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Range

from device_registry.model import Interval, Span, Trace, TraceCause, Window
from foundation.database import Connection


async def open_traces(
    db: Connection, windows: Mapping[UUID, Sequence[Window]], now: datetime, opened_by: UUID | None
) -> list[Trace]:
    """Opens, of these windows of devices (by id), those whose cause has none yet, and gives those back."""
    rows = [(device_id, window) for device_id, found in windows.items() for window in found]
    if not rows:
        return []
    opened = await db.fetch(
        """
        insert into reverse_trace (device_id, cause, cause_fact, channel, span, good_fact, opened_at, opened_by)
        select found.*, $7, $8
          from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::tstzrange[], $6::uuid[]) as found
            on conflict (cause_fact) do nothing
        returning id, device_id, cause, cause_fact, channel, span, good_fact, opened_at, opened_by
        """,
        [device_id for device_id, _ in rows],
        [window.cause for _, window in rows],
        [window.cause_fact for _, window in rows],
        [window.channel for _, window in rows],
        [Range(window.span.begins, window.span.ends) for _, window in rows],
        [window.good_fact for _, window in rows],
        now,
        opened_by,
    )
    return [_trace(*row) for row in opened]


async def traces_over(db: Connection, device_id: UUID, captured: Interval) -> list[Trace]:
    """The traces of the device whose windows touch the interval, oldest first. Index: reverse_trace_device."""
    rows = await db.fetch(
        """
        select id, device_id, cause, cause_fact, channel, span, good_fact, opened_at, opened_by
          from reverse_trace
         where device_id = $1
           and span && $2
         order by id
        """,
        device_id,
        Range(captured.earliest, captured.latest, upper_inc=True),
    )
    return [_trace(*row) for row in rows]


async def traces_of_units(
    db: Connection, units: Collection[UUID], first: Collection[UUID], after: UUID | None, most: int
) -> list[Trace]:
    """Traces of devices that the units hold: those named `first` before the others, the newest of each before older.

    `after`: the last trace of the page before.
    """
    rows = await db.fetch(
        """
        select trace.id, device_id, cause, cause_fact, channel, span, good_fact, opened_at, opened_by
          from reverse_trace as trace
          join device on device.id = trace.device_id
         where device.unit_id = any ($1)
           and ($3::uuid is null or (trace.id = any ($2), trace.id) < ($3 = any ($2), $3))
         order by trace.id = any ($2) desc, trace.id desc
         limit $4
        """,
        list(units),
        list(first),
        after,
        most,
    )
    return [_trace(*row) for row in rows]


async def count_traces(db: Connection, units: Collection[UUID], trace_ids: Collection[UUID]) -> int:
    """How many of these traces are about devices that the units hold."""
    count: int = await db.fetchval(
        """
        select count(*)
          from reverse_trace as trace
          join device on device.id = trace.device_id
         where trace.id = any ($1)
           and device.unit_id = any ($2)
        """,
        list(trace_ids),
        list(units),
    )
    return count


async def traces_by_id(db: Connection, trace_ids: Collection[UUID]) -> dict[UUID, Trace]:
    rows = await db.fetch(
        """
        select id, device_id, cause, cause_fact, channel, span, good_fact, opened_at, opened_by
          from reverse_trace
         where id = any ($1)
        """,
        list(trace_ids),
    )
    return {row["id"]: _trace(*row) for row in rows}


def _trace(
    trace_id: UUID,
    device_id: UUID,
    cause: str,
    cause_fact: UUID,
    channel: str,
    span: Range[datetime],
    good_fact: UUID | None,
    opened_at: datetime,
    opened_by: UUID | None,
) -> Trace:
    assert span.lower is not None
    window = Window(
        cause=TraceCause(cause),
        cause_fact=cause_fact,
        span=Span(span.lower, span.upper),
        good_fact=good_fact,
        channel=channel,
    )
    return Trace(id=trace_id, device_id=device_id, window=window, opened_at=opened_at, opened_by=opened_by)
