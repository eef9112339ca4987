"""Which kind of file it is, by its first bytes only: names and headers are claims."""

import re
from collections.abc import Callable

XML = "application/xml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UNKNOWN = "application/octet-stream"
HEAD_BYTES = 4096
"""How many first bytes `media_type_of` wants to see."""

_ISO_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic", b"hevm": "image/heic", b"hevs": "image/heic",
    b"mif1": "image/heic", b"msf1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4",
    b"isom": "video/mp4", b"iso2": "video/mp4", b"iso4": "video/mp4", b"iso5": "video/mp4", b"iso6": "video/mp4",
    b"mp41": "video/mp4", b"mp42": "video/mp4", b"avc1": "video/mp4", b"M4V ": "video/mp4", b"MSNV": "video/mp4",
    b"dash": "video/mp4", b"mmp4": "video/mp4",
    b"3gp4": "video/3gpp", b"3gp5": "video/3gpp", b"3gp6": "video/3gpp", b"3gp7": "video/3gpp", b"3ge6": "video/3gpp",
    b"3gg6": "video/3gpp", b"3gr6": "video/3gpp", b"3gs6": "video/3gpp",
}  # fmt: skip
"""Major brands of ISO base media files (ISO/IEC 14496-12; brands registered with MP4RA)."""

_MEDIA_OF_QUICKTIME, _FILLERS_OF_QUICKTIME = (b"moov", b"mdat"), (b"wide", b"free", b"skip", b"pnot")
"""Old QuickTime files begin without `ftyp`: with their media, or with something to be skipped before them."""


def media_type_of(head: bytes) -> str:
    """The media type that the first HEAD_BYTES bytes show, UNKNOWN where it is none of KNOWN."""
    return next((name for name, fits in _SIGNATURES if fits(head)), None) or _iso_base_media(head) or UNKNOWN


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _mp3(head: bytes) -> bool:
    """An ID3 tag, or a frame header of MPEG audio layer III with no reserved value in it."""
    if head[:3] == b"ID3":
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and bitrate not in (0, 15) and rate != 3


_PART_OF_A_WORKBOOK = re.compile(rb"PK\x03\x04.{26}xl/", re.DOTALL)


def _xlsx(head: bytes) -> bool:
    """An archive with a part of a workbook among its first; programs differ in which they write first.

    The 26 bytes are what stands between an entry's signature and its name (APPNOTE 4.3.7).
    """
    return head[:4] == b"PK\x03\x04" and _PART_OF_A_WORKBOOK.search(head) is not None


_SIGNATURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/jpeg", _begins(b"\xff\xd8\xff")),
    ("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    ("image/webp", _riff(b"WEBP")),
    ("audio/wav", _riff(b"WAVE")),
    ("audio/amr-wb", _begins(b"#!AMR-WB\n")),
    ("audio/amr", _begins(b"#!AMR\n")),
    ("application/pdf", _begins(b"%PDF-")),
    (XML, _begins(b"<?xml", b"\xef\xbb\xbf<?xml")),
    (XLSX, _xlsx),
    ("audio/mpeg", _mp3),
)
"""JPEG includes MPO: its first picture is a whole JPEG, and phones name such files .jpg."""

KNOWN = frozenset({name for name, _ in _SIGNATURES} | set(_ISO_BRANDS.values()))


def _iso_base_media(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return "video/quicktime" if _old_quicktime(head) else None
    length = min(int.from_bytes(head[:4]), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return None
    return next((_ISO_BRANDS[brand] for brand in brands if brand in _ISO_BRANDS), None)


def _old_quicktime(head: bytes) -> bool:
    """A filler alone proves nothing: a text may begin with "The free". Media must follow it within `head`."""
    at = 0
    while head[at + 4 : at + 8] in _FILLERS_OF_QUICKTIME:
        length = int.from_bytes(head[at : at + 4])
        if length < 8:
            return False
        at += length
    return head[at + 4 : at + 8] in _MEDIA_OF_QUICKTIME
