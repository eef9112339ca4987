"""A file of verification certificates and failure notices is recorded, whole or not at all."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from uuid import UUID

from device_registry import queries
from device_registry.importing import cells, table
from device_registry.importing.columns import CERTIFICATE_HEADINGS, ImportMapping, Row, rows_of
from device_registry.importing.report import Reader, Report, RowReport
from device_registry.importing.table import Cell
from device_registry.model import (
    Device,
    Fact,
    Facts,
    Nature,
    Occasion,
    VerificationCertificate,
    VerificationFailureNotice,
)
from device_registry.record import StandingChanged, check, nobody_listens, record_facts
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem, Spoken

REQUIRED = ("tag", "result", "issuing_body", "verified_on")
RESULTS = {"合格": True, "pass": True, "passed": True, "不合格": False, "fail": False, "failed": False}
OCCASIONS = {
    "首次检定": Occasion.INITIAL,
    "首检": Occasion.INITIAL,
    "后续检定": Occasion.SUBSEQUENT,
    "周期检定": Occasion.SUBSEQUENT,
    "周检": Occasion.SUBSEQUENT,
    "修理后检定": Occasion.AFTER_REPAIR,
    "有效期内的检定": Occasion.WITHIN_VALIDITY,
    "有效期内检定": Occasion.WITHIN_VALIDITY,
    "仲裁检定": Occasion.ARBITRATION,
    **{occasion.casefold(): occasion for occasion in Occasion},
}
NATURES = {
    "检定": Nature.VERIFICATION,
    "检定证书": Nature.VERIFICATION,
    "校准": Nature.CALIBRATION,
    "校准证书": Nature.CALIBRATION,
    **{nature.casefold(): nature for nature in Nature},
}


async def import_certificates(
    database: Database,
    clock: Clock,
    content: bytes,
    mapping: ImportMapping,
    *,
    units: Collection[UUID],
    recorded_by: UUID | None = None,
    dry_run: bool = False,
    on_change: StandingChanged = nobody_listens,
) -> Report:
    """Only devices of `units` are known here. Raises ImportUnreadable, ImportColumns, ImportRefused with the report."""
    found = await table.read(content)
    rows = [*rows_of(found, mapping, CERTIFICATE_HEADINGS, REQUIRED)]

    def day(cell: Cell | None) -> date | None:
        return cells.day(cell, mapping.date_order, epoch_1904=found.epoch_1904)

    read = [_result(row, day) for row in rows]
    async with database.transaction() as db:
        tags = {tag for tag, _, _ in read if tag}
        devices = {
            tag: device for tag, device in (await queries.devices_by_tags(db, tags)).items() if device.unit_id in units
        }
        known = await queries.facts_of_all(db, {device.id for device in devices.values()})
        recorded: dict[_Key, int | None] = {
            _key(device, fact): None for device in devices.values() for fact in _results(known[device.id])
        }
        facts: list[tuple[UUID, Fact]] = []
        reports = []
        for row, (tag, fact, reader) in zip(rows, read, strict=True):
            device = devices.get(tag or "")
            if tag and device is None:
                reader.fault("tag", Spoken("import.cell.no-such-device"))
            if device and fact:
                _check(device, fact, clock.now(), recorded, reader)
                recorded.setdefault(_key(device, fact), row.number)
                facts.append((device.id, fact))
            reports.append(RowReport(row.number, tuple(reader.faults)))
        report = Report(tuple(reports))
        if report.refused:
            raise report.problem()
        if dry_run:
            return report
        await record_facts(db, clock, facts, recorded_by=recorded_by, on_change=on_change)
    return Report(report.rows, written=True)


_Result = VerificationCertificate | VerificationFailureNotice
_Key = tuple[UUID, type[_Result], str, str, str]


def _result(row: Row, day: Callable[[Cell | None], date | None]) -> tuple[str | None, _Result | None, Reader]:
    reader = Reader(row.cells)
    tag = reader.read("tag", cells.text, required=True)
    passed = reader.read("result", lambda cell: cells.one_of(cell, RESULTS), required=True)
    channel = reader.read("channel", cells.text)
    body = reader.read("issuing_body", cells.text, required=True)
    on = reader.read("verified_on", day, required=True)
    regulation = reader.read("regulation", cells.text)
    sequence = reader.read("issued_sequence", cells.whole)
    if passed:
        number = reader.read("certificate_no", cells.text, required=True)
        until = reader.read("valid_until", day, required=True)
        occasion = reader.read("occasion", lambda cell: cells.one_of(cell, OCCASIONS)) or Occasion.SUBSEQUENT
        nature = reader.read("nature", lambda cell: cells.one_of(cell, NATURES)) or Nature.VERIFICATION
        if reader.faults or not (body and on and number and until):
            return tag, None, reader
        certificate = VerificationCertificate(
            verified_on=on,
            valid_until=until,
            certificate_no=number,
            issuing_body=body,
            occasion=occasion,
            nature=nature,
            channel=channel or "",
            regulation=regulation or None,
            issued_sequence=sequence,
        )
        return tag, certificate, reader
    number = reader.read("notice_no", cells.text) or reader.read("certificate_no", cells.text)
    until = reader.read("valid_until", day)
    failed_items = reader.read("failed_items", cells.text)
    if passed is False and not number:
        reader.fault("notice_no", Spoken("import.cell.missing"))
    if passed is False and until is not None and until != on:  # some registers repeat the day of the test
        reader.fault("valid_until", Spoken("import.cell.failure-with-validity"))
    if reader.faults or not (body and on and number):
        return tag, None, reader
    notice = VerificationFailureNotice(
        failed_on=on,
        notice_no=number,
        issuing_body=body,
        channel=channel or "",
        regulation=regulation or None,
        failed_items=failed_items or None,
        issued_sequence=sequence,
    )
    return tag, notice, reader


def _results(facts: Facts) -> Iterator[_Result]:
    yield from facts.certificates
    yield from facts.failure_notices


def _check(device: Device, fact: _Result, now: datetime, recorded: dict[_Key, int | None], reader: Reader) -> None:
    try:
        check(device, Facts(), fact, now)
    except Problem as problem:
        reader.refuse(problem)
    key = _key(device, fact)
    if key in recorded:
        first = recorded[key]
        twice = Spoken("import.cell.recorded") if first is None else Spoken("import.cell.twice", row=first)
        reader.fault("certificate_no" if isinstance(fact, VerificationCertificate) else "notice_no", twice)


def _key(device: Device, fact: _Result) -> _Key:
    number = fact.certificate_no if isinstance(fact, VerificationCertificate) else fact.notice_no
    return device.id, type(fact), fact.channel, number, fact.issuing_body
