"""A file of devices comes into the register, whole or not at all."""

from collections.abc import Mapping
from uuid import UUID

from device_registry import queries
from device_registry.importing import cells, table
from device_registry.importing.columns import DEVICE_HEADINGS, ImportMapping, Row, rows_of
from device_registry.importing.report import Reader, Report, RowReport
from device_registry.model import Datum, DeviceKind, Mounting, Place, Requirement
from device_registry.problems import RequirementTooWeak
from device_registry.register import Registration, register_devices, required
from foundation.clock import Clock
from foundation.database import Database
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


async def import_devices(
    database: Database,
    clock: Clock,
    content: bytes,
    mapping: ImportMapping,
    *,
    units: Mapping[str, UUID],
    default_unit: UUID | None,
    registered_by: UUID | None = None,
    dry_run: bool = False,
) -> Report:
    """`units` are those the caller may register devices of, by any word a file may use for them, in small letters.

    A row without a unit gets `default_unit`. Raises ImportUnreadable, ImportColumns, ImportRefused with the report.
    """
    rows = [*rows_of(await table.read(content), mapping, DEVICE_HEADINGS, REQUIRED)]
    async with database.transaction() as db:
        kinds = await queries.device_kinds(db)
        words = {word.casefold(): kind for kind in kinds for word in (kind.code, kind.name_zh, kind.name_en)}
        read = [_registration(row, words, units, default_unit) for row in rows]
        tags = {registration.tag for registration, _ in read if registration}
        taken, seen = await queries.tags_taken(db, tags), dict[str, tuple[int, Registration]]()
        reports = []
        for row, (registration, reader) in zip(rows, read, strict=True):
            if registration:
                if registration.tag in taken:
                    reader.fault("tag", Spoken("import.cell.tag-taken"))
                first, same = seen.setdefault(registration.tag, (row.number, registration))
                if same != registration:
                    reader.fault("tag", Spoken("import.cell.tag-twice", row=first))
            reports.append(RowReport(row.number, tuple(reader.faults)))
        report = Report(tuple(reports))
        if report.refused:
            raise report.problem()
        if dry_run:
            return report
        devices = [registration for _, registration in seen.values()]
        await register_devices(db, clock, devices, registered_by=registered_by)
    return Report(report.rows, written=True)


def _registration(
    row: Row, kinds: Mapping[str, DeviceKind], units: Mapping[str, UUID], default_unit: UUID | None
) -> tuple[Registration | None, Reader]:
    reader = Reader(row.cells)
    tag = reader.read("tag", cells.text, required=True)
    kind = reader.read("kind", lambda cell: cells.one_of(cell, kinds), required=True)
    serial_no = reader.read("serial_no", cells.text, required=True)
    model = reader.read("model", cells.text, required=True)
    maker = reader.read("maker", cells.text, required=True)
    mounting = reader.read("mounting", lambda cell: cells.one_of(cell, MOUNTINGS), required=True)
    unit_id = reader.read("unit", lambda cell: cells.one_of(cell, units)) or default_unit
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
        return None, reader
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
    return registration, reader


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
