"""From the bytes of a CSV or XLSX file to rows of cells, within limits, by a process that lives for this one file.

Spreadsheets are hostile until proven otherwise: some kilobytes can inflate to gigabytes, and a sheet of two cells can
ask for room for seventeen thousand million. So the reader proper (worker.py) has little memory and time, and may die.
"""

import subprocess
import sys
from datetime import date, datetime
from typing import Any

import anyio
import msgspec
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from device_registry.problems import ImportUnreadable
from foundation.problem import Spoken

MAX_FILE_BYTES = 8 << 20
"""Largest file taken. The largest real register tried, 3,350 cameras in 15 columns, has 0.5 MB."""
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 20_000, 200, 500_000
MAX_CELL_CHARACTERS, MAX_CHARACTERS = 2_000, 16_000_000
"""Characters of one cell, and of all. A text that is written once in a workbook may stand in a million cells."""
WORKER_SECONDS = 60
"""Wall time, generous because a busy machine is not the file's fault; the worker ends itself by its CPU time."""
WORKERS = 2

DAY, INSTANT, OTHER = 1, 2, 3
"""MessagePack extension codes in the worker's answer: a day, a day with a time, a time or a duration."""


class NotADay(msgspec.Struct, frozen=True):
    """A time of day or a duration: no cell of a register is one."""


Cell = str | float | bool | date | datetime | NotADay


class Table(msgspec.Struct, frozen=True):
    """Rows as they stand in the first sheet, the header among them; the first is row 1."""

    rows: list[list[Cell]]
    epoch_1904: bool = False
    """Day numbers count from 1904 (old Macintosh workbooks), not from 1900."""


async def read(content: bytes) -> Table:
    """Raises ImportUnreadable, with the reason, for whatever is not a table within the limits."""
    if len(content) > MAX_FILE_BYTES:
        raise _unreadable("file-too-large")
    command = [sys.executable, "-P", "-m", "device_registry.importing.worker"]
    try:
        async with _limiter():
            with anyio.fail_after(WORKER_SECONDS):
                ended = await anyio.run_process(command, input=content, check=False, stderr=subprocess.DEVNULL)
    except TimeoutError as error:
        raise _unreadable("too-much") from error
    if ended.returncode != 0:
        raise _unreadable("too-much")
    answer: Any = msgspec.msgpack.decode(ended.stdout, ext_hook=_cell)
    if isinstance(answer, str):
        raise _unreadable(answer)
    return Table(*answer)


def _unreadable(why: str) -> ImportUnreadable:
    """`why` is the last part of the key of a sentence."""
    limits = {"rows": MAX_ROWS, "columns": MAX_COLUMNS, "characters": MAX_CELL_CHARACTERS, "bytes": MAX_FILE_BYTES}
    return ImportUnreadable(why=Spoken(f"import.{why}", **limits))


def _cell(code: int, text: memoryview) -> Cell:
    if code == DAY:
        return date.fromisoformat(str(text, "ascii"))
    return datetime.fromisoformat(str(text, "ascii")) if code == INSTANT else NotADay()


_slots: RunVar[CapacityLimiter] = RunVar("import slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(WORKERS))
        return _slots.get()
