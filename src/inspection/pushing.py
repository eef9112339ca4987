"""Operations arrive from a phone: in any order, any number of times, each answered by itself."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

import anyio
import msgspec

from agency.identifiers import credit_code
from agency.model import Signatory
from agency.queries import signatories
from device_registry.annual_report.problems import CreditCodeUnfit
from evidence.capture_time import derived
from evidence.custodian import Custodian
from evidence.custody import Event, tell, tell_all
from evidence.model import Courier
from evidence.signing import Signer, Unsigned, key_id_of, payload_signed_by
from foundation.database import Connection
from foundation.http import checked_instant
from foundation.misfit import not_decoded
from foundation.problem import Malformed, Problem, Spoken
from inspection import queries
from inspection.current import derive
from inspection.model import (
    DECODE_OPERATION,
    MAX_OPERATION_BYTES,
    Begun,
    Enterprise,
    Inspection,
    Operation,
    SignedOperation,
)
from inspection.problems import NotYourInspection, OperationConflicts, OperationNotSigned, OperationTimeReversed
from inspection.queries import Arrived, Known
from inspection.rules.revocation import told_after_revocation

OPERATION_TYPE = "plumbline-operation+jws"
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""In JSON. PostgreSQL keeps no text with one, and a stranger's QR code may say it."""


class Answer(NamedTuple):
    """What became of one operation. `id` is None where it could not even be read."""

    id: UUID | None
    result: Literal["RECORDED", "KNOWN", "REFUSED"]
    problem: Problem | None = None


async def push(custodian: Custodian, signed: Sequence[str], courier: Courier) -> list[Answer]:
    """Records what is new of a batch, in one transaction, and answers each in the order sent."""
    async with custodian.turns.batch(len(signed)):
        return await _pushed(custodian, signed, courier)


async def _pushed(custodian: Custodian, signed: Sequence[str], courier: Courier) -> list[Answer]:
    read = await _read(custodian, signed, courier)
    arrived = {one.operation.id: one for one in reversed(read) if isinstance(one, Arrived)}
    became: dict[UUID, Answer] = {}
    if arrived:
        async with custodian.database.transaction() as db:
            now = custodian.clock.now()
            became = await _record(db, list(arrived.values()), courier, now)
            for one in read:
                if isinstance(one, Arrived) and _differs(one, arrived, became):
                    await _tell_conflict(db, one, courier, now)
    answers = []
    for one in read:
        if isinstance(one, Problem):
            answers.append(Answer(None, "REFUSED", one))
        elif _differs(one, arrived, became):
            answers.append(Answer(one.operation.id, "REFUSED", OperationConflicts()))
        else:
            answers.append(became[one.operation.id])
    return answers


def _differs(one: Arrived, arrived: dict[UUID, Arrived], became: dict[UUID, Answer]) -> bool:
    """Whether another statement stands under its id in the same batch, one that may be told at all."""
    id_ = one.operation.id
    return arrived[id_].statement != one.statement and not isinstance(became[id_].problem, NotYourInspection)


async def _read(custodian: Custodian, signed: Sequence[str], courier: Courier) -> list[Arrived | Problem]:
    phone_ids = [_phone_of(one) for one in signed]
    async with custodian.database.connection() as db:
        phones = await signatories(db, {phone_id for phone_id in phone_ids if isinstance(phone_id, UUID)})

    def checked() -> list[Arrived | Problem]:
        now = custodian.clock.now()
        return [
            _checked(one, phone_id, phones, courier, custodian.signer, now)
            for one, phone_id in zip(signed, phone_ids, strict=True)
        ]

    return await anyio.to_thread.run_sync(checked)  # a signature costs a fifth of a millisecond


def _phone_of(signed: str) -> UUID | Problem:
    try:
        if len(signed) > MAX_OPERATION_BYTES:
            raise Unsigned("commitment.form")
        return key_id_of(signed)
    except Unsigned as why:
        return OperationNotSigned(field="operations", why=Spoken(str(why)))


def _checked(
    signed: str,
    phone_id: UUID | Problem,
    phones: dict[UUID, Signatory],
    courier: Courier,
    signer: Signer,
    now: datetime,
) -> Arrived | Problem:
    if isinstance(phone_id, Problem):
        return phone_id
    try:
        phone = phones.get(phone_id)
        if phone is None:
            raise Unsigned("commitment.phone")
        if courier.own_only and phone_id != courier.phone_id:
            raise Unsigned("commitment.not-its-own")
        payload = payload_signed_by(signed, OPERATION_TYPE, phone.algorithm, phone.public_key)
        told = DECODE_OPERATION.decode(payload)
        _check_keepable(told, payload)
        earliest, latest, by_clock = _told_between(told, phone.phone_id, signer, now)
    except Unsigned as why:
        return OperationNotSigned(field="operations", why=Spoken(str(why)))
    except msgspec.DecodeError as error:
        return not_decoded(error)
    except Problem as problem:
        return problem
    operation = Operation(
        id=told.id,
        inspection_id=told.inspection_id,
        author=phone.person_id,
        phone=phone.phone_id,
        replaces=frozenset(told.replaces),
        earliest=earliest,
        latest=latest,
        what=told.what,
    )
    return Arrived(operation, phone.unit_id, signed, sha256(payload).digest(), by_clock, phone.revoked_at)


def _check_keepable(told: SignedOperation, payload: bytes) -> None:
    """One that the database refuses would be refused with all that came with it. Raises Malformed, CreditCodeUnfit."""
    if b"\\u0000" in payload and NUL.search(payload):
        raise Malformed(field="what", what=Spoken("malformed.character"))
    if isinstance(told.what, Begun) and told.what.uscc and credit_code(told.what.uscc) != told.what.uscc:
        raise CreditCodeUnfit(field="what.uscc")


def _told_between(
    told: SignedOperation, phone_id: UUID, signer: Signer, now: datetime
) -> tuple[datetime, datetime, datetime | None]:
    """What the phone claims, within what its clock allows where it sends readings; and the latest by its clock alone.

    Nothing was told later than it came.

    Raises ClockReadingsRefused.
    """
    checked_instant("earliest", told.earliest)
    checked_instant("latest", told.latest)
    if told.earliest > told.latest:
        raise OperationTimeReversed(field="latest")
    if told.clock is None:
        return min(told.earliest, now), min(told.latest, now), None
    earliest, latest = derived(signer, told.clock, phone_id, now)
    if told.earliest > latest or told.latest < earliest:
        return earliest, latest, latest
    return max(earliest, told.earliest), min(latest, told.latest), latest


async def _record(db: Connection, arrived: Sequence[Arrived], courier: Courier, now: datetime) -> dict[UUID, Answer]:
    inspection_ids = {one.operation.inspection_id for one in arrived}
    await queries.one_by_one(db, inspection_ids)
    known = await queries.known(db, inspection_ids)
    known |= await _begun_on_the_spot(db, [one for one in arrived if one.operation.inspection_id not in known], now)
    taken = [one for one in arrived if _may_tell(one, known.get(one.operation.inspection_id))]
    new = await queries.add_operations(db, taken, courier, now) if taken else set()
    recorded = [one for one in taken if one.operation.id in new]
    kept = await queries.kept_as(db, {one.operation.id for one in taken} - new) if len(recorded) < len(taken) else {}
    await derive(db, {one.operation.inspection_id for one in recorded}, now)
    await _tell_custody(db, recorded, courier, now)
    answers = {one.operation.id: Answer(one.operation.id, "RECORDED") for one in recorded}
    for one in arrived:
        id_ = one.operation.id
        if id_ in new:
            continue
        if id_ not in kept:
            answers[id_] = Answer(id_, "REFUSED", NotYourInspection())
        elif kept[id_] == one.statement:
            answers[id_] = Answer(id_, "KNOWN")
        else:
            answers[id_] = Answer(id_, "REFUSED", OperationConflicts())
            await _tell_conflict(db, one, courier, now)
    return answers


def _may_tell(one: Arrived, known: Known | None) -> bool:
    """What comes before its inspection is known waits, and is looked at again once it is."""
    return known is None or known.takes(one)


async def _begun_on_the_spot(db: Connection, strange: Iterable[Arrived], now: datetime) -> dict[UUID, Known]:
    """Opens the inspections that phones made: the unit of the author who began each carries it out."""
    begun: dict[UUID, tuple[Arrived, Begun]] = {}
    for one in strange:
        if isinstance(one.operation.what, Begun):
            begun.setdefault(one.operation.inspection_id, (one, one.operation.what))
    if begun:
        kept = await queries.kept_as(db, [one.operation.id for one, _ in begun.values()])
        begun = {id_: (one, what) for id_, (one, what) in begun.items() if one.operation.id not in kept}
        opened = [(_made(one, what), one.operation.author) for one, what in begun.values()]
        await queries.open_inspections(db, opened, planned=False, now=now)
    return {id_: Known(one.author_unit, frozenset({one.operation.author})) for id_, (one, _) in begun.items()}


def _made(one: Arrived, begun: Begun) -> Inspection:
    return Inspection(
        id=one.operation.inspection_id,
        unit_id=one.author_unit,
        source=begun.source,
        title=begun.enterprise_name or "",
        enterprise=Enterprise(begun.uscc or "", begun.enterprise_name or "", begun.enterprise_address or ""),
        items=begun.items or [],
        checklist=begun.checklist or "",
        officers=[one.operation.author],
    )


async def _tell_custody(db: Connection, new: Sequence[Arrived], courier: Courier, now: datetime) -> None:
    """One entry an inspection and batch, with the digest of every operation, and what does not count."""
    of: dict[UUID, list[Arrived]] = defaultdict(list)
    for one in new:
        of[one.operation.inspection_id].append(one)
    told = [_received(id_, of[id_], courier, now) for id_ in sorted(of)]
    await tell_all(db, Event.OPERATIONS_RECEIVED, now, details=told, **courier.as_actor())


def _received(inspection_id: UUID, new: Sequence[Arrived], courier: Courier, now: datetime) -> dict[str, object]:
    details: dict[str, object] = {
        "inspection_id": inspection_id,
        "operations": {str(one.operation.id): one.sha256.hex() for one in new},
    }
    if late := [str(one.operation.id) for one in new if _after_revocation(one, now)]:
        details["after_revocation"] = late
    if courier.own_only:
        details["handed_in"] = True
    return details


def _after_revocation(one: Arrived, now: datetime) -> bool:
    return told_after_revocation(one.phone_revoked_at, now, one.latest_by_clock)


async def _tell_conflict(db: Connection, one: Arrived, courier: Courier, now: datetime) -> None:
    details = {"inspection_id": one.operation.inspection_id, "operation": one.jws}
    await tell(db, Event.OPERATION_CONFLICTED, now, evidence_id=None, details=details, **courier.as_actor())
