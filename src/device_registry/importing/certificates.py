"""A file of verification certificates and failure notices is recorded, whole unless refused rows are to be left out."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID

import msgspec
from anyio import to_thread

from device_registry import queries
from device_registry.checks import check, check_body, identity
from device_registry.importing import reading
from device_registry.importing.certificate_rows import CertificateRow, Result
from device_registry.importing.columns import ImportMapping
from device_registry.importing.faults import Fault, fault_of
from device_registry.importing.reading import Header
from device_registry.importing.report import SHOWN_TAGS, WRITE, Effect, Report, RowReport, Wish, preview_of, shared
from device_registry.model import Device, Fact, Facts, Span
from device_registry.model import VerificationCertificate as Certificate
from device_registry.model import VerificationFailureNotice as Notice
from device_registry.record import Known, Prepared, StandingChanged, hold, keep, known_of, nobody_listens, prepare
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem, Spoken


async def import_certificates(
    database: Database,
    clock: Clock,
    content: bytes,
    mapping: ImportMapping,
    *,
    units: Collection[UUID],
    recorded_by: UUID | None = None,
    wish: Wish = WRITE,
    on_change: StandingChanged = nobody_listens,
) -> Report:
    """Only devices of `units` are known here.

    Raises ImportUnreadable, ImportColumns, ImportNotPreviewed, ImportRefused with the report; ImportChanged also where
    something is recorded about one of the devices while the file is read.
    """
    header, rows = await reading.certificate_rows(content, mapping)
    async with database.connection() as db:
        tags = {row.tag for row in rows if row.tag}
        devices = {
            tag: device for tag, device in (await queries.devices_by_tags(db, tags)).items() if device.unit_id in units
        }
        told = [(device.id, row.fact) for row in rows if row.fact and (device := devices.get(row.tag or ""))]
        known = await known_of(db, {device.id: device for device in devices.values()}, told)
        borne = await queries.tags_by_certificate_no(db, {_number(fact) for _, fact in told}, units)
    file = _File(content, mapping, header, rows, devices, known, borne, clock.now())
    report, prepared = await to_thread.run_sync(_weighed, file)
    report = wish.decide(report)
    if report.written:
        async with database.transaction() as db:
            await hold(db, known)
            await keep(db, clock, prepared, recorded_by=recorded_by, on_change=on_change)
    return report


class _File(msgspec.Struct, frozen=True):
    """What it says, and what the register knows of its devices."""

    content: bytes
    mapping: ImportMapping
    header: Header
    rows: list[CertificateRow]
    devices: Mapping[str, Device]
    known: Known
    borne: Mapping[str, list[str]]
    now: datetime


def _weighed(file: _File) -> tuple[Report, Prepared]:
    """The report as of a dry run, and what to record."""
    seen: dict[tuple[object, ...], int] = {}
    """Where a document was met: in a row, or (0) in the register."""
    for device_id, known in file.known.facts.items():
        seen |= {(device_id, Certificate, *identity(fact)): 0 for fact in known.certificates}
        seen |= {(device_id, Notice, *identity(fact)): 0 for fact in known.failure_notices}
    reports: list[RowReport] = []
    facts: list[tuple[UUID, Fact]] = []
    numbers: dict[str, list[int]] = {}
    for row in file.rows:
        device = file.devices.get(row.tag or "")
        faults = [*row.faults]
        if row.tag and device is None:
            faults.insert(0, Fault("tag", Spoken("import.cell.no-such-device")))
        if device and row.fact:
            faults += _faults(file, device, row.fact)
            earlier = seen.setdefault((device.id, type(row.fact), *identity(row.fact)), row.number)
            if earlier != row.number:
                why = Spoken("import.cell.twice", row=earlier) if earlier else Spoken("import.cell.recorded")
                faults.append(Fault("certificate_no" if row.passed else "notice_no", why))
            if not faults:
                facts.append((device.id, row.fact))
                numbers.setdefault(_number(row.fact), []).append(row.number)
        reports.append(RowReport(row.number, faults))
    prepared = prepare(file.known, facts, file.now)
    return _report(file, reports, prepared, numbers), prepared


def _faults(file: _File, device: Device, fact: Result) -> Iterator[Fault]:
    try:
        check(device, Facts(), fact, file.now)
    except Problem as problem:
        yield fault_of(problem)
    try:
        check_body(device, fact, file.known.bodies)
    except Problem as problem:
        yield fault_of(problem)


def _report(file: _File, reports: list[RowReport], prepared: Prepared, numbers: Mapping[str, Sequence[int]]) -> Report:
    tags = {device.id: device.tag for device in file.devices.values()}
    gaining = sorted(tags[one.device_id] for one in prepared.changes if _contain(one.gained, file.now))
    losing = sorted(tags[one.device_id] for one in prepared.changes if _contain(one.lost, file.now))
    passed = sum(isinstance(fact, Certificate) for _, fact in prepared.facts)
    would_be = ((device_id, identity(fact)) for device_id, fact in prepared.facts)
    return Report(
        preview=preview_of(file.content, file.mapping, chain(reports, would_be, [gaining, losing])),
        header=file.header,
        rows=reports,
        effect=Effect(
            certificates=passed,
            failure_notices=len(prepared.facts) - passed,
            devices=len(prepared.following.facts),
            gain_standing=len(gaining),
            lose_standing=len(losing),
            gaining=gaining[:SHOWN_TAGS],
            losing=losing[:SHOWN_TAGS],
        ),
        duplicates=shared("certificate_no", numbers, file.borne),
    )


def _contain(spans: Sequence[Span], instant: datetime) -> bool:
    return any(span.begins <= instant and (span.ends is None or instant < span.ends) for span in spans)


def _number(fact: Result) -> str:
    return fact.certificate_no if isinstance(fact, Certificate) else fact.notice_no
