"""What EXIF claims, and how far each claim is believed: tables of EXIF blocks made here."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from evidence.exif import MAX_TEXT, claims_of, from_tiff_header

CAME_AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
WUHAN = {1: "N", 2: (30.0, 35.0, 24.0), 3: "E", 4: (114.0, 18.0, 18.0)}
FIX = {7: (2.0, 11.0, 3.5), 29: "2026:05:01"}
"""2026-05-01T02:11:03.5Z"""


def exif(
    main: dict[int, Any] | None = None, photo: dict[int, Any] | None = None, gps: dict[int, Any] | None = None
) -> bytes:
    tags = Image.Exif()
    for tag, value in (main or {}).items():
        tags[tag] = value
    tags.get_ifd(0x8769).update(photo or {})
    tags.get_ifd(0x8825).update(gps or {})
    return from_tiff_header(tags.tobytes())


def derived(**directories: dict[int, Any]) -> dict[str, Any]:
    found = claims_of(exif(**directories), CAME_AT).derived
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def taken(text: Any, *, gps: dict[int, Any] | None = None, **more: str) -> dict[str, Any]:
    tags = {"offset": 0x9011, "fraction": 0x9291}
    found = derived(photo={0x9003: text} | {tags[name]: value for name, value in more.items()}, gps=gps or {})
    assert found["captured_at"]["source"] == "DateTimeOriginal"
    return {name: value for name, value in found["captured_at"].items() if name != "source"}


def test_a_time_without_offset_is_a_wall_clock_and_little_believed() -> None:
    assert taken("2026:05:01 10:11:12") == {
        "value": "2026-05-01T10:11:12",
        "offset_known": False,
        "confidence": "LOW",
        "why": "no-offset",
    }


def test_an_offset_is_a_claim_like_the_time_itself() -> None:
    assert taken("2026:05:01 10:11:12", offset="+08:00", fraction="345") == {
        "value": "2026-05-01T10:11:12.345000+08:00",
        "offset_known": True,
        "confidence": "MEDIUM",
        "why": "offset-claimed",
    }


@pytest.mark.parametrize(
    ("text", "offset", "confidence", "why"),
    [
        ("2026:05:01 10:11:12", "+08:00", "HIGH", "gps-agrees"),
        ("2026:05:01 10:13:03", "+08:00", "HIGH", "gps-agrees"),
        ("2026:05:01 10:13:04", "+08:00", "LOW", "gps-contradicts"),
        ("2026:05:01 10:11:12", "+09:00", "LOW", "gps-contradicts"),
        ("2026:05:01 10:11:12", "", "MEDIUM", "gps-agrees"),
        ("2026:05:01 07:41:12", "", "MEDIUM", "gps-agrees"),
        ("2026:05:01 10:18:00", "", "LOW", "gps-contradicts"),
        ("2026:05:02 10:11:12", "", "LOW", "gps-contradicts"),
        ("2026:04:30 14:11:12", "", "MEDIUM", "gps-agrees"),
        ("2026:04:30 13:11:12", "", "LOW", "gps-contradicts"),
    ],
)
def test_satellites_bear_a_time_out_or_contradict_it(text: str, offset: str, confidence: str, why: str) -> None:
    found = taken(text, offset=offset, gps=FIX)
    assert (found["confidence"], found["why"]) == (confidence, why)
    assert found["value"] is not None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0000:00:00 00:00:00", "zero"),
        ("    :  :     :  :  ", "blank"),
        ("                   ", "blank"),
        ("\0", "blank"),
        ("2026:02:30 25:61:61", "impossible"),
        ("2026:05:01", "impossible"),
        ("2026:05:01 10:11:12+08:00", "impossible"),
        ("９９９９:05:01 10:11:12", "impossible"),
        ("yesterday", "impossible"),
        ("1919:05:04 10:00:00", "too-early"),
        ("0001:01:01 00:00:00", "too-early"),
        ("2026:06:16 04:00:01", "future"),
        ("2099:09:29 10:10:10", "future"),
        ("9999:12:31 23:59:59", "future"),
    ],
)
def test_a_time_that_cannot_be_is_no_time_whatever_stands_beside_it(text: str, why: str) -> None:
    expected = {"value": None, "offset_known": False, "confidence": "LOW", "why": why}
    assert taken(text.encode("utf-8")) == expected
    assert taken(text.encode("utf-8"), offset="+08:00", gps=FIX) == expected


@pytest.mark.parametrize("text", ["2026-05-01 10:11:12", "2026/05/01 10:11:12", "2026:05:01T10:11:12"])
def test_other_separators_are_understood(text: str) -> None:
    assert taken(text)["value"] == "2026-05-01T10:11:12"


@pytest.mark.parametrize("offset", ["   :  ", "+25:00", "+14:01", "-12:01", "8", "+8:00", "\0"])
def test_an_offset_that_no_place_has_is_none(offset: str) -> None:
    assert taken("2026:05:01 10:11:12", offset=offset)["offset_known"] is False


@pytest.mark.parametrize("fraction", ["", "  ", "x", "-5", "１２", "9" * 400])
def test_an_odd_fraction_takes_nothing_from_the_time(fraction: str) -> None:
    assert taken("2026:05:01 10:11:12", fraction=fraction)["value"].startswith("2026-05-01T10:11:12")


def test_the_time_of_digitising_stands_in_and_the_time_of_editing_does_not() -> None:
    assert derived(photo={0x9004: "2026:05:01 10:11:12"})["captured_at"]["source"] == "DateTimeDigitized"
    assert derived(main={0x0132: "2026:05:01 10:11:12"})["captured_at"] is None


def test_satellites_alone_tell_of_a_fix_that_may_be_old() -> None:
    assert derived(gps=FIX)["captured_at"] == {
        "value": "2026-05-01T02:11:03.500000+00:00",
        "offset_known": True,
        "source": "GPSDateTime",
        "confidence": "LOW",
        "why": "satellites-only",
    }


@pytest.mark.parametrize(
    "gps",
    [
        {29: "2026:05:01"},
        {7: (2.0, 11.0, 3.0)},
        {7: (2.0, 11.0, 3.0), 29: "2014:09:259"},
        {7: (0.0, 0.0, 0.0), 29: "0000:00:00"},
        {7: (24.0, 0.0, 0.0), 29: "2026:05:01"},
        {7: (2.0, 60.0, 0.0), 29: "2026:05:01"},
        {7: (2.0, 11.0), 29: "2026:05:01"},
        {7: (2.0, 11.0, 3.0), 29: "2099:05:01"},
        {7: (2.0, 11.0, 3.0), 29: "1919:05:04"},
        {7: (2.0, 11.0, 3.0), 29: "9999:12:31"},
    ],
)
def test_a_satellite_time_that_is_not_whole_is_none(gps: dict[int, Any]) -> None:
    assert derived(gps=gps)["captured_at"] is None


def test_a_place_is_a_claim_in_decimal_degrees() -> None:
    found = derived(gps=WUHAN)["place"]
    assert (found["lat"], found["lon"]) == (pytest.approx(30.59), pytest.approx(114.305))
    assert (found["datum"], found["confidence"], found["why"]) == ("WGS84", "MEDIUM", "claimed")


def test_south_and_west_are_negative() -> None:
    found = derived(gps=WUHAN | {1: "S", 3: "W"})["place"]
    assert (found["lat"], found["lon"]) == (pytest.approx(-30.59), pytest.approx(-114.305))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({2: (213.0, 38.0, 24.0)}, "impossible"),
        ({4: (180.0, 0.0, 1.0)}, "impossible"),
        ({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, "zero"),
        ({1: ""}, "no-reference"),
        ({3: "X"}, "no-reference"),
        ({2: (30.0, 35.0)}, "unreadable"),
        ({18: "TOKYO"}, "other-datum"),
    ],
)
def test_a_place_that_cannot_be_is_no_place(change: dict[int, Any], why: str) -> None:
    assert derived(gps=WUHAN | change)["place"] == {
        "lat": None,
        "lon": None,
        "datum": None,
        "confidence": "LOW",
        "why": why,
    }


@pytest.mark.parametrize("rational", [b"\0\0\0\x1e\0\0\0\0", b"\0\0\0\0\0\0\0\0"])
def test_a_number_over_zero_is_no_place(rational: bytes) -> None:
    thirty = b"\0\0\0\x1e\0\0\0\x01"
    block = exif(gps=WUHAN | {2: (30.0, 30.0, 30.0)})
    little = block[:2] == b"II"
    swap = (lambda raw: raw[3::-1] + raw[:3:-1]) if little else bytes
    broken = block.replace(swap(thirty) * 3, swap(rational) * 3)
    assert broken != block
    assert claims_of(broken, CAME_AT).derived["place"]["why"] == "unreadable"


@pytest.mark.parametrize("datum", ["WGS-84", "WGS-84   ", "WGS84", "wgs 84", ""])
def test_the_datum_has_many_spellings(datum: str) -> None:
    assert derived(gps=WUHAN | {18: datum})["place"]["datum"] == "WGS84"


def test_no_tags_claim_nothing() -> None:
    assert derived() == {"captured_at": None, "place": None, "make": None, "model": None, "software": None}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"HUAWEI", "HUAWEI"),
        ("华为".encode(), "华为"),
        ("Müller".encode("latin-1"), "Müller"),
        (b"a\0b", "a"),
        (b"\x01\x02\x1b[31mred\x7f\n", "[31mred"),
        ("\u202egpj.exe\u200b".encode(), "gpj.exe"),
        (b"\xff\xfe\xfd", "ÿþý"),
        (b"   ", None),
        (b"", None),
        (b"x" * 100_000, "x" * MAX_TEXT),
        ("\ud800".encode("utf-8", "surrogatepass"), "í"),
    ],
)
def test_texts_are_data_without_control_characters(written: bytes, read: str | None) -> None:
    assert derived(main={0x010F: written})["make"] == read


@pytest.mark.parametrize(("written", "read"), [(1, 1), (6, 6), (8, 8), (0, None), (9, None), (65535, None)])
def test_an_orientation_is_one_of_eight(written: int, read: int | None) -> None:
    assert claims_of(exif(main={0x0112: written}), CAME_AT).orientation == read


@pytest.mark.parametrize("raw", [b"", b"II", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"Exif", bytes(100), b"\xff" * 1000])
def test_a_broken_block_claims_nothing(raw: bytes) -> None:
    assert claims_of(raw, CAME_AT).derived["captured_at"] is None


def test_a_block_cut_anywhere_is_answered() -> None:
    whole = exif({0x010F: "Make"}, {0x9003: "2026:05:01 10:11:12"}, WUHAN | FIX)
    for length in range(len(whole)):
        json.dumps(claims_of(whole[:length], CAME_AT).derived, allow_nan=False)


def test_a_block_with_any_byte_changed_is_answered() -> None:
    whole = bytearray(exif({0x010F: "Make", 0x0112: 6}, {0x9003: "2026:05:01 10:11:12"}, WUHAN | FIX))
    for at in range(len(whole)):
        for value in (0x00, 0x7F, 0xFF):
            changed = whole.copy()
            changed[at] = value
            json.dumps(claims_of(bytes(changed), CAME_AT).derived, allow_nan=False)
