"""Evidence as it stands now, and what happened to it. Capture intervals include both ends."""

import math
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from evidence.model import (
    Content,
    CustodyEntry,
    Reason,
    State,
)
from foundation.database import Connection, sees_every_unit
from foundation.object_store import StoredObject

METRES_A_DEGREE = 111_320.0
"""Of latitude; of longitude at the equator."""


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


class Near(NamedTuple):
    """A square around a place: degrees, in whatever datum the phones named, and metres to each side of it."""

    longitude: float
    latitude: float
    metres: float

    def corners(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees. Near a pole, where a degree of longitude is no way, all around it."""
        north = self.metres / METRES_A_DEGREE
        east = min(north / max(math.cos(math.radians(self.latitude)), 1e-9), 360.0)
        return self.longitude - east, self.latitude - north, self.longitude + east, self.latitude + north


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
    near: Near | None = None
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
           and ($13::float8 is null or (
               jsonb_typeof(facts -> 'place') = 'object'
               and point((facts -> 'place' ->> 'longitude')::float8, (facts -> 'place' ->> 'latitude')::float8)
                   <@ box(point($13, $14), point($15, $16))))
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
        *(sought.near.corners() if sought.near else (None,) * 4),
    )
    return [Summary._make((row[0], State(row[1]), *row[2:13], msgspec.convert(row[13], list[Reason]))) for row in rows]


async def units_of(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The unit that each was captured for; what was never committed to is left out."""
    rows = await db.fetch("select id, unit_id from evidence where id = any ($1)", list(evidence_ids))
    return {row["id"]: row["unit_id"] for row in rows}


@sees_every_unit
async def states_of(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, State]:
    """Where each stands; what was never committed to is left out."""
    rows = await db.fetch(
        "select evidence_id, state from evidence_state where evidence_id = any ($1)", list(evidence_ids)
    )
    return {row["evidence_id"]: State(row["state"]) for row in rows}


@sees_every_unit
async def digests_of(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, str]:
    """SHA-256 in hexadecimal of each, as it was committed to."""
    rows = await db.fetch("select id, sha256 from evidence where id = any ($1)", list(evidence_ids))
    return {row["id"]: row["sha256"].hex() for row in rows}


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
    """What the bytes said, where they are kept, and when they were received; None before that, and once the bytes
    were disposed of.
    """
    row = await db.fetchrow(
        """
        select reception.media_type, reception.trouble, reception.metadata, reception.received_at,
               stored_object.sha256, stored_object.size, stored_object.key, stored_object.version_id,
               stored_object.retained_until
          from reception
          join stored_object on stored_object.sha256 = reception.sha256
         where reception.evidence_id = $1
           and not exists (select from object_disposal where object_disposal.sha256 = reception.sha256)
        """,
        evidence_id,
    )
    return (Content(*row[:3]), StoredObject(*row[4:]), row[3]) if row else None


@sees_every_unit
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
