"""A mapping is proposed for headings that nobody has explained: a person looks at it, never the program alone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from device_registry.importing.cells import DateOrder
from device_registry.importing.columns import ELSEWHERE, ImportMapping, Layout, plain
from device_registry.importing.table import Cell, Table

ALIKE = 0.8
"""How much of two headings must agree (difflib's ratio) for one to be proposed for the other."""
SAMPLE_ROWS = 200
"""Rows looked at for the order of day and month."""
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{4}")


def proposed(
    table: Table, layout: Layout, mapping: ImportMapping, headings: Mapping[str, tuple[str, ...]], days: Iterable[str]
) -> ImportMapping:
    """The mapping with a column for each field that has none yet and that some heading resembles. `days` hold dates."""
    free = [n for n, heading in enumerate(layout.headings) if heading]
    free = [n for n in free if not any(n in places for places in layout.places.values())]
    columns = dict(mapping.columns)
    offers = sorted(
        _offers(layout, free, headings), key=lambda offer: (-offer[0], offer[2])
    )  # the best, then the first
    places = {field: found[0] for field, found in layout.places.items() if found}
    taken: set[int] = set()
    for _, field, place in offers:
        if place not in taken and field not in columns and field not in mapping.constants and field not in places:
            columns[field] = layout.headings[place]
            places[field] = place
            taken.add(place)
    below = table.rows[layout.header + 1 :][:SAMPLE_ROWS]
    written = [row[places[field]] for row in below for field in days if field in places and places[field] < len(row)]
    return ImportMapping(
        columns=columns,
        constants=mapping.constants,
        values=mapping.values,
        date_order=_order(written) or mapping.date_order,
        sheet=mapping.sheet,
        encoding=mapping.encoding,
    )


def _offers(
    layout: Layout, free: list[int], headings: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[float, str, int]]:
    for field, known in headings.items():
        if layout.places[field]:
            continue
        words = {plain(word) for word in (field, *known, *ELSEWHERE.get(field, ()))}
        for place in free:
            heading = plain(layout.headings[place])
            alike = max((SequenceMatcher(None, heading, word).ratio() for word in words), default=0.0)
            if alike >= ALIKE:
                yield alike, field, place


def _order(written: Iterable[Cell]) -> DateOrder | None:
    """What the dates with the year last can only mean, where a day after the twelfth tells."""
    pairs = [
        (int(match[1]), int(match[3]))
        for cell in written
        if isinstance(cell, str) and (match := _YEAR_LAST.fullmatch(cell.strip()))
    ]
    first, second = any(one > 12 for one, _ in pairs), any(two > 12 for _, two in pairs)
    return None if first is second else "DMY" if first else "MDY"
