"""A government's view over the reports it and those below it have received: added up, checked, recomputable.

It is a statistic for supervision, no report: only what has been filed and received counts, by the tree as it stood on
the closing date. Reports are read one at a time, so that memory stays flat however many devices there are.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from anyio import to_thread

from agency.model import Unit
from agency.queries import tree
from device_registry.annual_report.drafting import counted_version
from device_registry.annual_report.files.canonical import sha256, snapshot_of
from device_registry.annual_report.model.snapshot import Summary
from device_registry.annual_report.model.workflow import (
    Line,
    Move,
    Report,
    RollUpResult,
    Stage,
    Unreported,
    Version,
)
from device_registry.annual_report.queries import reports, roll_ups, steps
from device_registry.annual_report.queries.register import holders_on, monitoring_devices_held
from device_registry.annual_report.queries.roll_ups import Claim
from device_registry.annual_report.rules.balance import added, balances, summary, without
from device_registry.annual_report.rules.reporting import GOVERNMENTS, REPORTERS, below, deadline, is_late
from foundation import jobs
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database

JOB = "annual-roll-up"
REPORTS_AT_ONCE = 20
"""Units between two signs of progress."""
MOST_MOVES = 500
"""Moves shown by name; all are counted."""

Progress = Callable[[int, int], Awaitable[None]]
"""Hears how many units are done, of how many."""


async def request(database: Database, clock: Clock, unit_id: UUID, year: int, by: UUID) -> UUID:
    """Queued in the transaction that notes it, for any worker to do."""
    now = clock.now()
    async with database.transaction() as db:
        roll_up_id = await roll_ups.add_roll_up(db, unit_id, year, now, by)
        await jobs.enqueue(db, JOB, {"roll_up_id": str(roll_up_id)}, now)
    return roll_up_id


async def work(database: Database, clock: Clock, payload: dict[str, Any]) -> None:
    """The job. Done again after a failure it comes to the same result."""
    roll_up_id = UUID(payload["roll_up_id"])
    async with database.connection() as db:
        asked = await roll_ups.roll_up_by_id(db, roll_up_id)
    if asked is None:
        return

    async def progress(done: int, total: int) -> None:
        async with database.connection() as db:
            await roll_ups.come_so_far(db, roll_up_id, done, total)

    try:
        result = await roll_up(database, asked.unit_id, asked.year, clock.now(), progress)
    except Exception:
        async with database.connection() as db:
            await roll_ups.finished(db, roll_up_id, None, clock.now())
        raise
    async with database.connection() as db:
        await roll_ups.finished(db, roll_up_id, result, clock.now())


async def roll_up(
    database: Database, government_id: UUID, year: int, now: datetime, progress: Progress
) -> RollUpResult:
    """Every unit below the government, what it filed, and the sum of what counts."""
    day = min(day_of(now), deadline(year))
    async with database.connection() as db:
        every = below(await tree(db, day), government_id)
        units = [unit for unit in every if unit.kind in REPORTERS]
        governments = [unit for unit in every if unit.kind in GOVERNMENTS]
        held = await monitoring_devices_held(db, [unit.id for unit in governments], day)
        known = await reports.reports_by_ids(db, await roll_ups.reports_in(db, [unit.id for unit in units], year))
    by_unit = {report.unit_id: report for report in known}
    lines: list[Line] = []
    counted: dict[UUID, UUID] = {}
    await progress(0, len(units))
    for done, unit in enumerate(units, start=1):
        report = by_unit.get(unit.id)
        version = None if report is None else counted_version(report, now)
        lines.append(await _line(database, unit, year, report, version, now))
        if version is not None:
            counted[version.id] = unit.id
        if done % REPORTS_AT_ONCE == 0:
            await progress(done, len(units))
    async with database.connection() as db:
        moves, taken = await _claims(db, counted, {unit.id: unit.name_zh for unit in units}, day, now)
        moved, went = await roll_ups.moves(db, list(counted), MOST_MOVES)
    names = {line.unit_id: line.name_zh for line in lines}
    moves += [
        Move(
            device_id=claim.device_id,
            tag=claim.tag,
            from_unit=names[counted[claim.version_id]],
            to_unit=claim.row.other_unit,
            claimed_twice=False,
        )
        for claim in went
    ]
    total = without(added(line.summary for line in lines if line.summary), taken)
    return RollUpResult(
        total=total,
        claimed_twice=taken,
        lines=tuple(lines),
        missing=tuple(line.unit_id for line in lines if not line.counted),
        late=tuple(line.unit_id for line in lines if line.late),
        moves=tuple(moves),
        moved=moved,
        balanced=balances(total) and all(line.sound for line in lines),
        unreported=tuple(
            Unreported(unit_id=unit.id, name_zh=unit.name_zh, name_en=unit.name_en, devices=held[unit.id])
            for unit in governments
            if unit.id in held
        ),
    )


async def _line(
    database: Database, unit: Unit, year: int, report: Report | None, version: Version | None, now: datetime
) -> Line:
    """One unit, its counted report read from its own bytes: their hash, and the sums of their rows."""
    total, sound = None, True
    if version is not None:
        async with database.connection() as db:
            filed = await steps.filed_bytes(db, version.id)
        assert filed is not None
        assert version.filing is not None
        total, sound = await to_thread.run_sync(_recomputed, filed, version.filing.snapshot_sha256)
    standing = [one.filing for one in (report.versions if report else ()) if one.stage is not Stage.RETURNED]
    first = next((filing.filed_at for filing in standing if filing), now)
    return Line(
        unit_id=unit.id,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        parent_id=unit.parent_id,
        report_id=report.id if report else None,
        filing_number=version.filing.number if version and version.filing else None,
        filed_at=version.filing.filed_at if version and version.filing else None,
        late=is_late(first, year),
        stage=report.latest.stage if report else None,
        counted=version is not None,
        summary=total,
        sound=sound,
    )


def _recomputed(filed: bytes, digest: str) -> tuple[Summary, bool]:
    body = snapshot_of(filed).body
    counted = summary(body.rows)
    return counted, sha256(filed) == digest and counted == body.summary


async def _claims(
    db: Connection, counted: Mapping[UUID, UUID], names: Mapping[UUID, str], day: date, now: datetime
) -> tuple[list[Move], Summary]:
    """What two reports both have: the row of whoever holds the device at the end counts, the others are taken off."""
    claims = await roll_ups.claimed_twice(db, list(counted))
    holders = await holders_on(db, {claim.device_id for claim in claims}, day, now)
    by_device: dict[UUID, list[Claim]] = {}
    for claim in claims:
        by_device.setdefault(claim.device_id, []).append(claim)
    moves, taken = [], []
    for device_id, several in by_device.items():
        right = next((one for one in several if counted[one.version_id] == holders.get(device_id)), several[0])
        for wrong in several:
            if wrong is right:
                continue
            taken.append(wrong.row)
            moves.append(
                Move(
                    device_id=device_id,
                    tag=wrong.tag,
                    from_unit=names[counted[wrong.version_id]],
                    to_unit=names[counted[right.version_id]],
                    claimed_twice=True,
                )
            )
    return moves, summary(taken)
