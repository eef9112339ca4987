"""The files of a report: of the snapshot alone, the same to the byte on any machine, and readable by people."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from device_registry.annual_report.files import form
from device_registry.annual_report.files.canonical import canonical, sha256, snapshot_of
from device_registry.annual_report.files.pdf import pdf
from device_registry.annual_report.files.xlsx import xlsx
from device_registry.annual_report.model.movement import Flow
from device_registry.annual_report.model.snapshot import Inclusion, MovementThen, Snapshot, Verification
from tests.device_registry.annual_report.builders import a_form, a_row, a_snapshot

MAKE = """
import hashlib, sys
from device_registry.annual_report.files.canonical import canonical, snapshot_of
from device_registry.annual_report.files.pdf import pdf
from device_registry.annual_report.files.xlsx import xlsx
filed = open(sys.argv[1], "rb").read()
for made in (canonical(snapshot_of(filed)), xlsx(filed), pdf(filed)):
    print(hashlib.sha256(made).hexdigest())
"""
MACHINES: tuple[dict[str, str], ...] = (
    {"TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "America/Los_Angeles", "LANG": "C", "LC_ALL": "POSIX", "PYTHONHASHSEED": "77", "SOURCE_DATE_EPOCH": "1"},
)


def a_filed_report() -> Snapshot:
    return a_snapshot(
        *(a_row(number) for number in range(1, 8)),
        a_row(8, Inclusion.LATE_ADDITION, on=date(2025, 12, 20), late_addition=True, remark="=cmd|'/c calc'!A1"),
        a_row(9, Inclusion.REPLACEMENT, particulars=replace(a_form(9), replaces="WH-JA-00003", model="+1+1")),
        a_row(
            10,
            Inclusion.MOVED_OUT,
            at_opening=True,
            other_unit="@江汉区城管执法局",
            movements=(MovementThen(flow=Flow.MOVED_OUT, on=date(2026, 8, 1), other_unit="@江汉区城管执法局"),),
        ),
        a_row(11, Inclusion.IN_SERVICE_BEFORE, at_opening=True, at_closing=True, verification=Verification.VALID),
        note='-各设备均已公布。#panic("x")',
    )


def hashes_on(machine: Mapping[str, str], filed: Path, folder: Path) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "HOME")}
    source = Path(form.__file__).parents[3]
    made = subprocess.run(
        [sys.executable, "-c", MAKE, str(filed)],
        cwd=folder,
        env=kept | dict(machine) | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()


def test_two_machines_make_the_same_three_files_of_the_same_snapshot(tmp_path: Path) -> None:
    filed = tmp_path / "snapshot.json"
    filed.write_bytes(canonical(a_filed_report()))
    (tmp_path / "elsewhere").mkdir()
    here = hashes_on(MACHINES[0], filed, tmp_path)
    there = hashes_on(MACHINES[1], filed, tmp_path / "elsewhere")
    assert len(set(here)) == 3
    assert here == there
    assert here[0] == sha256(filed.read_bytes())


def test_a_snapshot_comes_back_whole_from_its_bytes() -> None:
    snapshot = a_filed_report()
    assert snapshot_of(canonical(snapshot)) == snapshot


def test_the_pdf_is_pdf_a_and_says_every_column_of_the_form_in_chinese() -> None:
    filed = canonical(a_filed_report())
    reader = PdfReader(io.BytesIO(pdf(filed)))
    catalogue: Any = reader.root_object
    [intent] = catalogue["/OutputIntents"]
    assert intent.get_object()["/S"] == "/GTS_PDFA1"
    xmp = catalogue["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in xmp
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "").replace("\u200b", "")
    text = text.replace(" ", "")
    for heading, _, _ in form.GROUPS:
        assert form.word(f"group.{heading}").replace(" ", "") in text, heading
    for name in ("unit-seal", "drafted-by", "checked-by", "signed-off-by", "telephone", "filed-on"):
        assert form.word(f"foot.{name}") in text, name
    assert "WH-JA-00007" in text
    assert '#panic("x")' in text
    assert sha256(filed) in text
    assert f"第1页／共{len(reader.pages)}页" in text
    assert "附表1新增设备明细" in text
    width, height = reader.pages[0].mediabox[2:]
    assert (round(float(width)), round(float(height))) == (1191, 842)  # A3, landscape


def test_the_heading_of_a_long_table_stands_on_every_page_of_it() -> None:
    filed = canonical(a_snapshot(*(a_row(number) for number in range(1, 61))))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf(filed))).pages]
    with_devices = [text for text in pages if "JL2026-031827" in text]
    assert len(with_devices) > 2
    assert all("设置必要性" in text for text in with_devices)


def test_a_nil_report_says_so_on_paper() -> None:
    text = PdfReader(io.BytesIO(pdf(canonical(a_snapshot())))).pages[0].extract_text()
    assert "零报告" in text


def test_the_workbook_has_every_row_and_no_formula() -> None:
    snapshot = a_filed_report()
    book = openpyxl.load_workbook(io.BytesIO(xlsx(canonical(snapshot))))
    assert book.sheetnames == [
        form.word(f"sheet.{name}") for name in ("summary", "new", "replaced", "movements", "devices")
    ]
    new, devices = book[book.sheetnames[1]], book[book.sheetnames[4]]
    assert [cell.value for cell in new[1]] == [form.word(f"column.{name}") for name in form.COLUMNS]
    assert (new.max_row, devices.max_row) == (1 + 8, 1 + 11)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not any(cell.data_type == "f" for cell in cells)
    live = [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@"))]
    assert {cell.value for cell in live} >= {"=cmd|'/c calc'!A1", "+1+1", "@江汉区城管执法局"}
    assert all(cell.quotePrefix for cell in live)
    assert new.cell(2, 1 + form.COLUMNS.index("in_service_on")).value.date() == date(2026, 5, 4)


def test_the_workbook_holds_no_clock_of_the_machine() -> None:
    archive = zipfile.ZipFile(io.BytesIO(xlsx(canonical(a_snapshot(a_row(1))))))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "2026-12-21T01:30:00Z" in archive.read("docProps/core.xml").decode()


@pytest.mark.parametrize("cut", [b"", b"{}", b"not json"])
def test_bytes_that_are_no_snapshot_make_no_file(cut: bytes) -> None:
    for make in (pdf, xlsx):
        with pytest.raises(ValueError):  # msgspec.DecodeError is one
            make(cut)
