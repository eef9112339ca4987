"""After a loss: what phones hold receipts for, and what of it they are asked to send again."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from evidence import queries, signing, upload_state
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import Courier, Evidence
from foundation.database import Connection

MOST_OFFERED = 200


class Again(StrEnum):
    """From where on a phone begins again with a piece of evidence."""

    COMMITMENT = "COMMITMENT"
    BYTES = "BYTES"


class Offered(NamedTuple):
    """`receipt` is the newest that the phone holds, 1 or 2."""

    evidence_id: UUID
    sha256: bytes
    receipt: str


class _Receipt(msgspec.Struct):
    receipt: str
    evidence_id: UUID
    sha256: str
    at: datetime


async def call(db: Connection) -> UUID | None:
    """Since which loss phones are asked to offer; None where nothing was ever lost."""
    return await queries.latest_call(db)


async def weigh_offer(custodian: Custodian, offered: Sequence[Offered], courier: Courier) -> dict[UUID, Again]:
    """What is wanted again. What the courier may not carry, and what is whole, is not in the answer.

    A receipt 2 of ours that no bytes stand behind is told in the custody chain, once.
    """
    wanted: dict[UUID, Again] = {}
    async with custodian.database.transaction() as db:
        known = await queries.backing_of(db, [one.evidence_id for one in offered])
        for one in offered:
            backing = known.get(one.evidence_id)
            if backing is not None and not _may_bring(backing.evidence, one, courier):
                continue
            if backing is not None and backing.whole:
                continue
            wanted[one.evidence_id] = Again.COMMITMENT if backing is None else Again.BYTES
            if backing is not None and backing.received:
                # the upload that was whole once, and would be answered with its receipt
                await upload_state.remove(db, one.evidence_id)
            if (receipt := _ours(custodian, one)) is not None:
                await _tell_once(db, custodian.clock.now(), one, receipt, courier, known=backing is not None)
    return wanted


def _may_bring(evidence: Evidence, one: Offered, courier: Courier) -> bool:
    return evidence.sha256 == one.sha256 and courier.may_carry(evidence)


def _ours(custodian: Custodian, one: Offered) -> _Receipt | None:
    """A receipt 2 that this server signed for these bytes."""
    try:
        said = msgspec.json.decode(custodian.signer.signed(one.receipt, signing.RECEIPT_TYPE), type=_Receipt)
    except (signing.Unsigned, msgspec.DecodeError):
        return None
    fits = (said.receipt, said.evidence_id, said.sha256) == ("SAFE_TO_WIPE", one.evidence_id, one.sha256.hex())
    return said if fits else None


async def _tell_once(
    db: Connection, now: datetime, one: Offered, receipt: _Receipt, courier: Courier, *, known: bool
) -> None:
    if await queries.unbacked_told(db, one.evidence_id, receipt.at):
        return
    await tell(
        db, Event.RECEIPT_UNBACKED, now, evidence_id=one.evidence_id if known else None, **courier.as_actor(),
        details={"evidence_id": one.evidence_id, "sha256": one.sha256.hex(), "receipt_at": receipt.at},
    )  # fmt: skip
