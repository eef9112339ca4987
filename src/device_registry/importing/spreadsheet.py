"""From the bytes of a CSV or XLSX file to a table, within limits. Runs in the process apart (worker.py) only.

What an archive says about itself is checked before anything is inflated, what it inflates to is counted while it does,
and the workbook's own reader sees only parts that were unpacked here.
"""

import codecs
import csv
import io
import re
import zipfile
import zlib
from datetime import time, timedelta
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from device_registry.importing.table import (
    MAX_CELL_CHARACTERS,
    MAX_CELLS,
    MAX_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    NotADay,
    Table,
    Unreadable,
)
from foundation.problem import Spoken

MAX_INFLATED_BYTES = 160 << 20
"""What the parts of a workbook may inflate to, together: 60,000 rows of 15 cells make 50 MB of XML."""
MAX_PARTS = 256
"""Parts of a workbook: one a sheet, and about ten more."""
ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order; GB 18030 takes almost any bytes, so a note says that it was taken."""
DELIMITERS = ",;\t"
DELIMITER_WITHIN = 20
"""Lines in which the delimiter is looked for: titles and notes may stand above the header."""

Rows = list[list[Any]]


def table_of(content: bytes, *, sheet: str | None = None, encoding: str | None = None) -> Table:
    """`sheet`: instead of the first one that can be seen. `encoding`: of a text. Raises Unreadable."""
    if content.startswith(b"PK\x03\x04"):
        table = _workbook(content, sheet)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE file: an encrypted workbook, or one of before 2007
        raise Unreadable("encrypted-or-old")
    else:
        table = _csv(content, encoding)
    _check(table.rows)
    return table


def _check(rows: Rows) -> None:
    if len(rows) > MAX_ROWS or max(map(len, rows), default=0) > MAX_COLUMNS or sum(map(len, rows)) > MAX_CELLS:
        raise Unreadable("too-many-cells")
    lengths = [len(cell) for row in rows for cell in row if isinstance(cell, str)]
    if max(lengths, default=0) > MAX_CELL_CHARACTERS:
        raise Unreadable("cell-too-long")
    if sum(lengths) > MAX_CHARACTERS:
        raise Unreadable("too-much")


def _csv(content: bytes, encoding: str | None) -> Table:
    text, taken = _text(content, encoding)
    if "\0" in text:
        raise Unreadable("not-a-table")
    rows: Rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            rows.append(row)
            if len(rows) > MAX_ROWS or len(row) > MAX_COLUMNS:
                raise Unreadable("too-many-cells")
    except csv.Error as error:
        raise Unreadable("cell-too-long") from error
    return Table(rows, notes=(Spoken("import.note.encoding", encoding=taken),) if taken == "gb18030" else ())


def _delimiter(text: str) -> str:
    """The one that stands in most of the first lines; a comma where none does."""
    lines = [*islice((line for line in io.StringIO(text) if line.strip()), DELIMITER_WITHIN)]
    return max(
        DELIMITERS,
        key=lambda one: (sum(one in line for line in lines), max([line.count(one) for line in lines], default=0)),
    )


def _text(content: bytes, encoding: str | None) -> tuple[str, str]:
    """The text and the encoding it was in."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for tried in (encoding,) if encoding else ("utf-16",) if utf16 else ENCODINGS:
        try:
            return content.decode(tried).removeprefix("\ufeff"), tried
        except UnicodeDecodeError:
            continue
    raise Unreadable("encoding")


def _workbook(content: bytes, wanted: str | None) -> Table:
    parts = _inflated(content)
    if any(b"<!DOCTYPE" in part or b"<!ENTITY" in part for part in parts.values()):
        raise Unreadable("not-a-table")
    epoch_1904 = bool(_DATE_1904.search(parts.get("xl/workbook.xml", b"")))
    sheets = [part for name, part in parts.items() if name.startswith("xl/worksheets/")]
    notes = [Spoken(f"import.note.{key}") for key, sign in _SIGNS.items() if any(map(sign.search, sheets))]
    packed = _repacked(parts)
    del parts, sheets  # the reader makes copies of its own
    try:
        with CalamineWorkbook.from_filelike(packed) as workbook:
            name, others = _sheet(workbook, wanted)
            sheet = workbook.get_sheet_by_name(name)
            rows: Rows = sheet.to_python(skip_empty_area=False)
            if _fill_merged(sheet, rows):
                notes.append(Spoken("import.note.merged"))
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise Unreadable("not-a-table") from error
    if others:
        notes.append(Spoken("import.note.sheets", taken=name, others=", ".join(others)))
    return Table([[_cell(cell) for cell in row] for row in rows], epoch_1904, tuple(notes))


def _sheet(workbook: CalamineWorkbook, wanted: str | None) -> tuple[str, list[str]]:
    """The sheet that is read and those that are not: the first that a person sees on opening the file."""
    sheets = [one for one in workbook.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
    seen = [one.name for one in sheets if one.visible is SheetVisibleEnum.Visible] or [one.name for one in sheets]
    name = wanted or seen[0]
    if name not in {one.name for one in sheets}:
        raise Unreadable("no-such-sheet")
    return name, [one.name for one in sheets if one.name != name]


def _fill_merged(sheet: CalamineSheet, rows: Rows) -> bool:
    """A cell merged over several rows speaks for each of them. True where there was one."""
    down = [(*start, *end) for start, end in sheet.merged_cell_ranges or () if end[0] > start[0]]
    for top, column, bottom, _ in down:
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row) and row[column] == "":
                row[column] = rows[top][column]
    return bool(down)


_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")
_SIGNS = {
    "hidden-rows": re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=[\"'](?:1|true)[\"']"),
    "errors": re.compile(rb"<(?:\w+:)?c\b[^>]*\bt=[\"']e[\"']"),
}
"""What a worksheet's XML holds that a person should know of, by the note that tells it."""


def _inflated(content: bytes) -> dict[str, bytes]:
    """All parts of the archive, within the limits whatever it says about itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
                raise Unreadable("too-much")
            parts: dict[str, bytes] = {}
            left = MAX_INFLATED_BYTES
            for entry in entries:
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(left + 1)
                left -= len(parts[entry.filename])
                if left < 0:
                    raise Unreadable("too-much")
            return parts
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        # What zipfile raises for archives that somebody crafted; each is one answer, no table.
        # BadZipFile, EOFError: cut or inconsistent; zlib.error: bytes that do not inflate; RuntimeError: encrypted;
        # NotImplementedError: packed in a way of its own; OSError, ValueError: offsets outside the file or negative.
        raise Unreadable("not-a-table") from error


def _repacked(parts: dict[str, bytes]) -> io.BytesIO:
    """The same parts in an archive of our own: two readers of a crafted one may disagree on what is in it."""
    repacked = io.BytesIO()
    with zipfile.ZipFile(repacked, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    repacked.seek(0)
    return repacked


def _cell(cell: Any) -> Any:
    return NotADay() if isinstance(cell, time | timedelta) else cell
