"""The custody chain: which things that happen are told, and the one statement that tells them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from foundation.database import Connection


class Event(StrEnum):
    """`source:subject:action`. Add here; never rename what has been written."""

    COMMITTED = "evidence:commitment:received"
    COMMITMENT_CONFLICTED = "evidence:commitment:conflicted"
    UPLOAD_BEGUN = "evidence:upload:begun"
    UPLOAD_TERMINATED = "evidence:upload:terminated"
    UPLOAD_EXPIRED = "evidence:upload:expired"
    RANGE_DIFFERED = "evidence:upload:range-differed"
    DIGEST_MISMATCHED = "evidence:upload:digest-mismatched"
    ASKED_FOR = "evidence:bytes:asked-for"
    RECEIVED = "evidence:bytes:received"
    SAME_BYTES_FOUND = "evidence:bytes:same-as-another"
    ADMITTED = "evidence:verdict:admitted"
    HELD = "evidence:verdict:held"
    UNDETERMINED = "evidence:verdict:undetermined"
    SUSPENDED = "evidence:admission:suspended"
    TRACE_CONCLUDED = "evidence:trace:concluded"
    TRACE_CONFIRMED = "evidence:trace:confirmed"
    TRACE_SENT_BACK = "evidence:trace:sent-back"
    ACCESS_REASONED = "evidence:access:reasoned"
    VIEWED = "evidence:record:viewed"
    CONTENT_REVIEWED = "evidence:content:reviewed"
    CASE_OPENED = "case:file:opened"
    CASE_ATTACHED = "case:evidence:attached"
    CASE_OFFICERS_NAMED = "case:officers:named"
    CASE_CLOSED = "case:file:closed"
    CASE_REVIEW_COMMITTED = "case:review:committed"
    CASE_REVIEW_DRAWN = "case:review:drawn"
    CASE_REVIEW_JUDGED = "case:review:judged"
    CASE_REVIEW_ORDERED = "case:review:ordered"
    CASE_REVIEW_REPLIED = "case:review:replied"
    CASE_REVIEW_DECIDED = "case:review:decided"
    CASE_REVIEW_CLOSED = "case:review:closed"
    EXPORTED = "evidence:bundle:exported"
    BUNDLE_DOWNLOADED = "evidence:bundle:downloaded"
    CONTENT_READ = "evidence:content:read"
    OPERATIONS_RECEIVED = "inspection:operations:received"
    OPERATIONS_VOUCHED = "inspection:operations:vouched"
    OPERATION_CONFLICTED = "inspection:operation:conflicted"
    DRAWING_FROZEN = "inspection:drawing:frozen"
    DRAWING_DRAWN = "inspection:drawing:drawn"
    INSPECTION_OPENED = "inspection:task:opened"
    INSPECTION_APPROVED = "inspection:task:approved"
    INSPECTION_PLANNED = "inspection:plan:filed"
    INSPECTION_ASSIGNED = "inspection:task:assigned"
    INSPECTION_VIEWED = "inspection:record:viewed"
    VISITS_PROPOSED_AS_ONE = "inspection:visits:proposed-as-one"
    VISITS_ANSWERED = "inspection:visits:answered"
    VISITS_PARTED = "inspection:visits:parted"
    DOCUMENT_ISSUED = "inspection:document:issued"
    CLUE_REGISTERED = "clue:record:registered"
    CLUE_STEPPED = "clue:step:taken"
    CLUE_REFERRED = "clue:reference:added"
    CLUE_REPORTER_READ = "clue:reporter:read"
    FIXITY_FAILED = "evidence:fixity:failed"
    FIXITY_HELD = "evidence:fixity:held"
    FIXITY_REPAIRED = "evidence:fixity:repaired"
    RECEIPT_UNBACKED = "evidence:receipt:unbacked"
    LOG_PARTED = "log:history:parted"
    HOLD_PLACED = "evidence:hold:placed"
    HOLD_LIFTED = "evidence:hold:lifted"
    DISPOSED = "evidence:bytes:disposed"
    DISPOSAL_STRUCK = "evidence:disposal:struck"
    DISPOSAL_REHEARSED = "disposal:list:rehearsed"
    DISPOSAL_CONFIRMED = "disposal:list:confirmed"
    DISPOSAL_WITHDRAWN = "disposal:list:withdrawn"
    PHONE_REVOKED = "agency:phone:revoked"
    LOG_KEY_INTRODUCED = "log:key:introduced"
    PERSON_ERASED = "log:person:erased"


async def tell(
    db: Connection,
    event: Event,
    at: datetime,
    *,
    evidence_id: UUID | None,
    actor_id: UUID | None,
    phone_id: UUID | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Writes an entry in the caller's transaction."""
    await db.execute(
        """
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        values ($1, $2, $3, $4, $5, $6)
        """,
        evidence_id,
        event,
        actor_id,
        phone_id,
        at,
        details or {},
    )


async def tell_all(
    db: Connection,
    event: Event,
    at: datetime,
    *,
    actor_id: UUID | None,
    phone_id: UUID | None = None,
    details: Sequence[dict[str, Any]],
) -> None:
    """An entry for each, in the caller's transaction; none of them about a single piece of evidence."""
    await db.execute(
        """
        insert into custody_entry (event, actor_id, phone_id, at, details)
        select $1::text, $2::uuid, $3::uuid, $4::timestamptz, details
          from unnest($5::jsonb[]) with ordinality as told (details, number)
         order by number
        """,
        event,
        actor_id,
        phone_id,
        at,
        list(details),
    )


async def tell_each(
    db: Connection,
    event: Event,
    at: datetime,
    evidence_ids: Sequence[UUID],
    details: dict[str, Any],
    *,
    actor_id: UUID | None = None,
) -> None:
    """The same of each piece of evidence, in the caller's transaction; by nobody where no actor is given."""
    await db.execute(
        """
        insert into custody_entry (evidence_id, event, actor_id, at, details)
        select evidence_id, $1::text, $5::uuid, $2::timestamptz, $3::jsonb
          from unnest($4::uuid[]) with ordinality as told (evidence_id, number)
         order by number
        """,
        event,
        at,
        details,
        list(evidence_ids),
        actor_id,
    )
