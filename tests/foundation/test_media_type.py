"""Which kind of file it is, by its bytes: real files of every known kind, and what must not pass for one."""

import csv

import filetype
import pytest

from foundation.media_type import HEAD_BYTES, KNOWN, UNKNOWN, XLSX, XML, media_type_of
from tests.evidence.real_data import REAL_DATA, files, needs_real_data


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = major + bytes(4) + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4) + b"ftyp" + brands + b"\0\0\0\x08mdat"


def entry(name: bytes) -> bytes:
    return b"PK\x03\x04" + bytes(22) + len(name).to_bytes(2, "little") + bytes(2) + name + b"packed"


def atom(kind: bytes, length: int) -> bytes:
    return length.to_bytes(4) + kind + bytes(length - 8)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\xf0\xff\xff\xffWAVEfmt ", "audio/wav"),
        (b"#!AMR\n\x04", "audio/amr"),
        (b"#!AMR-WB\n\x04", "audio/amr-wb"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"ID3\x03\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0", "audio/mpeg"),
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"heic"), "image/heic"),
        (ftyp(b"isom", b"avc1"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (ftyp(b"3gp5", b"isom"), "video/3gpp"),
        (ftyp(b"M4A ", b"isom"), "audio/mp4"),
        (ftyp(b"XAVC", b"mp42"), "video/mp4"),
        (atom(b"wide", 8) + atom(b"mdat", 100), "video/quicktime"),
        (atom(b"moov", 100), "video/quicktime"),
        (b'<?xml version="1.0"?>', XML),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", XML),
        (entry(b"[Content_Types].xml") + entry(b"xl/workbook.xml"), XLSX),
        (entry(b"xl/_rels/workbook.xml.rels"), XLSX),
    ],
)
def test_a_known_kind_is_known_by_its_first_bytes(head: bytes, media_type: str) -> None:
    assert media_type_of(head) == media_type
    assert media_type in KNOWN


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"RIFF",
        b"ftyp",
        b"\0\0\0\0ftyp",
        ftyp(b"avif", b"mif1"),
        ftyp(b"mif1", b"avif", b"heic"),
        ftyp(b"jp2 "),
        b"The free world begins here",
        atom(b"free", 8) + b"and then something else",
        b"\0\0\0\0free" * 3,
        b"\xff\xf1\x50\x80",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfe" + "文".encode("utf-16-le"),
        b"PK\x03\x04\x14\0",
        entry(b"[Content_Types].xml") + entry(b"word/document.xml"),
        b"<html>",
        b"GIF89a",
        b"II*\0",
    ],
)
def test_anything_else_is_unknown(head: bytes) -> None:
    assert media_type_of(head) == UNKNOWN


@pytest.mark.parametrize("length", [0, 4, 8, 11, 12, 15, 16, 17])
def test_a_head_cut_anywhere_is_answered(length: int) -> None:
    for head in (ftyp(b"heic", b"mif1"), b"RIFF\x24\0\0\0WEBPVP8 ", b"\xff\xfb\x90\x64\0", atom(b"wide", 8)):
        assert media_type_of(head[:length]) in KNOWN | {UNKNOWN}


SAME = {"audio/x-wav": "audio/wav", "image/heif": "image/heic", "image/svg+xml": XML}
"""Two names of one thing, or a kind of it."""

UNKNOWN_TO_EXIFTOOL = {
    "av/amr_nb.amr": "audio/amr",
    "av/amr_wb.amr": "audio/amr-wb",
    "hostile/crafted_xlsx_billion_laughs.xlsx": XLSX,
    "hostile/crafted_xlsx_sheet_bomb_200mb.xlsx": XLSX,
}


@needs_real_data
def test_real_files_are_what_exiftool_says() -> None:
    with (REAL_DATA / "expected.csv").open(encoding="utf-8") as rows:
        said = {
            row["file"]: SAME.get(row["exiftool_MIMEType"], row["exiftool_MIMEType"]) for row in csv.DictReader(rows)
        }
    said |= UNKNOWN_TO_EXIFTOOL
    for path in files("photos", "av", "hostile"):
        name = f"{path.parent.name}/{path.name}"
        expected = said.get(name)
        assert (name, media_type_of(path.read_bytes()[:HEAD_BYTES])) == (
            name,
            expected if expected in KNOWN else UNKNOWN,
        )


@needs_real_data
def test_real_documents_are_what_their_names_say() -> None:
    by_name = {".pdf": "application/pdf", ".xml": XML, ".xlsx": XLSX, ".crt": UNKNOWN}
    for path in files("docs"):
        expected = UNKNOWN if "pass_protected" in path.name else by_name[path.suffix]
        assert (path.name, media_type_of(path.read_bytes()[:HEAD_BYTES])) == (path.name, expected)


@needs_real_data
def test_whatever_both_know_is_the_same_for_filetype() -> None:
    """filetype calls 3GPP files MP4."""
    for path in files("photos", "av", "docs", "hostile"):
        head = path.read_bytes()[:HEAD_BYTES]
        oracle = filetype.guess_mime(head)
        found = media_type_of(head)
        if oracle is not None and found not in (UNKNOWN, "video/3gpp"):
            assert (path.name, found) == (path.name, SAME.get(oracle, oracle))
        if found == UNKNOWN:
            assert oracle not in KNOWN, path.name
