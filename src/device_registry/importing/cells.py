"""From the cell of a spreadsheet to what is meant. What is not sure is refused, never guessed."""

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeVar

from device_registry.importing.table import Cell, NotADay
from foundation.problem import Spoken

Meant = TypeVar("Meant")
DateOrder = Literal["YMD", "DMY", "MDY"]
MAX_EXACT = 10**15
"""Spreadsheets keep 15 digits of a number and put zeros in the place of the others."""
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
"""Bare numbers taken for days: from 1954 to 2119 (or four years later)."""
_ORDERS: dict[DateOrder, tuple[str, str, str]] = {
    "YMD": ("year", "month", "day"),
    "DMY": ("day", "month", "year"),
    "MDY": ("month", "day", "year"),
}
_YMD = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?:[T ]00:00(?::00)?Z?)?")
_CHINESE = re.compile(r"(?P<year>\d{4})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日")
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_LAST_YEAR = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")


class Unclear(Exception):
    """Why a cell cannot be taken, in words."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.why = Spoken(f"import.cell.{key}", **values)


def text(cell: Cell | None, *, most: int = 200) -> str:
    """The cell as text, spaces put in order; '' for an empty one. Raises Unclear."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool | date | NotADay):
        raise Unclear("not-text")
    if isinstance(cell, float | int):
        return _digits(cell)
    if not cell.isprintable():  # rare, and looking at every character is not cheap
        for character in cell:
            if unicodedata.category(character) in ("Cc", "Cf", "Cs") and not character.isspace():
                raise Unclear("invisible", code=f"U+{ord(character):04X}")
    tidy = " ".join(cell.split())
    if len(tidy) > most:
        raise Unclear("too-long", most=most)
    if len(tidy) > 1 and tidy[0] in "=@+-":
        raise Unclear("formula")
    return tidy


def day(cell: Cell | None, order: DateOrder, *, epoch_1904: bool) -> date | None:
    """The civil day that the cell means; None for an empty one. Raises Unclear."""
    if isinstance(cell, datetime):
        if cell.time() != time.min:
            raise Unclear("has-a-time")
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool | NotADay):
        raise Unclear("not-a-day")
    if isinstance(cell, float | int):
        return _serial(cell, epoch_1904=epoch_1904)
    written = " ".join((cell or "").split())
    return _written(written, order) if written else None


def number(cell: Cell | None) -> float | None:
    """A decimal number with a point; None for an empty cell. Raises Unclear."""
    if isinstance(cell, bool | date | NotADay):
        raise Unclear("not-a-number")
    if isinstance(cell, str):
        cell = cell.strip()
    if cell is None or cell == "":
        return None
    if isinstance(cell, str) and not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,20})?", cell):
        raise Unclear("not-a-number")
    found = float(cell)
    if not math.isfinite(found):
        raise Unclear("not-a-number")
    return found


def whole(cell: Cell | None) -> int | None:
    """A whole number from 1; None for an empty cell. Raises Unclear."""
    found = number(cell)
    if found is not None and not (found.is_integer() and 1 <= found < 2**31):
        raise Unclear("not-a-number")
    return None if found is None else int(found)


def one_of(cell: Cell | None, meanings: Mapping[str, Meant]) -> Meant | None:
    """What the word in the cell means, upper and lower case alike; None for an empty one. Raises Unclear."""
    word = text(cell)
    if not word:
        return None
    try:
        return meanings[word.casefold()]
    except KeyError:
        raise Unclear("unknown-word", word=word) from None


def _digits(cell: float) -> str:
    if not float(cell).is_integer():
        return repr(cell)
    if abs(cell) >= MAX_EXACT:
        raise Unclear("digits-lost")
    return str(int(cell))


def _written(text_: str, order: DateOrder) -> date:
    for pattern in (_YMD, _CHINESE, _COMPACT):
        if match := pattern.fullmatch(text_):
            return _date(int(match["year"]), int(match["month"]), int(match["day"]))
    match = _LAST_YEAR.fullmatch(text_)
    if match is None:
        raise Unclear("not-a-day")
    if order == "YMD":
        raise Unclear("day-or-month-first")
    parts = dict(zip(_ORDERS[order], (match[1], match[3], match[4]), strict=True))
    return _date(int(parts["year"]), int(parts["month"]), int(parts["day"]))


def _serial(cell: float, *, epoch_1904: bool) -> date:
    if not FIRST_SERIAL <= cell <= LAST_SERIAL:
        raise Unclear("not-a-day")
    if not float(cell).is_integer():
        raise Unclear("has-a-time")
    return (date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)) + timedelta(days=int(cell))


def _date(year: int, month: int, day_: int) -> date:
    try:
        return date(year, month, day_)
    except ValueError:
        raise Unclear("no-such-day") from None
