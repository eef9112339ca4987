"""What a file says of itself: its type by its first bytes, and for a picture its headers, read in a process apart."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Any, Literal

import msgspec
import structlog

from evidence.frames import ANSWER, MAX_ANSWER_BYTES, PICTURES, READY, REQUEST
from evidence.model import Content
from foundation.clock import Clock
from foundation.confinement import bare_environment
from foundation.media_type import UNKNOWN, media_type_of

ACCEPTED = frozenset({
    *PICTURES, "application/pdf", "audio/amr", "audio/amr-wb", "audio/mp4", "audio/mpeg", "audio/wav", "video/3gpp",
    "video/mp4", "video/quicktime",
})  # fmt: skip
"""What evidence may be. Kinds of file that only other slices take are as unknown here as any."""

WORKERS = 2
"""Processes at most. One reads some 900 photographs a second; another keeps a costly one from delaying the rest."""

MAX_SECONDS = 10.0
"""Wall time for one picture. The worker ends itself after a few seconds of CPU time; this is for one that sleeps, and
long enough that a busy machine is not taken for a bad picture."""

MAX_START_SECONDS = 60.0
"""Wall time for a worker to load its libraries: 0.2 s on an idle machine."""

MAX_PICTURES = 10_000
"""Pictures that one worker reads before a fresh one takes over, should a decoder leak."""

MAX_HEADERS = 1000
"""Segments of a JPEG looked at here. Photographs have 4 to 20; a longer chain is left to the worker."""

START_OF_SCAN = 0xDA
END_OF_IMAGE = b"\xff\xd9"
END_OF_PNG = b"IEND\xae\x42\x60\x82"
"""The last chunk of a PNG with its checksum, which is always the same."""

SLICE_BYTES = 256 * 1024
"""Written to a worker at a time, so that the transport never copies a whole picture."""

log = structlog.get_logger()


class WorkerNotStartedError(Exception):
    """The worker process did not come up: the installation or the machine is at fault, not a picture."""


class Examiner:
    """Answers what files contain. Workers start when first needed; `close` ends them."""

    def __init__(self, clock: Clock, *, max_seconds: float = MAX_SECONDS) -> None:
        self._clock = clock
        self._max_seconds = max_seconds
        self._idle: list[_Worker] = []
        self._turns = asyncio.Semaphore(WORKERS)

    async def examine(self, head: bytes, whole: bytes | None, size: int) -> Content:
        """`head`: the first HEAD_BYTES; `whole`: all of the file, None where it is too large to be opened.

        A picture that cannot be opened is told as `trouble`. Raises WorkerNotStartedError.
        """
        media_type = _accepted_type_of(head)
        if media_type not in PICTURES:
            return Content(media_type)
        if whole is None:
            return Content(media_type, metadata={"examined": False})
        picture = memoryview(whole)[: _end_of_jpeg_headers(whole)] if media_type == "image/jpeg" else memoryview(whole)
        async with self._turns:
            answer = await self._answer(picture, media_type)
        if answer.trouble or answer.error:
            log.warning(
                "picture_in_trouble", trouble=answer.trouble, error=answer.error, media_type=media_type, size=size
            )
        trouble = answer.trouble or ("PICTURE_INCOMPLETE" if _ends_early(whole, media_type) else None)
        return Content(media_type, trouble, answer.metadata)

    async def close(self) -> None:
        """Ends the workers. Call it when nothing is being examined."""
        while self._idle:
            await self._idle.pop().end()

    async def _answer(self, picture: memoryview, media_type: str) -> "_Answer":
        """A used worker may be lost for other causes than this picture: a fresh one has the last word."""
        header = REQUEST.pack(len(picture), self._clock.now().timestamp(), PICTURES.index(media_type))
        worker = self._idle.pop() if self._idle else await _Worker.start()
        used = worker.pictures > 0
        answer = await self._asked(worker, header, picture)
        if used and not answer.reusable:
            log.warning("picture_worker_lost", error=answer.error)
            answer = await self._asked(await _Worker.start(), header, picture)
        return answer

    async def _asked(self, worker: "_Worker", header: bytes, picture: memoryview) -> "_Answer":
        answer = await worker.answer(header, picture, self._max_seconds)
        if answer.reusable and worker.pictures < MAX_PICTURES:
            self._idle.append(worker)
        else:
            await worker.end()
        return answer


Trouble = Literal["PICTURE_TOO_LARGE", "PICTURE_TOO_COSTLY", "PICTURE_UNREADABLE"]


class _Answer(msgspec.Struct):
    trouble: Trouble | None
    error: str | None
    metadata: dict[str, Any]
    reusable: bool = True
    """Whether the worker that gave it may be asked again."""


_DECODE = msgspec.json.Decoder(_Answer)


class _Worker:
    def __init__(self, process: Process) -> None:
        self._process = process
        self.pictures = 0

    @classmethod
    async def start(cls) -> "_Worker":
        """A session of its own keeps Ctrl-C away from it. It ends when its standard input does: with us."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "evidence.content_worker",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=bare_environment(), start_new_session=True,
        )  # fmt: skip
        worker = cls(process)
        assert process.stdout is not None
        ready = b""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(MAX_START_SECONDS):
                    ready = await process.stdout.read(len(READY))
        finally:
            if ready != READY:
                await worker.end()
        if ready != READY:
            raise WorkerNotStartedError(f"status {process.returncode}")
        return worker

    async def answer(self, header: bytes, picture: memoryview, max_seconds: float) -> _Answer:
        """Never raises for what the worker does; ends the worker when cancelled."""
        self.pictures += 1
        try:
            async with asyncio.timeout(max_seconds):
                return await self._exchange(header, picture)
        except TimeoutError:
            return _Answer("PICTURE_TOO_COSTLY", "timeout", {}, reusable=False)
        except (OSError, EOFError, msgspec.DecodeError, ValueError):
            return _lost(await self._status())
        except BaseException:
            await self.end()
            raise

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()

    async def _status(self) -> int | None:
        """How it ended by itself, None where it still runs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                return await self._process.wait()
        return None

    async def _exchange(self, header: bytes, picture: memoryview) -> _Answer:
        to_it, from_it = self._process.stdin, self._process.stdout
        assert to_it is not None
        assert from_it is not None
        to_it.write(header)
        for at in range(0, len(picture), SLICE_BYTES):
            to_it.write(picture[at : at + SLICE_BYTES])
            await to_it.drain()
        (length,) = ANSWER.unpack(await from_it.readexactly(ANSWER.size))
        if length > MAX_ANSWER_BYTES:
            raise ValueError
        answer = _DECODE.decode(await from_it.readexactly(length))
        answer.reusable = answer.trouble != "PICTURE_TOO_COSTLY"
        return answer


def _accepted_type_of(head: bytes) -> str:
    found = media_type_of(head)
    return found if found in ACCEPTED else UNKNOWN


def _lost(status: int | None) -> _Answer:
    trouble: Trouble = "PICTURE_TOO_COSTLY" if status == -signal.SIGPROF else "PICTURE_UNREADABLE"
    return _Answer(trouble, f"worker ended with status {status}", {}, reusable=False)


def _end_of_jpeg_headers(file: bytes) -> int | None:
    """Where its first scan begins, beyond which nothing is read; None where the chain of segments is not orderly."""
    at = 2
    for _ in range(MAX_HEADERS):
        if file[at : at + 1] != b"\xff" or len(file) < at + 4:
            return None
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4])
        if file[at + 1] == START_OF_SCAN:
            return end
        at = end
    return None


def _ends_early(file: bytes, media_type: str) -> bool:
    """Whether the picture's own end is missing. What may follow it (a film, a second picture) does not matter.

    WebP and HEIC are not looked at: cut short, they cannot be opened in the first place.
    """
    if media_type == "image/jpeg":
        return file.rfind(END_OF_IMAGE, _end_of_jpeg_headers(file) or 0) < 0
    return media_type == "image/png" and file.rfind(END_OF_PNG) < 0
