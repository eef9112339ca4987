"""A spreadsheet is read by a process that lives for this one file, and its rows come here a thousand at a time.

Spreadsheets are hostile until proven otherwise: some kilobytes can inflate to gigabytes, and a sheet of two cells can
ask for room for seventeen thousand million. So the process (worker.py) has little memory and time, and may die. It also
turns the rows into registrations and facts, so that the program that answers everybody never does.
"""

import subprocess
import sys
from contextlib import suppress
from typing import Any, Generic, TypeVar

import anyio
import msgspec
from anyio import CapacityLimiter
from anyio.abc import Process
from anyio.lowlevel import RunVar
from anyio.streams.buffered import BufferedByteReceiveStream

from device_registry.importing.certificate_rows import CertificateRow
from device_registry.importing.columns import ImportMapping
from device_registry.importing.device_rows import DeviceRow, DeviceWords
from device_registry.importing.table import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS
from device_registry.problems import ImportColumns, ImportUnreadable
from foundation.confinement import bare_environment
from foundation.problem import Spoken

SECONDS = 60
"""Wall time, generous because a busy machine is not the file's fault; the process ends itself by its CPU time."""
AT_ONCE = 2

AnyRow = TypeVar("AnyRow", DeviceRow, CertificateRow)


class Asked(msgspec.Struct, frozen=True):
    """What the process is told, before the bytes of the file. Without `words` it is a file of certificates."""

    mapping: ImportMapping
    words: DeviceWords | None


class Heading(msgspec.Struct, frozen=True):
    """A column as it stands in the file, the field it is taken for, and its first cells."""

    heading: str
    field: str | None
    examples: list[str]


class Header(msgspec.Struct, frozen=True):
    """How the file was understood. `proposal` is a mapping to look at, where columns are not known yet."""

    row: int
    headings: list[Heading]
    proposal: ImportMapping
    notes: list[Spoken]


class Opening(msgspec.Struct, frozen=True):
    """The first the process says. `unreadable`: the last part of the key of a sentence. `unclear`: of the columns."""

    header: Header | None = None
    unreadable: str | None = None
    unclear: Spoken | None = None
    unclear_field: str | None = None


async def device_rows(content: bytes, mapping: ImportMapping, words: DeviceWords) -> tuple[Header, list[DeviceRow]]:
    """Raises ImportUnreadable, with the reason, and ImportColumns, with a proposal."""
    return await _read(content, Asked(mapping, words), list[DeviceRow])


async def certificate_rows(content: bytes, mapping: ImportMapping) -> tuple[Header, list[CertificateRow]]:
    """Raises ImportUnreadable, with the reason, and ImportColumns, with a proposal."""
    return await _read(content, Asked(mapping, None), list[CertificateRow])


async def _read(content: bytes, asked: Asked, type_: type[list[AnyRow]]) -> tuple[Header, list[AnyRow]]:
    if len(content) > MAX_FILE_BYTES:
        raise _unreadable("file-too-large")
    heard = _Heard(type_)
    async with _limiter():
        with anyio.move_on_after(SECONDS):
            await _ask(content, asked, heard)
    if heard.opening is None or not heard.whole:
        raise _unreadable("too-much")
    return _opened(heard.opening), heard.rows


def _opened(opening: Opening) -> Header:
    if opening.unreadable is not None:
        raise _unreadable(opening.unreadable)
    assert opening.header is not None
    if opening.unclear is not None:
        raise ImportColumns(field=opening.unclear_field, what=opening.unclear, members=header_told(opening.header))
    return opening.header


def header_told(header: Header) -> dict[str, Any]:
    """As members of an answer, the notes still open for the reader's language."""
    return {
        "header_row": header.row,
        "headings": msgspec.to_builtins(header.headings),
        "proposal": msgspec.to_builtins(header.proposal),
        "notes": header.notes,
    }


class _Heard(Generic[AnyRow]):
    """What the process has said so far: frames of four bytes of length each, and one of length 0 at the end."""

    def __init__(self, type_: type[list[AnyRow]]) -> None:
        self._decoder: msgspec.msgpack.Decoder[list[AnyRow]] = msgspec.msgpack.Decoder(type_, dec_hook=_spoken)
        self.opening: Opening | None = None
        self.rows: list[AnyRow] = []
        self.whole = False

    async def hear(self, stream: BufferedByteReceiveStream) -> None:
        """Until the end, or until the process dies of what it reads."""
        with suppress(anyio.IncompleteRead, anyio.ClosedResourceError, anyio.BrokenResourceError):
            while size := int.from_bytes(await stream.receive_exactly(4)):
                frame = await stream.receive_exactly(size)
                if self.opening is None:
                    self.opening = msgspec.msgpack.decode(frame, type=Opening, dec_hook=_spoken)
                else:
                    self.rows += self._decoder.decode(frame)
            self.whole = True


async def _ask(content: bytes, asked: Asked, heard: _Heard[AnyRow]) -> None:
    command = [sys.executable, "-P", "-m", "device_registry.importing.worker"]
    told = msgspec.msgpack.encode(asked)
    async with await anyio.open_process(command, stderr=subprocess.DEVNULL, env=bare_environment()) as process:
        assert process.stdout is not None
        try:
            async with anyio.create_task_group() as together:
                together.start_soon(_tell, process, len(told).to_bytes(4), told, content)
                await heard.hear(BufferedByteReceiveStream(process.stdout))
                together.cancel_scope.cancel()
        finally:
            with suppress(ProcessLookupError):
                process.kill()


async def _tell(process: Process, *parts: bytes) -> None:
    assert process.stdin is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # it has ended; what it said before tells why
        for part in parts:
            await process.stdin.send(part)
        await process.stdin.aclose()


def _unreadable(why: str) -> ImportUnreadable:
    """`why` is the last part of the key of a sentence."""
    limits = {"rows": MAX_ROWS, "columns": MAX_COLUMNS, "characters": MAX_CELL_CHARACTERS, "bytes": MAX_FILE_BYTES}
    return ImportUnreadable(why=Spoken(f"import.{why}", **limits))


def _spoken(type_: type, told: Any) -> Any:
    """Words that the process packed as a key and its values; values that are a list are words themselves."""
    assert type_ is Spoken
    key, values = told
    return Spoken(key, **{name: _spoken(Spoken, one) if isinstance(one, list) else one for name, one in values.items()})


_slots: RunVar[CapacityLimiter] = RunVar("import slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(AT_ONCE))
        return _slots.get()
