"""Photographs and videos of any number: a real beginning, then noise that nothing can compress."""

import hashlib
import io
import os
from functools import cache
from typing import NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


class Capture(NamedTuple):
    """A file in the pieces in which it is sent; all but the first are shared between captures."""

    media_type: str
    pieces: list[bytes]
    size: int
    sha256: str


def photograph(number: int, size: int) -> Capture:
    """A JPEG with EXIF whose scan is noise. The same number gives the same bytes within one run."""
    start = _jpeg_headers()
    return _numbered("image/jpeg", start, number, size, size)


def video(number: int, size: int, chunk: int) -> Capture:
    """An MP4 by its first box, in chunks."""
    return _numbered("video/mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42", number, size, chunk)


def _numbered(media_type: str, start: bytes, number: int, size: int, chunk: int) -> Capture:
    first = (start + number.to_bytes(8) + _noise(chunk))[: min(size, chunk)]
    rest = [_noise(chunk)[: size - at] for at in range(len(first), size, chunk)]
    digest = hashlib.sha256()
    for piece in (first, *rest):
        digest.update(piece)
    return Capture(media_type, [first, *rest], size, digest.hexdigest())


@cache
def _noise(size: int) -> bytes:
    return os.urandom(size)


@cache
def _jpeg_headers() -> bytes:
    """All before the scan of a 12-megapixel photograph, with EXIF as phones write it: 14 kB, mostly a maker note."""
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.DateTime] = "Maker", "Phone", "2026:06:15 12:00:00"
    exif.get_ifd(IFD.Exif).update(
        {
            Base.DateTimeOriginal: "2026:06:15 12:00:00",
            Base.OffsetTimeOriginal: "+08:00",
            Base.MakerNote: os.urandom(13_500).replace(b"\xff", b"\xfe"),  # nothing in it may look like a marker
        }
    )
    exif.get_ifd(IFD.GPSInfo).update(
        {
            GPS.GPSLatitudeRef: "N",
            GPS.GPSLatitude: (30.0, 35.0, 42.0),
            GPS.GPSLongitudeRef: "E",
            GPS.GPSLongitude: (114.0, 17.0, 56.0),
        }
    )
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), (90, 120, 90)).save(file, "JPEG", exif=exif)
    body = file.getvalue()
    scan = body.index(b"\xff\xda", 4 + int.from_bytes(body[4:6]))
    return body[: scan + 2 + int.from_bytes(body[scan + 2 : scan + 4])]
