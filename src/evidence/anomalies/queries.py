"""Captures and refusals by device and week, counted in one statement."""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from evidence.anomalies.rules import PAST_WEEKS, Measure, Series
from foundation.civil import beginning_of
from foundation.database import Connection, sees_every_unit


@sees_every_unit
async def weekly(db: Connection, units: Collection[UUID], week: date, kind: str | None = None) -> list[Series]:
    """Of the devices of these units that captured in that week or the 26 before, in the order of tags."""
    rows = await db.fetch(
        """
        with counted as (
            select device.id, device.tag, device.kind, device.unit_id,
                   date_trunc('week', lower(evidence.captured) at time zone 'Asia/Shanghai')::date as week,
                   count(*) as captures, count(*) filter (where latest.outcome = 'HELD') as held
              from device
              join evidence on evidence.device_tag = device.tag and evidence.captured && tstzrange($2, $3)
              left join lateral (
                   select outcome
                     from verdict
                    where verdict.evidence_id = evidence.id
                    order by ordinal desc
                    limit 1) as latest on true
             where device.unit_id = any ($1)
               and ($4::text is null or device.kind = $4)
               and lower(evidence.captured) >= $2
             group by device.id, week
        )
        select id, tag, kind, unit_id,
               array_agg(week order by week), array_agg(captures order by week), array_agg(held order by week),
               exists (select from evidence where device_tag = counted.tag and upper(captured) < $2)
          from counted
         group by id, tag, kind, unit_id
         order by tag
        """,
        list(units),
        beginning_of(week - timedelta(weeks=PAST_WEEKS)),
        beginning_of(week + timedelta(weeks=1)),
        kind,
    )
    return [
        Series(
            device_id,
            tag,
            of_kind,
            unit_id,
            week - timedelta(weeks=PAST_WEEKS) if before else weeks[0],
            {
                Measure.CAPTURES: dict(zip(weeks, captures, strict=True)),
                Measure.HELD: dict(zip(weeks, held, strict=True)),
            },
        )
        for device_id, tag, of_kind, unit_id, weeks, captures, held, before in rows
    ]
