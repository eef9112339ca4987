"""A draft is filled from the register as it was known at an instant; what people write on it comes beside."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from anyio import to_thread

from agency.model import Unit
from agency.queries import ancestors, units_by_id
from device_registry.annual_report.lives import life_of, particulars_before, verification_before
from device_registry.annual_report.model.movement import Flow, Held, Movement, Period
from device_registry.annual_report.model.snapshot import (
    Body,
    Decision,
    MovementThen,
    Particulars,
    Previous,
    Row,
    UnitThen,
    Written,
)
from device_registry.annual_report.model.workflow import Report, Stage, Version
from device_registry.annual_report.problems import UnitDoesNotReport
from device_registry.annual_report.queries.register import devices_by_ids, devices_held, holdings_of_all
from device_registry.annual_report.queries.reports import last_report_of, written_on
from device_registry.annual_report.queries.steps import closing_devices
from device_registry.annual_report.rules.balance import Break, break_of, stock, summary
from device_registry.annual_report.rules.inclusion import Verdict, inclusion
from device_registry.annual_report.rules.movements import Walk, Where, movements_of, walk
from device_registry.annual_report.rules.reporting import receiver_of
from device_registry.model import Device, Facts
from device_registry.queries import facts_of_all
from foundation.civil import day_of
from foundation.database import Connection, Database

AT_ONCE = 500
"""Devices whose facts are in memory at one time."""


class Draft(NamedTuple):
    """`breaks` are the devices for which the balance does not hold: while there are any, nobody can check it off."""

    body: Body
    breaks: tuple[Break, ...]


class Told(NamedTuple):
    """One device as the report tells it."""

    row: Row
    broken: Break | None


async def draft_of(database: Database, report: Report, version: Version) -> Draft:
    """The same version gives the same body, whenever and wherever it is asked for.

    Raises UnitDoesNotReport where the tree was changed backwards in time so that the unit reports to nobody.
    """
    async with database.connection() as db:
        written = await written_on(db, version.id)
        above = await ancestors(db, report.unit_id, version.period.last)
        receiver = receiver_of(above)
        if receiver is None:
            raise UnitDoesNotReport(field="unit_id")
        held = await devices_held(db, report.unit_id, version.period, version.known_at)
    told: list[Told] = []
    for begin in range(0, len(held), AT_ONCE):
        told += await _tell_all(database, report, version, held[begin : begin + AT_ONCE], written)
    rows = tuple(sorted((one.row for one in told), key=_order))
    async with database.connection() as db:
        previous = await _previous(db, report, version, rows)
    body = Body(
        unit=_then(above[0]),
        receiver=_then(receiver),
        year=report.year,
        period_from=version.period.first,
        period_to=version.period.last,
        known_at=version.known_at,
        version=version.number,
        supersedes=_superseded(report, version),
        reason=version.reason,
        nil=all(row.decision is Decision.EXCLUDED for row in rows),
        previous=previous,
        summary=summary(rows),
        rows=rows,
        note=written.note,
        credit_code=written.credit_code,
        telephone=written.telephone,
        figures=written.figures,
        attachments=written.attachments,
    )
    return Draft(body, tuple(sorted((one.broken for one in told if one.broken), key=lambda found: found.tag)))


async def _tell_all(
    database: Database, report: Report, version: Version, device_ids: list[UUID], written: Written
) -> list[Told]:
    async with database.connection() as db:
        devices = await devices_by_ids(db, device_ids)
        facts = await facts_of_all(db, device_ids, known_at=version.known_at)
        held = await holdings_of_all(db, device_ids, version.known_at)
        others = {one.unit_id for holdings in held.values() for one in holdings}
        names = {unit.id: unit.name_zh for unit in await units_by_id(db, others, version.period.last)}
        replaced = await devices_by_ids(db, {device.replaces for device in devices.values() if device.replaces})

    def tell() -> list[Told]:
        tags = {device_id: device.tag for device_id, device in replaced.items()}
        return [
            told(device, facts[device_id], held[device_id], report.unit_id, version.period, names, tags, written)
            for device_id, device in devices.items()
        ]

    return await to_thread.run_sync(tell)


def told(
    device: Device,
    facts: Facts,
    held: tuple[Held, ...],
    unit_id: UUID,
    period: Period,
    names: Mapping[UUID, str],
    tags: Mapping[UUID, str],
    written: Written,
) -> Told:
    """A device that the unit held: its row, and whether it breaks the balance. Pure."""
    life = life_of(device, facts, held)
    walked = walk(life)
    verdict = inclusion(life, walked, unit_id, period)
    movements = movements_of(life, walked, unit_id, period) if life.monitoring else []
    unit_stock = stock(life, unit_id, period)
    ours = life.holder(period.last) == unit_id
    stopped = life.monitoring and ours and walked.at_last_before(period.closes) is Where.OUT
    closing = life.monitoring and unit_stock.closing
    row = Row(
        device_id=device.id,
        tag=device.tag,
        kind=device.kind,
        kind_zh=device.kind_zh,
        kind_en=device.kind_en,
        decision=verdict.decision,
        reason=verdict.reason,
        on=verdict.on,
        late_addition=verdict.late_addition,
        other_unit=_name(names, verdict.other_unit),
        at_opening=life.monitoring and unit_stock.opening,
        at_closing=closing,
        stopped_at_closing=stopped,
        movements=tuple(_movement_then(movement, names) for movement in movements),
        verification=verification_before(device, facts, period.closes) if closing or stopped else None,
        retired_from_stop=ours and life.monitoring and _retired_from_stop(walked, movements, period),
        particulars=_particulars(device, facts, period, verdict, tags),
        remark=written.remarks.get(str(device.id)),
    )
    broken = None
    if life.monitoring:
        broken = break_of(device.id, device.tag, life, walked, period, unit_stock, movements)
    return Told(row, broken)


def _particulars(
    device: Device, facts: Facts, period: Period, verdict: Verdict, tags: Mapping[UUID, str]
) -> Particulars | None:
    if verdict.decision is Decision.EXCLUDED:
        return None
    replaces = tags.get(device.replaces) if device.replaces else None
    return particulars_before(device, facts, period.closes, verdict.on, replaces)


def _retired_from_stop(walked: Walk, movements: Iterable[Movement], period: Period) -> bool:
    retired = walked.retired_at
    return (
        retired is not None
        and period.opens <= retired < period.closes
        and walked.at_last_before(period.opens) is Where.OUT
        and not any(movement.flow is Flow.RETIRED for movement in movements)
    )


def _movement_then(movement: Movement, names: Mapping[UUID, str]) -> MovementThen:
    return MovementThen(
        flow=movement.flow,
        on=day_of(movement.at),
        document_no=movement.document_no,
        other_unit=_name(names, movement.other_unit),
        automatic=movement.automatic,
    )


def _name(names: Mapping[UUID, str], unit_id: UUID | None) -> str | None:
    """A unit that no longer stands on the closing date goes by its id."""
    return None if unit_id is None else names.get(unit_id, str(unit_id))


def _then(unit: Unit) -> UnitThen:
    return UnitThen(unit.id, unit.kind, unit.name_zh, unit.name_en, unit.division_code)


def _order(row: Row) -> tuple[int, str, UUID]:
    return list(Decision).index(row.decision), row.tag, row.device_id


def _superseded(report: Report, version: Version) -> str | None:
    """The newest filing before this version that was not returned."""
    before = [
        earlier.filing.number
        for earlier in report.versions
        if earlier.number < version.number and earlier.filing and earlier.stage is not Stage.RETURNED
    ]
    return before[-1] if before else None


async def _previous(db: Connection, report: Report, version: Version, rows: Iterable[Row]) -> Previous | None:
    """Last year's report as it was received, against this year's opening."""
    last = await last_report_of(db, report.unit_id, report.year)
    counted = counted_version(last, version.known_at) if last else None
    if counted is None or counted.filing is None:
        return None
    then = await closing_devices(db, counted.id)
    now = {row.device_id: row.tag for row in rows if row.at_opening}
    return Previous(
        filing_number=counted.filing.number,
        closing=len(then),
        gone=tuple(sorted(tag for device_id, tag in then.items() if device_id not in now)),
        come=tuple(sorted(tag for device_id, tag in now.items() if device_id not in then)),
    )


def counted_version(report: Report, by: datetime) -> Version | None:
    """The newest version that the government had received by that instant: the one that counts."""
    received = [
        version for version in report.versions if version.stage is Stage.RECEIVED and version.steps[-1].at <= by
    ]
    return received[-1] if received else None


def changed_fields(before: Written, after: Written) -> tuple[str, ...]:
    """The fields that differ, as they are called in the contract."""
    return tuple(name for name in Written.__struct_fields__ if getattr(before, name) != getattr(after, name))
