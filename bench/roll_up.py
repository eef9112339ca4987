"""`python -m bench.roll_up`: a city's annual roll-up over 100,000 filed devices: seconds, and what memory it adds."""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from agency import queries as agency
from agency.model import PersonKind, Unit, UnitKind
from device_registry.annual_report import roll_up
from device_registry.annual_report.files.canonical import canonical, sha256
from device_registry.annual_report.model.movement import Flow, Period
from device_registry.annual_report.model.snapshot import (
    Body,
    Decision,
    Figures,
    Inclusion,
    MovementThen,
    Row,
    Signatories,
    Snapshot,
    UnitThen,
    Verification,
    Written,
)
from device_registry.annual_report.model.workflow import Stage
from device_registry.annual_report.queries import reports, steps
from device_registry.annual_report.queries.reports import NewVersion
from device_registry.annual_report.queries.steps import NewStep
from device_registry.annual_report.rules.balance import summary
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.settings import Settings

NOW = datetime(2026, 12, 20, 4, 0, tzinfo=UTC)
PERIOD = Period(2026, date(2026, 1, 1), date(2026, 12, 20))
KINDS = ("id", "tag", "kind", "serial_no", "model", "maker", "unit_id", "mounting", "requirement", "registered_at")
NEW_EVERY = 10
"""One device in so many is new this year."""


class Found(NamedTuple):
    """Of one run. `grown` is what the peak of resident memory rose by, in MB."""

    devices: int
    seconds: float
    grown: float


async def measure(units: int, devices_each: int, runs: int) -> list[Found]:
    """Every unit's report is filed and received; then the city asks for its roll-up."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with running(Settings(data=Path(folder)), durable=False) as settings:
            assert settings.migration_database_url is not None
            await migrate(settings.migration_database_url)
            database = await Database.open(settings.database_url, most=4, unless_said=EVERYTHING)
            try:
                city = await _filed(database, settings.migration_database_url, units, devices_each)
                return [await _rolled_up(database, city) for _ in range(runs)]
            finally:
                await database.close()


async def _rolled_up(database: Database, city: UUID) -> Found:
    async def unheard(done: int, total: int) -> None:
        pass

    before, began = _peak(), time.perf_counter()
    result = await roll_up.roll_up(database, city, PERIOD.year, NOW, unheard)
    seconds = time.perf_counter() - began
    assert result.balanced
    assert not result.missing
    return Found(result.total.closing, seconds, _peak() - before)


async def _filed(database: Database, owner_url: str, units: int, devices_each: int) -> UUID:
    async with database.transaction() as db:
        city = (await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", date(2020, 1, 1))).id
        bureaus = [
            await agency.add_unit(db, UnitKind.DEPARTMENT, f"局{n}", f"Bureau {n}", date(2020, 1, 1), parent_id=city)
            for n in range(units)
        ]
        people = [(await agency.add_person(db, PersonKind.STAFF, f"{n}", f"{n}", city)).id for n in range(3)]
    owner = await asyncpg.connect(owner_url)
    try:
        for bureau in bureaus:
            ids = [uuid4() for _ in range(devices_each)]
            await _devices(owner, bureau, ids)
            await _report(database, bureau, city, people, ids)
    finally:
        await owner.close()
    return city


async def _devices(owner: "asyncpg.Connection[asyncpg.Record]", bureau: Unit, ids: list[UUID]) -> None:
    rows = [
        (id_, str(id_), "CAMERA_ONLY", "1", "M", "—", bureau.id, "FIXED", "NOT_REQUIRED", NOW) for id_ in ids
    ]  # fmt: skip
    await owner.copy_records_to_table("device", records=rows, columns=KINDS)
    always: asyncpg.Range[date] = asyncpg.Range(None, None)
    held = [(id_, bureau.id, always, NOW) for id_ in ids]
    await owner.copy_records_to_table(
        "device_holding", records=held, columns=("device_id", "unit_id", "span", "known_from")
    )


async def _report(database: Database, bureau: Unit, city: UUID, people: list[UUID], ids: list[UUID]) -> None:
    snapshot = _snapshot(bureau, city, tuple(_row(number, id_) for number, id_ in enumerate(ids)))
    filed = canonical(snapshot)
    drafter, checker, head = people
    digest = sha256(canonical(snapshot.body))
    async with database.transaction() as db:
        report_id = await reports.add_report(db, bureau.id, PERIOD.year, NOW)
        new = NewVersion(report_id, bureau.id, 1, city, PERIOD, NOW, drafter, None)
        version = await reports.add_version(db, new, Written())
        follows = None
        for stage, by in zip(Stage, (drafter, checker, head, drafter, drafter), strict=False):
            step = NewStep(stage, follows, NOW, by, drafter, revision=0, body_sha256=digest)
            if stage is Stage.SIGNED_OFF:
                step = step._replace(checked_by=checker)
            receipt = "-" if stage in (Stage.FILED, Stage.RECEIVED) else None
            await steps.add_step(db, version, step._replace(receipt=receipt))
            follows = stage
        await steps.add_filing(db, version, 1, snapshot, filed)


def _snapshot(bureau: Unit, city: UUID, rows: tuple[Row, ...]) -> Snapshot:
    body = Body(
        unit=UnitThen(bureau.id, bureau.kind, bureau.name_zh, bureau.name_en, None),
        receiver=UnitThen(city, UnitKind.CITY, "武汉市", "Wuhan", None),
        year=PERIOD.year,
        period_from=PERIOD.first,
        period_to=PERIOD.last,
        known_at=NOW,
        version=1,
        supersedes=None,
        reason=None,
        nil=False,
        previous=None,
        summary=summary(rows),
        rows=rows,
        note=None,
        credit_code=None,
        telephone=None,
        figures=Figures(),
        attachments=(),
    )
    names = Signatories(drafted_by="甲", checked_by="乙", signed_off_by="丙")
    return Snapshot(body=body, signatories=names, filing_number=f"{bureau.name_zh}-1", filed_at=NOW, late=False)


def _row(number: int, device_id: UUID) -> Row:
    new = number % NEW_EVERY == 0
    return Row(
        device_id=device_id,
        tag=str(device_id),
        kind="CAMERA_ONLY",
        kind_zh="视频监控设备",
        kind_en="Surveillance camera",
        decision=Decision.INCLUDED if new else Decision.EXCLUDED,
        reason=Inclusion.NEW if new else Inclusion.IN_SERVICE_BEFORE,
        on=date(2026, 5, 4),
        at_opening=not new,
        at_closing=True,
        movements=(MovementThen(flow=Flow.NEW, on=date(2026, 5, 4)),) if new else (),
        verification=Verification.NOT_REQUIRED,
    )


def _peak() -> float:
    """Of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.roll_up", description=__doc__)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--devices", type=int, default=500, help="of each unit")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    for found in asyncio.run(measure(chosen.units, chosen.devices, chosen.runs)):
        print(f"{found.devices:,} devices  {found.seconds:.2f} s  peak memory +{found.grown:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
