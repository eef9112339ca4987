"""From the bytes of a CSV or XLSX file to rows of cells, within limits, in a process of its own.

Spreadsheets are hostile until proven otherwise: some kilobytes can inflate to gigabytes, and a sheet of two cells can
ask for seventeen thousand million. What the archive says about itself is checked before anything is inflated, what it
inflates to is counted while it does, and the reader proper runs in a worker with a memory limit, which may die.
"""

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

import anyio
import msgspec
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process
from anyio.lowlevel import RunVar

from device_registry.problems import ImportUnreadable
from foundation.problem import Spoken

MAX_FILE_BYTES = 8 << 20
"""Largest file taken. The largest real register tried, 3,350 cameras in 15 columns, has 0.5 MB."""
MAX_INFLATED_BYTES = 64 << 20
"""What the parts of a workbook may inflate to, together."""
MAX_PARTS = 256
"""Parts of a workbook: one a sheet, and about ten more."""
MAX_ROWS, MAX_COLUMNS = 20_000, 200
MAX_CELL_CHARACTERS = 2_000
WORKER_BYTES = 1 << 30
"""Address space of the worker; a workbook at every limit above needs less than half."""
WORKER_SECONDS = 20
WORKERS = 2

Cell = str | float | bool | date | datetime | time | timedelta


class Table(msgspec.Struct, frozen=True):
    """Rows as they stand in the first sheet, the header among them; the first is row 1."""

    rows: list[list[Cell]]
    epoch_1904: bool = False
    """Day numbers count from 1904 (old Macintosh workbooks), not from 1900."""


async def read(content: bytes) -> Table:
    """Raises ImportUnreadable, with the reason, for whatever is not a table within the limits."""
    if len(content) > MAX_FILE_BYTES:
        raise ImportUnreadable(why=Spoken("import.file-too-large", most=MAX_FILE_BYTES))
    try:
        with anyio.fail_after(WORKER_SECONDS):
            found = await to_process.run_sync(_read, content, cancellable=True, limiter=_limiter())
    except (TimeoutError, BrokenWorkerProcess, MemoryError) as error:
        raise ImportUnreadable(why=Spoken("import.too-much")) from error
    if isinstance(found, Table):
        return found
    raise ImportUnreadable(why=Spoken(f"import.{found}", rows=MAX_ROWS, columns=MAX_COLUMNS, most=MAX_CELL_CHARACTERS))


class _Refused(Exception):
    pass


def _read(content: bytes) -> Table | str:
    """In the worker. A string is the last part of the key of the sentence that says why not."""
    with _limited():
        try:
            if content.startswith(b"PK\x03\x04"):
                return _workbook(content)
            if content.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE file: an encrypted workbook, or one of before 2007
                return "encrypted-or-old"
            return _csv(content)
        except _Refused as refused:
            return str(refused)


def _csv(content: bytes) -> Table:
    text = _text(content)
    if "\0" in text:
        raise _Refused("not-a-table")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False):
            rows.append([*row])
            if len(rows) > MAX_ROWS or len(row) > MAX_COLUMNS:
                raise _Refused("too-many-cells")
            if any(len(cell) > MAX_CELL_CHARACTERS for cell in row):
                raise _Refused("cell-too-long")
    except csv.Error as error:
        raise _Refused("cell-too-long") from error
    return Table(rows)


def _text(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Refused("encoding")


def _workbook(content: bytes) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - the worker's only

    parts = _inflated(content)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise _Refused("not-a-table")
    try:
        with CalamineWorkbook.from_filelike(_packed(parts)) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
                raise _Refused("too-many-cells")
            rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise _Refused("not-a-table") from error
    if any(isinstance(cell, str) and len(cell) > MAX_CELL_CHARACTERS for row in rows for cell in row):
        raise _Refused("cell-too-long")
    return Table(rows, bool(_DATE_1904.search(parts.get("xl/workbook.xml", b""))))


_DATE_1904 = re.compile(rb"<workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")


def _inflated(content: bytes) -> dict[str, bytes]:
    """All parts of the archive, inflated, within the limits whatever it says about itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
                raise _Refused("too-much")
            parts: dict[str, bytes] = {}
            left = MAX_INFLATED_BYTES
            for entry in entries:
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(left + 1)
                left -= len(parts[entry.filename])
                if left < 0:
                    raise _Refused("too-much")
            return parts
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        # RuntimeError: a part is encrypted; NotImplementedError: packed in a way of its own
        raise _Refused("not-a-table") from error


def _packed(parts: dict[str, bytes]) -> io.BytesIO:
    """The same parts in an archive of our own: two readers of a crafted one may disagree on what is in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    packed.seek(0)
    return packed


@contextmanager
def _limited() -> Iterator[None]:
    """The worker is shared, so its limits hold only while a table is read."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        yield
        return
    limits = {resource.RLIMIT_AS: WORKER_BYTES, resource.RLIMIT_CORE: 0}
    before = {kind: resource.getrlimit(kind) for kind in limits}
    for kind, most in limits.items():
        hard = before[kind][1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        for kind, limit in before.items():
            resource.setrlimit(kind, limit)


_slots: RunVar[CapacityLimiter] = RunVar("import slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(WORKERS))
        return _slots.get()
