"""Drawn signatures for the paper. Strangers' pictures are opened in a process apart (decision 0008), never here."""

import subprocess
import sys

import anyio
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from foundation.confinement import bare_environment
from foundation.problem import TryLater
from inspection.documents.drawing_worker import MAX_BYTES

WORKER_SECONDS = 60
"""Wall time, generous because a busy machine is not the file's fault; the worker ends itself by its CPU time."""
WORKERS = 2


async def drawn(received: bytes) -> bytes | None:
    """The picture on white, pixel by pixel as it was received; None for what is no picture of a signature.

    Raises TryLater where the machine is too busy to say: what is printed must not depend on that.
    """
    if len(received) > MAX_BYTES:
        return None
    command = [sys.executable, "-P", "-m", "inspection.documents.drawing_worker"]
    try:
        async with _limiter():
            with anyio.fail_after(WORKER_SECONDS):
                ended = await anyio.run_process(
                    command, input=received, check=False, stderr=subprocess.DEVNULL, env=bare_environment()
                )
    except TimeoutError as error:
        raise TryLater from error
    return ended.stdout or None if ended.returncode == 0 else None


_slots: RunVar[CapacityLimiter] = RunVar("drawing slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(WORKERS))
        return _slots.get()
