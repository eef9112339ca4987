"""What EXIF claims about a capture, and how far each claim may be believed. Pure.

EXIF is written by whoever had the file last, so nothing here is proof: HIGH only says that two clocks that do not know
of each other, the camera's and the satellites', tell the same.
"""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, NamedTuple

from PIL import Image

Confidence = Literal["HIGH", "MEDIUM", "LOW"]
Directory = dict[int, Any]

MAX_TEXT = 200
"""Characters kept of a text. The longest make, model or software in the photographs tried has 30."""

EARLIEST = datetime(1995, 1, 1)  # noqa: DTZ001 - a camera's wall clock
"""EXIF was published in 1995: no earlier time was written by a camera whose clock was set."""

AHEAD = timedelta(days=1)
"""How far beyond its reception a time may lie: a wall clock without offset runs up to 14 hours ahead of UTC."""

GPS_TOLERANCE = timedelta(minutes=2)
"""Between the camera's clock and its last satellite fix: 0 to 62 s in the photographs tried. Where no offset is stated,
one time in four agrees with some civil offset by accident, which is why that is never HIGH."""

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _ORIENTATION, _SOFTWARE = 0x010F, 0x0110, 0x0112, 0x0131
_TIMES = (("DateTimeOriginal", 0x9003, 0x9291, 0x9011), ("DateTimeDigitized", 0x9004, 0x9292, 0x9012))
"""A time, its fraction and its offset. DateTime (0x0132) is not here: it tells when the file was last edited."""
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _GPS_TIME, _MAP_DATUM, _GPS_DATE = 1, 2, 3, 4, 7, 18, 29

_DATE = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)


class Claims(NamedTuple):
    """`orientation` 1 to 8, None where EXIF names none; `derived` can be written as JSON as it is."""

    orientation: int | None
    derived: dict[str, Any]


def from_tiff_header(raw: bytes) -> bytes:
    """EXIF without the words that some containers put before it."""
    return raw.removeprefix(b"Exif\x00\x00")


def claims_of(raw: bytes, came_at: datetime) -> Claims:
    """Reads `raw`, from its TIFF header on. `came_at` (UTC) is when the file reached us: nothing in it is later."""
    main, photo, gps = _directories(raw)
    orientation = _integer(main.get(_ORIENTATION))
    return Claims(
        orientation if orientation in range(1, 9) else None,
        {
            "captured_at": _captured_at(photo, gps, came_at),
            "place": _place(gps),
            "make": _text(main.get(_MAKE)),
            "model": _text(main.get(_MODEL)),
            "software": _text(main.get(_SOFTWARE)),
        },
    )


def _directories(raw: bytes) -> tuple[Directory, Directory, Directory]:
    """The main directory, the photograph's and the receiver's; one that cannot be read is empty."""
    tags = Image.Exif()
    with suppress(Exception):  # Pillow raises anything on a broken directory, here and below
        tags.load(raw)
    return _read(lambda: dict(tags)), _read(lambda: tags.get_ifd(_EXIF_IFD)), _read(lambda: tags.get_ifd(_GPS_IFD))


def _read(directory: Callable[[], Directory]) -> Directory:
    try:
        return directory()
    except Exception:  # noqa: BLE001 - as above
        return {}


def _captured_at(photo: Directory, gps: Directory, came_at: datetime) -> dict[str, Any] | None:
    satellites = _satellite_time(gps, came_at)
    for source, time_tag, fraction_tag, offset_tag in _TIMES:
        if time_tag not in photo:
            continue
        wall, why = _wall_clock(_text(photo[time_tag]) or "", _text(photo.get(fraction_tag)) or "", came_at)
        if wall is None:
            return _claim({"value": None, "offset_known": False, "source": source}, "LOW", why)
        offset = _offset(_text(photo.get(offset_tag)) or "")
        found = {
            "value": wall.replace(tzinfo=offset).isoformat(),
            "offset_known": offset is not None,
            "source": source,
        }
        return _claim(found, *_trust(wall, offset, satellites))
    if satellites is None:
        return None
    return _claim(
        {"value": satellites.isoformat(), "offset_known": True, "source": "GPSDateTime"}, "LOW", "satellites-only"
    )


def _wall_clock(text: str, fraction: str, came_at: datetime) -> tuple[datetime | None, str]:
    """A time as the camera's clock showed it, without an offset; or none, and why."""
    digits = text.strip(" :")
    if not digits:
        return None, "blank"
    if not digits.strip(" :0"):
        return None, "zero"
    if (wall := _moment(text[:10], text[11:])) is None:
        return None, "impossible"
    if wall < EARLIEST:
        return None, "too-early"
    if wall > came_at.replace(tzinfo=None) + AHEAD:
        return None, "future"
    if fraction.isascii() and fraction.isdigit():
        wall = wall.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    return wall, ""


def _moment(date: str, clock: str) -> datetime | None:
    """EXIF separates a date by colons; some phones by hyphens or strokes."""
    if (match := _DATE.fullmatch(date)) is None or not _CLOCK.fullmatch(clock):
        return None
    try:
        return datetime.fromisoformat("-".join(match.groups()) + "T" + clock)
    except ValueError:
        return None


def _trust(wall: datetime, offset: timezone | None, satellites: datetime | None) -> tuple[Confidence, str]:
    if satellites is None:
        return ("LOW", "no-offset") if offset is None else ("MEDIUM", "offset-claimed")
    if offset is not None:
        agree = abs(wall.replace(tzinfo=offset) - satellites) <= GPS_TOLERANCE
        return ("HIGH", "gps-agrees") if agree else ("LOW", "gps-contradicts")
    ahead = wall.replace(tzinfo=UTC) - satellites
    quarters = round(ahead / timedelta(minutes=15))
    civil = -12 * 4 <= quarters <= 14 * 4 and abs(ahead - quarters * timedelta(minutes=15)) <= GPS_TOLERANCE
    return ("MEDIUM", "gps-agrees") if civil else ("LOW", "gps-contradicts")


def _satellite_time(gps: Directory, came_at: datetime) -> datetime | None:
    """When the receiver had its last fix, None where it does not say so in full, or says what cannot be."""
    midnight, time = _moment(_text(gps.get(_GPS_DATE)) or "", "00:00:00"), _numbers(gps.get(_GPS_TIME))
    if midnight is None or time is None or not EARLIEST <= midnight <= came_at.replace(tzinfo=None) + AHEAD:
        return None
    hours, minutes, seconds = time
    if hours >= 24 or minutes >= 60 or seconds > 60:
        return None
    return midnight.replace(tzinfo=UTC) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _offset(text: str) -> timezone | None:
    if text == "Z":
        return UTC
    if (match := _OFFSET.fullmatch(text)) is None:
        return None
    sign, hours, minutes = match.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    return timezone(ahead) if timedelta(hours=-12) <= ahead <= timedelta(hours=14) else None


def _place(gps: Directory) -> dict[str, Any] | None:
    """Never HIGH: nothing beside it can bear it out, and software in China may write GCJ-02 here without saying so."""
    if gps.get(_LATITUDE) is None and gps.get(_LONGITUDE) is None:
        return None
    latitude, longitude = _degrees(gps.get(_LATITUDE)), _degrees(gps.get(_LONGITUDE))
    north = {"N": 1, "S": -1}.get(_text(gps.get(_LATITUDE_REF)) or "")
    east = {"E": 1, "W": -1}.get(_text(gps.get(_LONGITUDE_REF)) or "")
    if latitude is None or longitude is None:
        why = "unreadable"
    elif north is None or east is None:
        why = "no-reference"
    elif latitude > 90 or longitude > 180:
        why = "impossible"
    elif latitude == longitude == 0:
        why = "zero"
    elif not _is_wgs84(_text(gps.get(_MAP_DATUM)) or ""):
        why = "other-datum"
    else:
        return _claim({"lat": north * latitude, "lon": east * longitude, "datum": "WGS84"}, "MEDIUM", "claimed")
    return _claim({"lat": None, "lon": None, "datum": None}, "LOW", why)


def _is_wgs84(datum: str) -> bool:
    return re.sub(r"[^A-Z0-9]", "", datum.upper()) in ("", "WGS84")


def _degrees(value: Any) -> float | None:
    """Degrees, minutes and seconds as one number, never negative: the direction stands in a tag of its own."""
    parts = _numbers(value)
    if parts is None:
        return None
    degrees, minutes, seconds = parts
    return degrees + minutes / 60 + seconds / 3600


def _numbers(value: Any) -> tuple[float, float, float] | None:
    """Three finite numbers, none negative."""
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    try:
        one, two, three = (float(part) for part in value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (one, two, three) if all(math.isfinite(n) and n >= 0 for n in (one, two, three)) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    """A text as data: no control or direction characters, no longer than MAX_TEXT. None: none there, or an empty one.

    Pillow reads EXIF texts as Latin-1; phones write UTF-8 into them, so that is tried first.
    """
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")
    if not isinstance(value, bytes):
        return None
    value = value.split(b"\0", 1)[0]
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).rstrip()[:MAX_TEXT] or None


def _claim(found: dict[str, Any], confidence: Confidence, why: str) -> dict[str, Any]:
    return found | {"confidence": confidence, "why": why}
