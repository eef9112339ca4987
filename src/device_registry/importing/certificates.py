"""A file of verification certificates and failure notices is recorded, whole unless refused rows are to be left out."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from anyio import to_thread

from device_registry import queries
from device_registry.checks import check
from device_registry.importing import reading
from device_registry.importing.certificate_rows import CertificateRow, Result
from device_registry.importing.columns import ImportMapping
from device_registry.importing.faults import Fault, fault_of
from device_registry.importing.reading import Header
from device_registry.importing.report import SHOWN_TAGS, WRITE, Effect, Report, RowReport, Wish, preview_of, shared
from device_registry.model import Device, Fact, Facts, Span, VerificationCertificate
from device_registry.record import StandingChanged, nobody_listens, record_facts
from device_registry.rules import service_periods, standing_spans, verified_periods
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

    Raises ImportUnreadable, ImportColumns, ImportNotPreviewed, ImportChanged, ImportRefused with the report.
    """
    header, rows = await reading.certificate_rows(content, mapping)
    async with database.connection() as db:
        tags = {row.tag for row in rows if row.tag}
        devices = {
            tag: device for tag, device in (await queries.devices_by_tags(db, tags)).items() if device.unit_id in units
        }
        known = await queries.facts_of_all(db, {device.id for device in devices.values()})
        numbers = {row.passed.certificate_no for row in rows if row.passed}
        borne = await queries.tags_by_certificate_no(db, numbers, units)
    told = _Told(content, mapping, header, rows, devices, known, borne, clock.now())
    report, facts = await to_thread.run_sync(_weighed, told)
    report = wish.decide(report)
    if report.written:
        async with database.transaction() as db:
            await record_facts(db, clock, facts, recorded_by=recorded_by, on_change=on_change)
    return report


class _Told(msgspec.Struct, frozen=True):
    """A file and what the register knows of its devices."""

    content: bytes
    mapping: ImportMapping
    header: Header
    rows: list[CertificateRow]
    devices: Mapping[str, Device]
    known: Mapping[UUID, Facts]
    borne: Mapping[str, list[str]]
    now: datetime


def _weighed(told: _Told) -> tuple[Report, list[tuple[UUID, Fact]]]:
    """The report as of a dry run, and the facts to record."""
    seen = {
        (device.id, _content(fact)): 0 for device in told.devices.values() for fact in _results(told.known[device.id])
    }
    reports: list[RowReport] = []
    facts: list[tuple[UUID, Fact]] = []
    outcome: list[object] = []
    numbers: dict[str, list[int]] = {}
    for row in told.rows:
        device = told.devices.get(row.tag or "")
        faults = [*row.faults]
        if row.tag and device is None:
            faults.insert(0, Fault("tag", Spoken("import.cell.no-such-device")))
        if device and row.fact:
            faults += _faults(device, row.fact, told.now, row.number, seen)
            if not faults:
                facts.append((device.id, row.fact))
                numbers.setdefault(_number(row.fact), []).append(row.number)
        reports.append(RowReport(row.number, faults))
        outcome.append((row.number, faults, device and device.id, row.fact and _content(row.fact)))
    gaining, losing = _standing_today(told, facts)
    passed = sum(isinstance(fact, VerificationCertificate) for _, fact in facts)
    report = Report(
        preview=preview_of(told.content, told.mapping, [*outcome, gaining, losing]),
        header=told.header,
        rows=reports,
        effect=Effect(
            certificates=passed,
            failure_notices=len(facts) - passed,
            devices=len({device_id for device_id, _ in facts}),
            gain_standing=len(gaining),
            lose_standing=len(losing),
            gaining=gaining[:SHOWN_TAGS],
            losing=losing[:SHOWN_TAGS],
        ),
        duplicates=shared("certificate_no", numbers, told.borne),
    )
    return report, facts


def _faults(
    device: Device, fact: Result, now: datetime, number: int, seen: dict[tuple[UUID, tuple[object, ...]], int]
) -> Iterator[Fault]:
    """`seen`: what is recorded (0), or stood in an earlier row, by its content."""
    try:
        check(device, Facts(), fact, now)
    except Problem as problem:
        yield fault_of(problem)
    earlier = seen.setdefault((device.id, _content(fact)), number)
    if earlier != number:
        why = Spoken("import.cell.twice", row=earlier) if earlier else Spoken("import.cell.recorded")
        yield Fault("certificate_no" if isinstance(fact, VerificationCertificate) else "notice_no", why)


def _standing_today(told: _Told, facts: list[tuple[UUID, Fact]]) -> tuple[list[str], list[str]]:
    """The tags of the devices that come into standing today by the facts, and of those that fall out of it."""
    new: dict[UUID, list[Fact]] = {}
    for device_id, fact in facts:
        new.setdefault(device_id, []).append(fact)
    gaining: list[str] = []
    losing: list[str] = []
    for tag, device in sorted(told.devices.items()):
        if device.id in new:
            before = after = told.known[device.id]
            for fact in new[device.id]:
                after = after.and_(fact)
            stood, stands = _stands(device, before, told.now), _stands(device, after, told.now)
            if stands is not stood:
                (gaining if stands else losing).append(tag)
    return gaining, losing


def _stands(device: Device, facts: Facts, now: datetime) -> bool:
    spans = standing_spans(device, verified_periods(facts), service_periods(facts), facts.written_conclusions)
    return any(_contains(span, now) for span in spans)


def _contains(span: Span, instant: datetime) -> bool:
    return span.begins <= instant and (span.ends is None or instant < span.ends)


def _results(facts: Facts) -> Iterator[Result]:
    yield from facts.certificates
    yield from facts.failure_notices


def _content(fact: Result) -> tuple[object, ...]:
    """What makes two documents the same one, whatever else is told of them. A number alone does not."""
    if isinstance(fact, VerificationCertificate):
        return fact.channel, fact.certificate_no, fact.issuing_body, fact.verified_on, fact.valid_until
    return fact.channel, fact.notice_no, fact.issuing_body, fact.failed_on


def _number(fact: Result) -> str:
    return fact.certificate_no if isinstance(fact, VerificationCertificate) else fact.notice_no
