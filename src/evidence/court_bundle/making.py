"""The job that makes the file of an export: streamed into the object store part by part, told as it goes.

A worker that is killed leaves an epoch behind; the next one begins with a higher one and throws the parts away. Whoever
is slow and finds a higher epoch lets go. What was dropped, or was left by a crash, is swept.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import aiohttp
import anyio
import structlog

from evidence.court_bundle import queries
from evidence.court_bundle.contents import STATEMENTS, contents, verifier
from evidence.court_bundle.model import Export, File
from evidence.court_bundle.zipped import NotAsStored, zipped
from evidence.custodian import Custodian
from evidence.transparency_log.published import LogForked, publish
from evidence.transparency_log.time_stamp import Authority, TokenRefused, stamp
from foundation.object_store import DERIVED, MOST_PARTS, Part

BUNDLES = f"{DERIVED}bundle/"
PART_BYTES = 8 << 20
"""What memory holds of a bundle; more only where ten thousand parts would not do (beyond 80 GB)."""

log = structlog.get_logger("plumbline")


class Overtaken(Exception):
    """Another worker makes it by now."""


async def make(authority: Authority | None, custodian: Custodian, payload: dict[str, Any]) -> None:
    """Makes the file unless it is there. What may pass raises, so that the queue tries again."""
    export_id = UUID(payload["export_id"])
    async with custodian.database.transaction() as db:
        began = await queries.begin(db, export_id, custodian.clock.now())
        export = await queries.export_by_id(db, export_id)
    if began is None or export is None:
        return
    if began.left is not None:
        await custodian.store.abort_parts(key_of_bundle(export_id, began.epoch - 1), began.left)
    try:
        await _settle_stamp(custodian, authority, export)
        await _write(custodian, export, began.epoch)
    except Overtaken:
        log.info("another worker makes the bundle", export=export_id)
    except NotAsStored as found:
        await _fail(custodian, export_id, began.epoch, f"NotAsStored: {found}")
    except Exception as error:  # also of one who was overtaken, and whose parts are gone
        if await _fail(custodian, export_id, began.epoch, type(error).__name__):
            raise


async def sweep(custodian: Custodian) -> int:
    """Throws away files that have served their time, and what crashes left; returns how many."""
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        await queries.drop(db, now - custodian.bundle_kept, now)
    there = [_export_and_epoch(key) async for key in custodian.store.keys(BUNDLES)]
    async with custodian.database.connection() as db:
        await queries.drop_missing(db, there, now)
        useless = await queries.useless(db, there)
    for export_id, epoch in useless:
        await custodian.store.drop_derived(key_of_bundle(export_id, epoch))
    return len(useless)


def _export_and_epoch(key: str) -> tuple[UUID, int]:
    export_id, _, name = key.removeprefix(BUNDLES).partition("/")
    return UUID(export_id), int(name.removesuffix(".zip"))


def key_of_bundle(export_id: UUID, epoch: int) -> str:
    return f"{BUNDLES}{export_id}/{epoch}.zip"


async def _settle_stamp(custodian: Custodian, authority: Authority | None, export: Export) -> None:
    """Asks the authority about the log as it is now, which covers the export, before what there is is settled."""
    trust = None
    if authority is not None:
        trust = await anyio.Path(authority.trust).read_text()
        try:
            await publish(custodian)
            await stamp(custodian, authority)
        except (TokenRefused, LogForked, aiohttp.ClientError, TimeoutError) as error:  # then an older one has to do
            log.warning("no time stamp", authority=authority.url, error=str(error))
    async with custodian.database.connection() as db:
        await queries.settle_stamp(db, export, trust, custodian.clock.now())


async def _write(custodian: Custodian, export: Export, epoch: int) -> None:
    writer = await _Writer.open(custodian, export, epoch)
    files = _counted(contents(custodian.database, export), writer)
    async with aclosing(files), aclosing(zipped(custodian.store, export.id, files)) as pieces:
        async for piece in pieces:
            await writer.write(piece)
    await writer.close()


class _Writer:
    """Collects a part, sends it, tells how far it is."""

    def __init__(self, custodian: Custodian, export: Export, epoch: int, upload: str) -> None:
        self._custodian, self._export, self._epoch, self._upload = custodian, export, epoch, upload
        self._key = key_of_bundle(export.id, epoch)
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._parts: list[Part] = []
        self._digest = hashlib.sha256()
        self._size = 0
        self._part_bytes = max(PART_BYTES, 2 * sum(piece.size or 0 for piece in export.pieces) // MOST_PARTS)
        self.pieces = 0

    @classmethod
    async def open(cls, custodian: Custodian, export: Export, epoch: int) -> "_Writer":
        upload = await custodian.store.begin_parts(key_of_bundle(export.id, epoch))
        async with custodian.database.connection() as db:
            kept = await queries.keep_upload(db, export.id, epoch, upload)
        if not kept:
            await custodian.store.abort_parts(key_of_bundle(export.id, epoch), upload)
            raise Overtaken
        return cls(custodian, export, epoch, upload)

    async def write(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._size += len(piece)
        self._kept.append(piece)
        self._kept_bytes += len(piece)
        if self._kept_bytes >= self._part_bytes:
            await self._send()

    async def close(self) -> None:
        if self._kept:
            await self._send()
        custodian, key = self._custodian, self._key
        await custodian.store.complete_parts(key, self._upload, self._parts)
        verifying = hashlib.sha256(verifier()).digest()
        async with custodian.database.connection() as db:
            told = (self._digest.digest(), self._size, verifying, custodian.clock.now())
            ready = await queries.finish(db, self._export.id, self._epoch, *told)
        if not ready:
            await custodian.store.drop_derived(key)
            raise Overtaken

    async def _send(self) -> None:
        number = len(self._parts) + 1
        self._parts.append(await self._custodian.store.put_part(self._key, self._upload, number, self._kept))
        self._kept, self._kept_bytes = [], 0
        done = (self.pieces, self._size)
        async with self._custodian.database.connection() as db:
            ours = await queries.forward(db, self._export.id, self._epoch, done, self._custodian.clock.now())
        if not ours:
            await self._custodian.store.abort_parts(self._key, self._upload)
            raise Overtaken


async def _counted(files: AsyncIterator[File], writer: _Writer) -> AsyncGenerator[File, None]:
    async for file in files:
        yield file
        writer.pieces += file.name.startswith(STATEMENTS)


async def _fail(custodian: Custodian, export_id: UUID, epoch: int, failure: str) -> bool:
    async with custodian.database.connection() as db:
        return await queries.fail(db, export_id, epoch, failure, custodian.clock.now())
