"""Bytes come in, over as many requests as the network allows, and become one locked object that is judged at once.

The protocol around it (tus) is mobile_api's; here is what makes it safe: an upload belongs to whoever raised its epoch
last, its offset moves only together with the bytes behind it, and nothing is acknowledged that is not durable.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from evidence import queries, upload_state
from evidence.admission import Judged, judged
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.fixity import mending
from evidence.model import Courier, Evidence
from evidence.problems import (
    DigestMismatch,
    LengthDiffers,
    NoSuchUpload,
    NotCommitted,
    NotYetReceived,
    TakenOver,
)
from evidence.upload_finish import finish_parts, finish_small
from evidence.upload_repetition import why_not
from evidence.upload_state import Upload
from evidence.upload_writer import PART_BYTES, Checksum, Writer
from foundation.database import Connection
from foundation.object_store import MOST_PARTS, key_of

log = structlog.get_logger("plumbline")


class Progress(NamedTuple):
    """How far the transfer has come; `judged` once it is whole."""

    evidence: Evidence
    offset: int
    expires_at: datetime
    judged: Judged | None


async def begin(custodian: Custodian, evidence_id: UUID, length: int, courier: Courier) -> Progress:
    """Opens the upload of committed evidence, or finds the one that stands. Raises NotCommitted, LengthDiffers."""
    evidence, upload = await _begun(custodian, evidence_id, length, courier)
    if upload is None:
        return await progress(custodian, evidence_id, courier)
    return Progress(evidence, upload.at, upload.expires_at, None)


async def begin_with(
    custodian: Custodian,
    evidence_id: UUID,
    length: int,
    stream: AsyncIterator[bytes],
    courier: Courier,
    checksum: Checksum | None = None,
) -> Progress:
    """Opens the upload with its first bytes, as `begin` and then `append` would. Where one stands, nothing is read."""
    evidence, upload = await _begun(custodian, evidence_id, length, courier)
    if upload is None:
        return await progress(custodian, evidence_id, courier)
    return await _write(custodian, evidence, upload, stream, courier, checksum)


async def progress(custodian: Custodian, evidence_id: UUID, courier: Courier) -> Progress:
    """How far the upload has come. Whoever was writing loses the right to: the asker is about to continue.

    Raises NotCommitted, NoSuchUpload.
    """
    async with custodian.database.connection() as db:
        evidence = await committed(db, evidence_id, courier)
        upload = await upload_state.take_over(db, evidence_id)
        if upload is None:
            raise NoSuchUpload
        received = upload.at == evidence.size and await queries.was_received(db, evidence_id)
        received = received and not await mending.is_lost(custodian, evidence.sha256)
        done = await judged(db, evidence_id) if received else None
    return Progress(evidence, upload.at, upload.expires_at, done)


async def append(
    custodian: Custodian,
    evidence_id: UUID,
    offset: int,
    stream: AsyncIterator[bytes],
    courier: Courier,
    checksum: Checksum | None = None,
) -> Progress:
    """Takes bytes from `offset` on. With the last one the file is compared with its commitment, locked and judged.

    When the stream breaks off (it raises), what came is kept and the exception goes on. With a checksum all of
    the request's bytes are taken, or none.
    Raises NotCommitted, NoSuchUpload, OffsetDiffers, RangeDiffers, TakenOver, LongerThanCommitted, ChecksumMismatch,
    DigestMismatch, TryLater.
    """
    async with custodian.database.connection() as db:
        evidence = await committed(db, evidence_id, courier)
        upload = await upload_state.take_over(db, evidence_id, offset)
    if upload is None:
        raise await why_not(custodian, evidence, offset, stream, courier)
    return await _write(custodian, evidence, upload, stream, courier, checksum)


async def terminate(custodian: Custodian, evidence_id: UUID, courier: Courier) -> None:
    """Ends a transfer that is not whole; the commitment stays. Raises NoSuchUpload, also for one that was received."""
    async with custodian.database.transaction() as db:
        evidence = await committed(db, evidence_id, courier)
        if await queries.was_received(db, evidence_id):
            raise NoSuchUpload
        upload = await upload_state.remove(db, evidence_id)
        if upload is None:
            raise NoSuchUpload
        await tell(
            db, Event.UPLOAD_TERMINATED, custodian.clock.now(), evidence_id=evidence_id, **courier.as_actor(),
            details={"at": upload.at},
        )  # fmt: skip
    custodian.digests.forget(evidence_id)
    if upload.multipart_id:
        await custodian.store.abort_parts(key_of(evidence.sha256), upload.multipart_id)


async def settle(custodian: Custodian, evidence_id: UUID, courier: Courier) -> Judged:
    """The verdict, if the bytes are here; finishes what a crash left between the last byte and the verdict.

    Raises NotCommitted, NotYetReceived, DigestMismatch, TryLater.
    """
    async with custodian.database.connection() as db:
        evidence = await committed(db, evidence_id, courier)
        upload = await upload_state.look(db, evidence_id)
        if await mending.is_lost(custodian, evidence.sha256):
            if upload is None or upload.at < evidence.size:
                raise NotYetReceived
        elif upload is None or upload.at < evidence.size or await queries.was_received(db, evidence_id):
            return await judged(db, evidence_id)
        upload = await upload_state.take_over(db, evidence_id, evidence.size)
    if upload is None:
        raise TakenOver
    try:
        return await finish_parts(custodian, evidence, upload, courier)
    except NoSuchUpload as gone:
        raise NotYetReceived from gone


async def finish_left_over(custodian: Custodian, most: int = 100) -> int:
    """Finishes uploads whose last byte is safe but that a crash kept from being judged; returns how many."""
    async with custodian.database.connection() as db:
        left_over = await upload_state.left_over(db, most)
    for evidence_id, courier in left_over:
        try:
            await settle(custodian, evidence_id, courier)
        except (DigestMismatch, TakenOver, NotYetReceived):
            pass  # told already, or somebody else is at it
        except Exception as error:  # noqa: BLE001 - one that cannot be finished must not keep the others waiting
            log.warning("an upload could not be finished", evidence_id=str(evidence_id), error=repr(error))
    return len(left_over)


async def drop_expired(custodian: Custodian, most: int = 100) -> int:
    """Ends uploads past their time; returns how many. Those that were received only lose their offset."""
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        candidates = await upload_state.expired(db, now, most)
    for evidence_id in candidates:
        async with custodian.database.transaction() as db:
            received = await queries.was_received(db, evidence_id)
            upload = await upload_state.remove(db, evidence_id, expired_at=now)
            if upload is None:  # it was continued meanwhile
                continue
            evidence = await committed(db, evidence_id)
            if not received:
                details = {"at": upload.at}
                await tell(db, Event.UPLOAD_EXPIRED, now, evidence_id=evidence_id, actor_id=None, details=details)
        if upload.multipart_id and not received:
            await custodian.store.abort_parts(key_of(evidence.sha256), upload.multipart_id)
    return len(candidates)


async def _begun(
    custodian: Custodian, evidence_id: UUID, length: int, courier: Courier
) -> tuple[Evidence, Upload | None]:
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        evidence = await committed(db, evidence_id, courier)
        if length != evidence.size:
            raise LengthDiffers(field="Upload-Length", committed=evidence.size, announced=length)
        return evidence, await upload_state.begin(db, evidence_id, courier, now, now + custodian.upload_expiry)


async def _write(
    custodian: Custodian,
    evidence: Evidence,
    upload: Upload,
    stream: AsyncIterator[bytes],
    courier: Courier,
    checksum: Checksum | None,
) -> Progress:
    """The holder of the epoch takes what the stream brings."""
    if upload.part + evidence.size // PART_BYTES > MOST_PARTS:  # only a client that restarts for ever gets here
        await terminate(custodian, evidence.id, courier)
        raise NoSuchUpload
    if upload.at == evidence.size:
        done = await finish_parts(custodian, evidence, upload, courier)
        return Progress(evidence, evidence.size, upload.expires_at, done)
    writer = await Writer.open(custodian, evidence, upload, checksum)
    try:
        async for chunk in stream:
            await writer.write(chunk)
    except Exception:
        await writer.keep()
        raise
    written = await writer.end()
    if not written.whole:
        return Progress(evidence, written.upload.at, written.upload.expires_at, None)
    if written.body is None:
        done = await finish_parts(custodian, evidence, written.upload, courier)
    else:
        done = await finish_small(custodian, evidence, written.upload, courier, written.body)
    return Progress(evidence, evidence.size, written.upload.expires_at, done)


async def committed(db: Connection, evidence_id: UUID, courier: Courier | None = None) -> Evidence:
    """The evidence; a courier must be of its unit or its officer, anybody else learns nothing."""
    evidence = await queries.evidence_by_id(db, evidence_id)
    if evidence is None or (courier is not None and not courier.may_carry(evidence)):
        raise NotCommitted(field="evidence_id")
    return evidence
