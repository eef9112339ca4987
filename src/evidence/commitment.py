"""A phone commits to evidence: hash, size and capture facts, signed, before any byte travels."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from agency.queries import signatory
from evidence import queries, signing
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import Commitment, Courier, Facts
from evidence.problems import CaptureTimeReversed, CommitmentConflicts, CommitmentNotSigned, UploadTooLarge
from foundation.http import checked_instant
from foundation.misfit import not_decoded
from foundation.problem import Spoken

WIDEST_CAPTURE = timedelta(days=2)
"""A wider interval says no more about when something was captured than the day it was handed in (design decision)."""


class Acknowledged(NamedTuple):
    """The signed acknowledgement; `first` is False when the same commitment had been made before."""

    evidence_id: UUID
    receipt: str
    first: bool


async def commit(custodian: Custodian, jws: str, courier: Courier) -> Acknowledged:
    """Records the commitment once, however often it is sent, and acknowledges it.

    Raises CommitmentNotSigned, Malformed (a field of the payload), CaptureTimeReversed, UploadTooLarge, and
    CommitmentConflicts after the conflict itself has been recorded.
    """
    commitment = await _checked(custodian, jws)
    facts = commitment.facts
    now = custodian.clock.now()
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


async def _checked(custodian: Custodian, jws: str) -> Commitment:
    try:
        phone_id = signing.key_id_of(jws)
        async with custodian.database.connection() as db:
            phone = await signatory(db, phone_id)
        if phone is None:
            raise signing.Unsigned("commitment.phone")
        if phone.revoked_at is not None and phone.revoked_at <= custodian.clock.now():
            raise signing.Unsigned("commitment.revoked")
        facts = signing.facts_signed_by(jws, phone.algorithm, phone.public_key)
    except signing.Unsigned as why:
        raise CommitmentNotSigned(field="jws", why=Spoken(str(why))) from why
    except msgspec.DecodeError as error:
        raise not_decoded(error) from error
    _check(facts, custodian.largest_upload)
    return Commitment(facts, jws, phone.algorithm, phone.person_id, phone.phone_id, phone.unit_id, phone.enrolled_at)


def _check(facts: Facts, largest: int) -> None:
    checked_instant("captured_earliest", facts.captured_earliest)
    checked_instant("captured_latest", facts.captured_latest)
    if facts.captured_earliest > facts.captured_latest:
        raise CaptureTimeReversed(field="captured_latest")
    if facts.captured_latest - facts.captured_earliest > WIDEST_CAPTURE:
        raise CaptureTimeReversed(field="captured_earliest")
    if facts.size > largest:
        raise UploadTooLarge(field="size", most=largest)
