"""Spreadsheets as they come and as they are made to harm: each is read for what it says, or refused with a reason."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from device_registry.importing import reading
from device_registry.importing.columns import ImportMapping
from device_registry.importing.spreadsheet import table_of
from device_registry.importing.table import Cell, Unreadable
from device_registry.problems import ImportUnreadable
from tests.device_registry.real_data import real_data

CERTIFICATES = "设备编号,检定结论,证书编号,检定机构,检定日期,有效期至\n"
Fill = Callable[[xlsxwriter.Workbook], object]


def a_workbook(fill: Fill, **options: object) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        fill(book)
    return out.getvalue()


def changed(content: bytes, *changes: tuple[bytes, bytes], more: dict[str, bytes] | None = None) -> bytes:
    """The same archive with other bytes in its parts, and more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as other:
        for name in archive.namelist():
            part = archive.read(name)
            for old, new in changes:
                part = part.replace(old, new)
            other.writestr(name, part)
        for name, part in (more or {}).items():
            other.writestr(name, part)
    return out.getvalue()


def notes(content: bytes, **options: str) -> set[str]:
    return {note.key.removeprefix("import.note.") for note in table_of(content, **options).notes}


def rows(content: bytes, **options: str) -> list[list[Cell]]:
    return table_of(content, **options).rows


def two_rows(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("台账")
    sheet.write_row(0, 0, ["设备编号", "检定日期"])
    sheet.write_row(1, 0, ["A-1", "2026-05-03"])


def test_strict_ooxml_is_read_with_its_dates() -> None:
    def dated(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["设备编号", "检定日期"])
        sheet.write(1, 0, "A-1")
        sheet.write(1, 1, 46145, book.add_format({"num_format": "yyyy-mm-dd"}))

    strict = changed(
        a_workbook(dated),
        (
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        (
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    )
    assert rows(strict) == [["设备编号", "检定日期"], ["A-1", date(2026, 5, 3)]]


@pytest.mark.parametrize("name", ["date", "date_1904"])
def test_the_same_days_count_from_1900_or_1904(name: str) -> None:
    found = rows(real_data(f"docs/xlsx_{name}.xlsx"))
    assert [row[0] for row in found[:2]] == [date(2021, 1, 1), date(2021, 1, 2)]


def test_an_escaped_carriage_return_is_one() -> None:
    assert rows(real_data("docs/xlsx_has_x000D_.xlsx")) == [["ABC\r\nDEF"]]


async def test_headings_with_odd_spaces_are_known_and_cells_put_in_order() -> None:
    content = (
        "\ufeff\u3000设备 编号（必填）,检定结论\u00a0, 检定机构,检定日期,通知书编号\n"
        "A-1\u3000,不合格,一所\u00a0二室,2026-05-03,T-1\n"
    ).encode()
    _, [row] = await reading.certificate_rows(content, ImportMapping())
    assert row.failed is not None
    assert (row.tag, row.failed.issuing_body, row.faults) == ("A-1", "一所 二室", [])


def test_the_sheet_that_is_seen_first_is_read_and_the_others_are_told() -> None:
    def several(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("字典").hide()
        two_rows(book)
        book.add_worksheet("说明").write(0, 0, "填表说明")
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()

    content = a_workbook(several)
    assert rows(content)[1][0] == "A-1"
    assert notes(content) == {"sheets"}
    assert rows(content, sheet="说明") == [["填表说明"]]
    with pytest.raises(Unreadable, match="no-such-sheet"):
        table_of(content, sheet="附表")


def test_hidden_rows_and_errors_are_told() -> None:
    def hidden(book: xlsxwriter.Workbook) -> None:
        two_rows(book)
        book.worksheets()[0].set_row(1, None, None, {"hidden": True})
        book.worksheets()[0].write_formula(2, 0, "=1/0", None, "#DIV/0!")

    content = a_workbook(hidden)
    assert rows(content)[1][0] == "A-1"
    assert notes(content) == {"hidden-rows", "errors"}


def test_a_cell_merged_over_rows_speaks_for_each_and_a_title_for_itself() -> None:
    def merged(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 1, "设备台账")
        sheet.write_row(1, 0, ["单位", "设备编号"])
        sheet.merge_range(2, 0, 4, 0, "武昌区")
        sheet.write_column(2, 1, ["A-1", "A-2", "A-3"])

    content = a_workbook(merged)
    assert rows(content) == [
        ["设备台账", ""],
        ["单位", "设备编号"],
        ["武昌区", "A-1"],
        ["武昌区", "A-2"],
        ["武昌区", "A-3"],
    ]
    assert notes(content) == {"merged"}


def test_a_text_in_gb18030_is_read_and_told_and_another_encoding_may_be_said() -> None:
    assert notes((CERTIFICATES + "A-1,合格\n").encode("gb18030")) == {"encoding"}
    assert notes((CERTIFICATES + "A-1,合格\n").encode()) == set()
    french = "numéro;département\n7;Hérault\n".encode("windows-1252")
    assert rows(french, encoding="windows-1252") == [["numéro", "département"], ["7", "Hérault"]]
    assert rows("设备编号\nA-1\n".encode("utf-16-le"), encoding="utf-16") == [["设备编号"], ["A-1"]]
    with pytest.raises(Unreadable, match="encoding"):
        table_of("设备编号".encode("gb18030"), encoding="utf-8")


def test_the_delimiter_is_the_one_of_the_table_and_not_of_its_title() -> None:
    assert rows("设备台账, 2026 年\n设备编号;地点\nA-1;中南路\n".encode())[1:] == [
        ["设备编号", "地点"],
        ["A-1", "中南路"],
    ]


def test_parts_that_would_land_elsewhere_are_parts_like_any_other(tmp_path: Path) -> None:
    aim = tmp_path / "landed"
    content = changed(a_workbook(two_rows), more={f"../../../../../../..{aim}": b"x", "xl/../../../evil": b"x"})
    assert rows(content)[1][0] == "A-1"
    assert not aim.exists()
    with pytest.raises(Unreadable, match="not-a-table"):
        table_of(real_data("hostile/crafted_zip_slip.zip"))


FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "+1+1", "-2+3", "=HYPERLINK(1)", "\t=1+1", "\r=1+1")


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("field", ["tag", "certificate_no", "issuing_body"])
async def test_a_cell_that_would_be_a_formula_again_on_its_way_out_does_not_come_in(formula: str, field: str) -> None:
    cells = {"tag": "A-1", "certificate_no": "LX-1", "issuing_body": "所"} | {field: f'"{formula}"'}
    content = (
        CERTIFICATES + f"{cells['tag']},合格,{cells['certificate_no']},{cells['issuing_body']},2026-05-03,2027-05-02\n"
    )
    _, [row] = await reading.certificate_rows(content.encode(), ImportMapping())
    assert [(fault.field, fault.why.key) for fault in row.faults] == [(field, "import.cell.formula")]


ENDLESS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a cell of 10 MB": ("cell-too-long", lambda: CERTIFICATES.encode() + b"x" * (10 << 20)),
    "a quoted cell of 10 MB": ("cell-too-long", lambda: CERTIFICATES.encode() + b'"' + b"x" * (10 << 20) + b'"'),
    "a million columns": ("too-many-cells", lambda: b"a," * 1_000_000),
    "a row of a million columns far down": ("too-many-cells", lambda: CERTIFICATES.encode() * 30 + b"," * 1_000_000),
    "a cell of 30,000 characters in a workbook": (
        "cell-too-long",
        lambda: a_workbook(lambda book: book.add_worksheet().write(0, 0, "x" * 30_000)),
    ),
    "a workbook without a sheet": (
        "not-a-table",
        lambda: changed(a_workbook(two_rows), (b"<sheet ", b"<shoot ")),
    ),
    "an ODS that repeats one cell over a whole sheet": (
        "not-a-table",
        lambda: an_ods('<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p></table:table-cell>'
        "</table:table-row>"),
    ),
}  # fmt: skip


def an_ods(table: str) -> bytes:
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="A">{table}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return out.getvalue()


@pytest.mark.parametrize("case", ENDLESS)
async def test_a_file_without_end_is_refused_with_a_reason(case: str) -> None:
    why, make = ENDLESS[case]
    with pytest.raises(ImportUnreadable) as refused:
        await reading.certificate_rows(make(), ImportMapping())
    assert refused.value.values["why"].key == f"import.{why}"  # type: ignore[attr-defined]


async def test_a_day_in_words_of_a_formula_without_a_value_is_missing_and_not_guessed() -> None:
    def unreckoned(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["设备编号", "检定结论", "通知书编号", "检定机构", "检定日期"])
        sheet.write_row(1, 0, ["A-1", "不合格", "T-1", "所"])
        sheet.write_formula(1, 4, "=TODAY()", None, "")

    _, [row] = await reading.certificate_rows(a_workbook(unreckoned), ImportMapping())
    assert [(fault.field, fault.why.key) for fault in row.faults] == [("verified_on", "import.cell.missing")]
