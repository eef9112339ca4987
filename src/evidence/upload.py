"""Bytes come in, over as many requests as the network allows, and become one locked object that is judged at once.

The protocol around it (tus) is mobile_api's; here is what makes it safe: an upload belongs to whoever raised its epoch
last, its offset moves only together with the bytes behind it, and nothing is acknowledged that is not durable.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from anyio import to_thread

from evidence import queries, upload_state
from evidence.admission import Judged, admit, judged
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.media_type import HEAD_BYTES, media_type_of
from evidence.model import Courier, Evidence, StoredObject
from evidence.problems import (
    ChecksumMismatch,
    DigestMismatch,
    LengthDiffers,
    LongerThanCommitted,
    NoSuchUpload,
    NotCommitted,
    NotYetReceived,
    OffsetDiffers,
    RangeDiffers,
    TakenOver,
)
from evidence.store import LEAST_PART_BYTES, MOST_PARTS, ObjectStore
from evidence.upload_state import Upload
from foundation.database import Connection

if TYPE_CHECKING:
    from hashlib import _Hash

PART_BYTES = 8 << 20
"""How much of an upload one request holds in memory at most, and the size of a part in the object store.

Files up to this size become one object in one request. S3 wants 5 MiB at least; 8 MiB is what tus clients are told
to send at a time, so that one request is one part.
"""

LARGEST_PICTURE_BYTES = 64 << 20
"""Larger pictures are kept, but not opened. A 200-megapixel HEIC is about 30 MB."""


class Checksum(NamedTuple):
    """What one request announces about its own bytes (tus checksum extension)."""

    algorithm: str
    digest: bytes


class Progress(NamedTuple):
    """How far the transfer has come; `judged` once it is whole."""

    evidence: Evidence
    offset: int
    expires_at: datetime
    judged: Judged | None


async def begin(custodian: Custodian, evidence_id: UUID, length: int, courier: Courier) -> Progress:
    """Opens the upload of committed evidence, or finds the one that stands. Raises NotCommitted, LengthDiffers."""
    now = custodian.clock.now()
    expires_at = now + custodian.upload_expiry
    async with custodian.database.transaction() as db:
        evidence = await _committed(db, evidence_id, courier)
        if length != evidence.size:
            raise LengthDiffers(field="Upload-Length", committed=evidence.size, announced=length)
        if await upload_state.begin(db, evidence, courier, now, expires_at):
            await tell(db, Event.UPLOAD_BEGUN, now, evidence_id=evidence_id, **courier.as_actor())
            return Progress(evidence, 0, expires_at, None)
    return await progress(custodian, evidence_id, courier)


async def progress(custodian: Custodian, evidence_id: UUID, courier: Courier) -> Progress:
    """How far the upload has come. Whoever was writing loses the right to: the asker is about to continue.

    Raises NotCommitted, NoSuchUpload.
    """
    async with custodian.database.connection() as db:
        evidence = await _committed(db, evidence_id, courier)
        upload = await upload_state.take_over(db, evidence_id)
        if upload is None:
            raise NoSuchUpload
        received = upload.at == evidence.size and await queries.was_received(db, evidence_id)
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
        evidence = await _committed(db, evidence_id, courier)
        upload = await upload_state.take_over(db, evidence_id, offset)
    if upload is None:
        raise await _why_not(custodian, evidence, offset, stream, courier)
    if upload.part + evidence.size // PART_BYTES > MOST_PARTS:  # only a client that restarts for ever gets here
        await terminate(custodian, evidence_id, courier)
        raise NoSuchUpload
    if upload.at == evidence.size:
        return await _finish(custodian, evidence, upload, courier)
    writer = await _Writer.open(custodian, evidence, upload, courier, checksum)
    try:
        async for chunk in stream:
            await writer.write(chunk)
    except Exception:
        await writer.keep()
        raise
    return await writer.end()


async def terminate(custodian: Custodian, evidence_id: UUID, courier: Courier) -> None:
    """Ends a transfer that is not whole; the commitment stays. Raises NoSuchUpload, also for one that was received."""
    async with custodian.database.transaction() as db:
        evidence = await _committed(db, evidence_id, courier)
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
        await custodian.store.abort_parts(evidence.sha256, upload.multipart_id)


async def settle(custodian: Custodian, evidence_id: UUID, courier: Courier) -> Judged:
    """The verdict, if the bytes are here; finishes what a crash left between the last byte and the verdict.

    Raises NotCommitted, NotYetReceived, DigestMismatch, TryLater.
    """
    async with custodian.database.connection() as db:
        evidence = await _committed(db, evidence_id, courier)
        upload = await upload_state.look(db, evidence_id)
        if upload is None or upload.at < evidence.size or await queries.was_received(db, evidence_id):
            return await judged(db, evidence_id)
        upload = await upload_state.take_over(db, evidence_id, evidence.size)
    if upload is None:
        raise TakenOver
    done = (await _finish(custodian, evidence, upload, courier)).judged
    assert done is not None
    return done


async def finish_left_over(custodian: Custodian, most: int = 100) -> int:
    """Finishes uploads whose last byte is safe, but that a crash kept from being judged; returns how many there were."""
    async with custodian.database.connection() as db:
        left_over = await upload_state.left_over(db, most)
    for evidence_id, courier in left_over:
        with suppress(DigestMismatch, TakenOver, NotYetReceived):
            await settle(custodian, evidence_id, courier)
    return len(left_over)


async def drop_expired(custodian: Custodian, most: int = 100) -> int:
    """Ends uploads past their time; returns how many. Those that were received only lose their offset."""
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        candidates = await upload_state.expired(db, now, most)
    for evidence_id in candidates:
        async with custodian.database.transaction() as db:
            received = await queries.was_received(db, evidence_id)
            upload = await upload_state.remove(db, evidence_id)
            if upload is None:
                continue
            evidence = await _committed(db, evidence_id)
            if not received:
                details = {"at": upload.at}
                await tell(db, Event.UPLOAD_EXPIRED, now, evidence_id=evidence_id, actor_id=None, details=details)
        if upload.multipart_id and not received:
            await custodian.store.abort_parts(evidence.sha256, upload.multipart_id)
    return len(candidates)


class _Writer:
    """One request's bytes on their way: gathered to whole parts, then made durable step by step."""

    def __init__(
        self, custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, checksum: Checksum | None, kept: bytes
    ) -> None:
        self._custodian, self._evidence, self._upload, self._courier = custodian, evidence, upload, courier
        self._checksum = checksum
        self._announced = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._running = custodian.digests.at(evidence.id, upload.at)
        self._single = evidence.size <= PART_BYTES
        self._multipart_id, self._parts = upload.multipart_id, list(upload.parts)
        self._kept = kept
        self._fresh: list[bytes] = []
        self._fresh_bytes = 0
        self._at = upload.at
        self._ranges: list[tuple[int, int, bytes]] = []
        self._refused = False

    @classmethod
    async def open(
        cls, custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, checksum: Checksum | None
    ) -> "_Writer":
        kept = b""
        if upload.at:
            async with custodian.database.connection() as db:
                kept = await upload_state.pieces(db, evidence.id)
        return cls(custodian, evidence, upload, courier, checksum, kept)

    async def write(self, chunk: bytes) -> None:
        self._fresh.append(chunk)
        self._fresh_bytes += len(chunk)
        if self._at + self._fresh_bytes > self._evidence.size:
            self._refused = True
            raise LongerThanCommitted(committed=self._evidence.size)
        if self._announced is not None:
            self._announced.update(chunk)
        if not self._single and len(self._kept) + self._fresh_bytes >= PART_BYTES:
            await self._send_part()
            if self._checksum is None:
                await self._advance(None)

    async def keep(self) -> None:
        """The stream broke off: make durable what came. Not with a checksum: then it is all of the request or nothing."""
        if self._checksum is None and not self._refused and self._fresh_bytes:
            await self._keep_piece()

    async def end(self) -> Progress:
        if self._checksum and self._announced and self._announced.digest() != self._checksum.digest:
            raise ChecksumMismatch(algorithm=self._checksum.algorithm)
        whole = self._at + self._fresh_bytes == self._evidence.size
        if whole and self._single:
            body = b"".join((self._kept, *self._fresh))
            return await _finish_single(self._custodian, self._evidence, self._upload, self._courier, body)
        gathered = len(self._kept) + self._fresh_bytes
        if self._fresh_bytes and not self._single and (whole or gathered >= LEAST_PART_BYTES):
            await self._send_part()
        if self._fresh_bytes:
            await self._keep_piece()
        elif self._at > self._upload.at:
            await self._advance(None)
        if whole:
            return await _finish(self._custodian, self._evidence, self._upload, self._courier)
        return Progress(self._evidence, self._upload.at, self._upload.expires_at, None)

    async def _send_part(self) -> None:
        """Gives what is gathered to the object store; the row does not know of it yet."""
        store, sha256 = self._custodian.store, self._evidence.sha256
        if self._multipart_id is None:
            self._multipart_id = await store.begin_parts(sha256)
        if self._parts and self._parts[-1].number == self._upload.part:
            async with self._custodian.database.connection() as db:
                reserved = await upload_state.reserve(db, self._upload, self._multipart_id)
            if reserved is None:
                raise self._overtaken()
            self._upload = self._upload._replace(part=reserved.part)
        body = b"".join((self._kept, *self._fresh))
        self._parts.append(await store.put_part(sha256, self._multipart_id, self._upload.part, body))
        await self._pass(memoryview(body)[len(self._kept) :])
        self._kept = b""

    async def _keep_piece(self) -> None:
        begins, body = self._at, b"".join(self._fresh)
        await self._pass(body)
        await self._advance((begins, body))

    async def _pass(self, body: bytes | memoryview) -> None:
        """These bytes are dealt with: they go into the digests and leave the memory."""
        digest = await to_thread.run_sync(_digests, body, self._running)
        self._ranges.append((self._at, self._at + len(body), digest))
        self._at += len(body)
        self._fresh, self._fresh_bytes = [], 0

    async def _advance(self, piece: tuple[int, bytes] | None) -> None:
        """The offset moves, together with the bytes behind it."""
        custodian = self._custodian
        async with custodian.database.connection() as db:
            advanced = await upload_state.advance(
                db,
                self._upload,
                self._at,
                multipart_id=self._multipart_id,
                parts=self._parts,
                piece=piece,
                ranges=self._ranges,
                expires_at=custodian.clock.now() + custodian.upload_expiry,
            )
        if advanced is None:
            raise self._overtaken()
        self._upload, self._ranges = advanced, []
        if piece is not None:
            self._kept += piece[1]
        if self._running is not None:
            custodian.digests.keep(self._evidence.id, self._at, self._running.copy())

    def _overtaken(self) -> TakenOver:
        self._refused = True
        return TakenOver()


def _digests(body: bytes | memoryview, running: "_Hash | None") -> bytes:
    """The SHA-256 of these bytes, which also go into the running one. In a thread: 8 MiB take 6 ms each."""
    if running is not None:
        running.update(body)
    return hashlib.sha256(body).digest()


async def _finish_single(
    custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, whole: bytes
) -> Progress:
    digest = await to_thread.run_sync(_digests, whole, None)
    if digest != evidence.sha256:
        raise await _mismatch(custodian, evidence, upload, courier, digest)
    until = custodian.clock.now() + custodian.retention
    stored = await custodian.store.put_locked(evidence.sha256, whole, until)
    return await _judge(custodian, evidence, stored, courier, whole[:HEAD_BYTES], whole)


async def _finish(custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier) -> Progress:
    """All parts are with the object store: make them one object, compare, lock, judge. Each step may be repeated."""
    async with custodian.database.connection() as db:
        if await queries.was_received(db, evidence.id):
            return Progress(evidence, evidence.size, upload.expires_at, await judged(db, evidence.id))
    running = custodian.digests.at(evidence.id, evidence.size)
    if running is not None and running.digest() != evidence.sha256:
        raise await _mismatch(custodian, evidence, upload, courier, running.digest())
    ours = upload.multipart_id is not None and await custodian.store.complete_parts(
        evidence.sha256, upload.multipart_id, upload.parts
    )
    until = custodian.clock.now() + custodian.retention
    verified = ours and running is not None
    stored = await custodian.store.adopt(evidence.sha256, evidence.size, until, verified=verified)
    if stored is None:
        raise await _mismatch(custodian, evidence, upload, courier, None)
    head, whole = await _read_for_examination(custodian.store, stored)
    return await _judge(custodian, evidence, stored, courier, head, whole)


async def _judge(
    custodian: Custodian, evidence: Evidence, stored: StoredObject, courier: Courier, head: bytes, whole: bytes | None
) -> Progress:
    content = await custodian.examiner.examine(head, whole, evidence.size)
    done = await admit(custodian, evidence, stored, content, courier)
    custodian.digests.forget(evidence.id)
    return Progress(evidence, evidence.size, custodian.clock.now() + custodian.upload_expiry, done)


async def _read_for_examination(store: ObjectStore, stored: StoredObject) -> tuple[bytes, bytes | None]:
    """The first bytes, and all of them where they are a picture that will be opened."""
    head = b"".join([chunk async for chunk in store.read(stored.key, stored.version_id, HEAD_BYTES)])
    if not media_type_of(head).startswith("image/") or stored.size > LARGEST_PICTURE_BYTES:
        return head, None
    return head, b"".join([chunk async for chunk in store.read(stored.key, stored.version_id)])


async def _mismatch(
    custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, digest: bytes | None
) -> DigestMismatch | TakenOver:
    """Tells the custody chain that other bytes came than were committed, and lets the transfer begin anew."""
    async with custodian.database.transaction() as db:
        if await upload_state.remove(db, evidence.id, upload.epoch) is None:
            return TakenOver()
        await tell(
            db,
            Event.DIGEST_MISMATCHED,
            custodian.clock.now(),
            evidence_id=evidence.id,
            **courier.as_actor(),
            details={"committed": evidence.sha256.hex(), "received": digest.hex() if digest else None},
        )
    custodian.digests.forget(evidence.id)
    if upload.multipart_id:
        await custodian.store.abort_parts(evidence.sha256, upload.multipart_id)
    return DigestMismatch(committed=evidence.sha256.hex())


async def _why_not(
    custodian: Custodian, evidence: Evidence, offset: int, stream: AsyncIterator[bytes], courier: Courier
) -> NoSuchUpload | OffsetDiffers | RangeDiffers:
    """Bytes that cannot be appended. Where they repeat what came before, they are compared with it."""
    async with custodian.database.connection() as db:
        upload = await upload_state.look(db, evidence.id)
        if upload is None:
            return NoSuchUpload()
        ranges = await upload_state.ranges_from(db, evidence.id, offset) if offset < upload.at else []
    if await _differs(ranges, stream):
        async with custodian.database.connection() as db:
            await tell(
                db,
                Event.RANGE_DIFFERED,
                custodian.clock.now(),
                evidence_id=evidence.id,
                **courier.as_actor(),
                details={"offset": offset},
            )
        return RangeDiffers(offset=offset)
    return OffsetDiffers(field="Upload-Offset", at=upload.at, given=offset, headers={"Upload-Offset": str(upload.at)})


async def _differs(ranges: list[tuple[int, int, bytes]], stream: AsyncIterator[bytes]) -> bool:
    """Whether a stream that begins where `ranges` do says anything else than they did, as far as both reach."""
    left = [(ends - begins, digest) for begins, ends, digest in ranges]
    running = hashlib.sha256()
    missing = left[0][0] if left else 0
    async for chunk in stream:
        while chunk and left:
            running.update(chunk[:missing])
            chunk, missing = chunk[missing:], missing - min(missing, len(chunk))  # noqa: PLW2901
            if missing == 0:
                if running.digest() != left.pop(0)[1]:
                    return True
                running, missing = hashlib.sha256(), left[0][0] if left else 0
        if not left:
            return False
    return False


async def _committed(db: Connection, evidence_id: UUID, courier: Courier | None = None) -> Evidence:
    """The evidence; a courier must be of its unit or its officer, anybody else learns nothing."""
    evidence = await queries.evidence_by_id(db, evidence_id)
    if evidence is None or (courier is not None and not courier.may_carry(evidence)):
        raise NotCommitted(field="evidence_id")
    return evidence
