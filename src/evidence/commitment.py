"""A phone commits to evidence: hash, size and capture facts, signed, before any byte travels."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from agency.queries import signatory
from evidence import queries, signing
from evidence.capture_time import derived
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import Commitment, Courier, Facts
from evidence.problems import CaptureTimeReversed, CommitmentConflicts, CommitmentNotSigned, UploadTooLarge
from foundation.http import checked_instant
from foundation.misfit import not_decoded
from foundation.problem import Spoken

WIDEST_CAPTURE = timedelta(days=2)
"""A wider claim says no more about when something was captured than the day it was handed in (design decision).
What is derived from readings of a clock may be wider: there a month means that the phone was offline for a month."""


class Acknowledged(NamedTuple):
    """The signed acknowledgement; `first` is False when the same commitment had been made before."""

    evidence_id: UUID
    receipt: str
    first: bool


async def commit(custodian: Custodian, jws: str, courier: Courier) -> Acknowledged:
    """Records the commitment once, however often it is sent, and acknowledges it.

    One that a revoked phone signed is recorded like any other: whether it may count is for its verdict to say.
    Raises CommitmentNotSigned, Malformed (a field of the payload), CaptureTimeReversed, ClockReadingsRefused,
    UploadTooLarge, and
    CommitmentConflicts after the conflict itself has been recorded.
    """
    now = custodian.clock.now()
    commitment = await _checked(custodian, jws, now)
    if courier.own_only and commitment.phone_id != courier.phone_id:
        raise CommitmentNotSigned(field="jws", why=Spoken("commitment.not-its-own"))
    facts = commitment.facts
    receipt = custodian.signer.sign(signing.receipt_of_commitment(facts, commitment.officer_id, now))
    async with custodian.database.connection() as db:
        if await queries.add_commitment(db, commitment, courier, receipt, now):
            return Acknowledged(facts.evidence_id, receipt, first=True)
        standing = await queries.evidence_by_id(db, facts.evidence_id)
        if standing is not None and standing.facts == facts and standing.phone_id == commitment.phone_id:
            return Acknowledged(
                facts.evidence_id, await queries.receipt_of(db, facts.evidence_id, "COMMITTED"), first=False
            )
        await tell(
            db,
            Event.COMMITMENT_CONFLICTED,
            now,
            evidence_id=facts.evidence_id,
            actor_id=courier.person_id,
            phone_id=courier.phone_id,
            details={"commitment": jws},
        )
    raise CommitmentConflicts(evidence_id=facts.evidence_id)


async def _checked(custodian: Custodian, jws: str, now: datetime) -> Commitment:
    try:
        phone_id = signing.key_id_of(jws)
        async with custodian.database.connection() as db:
            phone = await signatory(db, phone_id)
        if phone is None:
            raise signing.Unsigned("commitment.phone")
        facts = signing.facts_signed_by(jws, phone.algorithm, phone.public_key)
    except signing.Unsigned as why:
        raise CommitmentNotSigned(field="jws", why=Spoken(str(why))) from why
    except msgspec.DecodeError as error:
        raise not_decoded(error) from error
    if facts.size > custodian.largest_upload:
        raise UploadTooLarge(field="size", most=custodian.largest_upload)
    captured = _claimed(facts)
    if facts.clock is not None:
        captured = derived(custodian.signer, facts.clock, phone.phone_id, first_heard=now)
    return Commitment(
        facts, *captured, jws, phone.algorithm, phone.person_id, phone.phone_id, phone.unit_id, phone.enrolled_at
    )


def _claimed(facts: Facts) -> tuple[datetime, datetime]:
    """The interval by the phone's wall clock. Where a monotonic one tells better, even a jump of it is no reason."""
    earliest = checked_instant("captured_earliest", facts.captured_earliest)
    latest = checked_instant("captured_latest", facts.captured_latest)
    if facts.clock is None and earliest > latest:
        raise CaptureTimeReversed(field="captured_latest")
    if facts.clock is None and latest - earliest > WIDEST_CAPTURE:
        raise CaptureTimeReversed(field="captured_earliest")
    return earliest, latest
