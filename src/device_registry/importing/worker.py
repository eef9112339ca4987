"""The process that reads one spreadsheet: the file comes in on standard input, the rows go out on standard output.

What an archive says about itself is checked before anything is inflated, what it inflates to is counted while it does,
and the workbook's own reader sees only parts that were unpacked here. It runs under hard limits, and may die of them.
"""

import codecs
import csv
import io
import re
import resource
import signal
import sys
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from python_calamine import CalamineError, CalamineWorkbook

from device_registry.importing.table import (
    DAY,
    INSTANT,
    MAX_CELL_CHARACTERS,
    MAX_CELLS,
    MAX_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    OTHER,
)

MEMORY_BYTES = 1 << 30
"""Address space. A workbook at every limit needs less than half."""
CPU_SECONDS = 15
MAX_INFLATED_BYTES = 64 << 20
"""What the parts of a workbook may inflate to, together."""
MAX_PARTS = 256
"""Parts of a workbook: one a sheet, and about ten more."""

ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order; GB 18030 takes almost any bytes."""

Rows = list[list[Any]]


class Refused(Exception):
    """The last part of the key of the sentence that says why."""


def main() -> None:
    """Answers with the rows and whether days count from 1904, or with a string that says why not."""
    _limit()
    content = sys.stdin.buffer.read()
    try:
        answer: Any = _read(content)
    except Refused as refused:
        answer = str(refused)
    except MemoryError:
        answer = "too-much"
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def _limit() -> None:
    for encoding in (*ENCODINGS, "utf-16", "cp437"):  # cp437: names in archives
        codecs.lookup(encoding)  # from here on no file can be opened, not even a module
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NOFILE: 0}
    if sys.platform == "linux":  # others refuse or ignore it
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process


def _read(content: bytes) -> tuple[Rows, bool]:
    if content.startswith(b"PK\x03\x04"):
        rows, epoch_1904 = _workbook(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE file: an encrypted workbook, or one of before 2007
        raise Refused("encrypted-or-old")
    else:
        rows, epoch_1904 = _csv(content), False
    _check(rows)
    return [[_packed(cell) for cell in row] for row in rows], epoch_1904


def _check(rows: Rows) -> None:
    if len(rows) > MAX_ROWS or max(map(len, rows), default=0) > MAX_COLUMNS or sum(map(len, rows)) > MAX_CELLS:
        raise Refused("too-many-cells")
    lengths = [len(cell) for row in rows for cell in row if isinstance(cell, str)]
    if max(lengths, default=0) > MAX_CELL_CHARACTERS:
        raise Refused("cell-too-long")
    if sum(lengths) > MAX_CHARACTERS:
        raise Refused("too-much")


def _csv(content: bytes) -> Rows:
    text = _text(content)
    if "\0" in text:
        raise Refused("not-a-table")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    rows: Rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > MAX_ROWS:
                raise Refused("too-many-cells")
    except csv.Error as error:
        raise Refused("cell-too-long") from error
    return rows


def _text(content: bytes) -> str:
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("encoding")


def _workbook(content: bytes) -> tuple[Rows, bool]:
    parts = _inflated(content)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise Refused("not-a-table")
    try:
        with CalamineWorkbook.from_filelike(_repacked(parts)) as workbook:
            rows: Rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise Refused("not-a-table") from error
    return rows, bool(_DATE_1904.search(parts.get("xl/workbook.xml", b"")))


_DATE_1904 = re.compile(rb"<workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")


def _inflated(content: bytes) -> dict[str, bytes]:
    """All parts of the archive, within the limits whatever it says about itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
                raise Refused("too-much")
            parts: dict[str, bytes] = {}
            left = MAX_INFLATED_BYTES
            for entry in entries:
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(left + 1)
                left -= len(parts[entry.filename])
                if left < 0:
                    raise Refused("too-much")
            return parts
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        # RuntimeError: a part is encrypted; NotImplementedError: packed in a way of its own
        raise Refused("not-a-table") from error


def _repacked(parts: dict[str, bytes]) -> io.BytesIO:
    """The same parts in an archive of our own: two readers of a crafted one may disagree on what is in it."""
    repacked = io.BytesIO()
    with zipfile.ZipFile(repacked, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    repacked.seek(0)
    return repacked


def _packed(cell: Any) -> Any:
    """A cell as MessagePack: what JSON has no word for goes as an extension."""
    if isinstance(cell, datetime):
        return msgspec.msgpack.Ext(INSTANT, cell.isoformat().encode())
    if isinstance(cell, date):
        return msgspec.msgpack.Ext(DAY, cell.isoformat().encode())
    if isinstance(cell, time | timedelta):
        return msgspec.msgpack.Ext(OTHER, b"")
    return cell


if __name__ == "__main__":
    main()
