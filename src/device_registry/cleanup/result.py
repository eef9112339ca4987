"""The result list of a campaign as it goes to the government, and the part of it that the public gets.

The JSON is frozen; the spreadsheet is made of it and of nothing else, so that the same bytes give the same file.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
import xlsxwriter

from agency.model import Unit
from device_registry.cleanup.model import Campaign, Held, Signs, Treatment, Verification
from device_registry.cleanup.queries import CampaignDevice
from device_registry.model import BasisLevel
from foundation.civil import day_of
from foundation.words import Language, say

WIDTHS = {"number": 6, "unit": 26, "address": 32, "basis": 30, "necessity": 36, "problems": 30, "reasons": 36}
"""In characters; others 14."""


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One device; the columns of the list, in their order."""

    number: int
    unit: str
    tag: str
    kind: str
    address: str | None
    direction: str | None
    basis: str | None
    basis_level: BasisLevel
    legal_review: Held
    technical_review: Held
    signs: Signs
    announced: Held
    verification: Verification
    necessity: str
    problems: str | None
    treatment: Treatment
    reasons: str
    rectify_by: date | None
    responsible: str | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """As it was when the campaign was closed."""

    campaign_id: UUID
    name: str
    basis: str
    unit: str
    opened_on: date
    deadline: date
    closed_on: date
    counts: dict[Treatment, int]
    rows: tuple[ResultRow, ...]


class PublicResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the public is told of a device: no serial number, no person."""

    unit: str
    tag: str
    kind: str
    address: str | None
    direction: str | None
    treatment: Treatment
    rectify_by: date | None


COLUMNS = ResultRow.__struct_fields__
WORDS = {
    "basis_level": "device.basis-level",
    "legal_review": "cleanup.held",
    "technical_review": "cleanup.held",
    "announced": "cleanup.held",
    "signs": "cleanup.signs",
    "verification": "cleanup.verification",
    "treatment": "cleanup.treatment",
}
"""Columns whose values are said in words, and where those stand."""
LIVE = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for a formula when such a cell is edited or saved as text."""


def frozen(
    campaign: Campaign, devices: Sequence[CampaignDevice], units: Iterable[Unit], now: datetime
) -> tuple[bytes, bytes]:
    """The JSON and the spreadsheet; devices that have no confirmed conclusion yet are left out."""
    names = {unit.id: unit.name_zh for unit in units}
    rows = tuple(_rows(devices, names))
    result = Result(
        campaign_id=campaign.id,
        name=campaign.name,
        basis=campaign.basis,
        unit=names.get(campaign.unit_id, ""),
        opened_on=campaign.opened_on,
        deadline=campaign.deadline,
        closed_on=day_of(now),
        counts={treatment: sum(row.treatment is treatment for row in rows) for treatment in Treatment},
        rows=rows,
    )
    body = msgspec.json.encode(result, order="deterministic")
    return body, table(body)


def read(body: bytes) -> Result:
    return msgspec.json.decode(body, type=Result)


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def public_rows(result: Result) -> list[PublicResultRow]:
    return [
        PublicResultRow(**{name: getattr(row, name) for name in PublicResultRow.__struct_fields__})
        for row in result.rows
    ]


def table(body: bytes, language: Language = "zh-CN") -> bytes:
    """The frozen list as XLSX. Every text is a string cell, none is ever a formula."""
    result = read(body)
    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False},
    )
    closed = datetime(result.closed_on.year, result.closed_on.month, result.closed_on.day)  # noqa: DTZ001 - a civil day
    book.set_properties({"title": result.name, "comments": f"SHA-256 {digest(body).hex()}", "created": closed})
    font = {"font_name": "宋体", "font_size": 10, "valign": "vcenter", "text_wrap": True, "border": 1}
    plain, quoted = book.add_format(font), book.add_format(font | {"quote_prefix": True})
    heading = book.add_format(font | {"bold": True, "align": "center", "bg_color": "#E7ECF2"})
    title = book.add_format({"font_name": "宋体", "font_size": 15, "bold": True})
    sheet = book.add_worksheet(say(language, "cleanup.result.sheet"))
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P / &N")
    sheet.repeat_rows(2)
    sheet.freeze_panes(3, 3)
    sheet.write_string(0, 0, result.name, title)
    counts = {f"{treatment.lower()}": count for treatment, count in result.counts.items()}
    about = say(
        language,
        "cleanup.result.about",
        unit=result.unit,
        basis=result.basis,
        opened_on=result.opened_on,
        closed_on=result.closed_on,
        total=len(result.rows),
        **counts,
    )
    sheet.write_string(1, 0, about)
    for at, column in enumerate(COLUMNS):
        sheet.set_column(at, at, WIDTHS.get(column, 14))
        sheet.write_string(2, at, say(language, f"cleanup.column.{column}"), heading)
    for line, row in enumerate(result.rows, start=3):
        for at, value in enumerate(cells(row, language)):
            if isinstance(value, int):
                sheet.write_number(line, at, value, plain)
            else:
                sheet.write_string(line, at, value, quoted if value.startswith(LIVE) else plain)
    book.close()
    return written.getvalue()


def cells(row: ResultRow, language: Language) -> Iterator[str | int]:
    for column in COLUMNS:
        value = getattr(row, column)
        if column in WORDS:
            yield say(language, f"{WORDS[column]}.{value}")
        elif isinstance(value, int):
            yield value
        else:
            yield "" if value is None else str(value)


def _rows(devices: Sequence[CampaignDevice], names: dict[UUID, str]) -> Iterator[ResultRow]:
    number = 0
    for device in sorted(devices, key=lambda found: (names.get(found.unit_id, ""), found.tag)):
        shown = device.shown
        if shown is None or not shown.confirmed:
            continue
        number += 1
        yield ResultRow(
            number=number,
            unit=names.get(device.unit_id, ""),
            tag=device.tag,
            kind=device.kind_zh,
            necessity=shown.draft.necessity,
            problems=shown.draft.problems,
            treatment=shown.draft.treatment,
            reasons=shown.draft.reasons,
            rectify_by=shown.draft.rectify_by,
            responsible=shown.draft.responsible,
            **msgspec.structs.asdict(shown.assessment),
        )
