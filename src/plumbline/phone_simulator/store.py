"""What a phone has stored: all of it survives a restart, nothing else does."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO
from random import Random

from msgspec import Struct, field
from PIL import Image

_SEGMENT = 65_533
"""Bytes that a comment of a JPEG can hold."""
_SMALLEST = 2_000


class Photograph(Struct):
    """A picture as it was taken. Its bytes are made again, of seed and number, whenever they are sent."""

    evidence_id: str
    seed: int
    number: int
    size: int
    sha256: str
    commitment: str
    committed: str = ""
    """Receipt 1."""
    begun: bool = False
    """An upload may stand at the server: ask how far it came before sending."""
    receipt: str = ""
    """Receipt 2, checked. Until then nothing of it is wiped."""

    def read(self) -> bytes:
        return picture(self.seed, self.number, self.size)


class Store(Struct):
    """Of one phone. `waiting` are operations that nobody has acknowledged, by id, in the order they were told."""

    told: dict[str, str] = field(default_factory=dict)
    """Every operation of this phone: its id, and the inspection it is about."""
    waiting: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Operations as they were signed, kept for a server that loses them."""
    photographs: list[Photograph] = field(default_factory=list)
    cursor: str = "0"
    offered: str = ""
    """The loss since which everything was offered."""
    known: dict[str, list[str]] = field(default_factory=dict)
    """Of each inspection, as last pulled, the ids of its operations."""


def picture(seed: int, number: int, size: int) -> bytes:
    """A JPEG of exactly that size, another for each seed and number: what it lacks in size is noise in comments."""
    start, rest = _small()
    missing = max(size, _SMALLEST) - len(start) - len(rest)
    comments = []
    while missing > 0:
        length = min(missing, _SEGMENT + 4)
        if 0 < missing - length < 12:
            length -= 12
        inside = (number.to_bytes(8) + _noise(seed))[: length - 4]
        comments.append(b"\xff\xfe" + (len(inside) + 2).to_bytes(2) + inside)
        missing -= length
    return b"".join((start, *comments, rest))


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@cache
def _small() -> tuple[bytes, bytes]:
    written = BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 90)).save(written, "JPEG")
    body = written.getvalue()
    return body[:2], body[2:]


@cache
def _noise(seed: int) -> bytes:
    return Random(seed).randbytes(_SEGMENT)  # noqa: S311 - to fill a picture
