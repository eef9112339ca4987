"""Commitments, and the evidence they make."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Range

from evidence.custody import Event
from evidence.model import (
    Commitment,
    Courier,
    Evidence,
    Facts,
)
from foundation.database import Connection


async def add_commitment(db: Connection, commitment: Commitment, courier: Courier, receipt: str, now: datetime) -> bool:
    """Evidence, receipt 1 and custody entry in one statement. False, and nothing written, where the id is taken.

    The table has further unique keys that begin with the id; of two at once any may notice first, so none is named.
    """
    facts = commitment.facts
    added = await db.fetchval(
        """
        with committed as (
            insert into evidence (id, sha256, size, media_type, captured, device_tag, officer_id, phone_id, unit_id,
                                  facts, commitment, algorithm, committed_at, enrolled_at)
            values ($1, $2, $3, $4, tstzrange($5, $6, '[]'), $7, $8, $9, $10, $11, $12, $13, $14, $19)
            on conflict do nothing
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
        commitment.earliest,
        commitment.latest,
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
        select {EVIDENCE}
          from evidence
         where evidence.id = $1
        """,  # noqa: S608 - a constant list of columns
        evidence_id,
    )
    return evidence_of(dict(row)) if row else None


async def evidence_by_ids(db: Connection, evidence_ids: Collection[UUID]) -> dict[UUID, Evidence]:
    """The same for many; what was never committed to is left out."""
    rows = await db.fetch(
        f"""
        select {EVIDENCE}
          from evidence
         where evidence.id = any ($1)
        """,  # noqa: S608 - a constant list of columns
        list(evidence_ids),
    )
    return {row["id"]: evidence_of(dict(row)) for row in rows}


async def receipt_of(db: Connection, evidence_id: UUID, kind: str) -> str:
    """The receipt as it was first issued; empty where there is none yet."""
    return (await db.fetchval("select jws from receipt where evidence_id = $1 and kind = $2", evidence_id, kind)) or ""


async def receipts_of(db: Connection, evidence_id: UUID) -> dict[str, str]:
    """Receipts by kind."""
    rows = await db.fetch("select kind, jws from receipt where evidence_id = $1 order by kind", evidence_id)
    return {row["kind"]: row["jws"] for row in rows}


async def committed_by_phone(db: Connection, phone_id: UUID, since: datetime) -> list[UUID]:
    """What is here of what the phone committed to from that instant on. Index: evidence_phone."""
    rows = await db.fetch(
        """
        select evidence.id
          from evidence
          join reception on reception.evidence_id = evidence.id
         where phone_id = $1
           and committed_at >= $2
         order by evidence.id
        """,
        phone_id,
        since,
    )
    return [row["id"] for row in rows]


EVIDENCE = """
    evidence.id, evidence.sha256, evidence.size, evidence.media_type, evidence.captured, evidence.device_tag,
    evidence.officer_id, evidence.phone_id, evidence.unit_id, evidence.facts, evidence.commitment,
    evidence.committed_at, evidence.enrolled_at
"""


def evidence_of(values: dict[str, Any]) -> Evidence:
    """From the columns of EVIDENCE."""
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
