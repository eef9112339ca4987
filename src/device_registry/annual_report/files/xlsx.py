"""The report as a workbook, of the snapshot's bytes alone. Every text is a string cell, none is ever a formula."""

import io
from collections.abc import Iterable, Sequence
from datetime import date

import xlsxwriter

from device_registry.annual_report.files import form
from device_registry.annual_report.files.canonical import sha256, snapshot_of
from device_registry.annual_report.files.form import Cell, word
from device_registry.annual_report.model.snapshot import Decision, Snapshot
from foundation.civil import day_of

WIDTHS = {
    "number": 6, "tag": 16, "name": 22, "kind": 20, "mounting": 8, "model": 14, "serial_no": 16, "maker": 24,
    "unit": 24, "credit_code": 22, "division_code": 11, "address": 32, "coordinates": 28, "road": 26, "spacing": 9,
    "items": 28, "basis": 30, "necessity": 40, "legal_review": 22, "technical_review": 22, "announced_on": 12,
    "announced_by": 18, "announced_at": 30, "signs": 18, "mandatory": 12, "regulation": 14, "body": 26,
    "certificate_no": 20, "verified_on": 12, "valid_until": 12, "in_service_on": 12, "funding": 18, "reason": 34,
    "remark": 24, "flow": 18, "on": 12, "document_no": 22, "other_unit": 24, "decision": 12, "opening": 9,
    "closing": 9, "state": 12,
}  # fmt: skip
"""In characters."""
LIVE = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for a formula when such a cell is edited or saved as text."""


def xlsx(filed: bytes) -> bytes:
    """Raises msgspec.DecodeError where the bytes are no snapshot."""
    snapshot = snapshot_of(filed)
    body = snapshot.body
    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": word("title", year=body.year),
            "company": body.unit.name_zh,
            "comments": f"SHA-256 {sha256(filed)}",
            "created": snapshot.filed_at.replace(tzinfo=None),
        }
    )
    sheets = _Sheets(book)
    _summary(sheets, snapshot, sha256(filed))
    for decision, name in ((Decision.INCLUDED, "new"), (Decision.LISTED_APART, "replaced")):
        rows = (form.cells(body, number, row) for number, row in form.listed(body, decision))
        sheets.table(name, form.COLUMNS, ([found.get(column) for column in form.COLUMNS] for found in rows))
    sheets.table("movements", form.MOVEMENT_COLUMNS, form.movements(body))
    sheets.table("devices", form.DEVICE_COLUMNS, form.devices(body))
    book.close()
    return written.getvalue()


class _Sheets:
    """Sheets of one workbook, with its few formats."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        font = {"font_name": "宋体", "font_size": 10, "valign": "vcenter", "text_wrap": True}
        boxed = font | {"border": 1}
        self._book = book
        self.title = book.add_format(font | {"bold": True, "font_size": 16, "align": "center", "text_wrap": False})
        self.section = book.add_format(font | {"bold": True, "font_size": 12, "text_wrap": False})
        self.heading = book.add_format(boxed | {"bold": True, "align": "center", "bg_color": "#E7ECF2"})
        self._text = book.add_format(boxed)
        self._quoted = book.add_format(boxed | {"quote_prefix": True})
        self._number = book.add_format(boxed | {"align": "right"})
        self._day = book.add_format(boxed | {"num_format": "yyyy-mm-dd", "align": "center"})

    def sheet(self, name: str, *, landscape: bool = True) -> xlsxwriter.worksheet.Worksheet:
        sheet = self._book.add_worksheet(word(f"sheet.{name}"))
        if landscape:
            sheet.set_landscape()
        sheet.set_paper(8 if landscape else 9)  # A3, A4
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&C&P / &N")
        sheet.fit_to_pages(1, 0)
        return sheet

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        sheet = self.sheet(name)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, WIDTHS[column])
            sheet.write_string(0, at, word(f"column.{column}"), self.heading)
        sheet.set_row(0, 32)
        sheet.freeze_panes(1, 2)
        sheet.repeat_rows(0)
        last = 0
        for last, row in enumerate(rows, start=1):
            for at, value in enumerate(row):
                self.write(sheet, last, at, value)
        if last:
            sheet.autofilter(0, 0, last, len(columns) - 1)
        else:
            sheet.merge_range(1, 0, 1, min(7, len(columns) - 1), word("none"), self._text)

    def write(self, sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Cell) -> None:
        match value:
            case None:
                sheet.write_blank(row, column, None, self._text)
            case int() | float():
                sheet.write_number(row, column, value, self._number)
            case date():
                sheet.write_datetime(row, column, value, self._day)
            case _:
                sheet.write_string(row, column, value, self._quoted if value.startswith(LIVE) else self._text)


def _summary(sheets: _Sheets, snapshot: Snapshot, digest: str) -> None:
    body = snapshot.body
    sheet = sheets.sheet("summary", landscape=False)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 58)
    sheet.set_row(0, 30)
    sheet.merge_range(0, 0, 0, 1, word("title", year=body.year), sheets.title)
    at = 1
    blocks: list[tuple[str | None, Iterable[tuple[str, Cell]]]] = [
        (None, form.head(snapshot)),
        (None, [(word("nil"), word("nil-statement"))] if body.nil else []),
        (word("section.balance"), form.balance(body.summary)),
        (word("section.verification", count=body.summary.closing), form.verification(body.summary.verification)),
        (word("section.stopped", count=body.summary.stopped), form.verification(body.summary.stopped_verification)),
        (word("section.figures"), form.figures(body)),
        (word("section.note"), [(word("note"), body.note)]),
        (word("section.attachments"), [(found.name, found.sha256) for found in body.attachments]),
        (word("section.signatures"), form.foot(snapshot, day_of(snapshot.filed_at))),
        (None, [(word("digest"), digest)]),
    ]
    for heading, lines in blocks:
        if heading is not None:
            at += 1
            sheet.write_string(at, 0, heading, sheets.section)
            at += 1
        for name, value in lines:
            sheets.write(sheet, at, 0, name)
            sheets.write(sheet, at, 1, value)
            at += 1
