"""Strangers' pictures are opened in a process apart; nothing but pixels comes back, and from no picture nothing."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from inspection.documents.drawing import drawn
from inspection.documents.drawing_worker import MAX_BYTES, MAX_PIXELS
from tests.inspection.documents.builders import a_signature

SIGNATURE = a_signature()


def a_png(width: int, height: int, pixels: bytes) -> bytes:
    """Whatever its head says."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


async def test_every_stroke_is_kept_on_white_and_nothing_else() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "something else")
    file = io.BytesIO()
    with Image.open(io.BytesIO(SIGNATURE)) as picture:
        picture.save(file, "PNG", pnginfo=told)
    found = await drawn(file.getvalue())
    assert found is not None
    assert b"something else" not in found
    with Image.open(io.BytesIO(found)) as printed, Image.open(io.BytesIO(SIGNATURE)) as received:
        paper = Image.new("RGBA", received.size, "white")
        assert printed.tobytes() == Image.alpha_composite(paper, received).convert("RGB").tobytes()


async def test_the_same_picture_is_drawn_in_the_same_bytes() -> None:
    assert await drawn(SIGNATURE) == await drawn(SIGNATURE)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"no picture",
        SIGNATURE[: len(SIGNATURE) // 2],
        a_png(100_000, 100_000, b"\0" * 1000),
        a_png(MAX_PIXELS + 1, 1, b"\0" * (4 * MAX_PIXELS + 5)),
        a_png(0, 0, b""),
        SIGNATURE + b"\0" * MAX_BYTES,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["empty", "text", "torn", "bomb", "large", "of nothing", "long", "svg"],
)
async def test_what_is_no_picture_of_a_signature_is_none(bad: bytes) -> None:
    assert await drawn(bad) is None
