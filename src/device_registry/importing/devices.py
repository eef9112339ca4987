"""A file of devices comes into the register: whole or not at all, unless the refused rows are to be left out."""

from collections.abc import Iterable, Mapping
from itertools import chain
from uuid import UUID

from anyio import to_thread

from agency.model import Unit
from device_registry import queries
from device_registry.importing import reading
from device_registry.importing.columns import ImportMapping
from device_registry.importing.device_rows import DeviceRow, DeviceWords
from device_registry.importing.faults import Fault
from device_registry.importing.reading import Header
from device_registry.importing.report import WRITE, Effect, Report, RowReport, Wish, counted, preview_of, shared
from device_registry.register import Registration, register_devices
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Spoken


async def import_devices(
    database: Database,
    clock: Clock,
    content: bytes,
    mapping: ImportMapping,
    *,
    units: Mapping[str, UUID],
    default_unit: UUID | None,
    registered_by: UUID | None = None,
    wish: Wish = WRITE,
) -> Report:
    """`units` are those the caller may register devices of, by any word a file may use for them, in small letters.

    A row without a unit gets `default_unit`. Raises ImportUnreadable, ImportColumns, ImportNotPreviewed, ImportChanged,
    ImportRefused with the report; DeviceTagTaken where somebody has just registered one of the devices.
    """
    async with database.connection() as db:
        kinds = await queries.device_kinds(db)
    by_word = {word.casefold(): kind for kind in kinds for word in (kind.code, kind.name_zh, kind.name_en)}
    header, rows = await reading.device_rows(content, mapping, DeviceWords(by_word, units, default_unit))
    async with database.connection() as db:
        registrations = [row.registration for row in rows if row.registration]
        taken = await queries.tags_taken(db, {one.tag for one in registrations})
        known = await queries.tags_by_serial_no(db, {one.serial_no for one in registrations}, {*units.values()})
    report, new = await to_thread.run_sync(_weighed, content, mapping, header, rows, taken, known)
    report = wish.decide(report)
    if report.written:
        async with database.transaction() as db:
            await register_devices(db, clock, new, registered_by=registered_by)
    return report


def units_by_any_word(units: Iterable[Unit]) -> dict[str, UUID]:
    """Units by id, name and division code, in small letters; a word that several share stands for none."""
    found: dict[str, set[UUID]] = {}
    for unit in units:
        for word in (str(unit.id), unit.name_zh, unit.name_en, unit.division_code):
            if word:
                found.setdefault(word.casefold(), set()).add(unit.id)
    return {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}


def _weighed(
    content: bytes,
    mapping: ImportMapping,
    header: Header,
    rows: list[DeviceRow],
    taken: set[str],
    known: Mapping[str, list[str]],
) -> tuple[Report, list[Registration]]:
    """The report as of a dry run, and the devices to register."""
    first: dict[str, DeviceRow] = {}
    reports, repeated = [], 0
    for row in rows:
        faults = row.faults
        if row.registration:
            earlier = first.setdefault(row.registration.tag, row)
            if row.registration.tag in taken:
                faults = [Fault("tag", Spoken("import.cell.tag-taken"))]
            elif earlier.registration != row.registration:
                faults = [Fault("tag", Spoken("import.cell.tag-twice", row=earlier.number))]
            repeated += earlier is not row and not faults
        reports.append(RowReport(row.number, faults))
    new = [row.registration for tag, row in first.items() if row.registration and tag not in taken]
    by_serial: dict[str, list[int]] = {}
    for row in first.values():
        if row.registration and row.registration.tag not in taken:
            by_serial.setdefault(row.registration.serial_no, []).append(row.number)
    report = Report(
        preview=preview_of(content, mapping, chain(reports, new)),
        header=header,
        rows=reports,
        effect=Effect(
            devices=len(new),
            repeated=repeated,
            by_kind=counted(one.kind for one in new),
            by_unit=counted(str(one.unit_id) for one in new),
        ),
        duplicates=shared("serial_no", by_serial, known),
    )
    return report, new
