"""Bytes that cannot be appended, because they are not where the upload stands: repeated, or out of place."""

from collections.abc import AsyncIterator
from zlib import crc32

from evidence import upload_state
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import Courier, Evidence
from evidence.problems import NoSuchUpload, OffsetDiffers, RangeDiffers


async def why_not(
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


async def _differs(ranges: list[tuple[int, int, int]], stream: AsyncIterator[bytes]) -> bool:
    """Whether a stream that begins where `ranges` do says anything else than they did, as far as both reach.

    By CRC-32: nothing is taken or kept because of it, it only raises the alarm, and SHA-256 of every byte costs more.
    """
    left = [(ends - begins, checksum) for begins, ends, checksum in ranges]
    running, missing = 0, left[0][0] if left else 0
    async for chunk in stream:
        while chunk and left:
            running = crc32(chunk[:missing], running)
            chunk, missing = chunk[missing:], missing - min(missing, len(chunk))  # noqa: PLW2901
            if missing == 0:
                if running != left.pop(0)[1]:
                    return True
                running, missing = 0, left[0][0] if left else 0
        if not left:
            return False
    return False
