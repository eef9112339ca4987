"""One request's bytes on their way: gathered to whole parts, then made durable step by step."""

import asyncio
import hashlib
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from anyio import to_thread

from evidence import upload_state
from evidence.custodian import Custodian
from evidence.model import Evidence
from evidence.problems import ChecksumMismatch, LongerThanCommitted, TakenOver
from evidence.upload_state import Upload
from foundation.object_store import LEAST_PART_BYTES, key_of

if TYPE_CHECKING:
    from hashlib import _Hash

PART_BYTES = 8 << 20
"""How much of an upload one request holds in memory at most, and the size of a part in the object store.

Files up to this size become one object in one request. S3 wants 5 MiB at least; 8 MiB is what tus clients are told
to send at a time, so that one request is one part.
"""


class Checksum(NamedTuple):
    """What one request announces about its own bytes (tus checksum extension)."""

    algorithm: str
    digest: bytes


class Written(NamedTuple):
    """Where a request left the upload. `body` is the whole of a small file, which goes into the store as one object."""

    upload: Upload
    whole: bool
    body: bytes | None


class Writer:
    """The holder of an upload's epoch, for the length of one request."""

    def __init__(
        self,
        custodian: Custodian,
        evidence: Evidence,
        upload: Upload,
        checksum: Checksum | None,
        kept: bytes,
    ) -> None:
        self._custodian, self._evidence, self._upload = custodian, evidence, upload
        self._checksum = checksum
        self._announced = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._running = custodian.digests.of(upload)
        self._single = evidence.size <= PART_BYTES
        self._multipart_id, self._parts = upload.multipart_id, list(upload.parts)
        self._kept = kept
        self._fresh: list[bytes] = []
        self._fresh_bytes = 0
        self._at = upload.at
        self._ranges: list[tuple[int, int, int]] = []
        self._refused = False

    @classmethod
    async def open(
        cls, custodian: Custodian, evidence: Evidence, upload: Upload, checksum: Checksum | None
    ) -> "Writer":
        kept = b""
        if upload.at:
            async with custodian.database.connection() as db:
                kept = await upload_state.pieces(db, evidence.id)
        return cls(custodian, evidence, upload, checksum, kept)

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
        """The stream broke off: make durable what came. With a checksum it is all of the request or nothing."""
        if self._checksum is None and not self._refused and self._fresh_bytes:
            await self._keep_piece()

    async def end(self) -> "Written":
        """The stream ended well. Raises ChecksumMismatch, TakenOver, TryLater."""
        if self._checksum and self._announced and self._announced.digest() != self._checksum.digest:
            raise ChecksumMismatch(field="Upload-Checksum", algorithm=self._checksum.algorithm)
        whole = self._at + self._fresh_bytes == self._evidence.size
        if whole and self._single:
            body = b"".join((self._kept, *self._fresh))
            self._kept, self._fresh = b"", []  # once in memory is enough
            return Written(self._upload, whole, body)
        gathered = len(self._kept) + self._fresh_bytes
        if self._fresh_bytes and not self._single and (whole or gathered >= LEAST_PART_BYTES):
            await self._send_part()
        if self._fresh_bytes:
            await self._keep_piece()
        elif self._at > self._upload.at:
            await self._advance(None)
        return Written(self._upload, whole, None)

    async def _send_part(self) -> None:
        """Gives what is gathered to the object store; the row does not know of it yet."""
        store, sha256 = self._custodian.store, self._evidence.sha256
        if self._multipart_id is None:
            self._multipart_id = await store.begin_parts(key_of(sha256))
        if self._parts and self._parts[-1].number == self._upload.part:
            async with self._custodian.database.connection() as db:
                reserved = await upload_state.reserve(db, self._upload, self._multipart_id)
            if reserved is None:
                raise self._overtaken()
            self._upload = self._upload._replace(part=reserved.part)
        # On a copy: where the part cannot be sent, these bytes are reckoned once more when they are kept here.
        running = self._running and self._running.copy()
        part, checksum = await asyncio.gather(
            store.put_part(key_of(sha256), self._multipart_id, self._upload.part, [self._kept, *self._fresh]),
            to_thread.run_sync(_checksum, self._fresh, running),
        )
        self._running = running
        self._parts.append(part)
        self._pass(checksum)
        self._kept = b""

    async def _keep_piece(self) -> None:
        begins, body = self._at, b"".join(self._fresh)
        self._pass(await to_thread.run_sync(_checksum, self._fresh, self._running))
        await self._advance((begins, body))

    def _pass(self, checksum: int) -> None:
        """The fresh bytes are dealt with: they are reckoned with, and leave the memory."""
        self._ranges.append((self._at, self._at + self._fresh_bytes, checksum))
        self._at += self._fresh_bytes
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
            custodian.digests.keep(self._upload, self._running.copy())

    def _overtaken(self) -> TakenOver:
        self._refused = True
        return TakenOver()


def _checksum(chunks: list[bytes], running: "_Hash | None") -> int:
    """The CRC-32 of these bytes, which go into the running digest, too. In a thread: 8 MiB take 6 ms."""
    step = 0
    for chunk in chunks:
        step = crc32(chunk, step)
        if running is not None:
            running.update(chunk)
    return step
