"""A government's roll-up: what was received, by the tree of the closing date, each device once."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from agency import queries as agency
from agency.model import Role, UnitKind
from device_registry.annual_report import filing, roll_up
from device_registry.annual_report.model.workflow import RollUpResult, RollUpState, Stage
from device_registry.annual_report.queries.roll_ups import roll_up_by_id
from device_registry.annual_report.reminding import reminders
from device_registry.annual_report.rules.balance import added, balances
from device_registry.annual_report.rules.reporting import ReminderStage
from device_registry.model import Mounting
from device_registry.register import move_device
from evidence.custodian import Custodian
from foundation.database import Database
from plumbline.jobs import do_due
from tests.device_registry.annual_report.conftest import Camera, City, Desks, Office, Seal
from tests.support import FixedClock


async def rolled_up(database: Database, clock: FixedClock, unit: UUID) -> RollUpResult:
    async def unheard(done: int, total: int) -> None:
        pass

    return await roll_up.roll_up(database, unit, 2026, clock.now(), unheard)


async def test_only_received_reports_count_and_missing_units_have_their_names(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    await camera("STREET", "2026-05-01 09:00", unit=city.street)
    await office.filed(city.bureau)
    await office.filed(city.street, received=False)
    result = await rolled_up(database, clock, city.city)
    lines = {line.unit_id: line for line in result.lines}
    assert lines.keys() == {city.bureau, city.street, city.other}
    assert (lines[city.bureau].counted, lines[city.street].counted) == (True, False)
    assert lines[city.street].stage is Stage.FILED
    assert {lines[unit].name_zh for unit in result.missing} == {"大智街道", "市交通运输局"}
    assert (result.total.new, result.total.closing, result.balanced, result.late) == (1, 1, True, ())
    district = await rolled_up(database, clock, city.district)
    assert {line.unit_id for line in district.lines} == {city.bureau, city.street}


async def test_the_total_is_the_sum_of_its_lines_and_an_amendment_counts_once_received(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("A1", "2024-05-01 09:00")
    await camera("B1", "2026-05-01 09:00", unit=city.street)
    bureau, _ = await office.filed(city.bureau), await office.filed(city.street)
    clock.advance(timedelta(days=1))
    await camera("A2", "2026-06-01 09:00")
    before = await rolled_up(database, clock, city.district)
    await filing.draft_again(office.desk("manager"), bureau, "补报", None)
    await office.finish(bureau, received=False)
    assert (await rolled_up(database, clock, city.district)).total == before.total
    await filing.receive(office.desk("receiver"), bureau, Seal())
    after = await rolled_up(database, clock, city.district)
    assert (before.total.new, after.total.new) == (1, 2)
    assert after.total == added(line.summary for line in after.lines if line.summary)
    assert balances(after.total)


async def test_a_device_that_moved_counts_where_it_is_at_the_end_and_its_move_is_shown(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    used = await camera("USED", "2024-05-01 09:00")
    new = await camera("NEW", "2026-03-01 09:00")
    for device in (used, new):
        await move_device(database, clock, device.id, city.street, date(2026, 7, 1), recorded_by=None)
    await office.filed(city.bureau)
    await office.filed(city.street)
    result = await rolled_up(database, clock, city.district)
    total = result.total
    assert (total.opening, total.new, total.moved_in, total.moved_out, total.closing) == (1, 1, 1, 1, 2)
    assert total.included == 1
    assert [(move.tag, move.from_unit, move.to_unit) for move in result.moves] == [
        ("NEW", "江岸区城市管理执法局", "大智街道"),
        ("USED", "江岸区城市管理执法局", "大智街道"),
    ]
    assert not any(move.claimed_twice for move in result.moves)


async def test_a_device_in_two_reports_counts_once_where_it_is_held_and_the_other_claim_is_named(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    device = await camera("TWICE", "2026-03-01 09:00")
    await office.filed(city.bureau)
    clock.advance(timedelta(hours=1))
    await move_device(database, clock, device.id, city.street, date(2026, 7, 1), recorded_by=None)
    await office.filed(city.street)
    result = await rolled_up(database, clock, city.district)
    assert [(move.tag, move.from_unit, move.to_unit, move.claimed_twice) for move in result.moves] == [
        ("TWICE", "江岸区城市管理执法局", "大智街道", True)
    ]
    assert (result.total.new, result.total.closing, result.total.included) == (1, 1, 1)
    assert result.claimed_twice.closing == 1
    assert result.balanced


async def test_a_unit_that_hangs_elsewhere_in_the_tree_is_counted_where_it_hung_on_the_closing_date(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    await office.filed(city.bureau)
    clock.instant = datetime(2027, 2, 1, 4, 0, tzinfo=UTC)
    async with database.transaction() as db:
        [unit] = await agency.units_by_id(db, [city.bureau], date(2026, 12, 31))
        moved = type(unit)(unit.id, city.city, UnitKind.DEPARTMENT, "市属执法局", "City", None, date(2027, 1, 15), None)
        await agency.change_unit(db, moved)
    district = await rolled_up(database, clock, city.district)
    assert [line.name_zh for line in district.lines if line.counted] == ["江岸区城市管理执法局"]


async def test_after_the_deadline_what_is_missing_is_late_and_an_amendment_is_not(
    database: Database, city: City, office: Office, clock: FixedClock
) -> None:
    bureau = await office.filed(city.bureau)
    clock.instant = datetime(2027, 1, 10, 4, 0, tzinfo=UTC)
    await filing.draft_again(office.desk("manager"), bureau, "更正说明", None)
    await office.finish(bureau)
    await office.filed(city.street)
    result = await rolled_up(database, clock, city.city)
    lines = {line.unit_id: line for line in result.lines}
    assert set(result.late) == {city.street, city.other}
    assert lines[city.bureau].filing_number == "江岸区城市管理执法局设备年报〔2026〕2号"


async def test_devices_that_a_government_holds_itself_are_told_because_nobody_reports_them(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("OURS", "2026-05-01 09:00", unit=city.district)
    await camera("HAND", "2026-05-01 09:00", unit=city.district, mounting=Mounting.HANDHELD)
    result = await rolled_up(database, clock, city.city)
    assert [(one.name_zh, one.devices) for one in result.unreported] == [("江岸区", 1)]
    assert result.total.closing == 0


async def test_bytes_that_were_tampered_with_are_found(
    database: Database, owner_url: str, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    await office.filed(city.bureau)
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute("alter table annual_report_filing drop constraint annual_report_filing_hash")
        await owner.execute(
            """
            update annual_report_filing
               set snapshot = convert_to(replace(convert_from(snapshot, 'UTF8'), '"new":1', '"new":2'), 'UTF8')
            """
        )
    finally:
        await owner.close()
    result = await rolled_up(database, clock, city.district)
    assert not result.balanced
    assert [line.sound for line in result.lines if line.counted] == [False]


async def test_a_roll_up_is_a_job_whose_progress_a_page_can_ask_for(
    desks: Desks, custodian: Custodian, city: City, office: Office, database: Database
) -> None:
    await office.filed(city.bureau)
    asked = await desks("receiver", "POST", "/annual-report-roll-ups", {"unit_id": str(city.district), "year": 2026})
    assert (asked.status_code, asked.json()["state"], asked.json()["result"]) == (202, "WAITING", None)
    beyond = await desks("receiver", "POST", "/annual-report-roll-ups", {"unit_id": str(city.city), "year": 2026})
    assert beyond.status_code == 404
    assert await do_due(custodian) == 1
    done = (await desks("supervisor", "GET", f"/annual-report-roll-ups/{asked.json()['id']}")).json()
    assert (done["state"], done["done"], done["total"]) == ("DONE", 2, 2)
    assert done["result"]["total"]["closing"] == 0
    async with database.connection() as db:
        found = await roll_up_by_id(db, UUID(done["id"]))
    assert found is not None
    assert found.state is RollUpState.DONE


async def test_from_december_on_whose_turn_it_is_hears_of_it(
    database: Database, city: City, office: Office, clock: FixedClock
) -> None:
    async def due(day: date) -> dict[tuple[UUID, Role], ReminderStage]:
        async with database.connection() as db:
            return {(one.unit_id, one.role): one.stage for one in await reminders(db, 2026, day)}

    assert await due(date(2026, 11, 30)) == {}
    begun = await due(date(2026, 12, 1))
    assert begun == {(unit, Role.DEVICE_MANAGER): ReminderStage.OPEN for unit in (city.bureau, city.street, city.other)}
    report = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    await filing.check(office.desk("second"), report)
    assert (await due(date(2026, 12, 20)))[(city.bureau, Role.ENTITY_HEAD)] is ReminderStage.TWO_WEEKS
    await filing.sign_off(office.desk("head"), report)
    await filing.file(office.desk("manager"), report, Seal())
    assert (await due(date(2026, 12, 31)))[(city.district, Role.REPORT_RECEIVER)] is ReminderStage.LAST_DAY
    await filing.receive(office.desk("receiver"), report, Seal())
    late = await due(date(2027, 1, 1))
    assert late == {(unit, Role.DEVICE_MANAGER): ReminderStage.OVERDUE for unit in (city.street, city.other)}
