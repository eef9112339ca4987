"""Which column of a spreadsheet holds what: known headings, and what the caller says about the others."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from device_registry.importing.cells import DateOrder
from device_registry.importing.table import Cell, Table
from device_registry.problems import ImportColumns
from foundation.problem import Spoken

HEADER_WITHIN = 20
"""The header is looked for in the first rows only; titles and notes may stand above it."""

DEVICE_HEADINGS = {
    "tag": ("设备编号", "编号", "资产编号", "管理编号", "device number", "tag"),
    "kind": ("设备类别", "类别", "设备名称", "器具名称", "名称", "kind", "device kind", "instrument"),
    "serial_no": ("出厂编号", "序列号", "serial number", "serial no", "serial"),
    "model": ("型号", "型号规格", "规格型号", "model"),
    "maker": ("制造单位", "生产厂家", "制造厂", "厂家", "manufacturer", "maker"),
    "unit": ("所属单位", "使用单位", "单位", "unit"),
    "mounting": ("安装方式", "使用方式", "mounting"),
    "address": ("安装地点", "地点", "地址", "address", "location"),
    "longitude": ("经度", "longitude", "lon"),
    "latitude": ("纬度", "latitude", "lat"),
    "datum": ("坐标系", "datum"),
    "requirement": ("检定要求", "requirement"),
}
CERTIFICATE_HEADINGS = {
    "tag": DEVICE_HEADINGS["tag"],
    "channel": ("通道", "检测通道", "channel"),
    "result": ("检定结论", "结论", "结果", "result", "conclusion"),
    "certificate_no": ("证书编号", "检定证书编号", "证书号", "certificate number", "certificate no"),
    "notice_no": ("通知书编号", "结果通知书编号", "notice number", "notice no"),
    "issuing_body": ("检定机构", "发证单位", "检定单位", "issuing body"),
    "verified_on": ("检定日期", "verified on", "verification date"),
    "valid_until": ("有效期至", "有效日期", "有效期", "valid until"),
    "occasion": ("检定类型", "检定类别", "检定种类", "occasion"),
    "nature": ("证书类型", "nature"),
    "regulation": ("检定规程", "规程", "依据", "regulation"),
    "issued_sequence": ("当日序号", "issued sequence"),
    "failed_items": ("不合格项目", "failed items"),
}
"""The heading of a field in the code's own words, such as `serial_no`, is known as well."""


class ImportMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller says about a file whose headings or words are not known."""

    columns: dict[str, str] = {}
    """Field → heading in the file. A field named here is not looked for by the known headings."""
    constants: dict[str, str] = {}
    """Field → what every row says where it has no such column or an empty cell."""
    values: dict[str, dict[str, str]] = {}
    """Field → the file's word → ours."""
    date_order: DateOrder = "YMD"
    """How dates with the year last are to be read; with YMD they are refused, being ambiguous."""


class Row(msgspec.Struct, frozen=True):
    """A row that is not empty; `number` is the one a spreadsheet shows."""

    number: int
    cells: Mapping[str, Cell]


def rows_of(
    table: Table, mapping: ImportMapping, headings: Mapping[str, tuple[str, ...]], required: Iterable[str]
) -> Iterator[Row]:
    """The rows below the header, by field. Raises ImportColumns, naming what is missing or ambiguous."""
    said = {field: {_plain(heading)} for field, heading in mapping.columns.items()}
    taken = {heading for found in said.values() for heading in found}
    at = {field: {_plain(field), *map(_plain, known)} - taken for field, known in headings.items()} | said
    if unknown := sorted({*mapping.columns, *mapping.constants, *mapping.values} - {*headings}):
        raise ImportColumns(field="mapping", what=Spoken("import.unknown-field", fields=", ".join(unknown)))
    header = max(range(min(len(table.rows), HEADER_WITHIN)), key=lambda n: _known(table.rows[n], at), default=0)
    found = [_plain(cell) for cell in (table.rows[header] if table.rows else [])]
    columns = {
        field: [n for n, heading in enumerate(found) if heading and heading in known] for field, known in at.items()
    }
    if twice := sorted(field for field, places in columns.items() if len(places) > 1):
        raise ImportColumns(what=Spoken("import.heading-twice", fields=", ".join(twice)))
    needed = {*mapping.columns, *(field for field in required if not mapping.constants.get(field))}
    if missing := sorted(field for field in needed if not columns[field]):
        raise ImportColumns(what=Spoken("import.heading-missing", fields=", ".join(missing)))
    for number, cells in enumerate(table.rows[header + 1 :], header + 2):
        if any(cell not in ("", None) for cell in cells):
            yield Row(number, dict(_filled(cells, columns, mapping)))


def _filled(cells: list[Cell], columns: Mapping[str, list[int]], mapping: ImportMapping) -> Iterator[tuple[str, Cell]]:
    for field, places in columns.items():
        cell = cells[places[0]] if places and places[0] < len(cells) else ""
        if isinstance(cell, str):
            word = " ".join(cell.split())
            cell = mapping.values.get(field, {}).get(word, cell)
            if not word:
                cell = mapping.constants.get(field, "")
        yield field, cell


def _known(row: list[Cell], at: Mapping[str, set[str]]) -> int:
    plain = {_plain(cell) for cell in row}
    return sum(not known.isdisjoint(plain) for known in at.values())


def _plain(heading: Cell) -> str:
    """A heading without what people vary: case, spaces, underscores, brackets with a unit or a remark."""
    text = str(heading).partition("(")[0].partition("（")[0]
    return "".join(text.casefold().replace("_", " ").replace(".", " ").replace("*", " ").split())
