"""What a supervisor looks at first: reviews late, clocks and places that do not fit, devices past due that go on."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection

CONFLICTS = (
    "CAPTURED_IN_THE_FUTURE",
    "CAPTURED_BEFORE_ENROLMENT",
    "LOCATION_MISMATCH",
    "PLACE_IMPOSSIBLE",
    "PLACE_UNKNOWN",
)
"""Reasons that say that a clock or a place is not what it was told to be."""
PAST_DUE = "VERIFICATION_OVERDUE"


class Late(NamedTuple):
    evidence_id: UUID
    unit_id: UUID
    device_tag: str
    received_at: datetime


async def late_reviews(db: Connection, received_before: Mapping[UUID, datetime], most: int) -> tuple[int, list[Late]]:
    """How many, and the oldest; `received_before` by unit: what was received earlier is late.

    Index: content_review_awaited_unit.
    """
    rows = await db.fetch(
        """
        select awaited.evidence_id, awaited.unit_id, evidence.device_tag, awaited.received_at, count(*) over ()
          from unnest($1::uuid[], $2::timestamptz[]) as late (unit_id, before)
          join content_review_awaited as awaited on awaited.unit_id = late.unit_id and awaited.received_at < late.before
          join evidence on evidence.id = awaited.evidence_id
         order by awaited.received_at, awaited.evidence_id
         limit $3
        """,
        list(received_before),
        list(received_before.values()),
        most,
    )
    return (rows[0][4] if rows else 0), [Late(*row[:4]) for row in rows]


class Conflicting(NamedTuple):
    """`code` is the first of its reasons that is such a conflict."""

    evidence_id: UUID
    unit_id: UUID
    code: str
    judged_at: datetime


async def conflicting(
    db: Connection, units: Collection[UUID], since: datetime, most: int
) -> tuple[int, list[Conflicting]]:
    """How many judged since that instant, as it stands now, and the newest. Index: verdict_not_admitted."""
    rows = await db.fetch(
        """
        select evidence.id, evidence.unit_id, conflict.code, verdict.judged_at, count(*) over ()
          from verdict
          join evidence on evidence.id = verdict.evidence_id
          join lateral (
               select reason ->> 'code' as code
                 from jsonb_array_elements(verdict.reasons) as reason
                where reason ->> 'code' = any ($3)
                limit 1
          ) as conflict on true
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $2
           and evidence.unit_id = any ($1)
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
         order by verdict.judged_at desc, evidence.id
         limit $4
        """,
        list(units),
        since,
        list(CONFLICTS),
        most,
    )
    return (rows[0][4] if rows else 0), [Conflicting(*row[:4]) for row in rows]


class GoingOn(NamedTuple):
    """A device that was past due when it captured; `last` is the newest of these captures."""

    device_tag: str
    unit_id: UUID
    number: int
    last: datetime


async def past_due_going_on(
    db: Connection, units: Collection[UUID], since: datetime, most: int
) -> tuple[int, list[GoingOn]]:
    """How many devices, and those that captured most. Index: verdict_not_admitted."""
    rows = await db.fetch(
        """
        select evidence.device_tag, evidence.unit_id, count(*) as number, max(upper(evidence.captured)),
               count(*) over ()
          from verdict
          join evidence on evidence.id = verdict.evidence_id
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $2
           and evidence.unit_id = any ($1)
           and evidence.device_tag is not null
           and verdict.reasons @> jsonb_build_array(jsonb_build_object('code', $3::text))
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
         group by evidence.device_tag, evidence.unit_id
         order by number desc, evidence.device_tag
         limit $4
        """,
        list(units),
        since,
        PAST_DUE,
        most,
    )
    return (rows[0][4] if rows else 0), [GoingOn(*row[:4]) for row in rows]
