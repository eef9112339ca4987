"""The process that opens strangers' pictures: reads one from standard input, answers what its headers say, again.

It may be killed at any moment and holds nothing worth keeping: no connection, no secret, no file of ours. Pixels are
never decoded. Started by evidence.content as a program of its own, so that it carries Pillow and nothing else.
"""

import json
import os
import signal
import sys
import warnings
from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple

import pi_heif
from pi_heif import options as heif_options
from PIL import Image, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from evidence import exif, heif
from evidence.frames import ANSWER, PICTURES, READY, REQUEST
from foundation.confinement import confine

FORMATS = {"image/jpeg": ("JPEG", "MPO"), "image/png": ("PNG",), "image/webp": ("WEBP",)}
"""What Pillow may take each media type for. HEIC is read by pi_heif itself: its Pillow plugin rewrites the EXIF."""

MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of this process. Loading takes 45 MB. WebP asks for most: its decoder reserves two canvases without
touching them, 716 MB for the largest picture allowed; beside it stands the file, up to 64 MiB, thrice at worst."""

MAX_PIXELS = 250_000_000
"""Phones have sensors of 200 megapixels. No pixel is decoded here, so a header costs the same whatever it says."""

MAX_WEBP_PIXELS = 89_478_485
"""Pillow's own limit: its WebP decoder reserves canvases before anybody asks for a pixel."""

CPU_SECONDS = 3.0
"""What one picture may cost. A photograph takes 0.002."""

MAX_EXIF_BYTES = 64 * 1024
"""How much raw EXIF is kept, from its TIFF header on. A JPEG segment cannot hold more; some HEIC carry 190 kB."""

PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Loaded now: once the limits stand, no file can be opened, not even a module's."""


class Opened(NamedTuple):
    """`width` and `height` as stored; `orientation` is what a viewer has to do with them, numbered as EXIF does."""

    format: str
    width: int
    height: int
    orientation: int | None
    exif: bytes


class TooLargeError(Exception):
    """More pixels than MAX_PIXELS, or for WebP MAX_WEBP_PIXELS."""


def main() -> None:
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may look like an answer
    _prepare()
    answers.write(READY)
    answers.flush()
    while len(header := requests.read(REQUEST.size)) == REQUEST.size:
        length, came_at, position = REQUEST.unpack(header)
        picture = requests.read(length)
        if len(picture) < length:
            return
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        answer = json.dumps(answer_to(picture, PICTURES[position], datetime.fromtimestamp(came_at, UTC))).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(ANSWER.pack(len(answer)) + answer)
        answers.flush()


def answer_to(picture: bytes, media_type: str, came_at: datetime) -> dict[str, Any]:
    """`trouble` (None: opened), `error` for the log, and `metadata`: never more than 100 KiB of JSON."""
    try:
        opened = _opened_heic(picture) if media_type == "image/heic" else _opened(picture, FORMATS[media_type])
    except (TooLargeError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return _trouble("PICTURE_TOO_LARGE", error)
    except MemoryError as error:
        return _trouble("PICTURE_TOO_COSTLY", error)
    except Exception as error:  # noqa: BLE001 - whatever a decoder says of a stranger's bytes, it cannot be opened
        return _trouble("PICTURE_UNREADABLE", error)
    metadata = {
        "format": opened.format,
        "width": opened.width,
        "height": opened.height,
        "orientation": opened.orientation,
    }
    oddity = None
    if opened.exif:
        metadata |= {
            "exif_bytes": len(opened.exif),
            "exif_raw": b64encode(opened.exif[:MAX_EXIF_BYTES]).decode(),
        }
        try:
            claims = exif.claims_of(opened.exif, came_at)
        except Exception as raised:  # noqa: BLE001 - not foreseen, and no reason to hold a picture that can be opened
            oddity = type(raised).__name__
        else:
            metadata |= {"exif_orientation": claims.orientation, "derived": claims.derived}
            if opened.orientation is None:
                metadata["orientation"] = claims.orientation
    return {"trouble": None, "error": oddity, "metadata": metadata}


def _prepare() -> None:
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    heif_options.THUMBNAILS = heif_options.DEPTH_IMAGES = heif_options.AUX_IMAGES = False
    confine(MEMORY_BYTES)


def _opened(picture: bytes, formats: tuple[str, ...]) -> Opened:
    if formats == ("WEBP",):
        _check_pixels(*_webp_canvas(picture), MAX_WEBP_PIXELS)
    with Image.open(BytesIO(picture), formats=formats) as image:
        raw = image.info.get("exif") or (_exif_of_png(picture) if image.format == "PNG" else b"")
        return Opened(image.format or formats[0], *image.size, None, exif.from_tiff_header(raw))


def _opened_heic(picture: bytes) -> Opened:
    image = pi_heif.open_heif(picture)
    _check_pixels(image.size[0], image.size[1], MAX_PIXELS)
    width, height, orientation = heif.primary_of(picture) or (*image.size, 1)
    return Opened("HEIF", width, height, orientation, exif.from_tiff_header(image.info.get("exif") or b""))


def _check_pixels(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise TooLargeError


def _webp_canvas(picture: bytes) -> tuple[int, int]:
    """Width and height by the first chunk. Source: RFC 9649, sections 2.5 to 2.7."""
    kind, body = picture[12:16], picture[20:30]
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        both = int.from_bytes(body[1:5], "little")
        return (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _exif_of_png(picture: bytes) -> bytes:
    """The eXIf chunk, which may follow the pixels, where Pillow finds it only by decoding them."""
    at = 8
    while at + 8 <= len(picture):
        length, kind = int.from_bytes(picture[at : at + 4]), picture[at + 4 : at + 8]
        if kind == b"eXIf":
            return picture[at + 8 : at + 8 + length]
        at += 12 + length
    return b""


def _trouble(code: str, error: BaseException) -> dict[str, Any]:
    return {"trouble": code, "error": type(error).__name__, "metadata": {}}


if __name__ == "__main__":
    main()
