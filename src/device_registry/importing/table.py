"""Rows of cells, as a CSV or XLSX file holds them, and how much of that is taken."""

from datetime import date, datetime

import msgspec

from foundation.problem import Spoken

MAX_FILE_BYTES = 32 << 20
"""Largest file taken. The largest real register tried, 3,350 cameras in 15 columns, has 0.5 MB or 153 bytes a row;
50,000 rows of four times that still fit."""
MAX_ROWS, MAX_COLUMNS, MAX_CELLS = 60_000, 200, 1_000_000
"""A city's register of 50,000 devices in 20 columns. Measured with the reader's memory: see worker.py."""
MAX_CELL_CHARACTERS, MAX_CHARACTERS = 2_000, 32_000_000
"""Characters of one cell, and of all. A text that is written once in a workbook may stand in a million cells."""


class NotADay(msgspec.Struct, frozen=True):
    """A time of day or a duration: no cell of a register is one."""


Cell = str | float | bool | date | datetime | NotADay


class Table(msgspec.Struct, frozen=True):
    """Rows as they stand in one sheet, the header among them; the first is row 1."""

    rows: list[list[Cell]]
    epoch_1904: bool = False
    """Day numbers count from 1904 (old Macintosh workbooks), not from 1900."""
    notes: tuple[Spoken, ...] = ()
    """What a person should know about how the file was read: its encoding, other sheets, hidden rows, merged cells."""


class Unreadable(Exception):
    """The last part of the key of the sentence that says why this is no table within the limits."""
