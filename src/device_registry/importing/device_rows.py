"""A row of a file of devices, as what would be registered: pure, and run in the process apart."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from device_registry.importing import cells
from device_registry.importing.columns import Row
from device_registry.importing.faults import Fault, Reader
from device_registry.model import Datum, DeviceKind, Mounting, Place, Requirement
from device_registry.problems import RequirementTooWeak
from device_registry.register import Registration, required
from foundation.problem import Spoken

REQUIRED = ("tag", "kind", "serial_no", "model", "maker", "mounting")
MOUNTINGS = {
    "固定": Mounting.FIXED,
    "固定式": Mounting.FIXED,
    "移动": Mounting.MOBILE,
    "移动式": Mounting.MOBILE,
    "手持": Mounting.HANDHELD,
    "手持式": Mounting.HANDHELD,
    "便携式": Mounting.HANDHELD,
    "车载": Mounting.VEHICLE,
    **{mounting.casefold(): mounting for mounting in Mounting},
}
REQUIREMENTS = {
    "强制检定": Requirement.MANDATORY,
    "无需检定": Requirement.NOT_REQUIRED,
    "尚无检定规程": Requirement.NO_REGULATION,
    **{requirement.casefold(): requirement for requirement in Requirement},
}
DATUMS = {
    "2000国家大地坐标系": Datum.CGCS2000,
    "火星坐标": Datum.GCJ02,
    "gcj-02": Datum.GCJ02,
    "bd-09": Datum.BD09,
    "wgs-84": Datum.WGS84,
    **{datum.casefold(): datum for datum in Datum},
}


class DeviceWords(msgspec.Struct, frozen=True):
    """What the words of a file may stand for, in small letters. A row without a unit gets `default_unit`."""

    kinds: dict[str, DeviceKind]
    units: Mapping[str, UUID]
    default_unit: UUID | None


class DeviceRow(msgspec.Struct, frozen=True):
    """`registration` is None exactly where there are faults. `number` is the one a spreadsheet shows."""

    number: int
    registration: Registration | None
    faults: list[Fault]


def device_row(row: Row, words: DeviceWords) -> DeviceRow:
    reader = Reader(row.cells)
    tag = reader.read("tag", cells.text, required=True)
    kind = reader.read("kind", lambda cell: cells.one_of(cell, words.kinds), required=True)
    serial_no = reader.read("serial_no", cells.text, required=True)
    model = reader.read("model", cells.text, required=True)
    maker = reader.read("maker", cells.text, required=True)
    mounting = reader.read("mounting", lambda cell: cells.one_of(cell, MOUNTINGS), required=True)
    unit_id = reader.read("unit", lambda cell: cells.one_of(cell, words.units)) or words.default_unit
    address = reader.read("address", cells.text)
    requirement = reader.read("requirement", lambda cell: cells.one_of(cell, REQUIREMENTS))
    place = _place(reader)
    if unit_id is None:
        reader.fault("unit", Spoken("import.cell.missing"))
    if kind is not None:
        try:
            required(kind, requirement)
        except RequirementTooWeak as problem:
            reader.refuse(problem)
    if reader.faults or not (tag and kind and serial_no and model and maker and mounting and unit_id):
        return DeviceRow(row.number, None, reader.faults)
    registration = Registration(
        tag=tag,
        kind=kind.code,
        serial_no=serial_no,
        model=model,
        maker=maker,
        unit_id=unit_id,
        mounting=mounting,
        address=address or None,
        place=place,
        requirement=requirement,
    )
    return DeviceRow(row.number, registration, [])


def _place(reader: Reader) -> Place | None:
    longitude = reader.read("longitude", cells.number)
    latitude = reader.read("latitude", cells.number)
    datum = reader.read("datum", lambda cell: cells.one_of(cell, DATUMS))
    for field, value, most in (("longitude", longitude, 180), ("latitude", latitude, 90)):
        if value is not None and abs(value) > most:
            reader.fault(field, Spoken("import.cell.out-of-range", most=most))
    if longitude is not None and latitude is not None:
        if datum is not None:
            return Place(longitude, latitude, datum)
        reader.fault("datum", Spoken("import.cell.datum-missing"))
    elif (longitude is None) != (latitude is None) and not reader.faults:
        reader.fault("latitude" if latitude is None else "longitude", Spoken("import.cell.missing"))
    return None
