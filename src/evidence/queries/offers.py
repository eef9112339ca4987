"""Which receipts are backed by bytes, and who is asked about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from evidence.custody import Event
from evidence.model import Evidence
from evidence.queries.commitments import EVIDENCE, evidence_of
from foundation.database import Connection, sees_every_unit


class Backing(NamedTuple):
    """`whole`: received, and the bytes were what they must be when last read, or have been disposed of since."""

    evidence: Evidence
    received: bool
    whole: bool


async def latest_call(db: Connection) -> UUID | None:
    """Index: offer_call_at."""
    found: UUID | None = await db.fetchval("select id from offer_call order by at desc limit 1")
    return found


async def call_for_offers(db: Connection, cause: str, now: datetime) -> None:
    await db.execute("insert into offer_call (cause, at) values ($1, $2)", cause, now)


@sees_every_unit
async def backing_of(db: Connection, evidence_ids: Sequence[UUID]) -> dict[UUID, Backing]:
    """Of those that are known here, whoever asks: to offer tells nothing of what is not one's own to bring."""
    rows = await db.fetch(
        f"""
        select {EVIDENCE}, reception.evidence_id is not null as received,
               coalesce(outcome not in ('MISSING', 'CHANGED'), false)
               or exists (select from object_disposal where object_disposal.sha256 = evidence.sha256) as whole
          from evidence
          left join reception on reception.evidence_id = evidence.id
          left join object_last_read on object_last_read.sha256 = reception.sha256
         where evidence.id = any ($1)
        """,  # noqa: S608 - a constant list of columns
        evidence_ids,
    )
    found = {}
    for row in rows:
        values = dict(row)
        received, whole = values.pop("received"), values.pop("whole")
        found[values["id"]] = Backing(evidence_of(values), received, whole)
    return found


async def unbacked_told(db: Connection, evidence_id: UUID, receipt_at: datetime) -> bool:
    """Whether the chain tells of that receipt already. Index: custody_entry_unbacked."""
    return bool(
        await db.fetchval(
            """
            select exists (select from custody_entry
                            where event = $1 and details ->> 'evidence_id' = $2
                              and (details ->> 'receipt_at')::timestamptz = $3)
            """,
            Event.RECEIPT_UNBACKED,
            str(evidence_id),
            receipt_at,
        )
    )


class Told(NamedTuple):
    """A receipt that a phone held, and nothing here stands behind."""

    evidence_id: UUID
    sha256: str
    receipt_at: datetime


async def told_and_not_here(db: Connection) -> list[Told]:
    """What phones held receipts for and is still not received. Index: custody_entry_unbacked."""
    rows = await db.fetch(
        """
        select distinct on (told.details ->> 'evidence_id')
               (told.details ->> 'evidence_id')::uuid, told.details ->> 'sha256',
               (told.details ->> 'receipt_at')::timestamptz
          from custody_entry as told
         where told.event = $1
           and not exists (select from reception where reception.evidence_id = (told.details ->> 'evidence_id')::uuid)
         order by told.details ->> 'evidence_id'
        """,
        Event.RECEIPT_UNBACKED,
    )
    return [Told(*row) for row in rows]
