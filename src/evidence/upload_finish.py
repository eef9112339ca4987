"""The last byte is here: compare the whole file with its commitment, lock it, examine it, have it judged.

Bytes first, row second, receipt last: a crash between any two leaves nothing acknowledged that is not kept, and every
step can be taken again.
"""

import hashlib

from anyio import to_thread

from evidence import queries, upload_state
from evidence.admission import Judged, admit, judged
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.fixity import mending
from evidence.model import Courier, Evidence
from evidence.problems import DigestMismatch, NoSuchUpload, TakenOver
from evidence.upload_state import Upload
from foundation.media_type import HEAD_BYTES, media_type_of
from foundation.object_store import ObjectStore, StoredObject, key_of

LARGEST_PICTURE_BYTES = 64 << 20
"""Larger pictures are kept, but not opened. A 200-megapixel HEIC is about 30 MB."""


async def finish_small(
    custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, whole: bytes
) -> Judged:
    digest = await to_thread.run_sync(_sha256, whole)
    if digest != evidence.sha256:
        raise await _mismatch(custodian, evidence, upload, courier, digest)
    async with custodian.turns.file():
        until = custodian.clock.now() + custodian.retention
        if await mending.is_lost(custodian, evidence.sha256):
            stored = await custodian.store.put_again(evidence.sha256, whole, until)
            if await _mended(custodian, evidence, stored, courier):
                return await _judged(custodian, evidence)
        else:
            stored = await custodian.store.put_locked(evidence.sha256, whole, until)
        return await _judge(custodian, evidence, stored, courier, whole[:HEAD_BYTES], whole)


async def finish_parts(custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier) -> Judged:
    """All parts are with the object store: make them one object, compare, lock, judge. Each step may be repeated."""
    lost = await mending.is_lost(custodian, evidence.sha256)
    async with custodian.database.connection() as db:
        if not lost and await queries.was_received(db, evidence.id):
            return await judged(db, evidence.id)
    running = custodian.digests.of(upload)
    if running is not None and running.digest() != evidence.sha256:
        raise await _mismatch(custodian, evidence, upload, courier, running.digest())
    ours = upload.multipart_id is not None and await custodian.store.complete_parts(
        key_of(evidence.sha256), upload.multipart_id, upload.parts, again=lost
    )
    if not ours and await custodian.store.find(evidence.sha256) is None:
        raise await _parts_gone(custodian, evidence, upload)
    until = custodian.clock.now() + custodian.retention
    verified = ours and running is not None
    stored = await custodian.store.adopt(evidence.sha256, evidence.size, until, verified=verified)
    if stored is None:
        raise await _mismatch(custodian, evidence, upload, courier, None)
    if lost and await _mended(custodian, evidence, stored, courier):
        return await _judged(custodian, evidence)
    head, whole = await _read_for_examination(custodian.store, stored)
    return await _judge(custodian, evidence, stored, courier, head, whole)


async def _mended(custodian: Custodian, evidence: Evidence, stored: StoredObject, courier: Courier) -> bool:
    """The bytes were lost here, and a phone brought them again. True: they had been received, and are judged."""
    await mending.mended(custodian, stored, "PHONE", by=courier.as_actor())
    async with custodian.database.transaction() as db:
        if not await queries.was_received(db, evidence.id):
            return False
        await queries.close_upload(db, evidence)
    custodian.digests.forget(evidence.id)
    return True


async def _judged(custodian: Custodian, evidence: Evidence) -> Judged:
    async with custodian.database.connection() as db:
        return await judged(db, evidence.id)


async def _judge(
    custodian: Custodian, evidence: Evidence, stored: StoredObject, courier: Courier, head: bytes, whole: bytes | None
) -> Judged:
    content = await custodian.examiner.examine(head, whole, evidence.size)
    done = await admit(custodian, evidence, stored, content, courier)
    custodian.digests.forget(evidence.id)
    return done


async def _read_for_examination(store: ObjectStore, stored: StoredObject) -> tuple[bytes, bytes | None]:
    """The first bytes, and all of them where they are a picture that will be opened."""
    head = b"".join([chunk async for chunk in store.read(stored.key, stored.version_id, HEAD_BYTES)])
    if not media_type_of(head).startswith("image/") or stored.size > LARGEST_PICTURE_BYTES:
        return head, None
    return head, b"".join([chunk async for chunk in store.read(stored.key, stored.version_id)])


async def _parts_gone(custodian: Custodian, evidence: Evidence, upload: Upload) -> NoSuchUpload | TakenOver:
    """The store lost what it had confirmed, as a full disk makes it: nobody sent other bytes, and they come again."""
    async with custodian.database.transaction() as db:
        if await upload_state.remove(db, evidence.id, epoch=upload.epoch) is None:
            return TakenOver()
        details = {"at": upload.at}
        await tell(
            db, Event.UPLOAD_TERMINATED, custodian.clock.now(), evidence_id=evidence.id, actor_id=None, details=details
        )
    custodian.digests.forget(evidence.id)
    return NoSuchUpload()


async def _mismatch(
    custodian: Custodian, evidence: Evidence, upload: Upload, courier: Courier, digest: bytes | None
) -> DigestMismatch | TakenOver:
    """Tells the custody chain that other bytes came than were committed, and lets the transfer begin anew."""
    async with custodian.database.transaction() as db:
        if await upload_state.remove(db, evidence.id, epoch=upload.epoch) is None:
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
        await custodian.store.abort_parts(key_of(evidence.sha256), upload.multipart_id)
    return DigestMismatch(committed=evidence.sha256.hex())


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
