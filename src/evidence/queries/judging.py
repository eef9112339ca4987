"""Bytes that are here, and what is decided about them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from device_registry.model import Standing
from evidence.custody import Event
from evidence.model import (
    Content,
    Courier,
    Evidence,
    Verdict,
)
from evidence.problems import EvidenceDisposed
from foundation.database import Connection
from foundation.object_store import StoredObject


class Received(NamedTuple):
    """`first`: not received before. `new_bytes`: no other evidence can have the same."""

    first: bool
    new_bytes: bool


async def receive(
    db: Connection, evidence: Evidence, stored: StoredObject, content: Content, courier: Courier, now: datetime
) -> Received:
    """Writes and tells that the bytes are here. Waits for a transaction that stores the same bytes, to see it.

    Raises EvidenceDisposed.
    """
    try:
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
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "reception_disposed":
            raise
        raise EvidenceDisposed from error
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
    """The verdict, the admission if it admits, and the custody entry with its digest, in one statement.

    `standing` is the device's, None for what the phone captured by itself. Raises ForeignKeyViolationError where the
    device's periods are not (any more) what the caller believed.
    """
    needed = None if standing is None else standing.device.verification_needed
    await db.execute(
        """
        with judged as (
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning evidence_id, ordinal, outcome, cause, judged_at, verdict_digest(verdict) as sha256
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
               jsonb_build_object('ordinal', ordinal, 'cause', cause, 'reasons', $13::text[], 'sha256', sha256)
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


async def close_upload(db: Connection, evidence: Evidence) -> None:
    """The end of a transfer that brought again what had been received before."""
    await db.execute(
        """
        with closed as (
            update upload
               set at = $2, epoch = epoch + 1, multipart_id = null, parts = '[]'
             where evidence_id = $1
            returning evidence_id
        )
        delete from upload_piece using closed where upload_piece.evidence_id = closed.evidence_id
        """,
        evidence.id,
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
