"""How a HEIF file stores its primary picture: the size before, and the turn after, which its readers apply unasked.

Only what pi_heif does not tell. ISO/IEC 14496-12 (boxes), 23008-12 (item properties).
"""

from collections.abc import Iterator
from typing import NamedTuple

MAX_BOXES = 10_000
"""Boxes or items looked at before giving up. A photograph of 200 megapixels consists of 819 items."""


class Primary(NamedTuple):
    """`orientation` is the container's own turn, numbered as EXIF does; what EXIF says must not be added to it."""

    width: int
    height: int
    orientation: int


def primary_of(file: bytes) -> Primary | None:
    """The primary picture as stored, None where the file does not say so in an orderly way."""
    try:
        meta = dict(_boxes(_first(file, b"meta")[4:]))
        properties = [*_boxes(_first(meta[b"iprp"], b"ipco"))]
        item = int.from_bytes(meta[b"pitm"][4 : 8 if meta[b"pitm"][0] else 6])
        used = [properties[index - 1] for index in _associated(_first(meta[b"iprp"], b"ipma"), item) if index]
        width, height = next(
            (int.from_bytes(body[4:8]), int.from_bytes(body[8:12])) for kind, body in used if kind == b"ispe"
        )
    except (LookupError, StopIteration):
        return None
    return Primary(width, height, _orientation(used))


def _first(data: bytes, wanted: bytes) -> bytes:
    return next(body for kind, body in _boxes(data) if kind == wanted)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(MAX_BOXES):
        if at + 8 > len(data):
            return
        length, kind, header = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if length == 1:
            length, header = int.from_bytes(data[at + 8 : at + 16]), 16
        end = at + length if length else len(data)
        if end < at + header:
            return
        yield kind, data[at + header : end]
        at = end


def _associated(ipma: bytes, wanted: int) -> list[int]:
    """Positions, from 1, of the properties of an item, in the order in which they apply."""
    identifier, wide = (4 if ipma[0] else 2), 2 if ipma[3] & 1 else 1
    at = 8
    for _ in range(min(int.from_bytes(ipma[4:8]), MAX_BOXES)):
        item, count = int.from_bytes(ipma[at : at + identifier]), ipma[at + identifier]
        at += identifier + 1
        if item == wanted:
            mask = (1 << (8 * wide - 1)) - 1
            return [int.from_bytes(ipma[at + n * wide : at + (n + 1) * wide]) & mask for n in range(count)]
        at += count * wide
    return []


_EXIF = {(0, 0): 1, (0, 1): 6, (0, 2): 3, (0, 3): 8, (1, 0): 2, (1, 1): 7, (1, 2): 4, (1, 3): 5}
"""Mirrored left to right, then so many quarter turns clockwise: EXIF's number for it."""


def _orientation(properties: list[tuple[bytes, bytes]]) -> int:
    mirrored, turns = 0, 0
    for kind, body in properties:
        if kind == b"irot":
            turns = (turns - (body[0] & 3)) % 4
        elif kind == b"imir":
            mirrored, turns = 1 - mirrored, ((0 if body[0] & 1 else 2) - turns) % 4
    return _EXIF[mirrored, turns]
