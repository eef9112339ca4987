"""Which column of a spreadsheet holds what: known headings, and what the caller says about the others."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from device_registry.importing.cells import DateOrder
from device_registry.importing.table import Cell, Table
from foundation.problem import Spoken, listed

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
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "tag": ("id", "no", "序号", "资产编号", "监测点编码", "número", "código", "numéro", "identifiant", "device row"),
    "kind": ("tipo", "type", "categoria", "catégorie", "设备种类"),
    "serial_no": ("número de série", "numéro de série", "n° de série", "série", "机身编号", "编号"),
    "model": ("modelo", "modèle", "规格"),
    "maker": ("fabricante", "marca", "fabricant", "équipement", "constructeur", "品牌"),
    "unit": ("município", "órgão", "département", "service gestionnaire", "管理单位", "department"),
    "mounting": ("instalação", "installation", "安装形式"),
    "address": ("local", "endereço", "localização", "emplacement", "adresse", "intersection", "监测点名称", "点位"),
    "certificate_no": ("cert no", "certificado", "número do certificado", "numéro de certificat", "certificat"),
    "notice_no": ("test no", "laudo", "número do laudo", "procès-verbal"),
    "issuing_body": ("órgão executor", "organisme", "laboratório", "laboratoire", "检测机构", "body"),
    "verified_on": ("issued", "data da verificação", "date de vérification", "检测日期", "发证日期"),
    "valid_until": ("expires", "validade", "data de validade", "date de validité", "expiry", "到期日期"),
    "occasion": ("service", "serviço", "motivo"),
    "result": ("resultado", "résultat", "检测结果"),
    "regulation": ("portaria", "norme"),
}  # fmt: skip
"""Headings met in registers of other countries and habits (INMETRO, data.gouv.fr, Chicago); proposed, never assumed."""


class ImportMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a caller says about a file whose headings or words are not known."""

    columns: dict[str, str] = {}
    """Field → heading in the file. A field named here is not looked for by the known headings."""
    constants: dict[str, str] = {}
    """Field → what every row says where it has no such column or an empty cell."""
    values: dict[str, dict[str, str]] = {}
    """Field → the file's word → ours."""
    date_order: DateOrder = "YMD"
    """How dates with the year last are to be read; with YMD they are refused, being ambiguous."""
    sheet: str | None = None
    """Of a workbook, instead of the first sheet that a person sees."""
    encoding: Literal["utf-8", "gb18030", "utf-16", "windows-1252"] | None = None
    """Of a CSV; None: UTF-16 by its mark, else UTF-8, else GB 18030."""


class Row(msgspec.Struct, frozen=True):
    """A row that is not empty; `number` is the one a spreadsheet shows."""

    number: int
    cells: Mapping[str, Cell]


class Layout(msgspec.Struct, frozen=True):
    """Where the header stands (counted from 0) and which columns each field is found in, best one of each."""

    header: int
    headings: list[str]
    places: dict[str, list[int]]


class ColumnsUnclear(Exception):
    """Why the columns do not say what is needed; `field` is the part of the request that is at fault, if one is."""

    def __init__(self, key: str, fields: Iterable[str], *, field: str | None = None) -> None:
        super().__init__(key)
        named = [Spoken("import.field.named", words=Spoken(f"import.field.{one}"), field=one) for one in sorted(fields)]
        unknown = ", ".join(sorted(fields))
        self.what = Spoken(f"import.{key}", fields=unknown if key == "unknown-field" else listed(named))
        self.field = field


def layout_of(table: Table, mapping: ImportMapping, headings: Mapping[str, tuple[str, ...]]) -> Layout:
    """The header is the row, among the first, that has most of the headings that are known or said."""
    said = {field: {plain(heading)} for field, heading in mapping.columns.items()}
    taken = {heading for found in said.values() for heading in found}
    at = {field: {plain(field), *map(plain, known)} - taken for field, known in headings.items()} | said
    hints = {field: {*map(plain, ELSEWHERE.get(field, ()))} for field in headings}

    def likely(number: int) -> tuple[int, int]:
        row = {plain(cell) for cell in table.rows[number]}
        return _known(row, at), _known(row, hints)

    header = max(range(min(len(table.rows), HEADER_WITHIN)), key=likely, default=0)
    cells = table.rows[header] if table.rows else []
    found = [plain(cell) for cell in cells]
    places = {
        field: [n for n, heading in enumerate(found) if heading and heading in known] for field, known in at.items()
    }
    return Layout(header, [" ".join(str(cell).split()) for cell in cells], places)


def check_layout(
    layout: Layout, mapping: ImportMapping, headings: Mapping[str, tuple[str, ...]], required: Iterable[str]
) -> None:
    """Raises ColumnsUnclear, naming what is unknown, ambiguous or missing."""
    if unknown := {*mapping.columns, *mapping.constants, *mapping.values} - {*headings}:
        raise ColumnsUnclear("unknown-field", unknown, field="mapping")
    if twice := [field for field, places in layout.places.items() if len(places) > 1]:
        raise ColumnsUnclear("heading-twice", twice)
    needed = {*mapping.columns, *(field for field in required if not mapping.constants.get(field))}
    if missing := [field for field in needed if not layout.places[field]]:
        raise ColumnsUnclear("heading-missing", missing)


def rows_of(table: Table, layout: Layout, mapping: ImportMapping) -> Iterator[Row]:
    """The rows below the header, by field."""
    columns = [
        (field, places[0] if places else None, mapping.values.get(field, {}), mapping.constants.get(field, ""))
        for field, places in layout.places.items()
    ]
    for number, cells in enumerate(table.rows[layout.header + 1 :], layout.header + 2):
        if any(cell not in ("", None) for cell in cells):
            yield Row(
                number,
                {field: _filled(cells, place, words, constant) for field, place, words, constant in columns},
            )


def _filled(cells: list[Cell], place: int | None, words: Mapping[str, str], constant: str) -> Cell:
    cell = cells[place] if place is not None and place < len(cells) else ""
    if not isinstance(cell, str):
        return cell
    word = " ".join(cell.split())
    return words.get(word, cell) if word else constant


def _known(row: set[str], at: Mapping[str, set[str]]) -> int:
    return sum(not known.isdisjoint(row) for known in at.values())


def plain(heading: Cell) -> str:
    """A heading without what people vary: case, accents, spaces, underscores, brackets with a unit or a remark."""
    text = unicodedata.normalize("NFKD", str(heading).partition("(")[0].partition("（")[0])
    bare = "".join(character for character in text if not unicodedata.combining(character))
    return "".join(bare.casefold().replace("_", " ").replace("-", " ").replace(".", " ").replace("*", " ").split())
