"""Viewing copies: an upright JPEG made of a picture for whoever looks at it. Never evidence, never kept.

Strangers' pictures are decoded in a process apart (decision 0008), never here.
"""

import subprocess
import sys
from collections.abc import AsyncIterator

import anyio
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from evidence.frames import PICTURES
from evidence.preview_worker import MAX_BYTES
from foundation.confinement import bare_environment
from foundation.object_store import ObjectStore, StoredObject
from foundation.problem import TryLater

WORKER_SECONDS = 60
"""Wall time, generous because a busy machine is not the file's fault; the worker ends itself by its CPU time."""
WORKERS = 2


def has_preview(media_type: str, size: int) -> bool:
    return media_type in PICTURES and size <= MAX_BYTES


async def preview(store: ObjectStore, stored: StoredObject) -> bytes | None:
    """None where the picture cannot be decoded. Raises TryLater where the machine is too busy to say."""
    return await _made_of(store.read(stored.key, stored.version_id))


async def preview_of(picture: bytes) -> bytes | None:
    """The same of bytes that are here."""

    async def whole() -> AsyncIterator[bytes]:
        yield picture

    return await _made_of(whole())


async def _made_of(parts: AsyncIterator[bytes]) -> bytes | None:
    """Nothing is read before its turn has come."""
    command = [sys.executable, "-P", "-m", "evidence.preview_worker"]
    try:
        async with _limiter():
            picture = b"".join([part async for part in parts])
            with anyio.fail_after(WORKER_SECONDS):
                ended = await anyio.run_process(
                    command, input=picture, check=False, stderr=subprocess.DEVNULL, env=bare_environment()
                )
    except TimeoutError as error:
        raise TryLater from error
    return ended.stdout or None if ended.returncode == 0 else None


_slots: RunVar[CapacityLimiter] = RunVar("preview slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(WORKERS))
        return _slots.get()
