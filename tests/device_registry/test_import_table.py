"""From bytes to rows: encodings, delimiters, workbooks, and files that mean harm."""

import io
import time
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter

from device_registry.importing import reading
from device_registry.importing.columns import (
    DEVICE_HEADINGS,
    ColumnsUnclear,
    ImportMapping,
    check_layout,
    layout_of,
    rows_of,
)
from device_registry.importing.spreadsheet import table_of
from device_registry.importing.table import Cell, Table, Unreadable
from device_registry.problems import ImportUnreadable
from tests.device_registry.real_data import FOLDER, real_data

ROWS: list[list[Cell]] = [["设备编号", "地点"], ["A-1", "武昌, 中南路"], ["A-2", "línea\nnueva"]]


def a_workbook(rows: list[list[Cell]], **options: object) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def an_archive(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_whatever_its_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS[:2])
    assert table_of(text.encode(encoding)).rows == ROWS[:2]


def test_a_quoted_cell_may_hold_the_delimiter_and_lines() -> None:
    assert table_of('设备编号,地点\nA-1,"武昌, 中南路"\nA-2,"línea\nnueva"\n'.encode()).rows == ROWS


@pytest.mark.parametrize(("epoch", "expected"), [(False, False), (True, True)])
def test_a_workbook_is_read_with_its_epoch(epoch: bool, expected: bool) -> None:
    found = table_of(a_workbook(ROWS, default_date_format="yyyy-mm-dd", date_1904=epoch))
    assert (found.rows, found.epoch_1904) == (ROWS, expected)


def only_a_corner(row: int = 1048575, column: int = 16383) -> bytes:
    """Two cells as far apart as a sheet allows: a reader that fills the space between needs 17 thousand million."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "设备编号")
        sheet.write(row, column, "A-1")
    return out.getvalue()


def with_a_doctype() -> bytes:
    with zipfile.ZipFile(io.BytesIO(a_workbook(ROWS))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet', 1)
    return an_archive(parts)


def lying_about_its_size() -> bytes:
    """The directory says 10 bytes, the part inflates to 100 MB."""
    honest = an_archive({"xl/worksheets/sheet1.xml": b"\0" * (100 << 20)})
    return honest.replace((100 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a part of 200 MB": ("too-much", lambda: an_archive({"xl/worksheets/sheet1.xml": b" " * (200 << 20)})),
    "parts of 200 MB together": ("too-much", lambda: an_archive({f"xl/{n}.xml": b" " * (10 << 20) for n in range(20)})),
    "a part that lies about its size": ("not-a-table", lying_about_its_size),
    "a thousand parts": ("too-much", lambda: an_archive({f"xl/{n}.xml": b"" for n in range(1000)})),
    "a corner": ("too-much", only_a_corner),
    "a corner that fits the machine but not the limit": ("too-much", lambda: only_a_corner(59_999, 999)),
    "a document type": ("not-a-table", with_a_doctype),
    "an archive of something else": ("not-a-table", lambda: an_archive({"readme.txt": b"hello"})),
    "half a workbook": ("not-a-table", lambda: a_workbook(ROWS)[:2000]),
    "an encrypted workbook": ("encrypted-or-old", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "bytes that are no text": ("encoding", lambda: bytes(range(128, 256)) * 10),
    "a text with NUL": ("not-a-table", lambda: b"tag,kind\n\0,\0\n"),
    "a quotation mark that never ends": ("cell-too-long", lambda: b'tag\n"' + b"x,\n" * 50_000),
    "too many rows": ("too-many-cells", lambda: b"tag\n" + b"x\n" * 60_001),
    "too many columns": ("too-many-cells", lambda: b"," * 500),
    "a cell of 3,000 characters": ("cell-too-long", lambda: b"tag\n" + b"x" * 3000),
    "33 MB": ("file-too-large", lambda: b"x,\n" * (11 << 20)),
    "a text that stands in twenty thousand cells": ("too-much", lambda: a_workbook([["x" * 1900] * 100] * 200)),
    "too many rows in a workbook": ("too-many-cells", lambda: a_workbook([["x"]] * 60_001)),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_file_is_refused_soon_with_a_reason(case: str) -> None:
    why, make = HOSTILE[case]
    content = make()
    began = time.monotonic()
    with pytest.raises(ImportUnreadable) as refused:
        await reading.certificate_rows(content, ImportMapping())
    assert time.monotonic() - began < 10
    assert refused.value.values["why"].key == f"import.{why}"  # type: ignore[attr-defined]
    assert "{" not in refused.value.spoken("zh-CN")["detail"] + refused.value.spoken("en")["detail"]
    _, rows = await reading.certificate_rows(b"tag,result,issuing_body,verified_on\nA-1\n", ImportMapping())
    assert [row.tag for row in rows] == ["A-1"], "and the next file is read as ever"


@pytest.mark.parametrize("name", ["crafted_xlsx_billion_laughs.xlsx", "crafted_xlsx_sheet_bomb_200mb.xlsx"])
async def test_the_bombs_found_elsewhere_are_refused_as_well(name: str) -> None:
    content = real_data(f"hostile/{name}")
    began = time.monotonic()
    with pytest.raises(ImportUnreadable):
        await reading.certificate_rows(content, ImportMapping())
    assert time.monotonic() - began < 5


async def test_a_password_is_told_from_a_broken_file() -> None:
    with pytest.raises(ImportUnreadable) as refused:
        await reading.certificate_rows(real_data("docs/xlsx_pass_protected.xlsx"), ImportMapping())
    assert "encrypted" in refused.value.spoken("en")["detail"]


def test_no_file_of_the_hostile_folder_is_more_than_a_refusal() -> None:
    """In this process, so without the limits: what is said of the two bombs above holds for the others."""
    real_data("hostile/crafted_zero_byte.jpg")
    paths = sorted(FOLDER.glob("hostile/*"))
    for path in (path for path in paths if path.suffix != ".csv"):
        try:
            read(table_of(path.read_bytes()).rows)
        except (Unreadable, ColumnsUnclear):
            continue
        pytest.fail(f"{path.name} was taken for a register")


def read(rows: list[list[Cell]], mapping: ImportMapping | None = None) -> list[tuple[int, Cell, Cell]]:
    table, mapping = Table(rows), mapping or ImportMapping()
    layout = layout_of(table, mapping, DEVICE_HEADINGS)
    check_layout(layout, mapping, DEVICE_HEADINGS, ("tag",))
    found = rows_of(table, layout, mapping)
    return [(row.number, row.cells["tag"], row.cells["serial_no"]) for row in found]


def test_the_header_may_stand_below_a_title_and_rows_keep_their_numbers() -> None:
    rows: list[list[Cell]] = [
        ["设备台账"],
        [],
        ["序号", " 设备编号* ", "出厂编号（S/N）"],
        ["1", "A-1", 7.0],
        [],
        ["2", "A-2"],
    ]
    assert read(rows) == [(4, "A-1", 7.0), (6, "A-2", "")]


def test_headings_are_known_in_chinese_english_and_code() -> None:
    for heading in ("设备编号", "Device Number", "tag", "TAG "):
        assert read([[heading], ["A-1"]]) == [(2, "A-1", "")]


def test_constants_fill_empty_cells_and_words_are_translated() -> None:
    mapping = ImportMapping(columns={"tag": "id"}, constants={"serial_no": "-"}, values={"tag": {"one": "A-1"}})
    assert read([["id", "serial"], ["one", ""], ["A-2", "9"]], mapping) == [(2, "A-1", "-"), (3, "A-2", "9")]


def test_a_heading_that_the_caller_explains_means_nothing_else() -> None:
    mapping = ImportMapping(columns={"serial_no": "编号"})
    with pytest.raises(ColumnsUnclear):
        read([["编号"], ["7"]], mapping)


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        (["serial"], ImportMapping(), "tag"),
        (["tag", "设备编号"], ImportMapping(), "tag"),
        (["tag"], ImportMapping(columns={"model": "Modell"}), "model"),
        (["tag"], ImportMapping(constants={"colour": "red"}), "colour"),
        ([], ImportMapping(), "tag"),
    ],
)
def test_columns_that_do_not_fit_are_named(header: list[Cell], mapping: ImportMapping, said: str) -> None:
    with pytest.raises(ColumnsUnclear) as refused:
        read([header, ["A-1", "A-1"]], mapping)
    assert said in refused.value.what("en")
    assert said in refused.value.what("zh-CN")
