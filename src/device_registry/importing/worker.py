"""The process that reads one spreadsheet: the file comes in on standard input, its rows go out on standard output.

It runs under hard limits of memory and time, can open no file, and may die of what it reads.
"""

import codecs
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from device_registry.importing import certificate_rows, device_rows
from device_registry.importing.columns import (
    CERTIFICATE_HEADINGS,
    DEVICE_HEADINGS,
    ColumnsUnclear,
    Layout,
    Row,
    check_layout,
    layout_of,
    rows_of,
)
from device_registry.importing.guessing import proposed
from device_registry.importing.reading import Asked, Header, Heading, Opening
from device_registry.importing.spreadsheet import ENCODINGS, table_of
from device_registry.importing.table import Table, Unreadable
from foundation.confinement import confine
from foundation.problem import Spoken

MEMORY_BYTES = 1 << 30
"""Address space. A workbook of 60,000 rows in 16 columns of 40 characters needed 520 MB of it."""
CPU_SECONDS = 20
"""The same workbook takes 4 on a machine of 2026."""
BATCH = 1000
"""Rows a frame."""
EXAMPLES = 3
ENOUGH_CHARACTERS = 40


def main() -> None:
    _limit()
    content = sys.stdin.buffer.read()
    size = int.from_bytes(content[:4])
    asked = msgspec.msgpack.decode(content[4 : 4 + size], type=Asked)
    try:
        for frame in answer(content[4 + size :], asked):
            packed = msgspec.msgpack.encode(frame, enc_hook=_packed)
            sys.stdout.buffer.write(len(packed).to_bytes(4) + packed)
    except MemoryError:
        return  # the answer has no end, which says enough
    sys.stdout.buffer.write(bytes(4))


def _limit() -> None:
    for encoding in (*ENCODINGS, "utf-16", "windows-1252", "cp437"):  # cp437: names in archives
        codecs.lookup(encoding)  # from here on no file can be opened, not even a module
    confine(MEMORY_BYTES)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process


def answer(content: bytes, asked: Asked) -> Iterator[Any]:
    """An Opening, then lists of rows; only an Opening for a file that is no such table."""
    words, mapping = asked.words, asked.mapping
    headings = CERTIFICATE_HEADINGS if words is None else DEVICE_HEADINGS
    needed = certificate_rows.REQUIRED if words is None else device_rows.REQUIRED
    try:
        table = table_of(content, sheet=mapping.sheet, encoding=mapping.encoding)
    except Unreadable as unreadable:
        yield Opening(unreadable=str(unreadable))
        return
    layout = layout_of(table, mapping, headings)
    days = certificate_rows.DAYS if words is None else ()
    header = Header(
        layout.header + 1,
        [*_headings(table, layout)],
        proposed(table, layout, mapping, headings, days),
        [*table.notes],
    )
    try:
        check_layout(layout, mapping, headings, needed)
    except ColumnsUnclear as unclear:
        yield Opening(header, unclear=unclear.what, unclear_field=unclear.field)
        return
    yield Opening(header)
    convert: Callable[[Row], Any]
    if words is None:
        convert = partial(certificate_rows.certificate_row, date_order=mapping.date_order, epoch_1904=table.epoch_1904)
    else:
        convert = partial(device_rows.device_row, words=words)
    rows = rows_of(table, layout, mapping)
    while batch := [*map(convert, islice(rows, BATCH))]:
        yield batch


def _headings(table: Table, layout: Layout) -> Iterator[Heading]:
    fields = {n: field for field, places in layout.places.items() for n in places}
    below = table.rows[layout.header + 1 :]
    for n, heading in enumerate(layout.headings):
        filled = (str(row[n])[:ENOUGH_CHARACTERS] for row in below[:200] if n < len(row) and row[n] not in ("", None))
        yield Heading(heading, fields.get(n), [*dict.fromkeys(filled)][:EXAMPLES])


def _packed(spoken: Any) -> Any:
    """The only thing that is sent and is no Struct: see reading._spoken."""
    assert isinstance(spoken, Spoken)
    return [spoken.key, {name: _plain(value) for name, value in spoken.values.items()}]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | Spoken) else str(value)


if __name__ == "__main__":
    main()
