"""Child processes that never outlive us: started, watched, ended, and found again after a crash."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOG_KEPT_BYTES = 16 * 1024**2
"""A server's log beyond this size is set aside (one older file is kept) when the server starts."""
PR_SET_PDEATHSIG = 1
"""Linux prctl(2): the signal the kernel sends to a child whose parent has died."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class EmbeddedServerError(Exception):
    """An embedded server cannot be started; the message says why and what to do."""


class Account(msgspec.Struct, frozen=True):
    """An existing operating system account."""

    name: str
    uid: int
    gid: int


def start(
    command: Sequence[str],
    *,
    log: Path | None,
    when_we_die: signal.Signals,
    folder: Path | None,
    environ: Mapping[str, str],
    account: Account | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own (Ctrl-C in a terminal is ours to pass on), output appended to `log`.

    Without a log it speaks where we do, without a folder it works where we do; of our files it has those to `keep`.
    The kernel sends `when_we_die` to the child when the calling *thread* ends, so call this from the main thread.
    """
    if log is not None and log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") if log else nullcontext() as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            cwd=folder,
            pass_fds=keep,
            env=dict(environ),
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_tie_to_parent(when_we_die),  # noqa: PLW1509 - one prctl, prepared before the fork
        )


async def end(process: subprocess.Popen[bytes], wish: signal.Signals, *, patience_seconds: float) -> None:
    """Ask with `wish`; after the patience is over, SIGKILL. Returns when the process is gone."""
    if process.poll() is None:
        process.send_signal(wish)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                await ended(process)
        if process.poll() is None:
            process.kill()
    await ended(process)


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait without a thread, and return the exit status."""
    while (status := process.poll()) is None:  # noqa: ASYNC110 - nothing tells us without a thread
        await asyncio.sleep(0.05)
    return status


async def end_leftover(pid: int, *, marks: Sequence[str], wish: signal.Signals, patience_seconds: float) -> bool:
    """End a server that outlived a killed run; True if there was one.

    A pid from a file may belong to anybody by now, so every mark must be an argument (or its tail) of its command line.
    """
    if not _is_ours(pid, marks):
        return False
    os.kill(pid, wish)
    for _ in range(int(patience_seconds / 0.05)):
        if not _is_ours(pid, marks):
            return True
        await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    while _is_ours(pid, marks):  # noqa: ASYNC110 - it is nobody's child of ours
        await asyncio.sleep(0.05)
    return True


def pid_in(file: Path) -> int | None:
    """The process id in the first line of a pid file; None if there is no such file or no number."""
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for a message to the operator."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"


def _is_ours(pid: int, marks: Sequence[str]) -> bool:
    arguments = command_line(pid)
    return bool(arguments) and all(any(word.endswith(mark) for word in arguments) for mark in marks)


def command_line(pid: int) -> list[str]:
    """Arguments of a living process; empty if there is none (a zombie has none either)."""
    if pid <= 1:
        return []
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return []
        return [os.fsdecode(word) for word in words if word]
    shown = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.split()


def _tie_to_parent(wish: signal.Signals) -> Callable[[], None] | None:
    """To be run in the child before its program: after the change of user, which would drop the request."""
    if _libc is None:
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(wish))
        if os.getppid() != parent:  # the parent died before the request was in place
            os._exit(1)

    return tie
