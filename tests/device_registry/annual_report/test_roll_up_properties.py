"""The same random fleets through the register itself: facts recorded, devices moved, reports filed, all added up."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency import queries as agency
from agency.model import UnitKind
from device_registry.annual_report import filing, roll_up
from device_registry.annual_report.files.canonical import snapshot_of
from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.snapshot import Decision
from device_registry.annual_report.queries.reports import report_by_id
from device_registry.annual_report.queries.steps import filed_bytes
from device_registry.annual_report.rules.balance import added, balances
from device_registry.model import Mounting
from device_registry.record import record_facts
from device_registry.register import Registration, move_device, register_device
from foundation.database import Database
from tests.device_registry.annual_report.conftest import City, Office
from tests.device_registry.annual_report.histories import UNITS, Past, pasts
from tests.support import FixedClock

FLEETS = st.integers(2, 5).flatmap(lambda size: st.tuples(*(pasts(number) for number in range(size))))
YEAR = Period(2026, date(2026, 1, 1), date(2026, 12, 31))
AFTERWARDS = datetime(2030, 1, 1, 4, 0, tzinfo=UTC)
"""After everything that the histories tell of."""


async def a_government(database: Database, city: City) -> tuple[UUID, dict[UUID, UUID]]:
    """A district of its own, with a bureau for each unit of the histories."""
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        top = await agency.add_unit(db, UnitKind.DISTRICT, "试验区", "District", begins, parent_id=city.city)
        bureaus = [
            await agency.add_unit(db, UnitKind.DEPARTMENT, f"局{number}", f"Bureau {number}", begins, parent_id=top.id)
            for number in range(len(UNITS))
        ]
    return top.id, dict(zip(UNITS, (bureau.id for bureau in bureaus), strict=True))


async def recorded(
    database: Database, clock: FixedClock, city: City, past: Past, units: dict[UUID, UUID], replaced: UUID
) -> None:
    registration = Registration(
        tag=f"{past.device.tag}-{uuid4()}", kind=past.device.kind, serial_no="1", model="M", maker="—",
        unit_id=units[past.held[0].unit_id], mounting=Mounting.FIXED,
        replaces=replaced if past.device.replaces else None,
    )  # fmt: skip
    device = await register_device(database, clock, registration)
    facts = past.facts
    async with database.transaction() as db:
        by = city.people["manager"]
        for told in (facts.site_versions, facts.certificates, facts.service_events):
            await record_facts(db, clock, [(device.id, fact) for fact in told], recorded_by=by)
    for held in past.held[1:]:
        assert held.begins is not None
        await move_device(database, clock, device.id, units[held.unit_id], held.begins, recorded_by=None)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fleet=FLEETS)
async def test_what_the_register_files_and_a_government_adds_up_equals_a_plain_count(
    database: Database, city: City, office: Office, clock: FixedClock, fleet: tuple[Past, ...]
) -> None:
    clock.instant = AFTERWARDS
    government, units = await a_government(database, city)
    old = await register_device(
        database, clock,
        Registration(tag=f"OLD-{uuid4()}", kind="SPEED_RADAR_FIXED", serial_no="0", model="M", maker="—",
                     unit_id=city.bureau, mounting=Mounting.FIXED),
    )  # fmt: skip
    for past in fleet:
        await recorded(database, clock, city, past, units, old.id)
    listed: Counter[str] = Counter()
    for unit in units.values():
        report_id = await filing.begin(office.desk("manager"), unit, 2026, None)
        await office.finish(report_id)
        async with database.connection() as db:
            report = await report_by_id(db, report_id)
            assert report is not None
            filed = await filed_bytes(db, report.latest.id)
        assert filed is not None
        body = snapshot_of(filed).body
        assert balances(body.summary)
        listed.update(row.tag[:6] for row in body.rows if row.decision is not Decision.EXCLUDED)

    async def unheard(done: int, total: int) -> None:
        pass

    result = await roll_up.roll_up(database, government, 2026, clock.now(), unheard)
    new = [past for past in fleet if past.started and YEAR.opens <= past.started < YEAR.closes]
    elsewhere = [past for past in fleet if past not in new and past.relocated_in(YEAR)]
    assert listed == Counter(past.device.tag for past in [*new, *elsewhere])
    assert result.balanced
    assert result.total == added(line.summary for line in result.lines if line.summary)
    assert result.claimed_twice.closing == 0
    assert result.total.opening == sum(past.in_service_before(YEAR.opens) for past in fleet)
    assert result.total.closing == sum(past.in_service_before(YEAR.closes) for past in fleet)
    assert result.total.moved_in == result.total.moved_out
    assert len(result.lines) == len(units)
    assert set(result.late) == set(units.values())
    clock.advance(timedelta(seconds=1))
