"""What does not count, put together for those who supervise: why, of which unit, by which device."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection


class Refused(NamedTuple):
    """How much evidence of a unit does not count for a reason; one piece may have several."""

    code: str
    unit_id: UUID
    number: int


async def refused_since(db: Connection, units: Collection[UUID], since: datetime) -> list[Refused]:
    """Judged since that instant, as it stands now; most first. Index: verdict_not_admitted."""
    rows = await db.fetch(
        """
        select reason ->> 'code' as code, evidence.unit_id, count(*) as number
          from verdict
          join evidence on evidence.id = verdict.evidence_id
         cross join lateral jsonb_array_elements(verdict.reasons) as reason
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $2
           and evidence.unit_id = any ($1)
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
         group by code, evidence.unit_id
         order by number desc, code, evidence.unit_id
        """,
        list(units),
        since,
    )
    return [Refused(*row) for row in rows]


class OfDevice(NamedTuple):
    """A device whose captures are refused; `last` is the newest of them."""

    device_tag: str
    number: int
    last: datetime


async def refused_devices(db: Connection, units: Collection[UUID], since: datetime, most: int = 20) -> list[OfDevice]:
    """The devices that most was refused of since that instant: they go on capturing. Index: verdict_not_admitted."""
    rows = await db.fetch(
        """
        select evidence.device_tag, count(*) as number, max(upper(evidence.captured)) as last
          from verdict
          join evidence on evidence.id = verdict.evidence_id
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $2
           and evidence.unit_id = any ($1)
           and evidence.device_tag is not null
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
         group by evidence.device_tag
         order by number desc, evidence.device_tag
         limit $3
        """,
        list(units),
        since,
        most,
    )
    return [OfDevice(*row) for row in rows]


class Same(NamedTuple):
    """Two ids whose bytes are the same."""

    evidence_id: UUID
    other_id: UUID
    unit_id: UUID
    at: datetime


async def same_bytes(db: Connection, units: Collection[UUID], since: datetime, most: int = 20) -> list[Same]:
    """Each pair once, the newest first. Index: custody_entry_same_bytes."""
    rows = await db.fetch(
        """
        select entry.evidence_id, (details ->> 'other')::uuid as other_id, evidence.unit_id, entry.at
          from custody_entry as entry
          join evidence on evidence.id = entry.evidence_id
         where entry.event = 'evidence:bytes:same-as-another'
           and entry.at >= $2
           and evidence.unit_id = any ($1)
           and entry.evidence_id::text < (details ->> 'other')
         order by entry.at desc, entry.id desc
         limit $3
        """,
        list(units),
        since,
        most,
    )
    return [Same(*row) for row in rows]


async def not_counting_since(db: Connection, units: Collection[UUID], since: datetime) -> int:
    """How much evidence judged since that instant does not count now. Index: verdict_not_admitted."""
    number: int = await db.fetchval(
        """
        select count(*)
          from verdict
          join evidence on evidence.id = verdict.evidence_id
         where verdict.outcome <> 'ADMITTED'
           and verdict.judged_at >= $2
           and evidence.unit_id = any ($1)
           and not exists (select from verdict as later
                            where later.evidence_id = verdict.evidence_id and later.ordinal > verdict.ordinal)
        """,
        list(units),
        since,
    )
    return number
