"""The register's list: exactly what its address asks for, on the page and in a file."""

import csv
import io
from datetime import date, datetime
from uuid import UUID

import httpx
import openpyxl
import pytest
import pytest_asyncio

from agency.model import Role
from console.devices.export import harmless
from device_registry import queries
from device_registry.model import Fact, Interval
from device_registry.queries import Filter, Sort, Verification
from device_registry.record import record_facts
from device_registry.register import register_device
from foundation.database import Database
from tests.agency.builders import City, a_city
from tests.console.conftest import Desk, somebody, text_of
from tests.device_registry.builders import a_fail, a_pass, a_registration, a_void, beijing, in_service
from tests.support import FixedClock

FORMULA = "=HYPERLINK(0)"
FLEET: dict[str, tuple[Fact, ...]] = {
    "A-VALID": (in_service(), a_pass("2026-05-01", "2027-04-30")),
    "B-DUE": (in_service(), a_pass("2025-07-01", "2026-06-30")),
    "C-OVERDUE": (in_service(), a_pass("2025-05-01", "2026-04-30")),
    "D-FAILED": (in_service(), a_pass("2026-01-01", "2026-12-31"), a_fail("2026-06-01")),
    "E-VOIDED": (in_service(), a_pass("2026-01-01", "2026-12-31"), a_void("2026-06-01 08:00")),
    "F-NEVER": (in_service(),),
    FORMULA: (),
}
"""As of FixedClock's 15 June 2026."""


class Fleet(dict[str, UUID]):
    """Ids by tag."""

    city: City


@pytest_asyncio.fixture
async def fleet(database: Database, clock: FixedClock) -> Fleet:
    fleet = Fleet()
    fleet.city = await a_city(database)
    for tag, facts in FLEET.items():
        device = await register_device(database, clock, a_registration(tag, unit_id=fleet.city.street.id))
        fleet[tag] = device.id
        async with database.transaction() as db:
            await record_facts(db, clock, [(device.id, fact) for fact in facts])
    await register_device(database, clock, a_registration("WEST-1", unit_id=fleet.city.west.id))
    await somebody(database, fleet.city.east.id, "manager", Role.DEVICE_MANAGER)
    return fleet


@pytest_asyncio.fixture
async def at_desk(desk: Desk, fleet: Fleet) -> Desk:
    await desk.sign_in("manager")
    return desk


def tags(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return [tag for tag in [*FLEET, "WEST-1"] if f">{tag}</a>" in page.text]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, list(FLEET)),
        ({"text": "overd"}, ["C-OVERDUE"]),
        ({"text": "杭州爱华"}, list(FLEET)),
        ({"verification": "VALID"}, ["A-VALID", "B-DUE"]),
        ({"verification": "DUE"}, ["B-DUE"]),
        ({"verification": "DUE", "due": "7"}, []),
        ({"verification": "OVERDUE"}, ["C-OVERDUE"]),
        ({"verification": "FAILED"}, ["D-FAILED"]),
        ({"verification": "VOIDED"}, ["E-VOIDED"]),
        ({"verification": "NEVER"}, ["F-NEVER", FORMULA]),
        ({"state": "IN_SERVICE"}, ["A-VALID", "B-DUE", "F-NEVER"]),
        ({"state": "SUSPENDED"}, ["C-OVERDUE", "D-FAILED", "E-VOIDED"]),
        ({"standing": "yes"}, ["A-VALID", "B-DUE"]),
        ({"standing": "no", "state": "IN_SERVICE"}, ["F-NEVER"]),
        ({"kind": "SPEED_RADAR_FIXED"}, []),
        ({"text": "%"}, []),
    ],
)
async def test_the_address_says_which_devices_are_listed(
    at_desk: Desk, asked: dict[str, str], found: list[str]
) -> None:
    assert tags(await at_desk.read("/desk/devices", **asked)) == found


async def test_devices_beyond_the_readers_units_are_not_listed_whatever_is_asked(at_desk: Desk, fleet: Fleet) -> None:
    assert tags(await at_desk.read("/desk/devices", unit=str(fleet.city.west.id))) == []
    assert len(tags(await at_desk.read("/desk/devices", unit=str(fleet.city.street.id)))) == len(FLEET)


async def test_what_cannot_be_asked_is_a_page_that_says_so(at_desk: Desk) -> None:
    page = await at_desk.read("/desk/devices", state="UPSIDE_DOWN")
    assert page.status_code == 400
    assert "不是可选的值" in text_of(page)


async def test_with_midnight_the_list_changes_though_nothing_was_recorded(at_desk: Desk, clock: FixedClock) -> None:
    clock.instant = beijing("2026-06-30 23:59")
    await at_desk.sign_in("manager")
    assert tags(await at_desk.read("/desk/devices", verification="OVERDUE")) == ["C-OVERDUE"]
    clock.instant = beijing("2026-07-01 00:00")
    assert tags(await at_desk.read("/desk/devices", verification="OVERDUE")) == ["B-DUE", "C-OVERDUE"]
    assert "B-DUE" in tags(await at_desk.read("/desk/devices", state="SUSPENDED"))


@pytest.mark.parametrize("sort", Sort)
async def test_every_order_goes_through_all_devices_once_page_by_page(
    database: Database, clock: FixedClock, fleet: Fleet, sort: Sort
) -> None:
    async with database.connection() as db:
        wanted = Filter(units=[fleet.city.street.id])
        whole = await queries.listed(db, wanted, clock.now(), sort=sort, most=100)
        pages = []
        after = None
        while page := await queries.listed(db, wanted, clock.now(), sort=sort, after=after, most=2):
            pages += page
            after = page[-1].tag
    assert pages == whole
    assert len(whole) == len(FLEET)
    down = sort.startswith("-")
    member = {"valid_until": "verified_until", "proposed": "proposed_at"}.get(sort.strip("-"), sort.strip("-"))
    keys = [getattr(line, member) for line in whole]
    floor = datetime.min.replace(tzinfo=clock.now().tzinfo)
    ordered = [floor if key is None else key for key in keys]
    assert ordered == sorted(ordered, reverse=down)


async def test_the_list_says_of_each_device_what_its_standing_is(
    database: Database, clock: FixedClock, fleet: Fleet
) -> None:
    async with database.connection() as db:
        lines = await queries.listed(db, Filter(units=[fleet.city.street.id]), clock.now(), most=100)
        for line in lines:
            found = await queries.standing_of(db, line.tag, Interval(clock.now(), clock.now()))
            assert found is not None
            assert line.in_standing == (not found.reasons), line.tag
        count = await queries.counted(db, Filter(units=[fleet.city.street.id]), clock.now())
    assert count == len(lines)
    assert {line.verification for line in lines} == set(Verification) - {Verification.CONCLUDED}


async def test_a_file_holds_exactly_what_the_filter_asks_for(at_desk: Desk) -> None:
    answer = await at_desk.read("/desk/devices.csv", state="SUSPENDED", sort="-tag")
    assert answer.headers["content-disposition"] == 'attachment; filename="devices-2026-06-15.csv"'
    assert answer.content.startswith("\ufeff设备编号".encode())
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["E-VOIDED", "D-FAILED", "C-OVERDUE"]


async def test_no_cell_of_a_file_starts_a_formula(at_desk: Desk) -> None:
    text = (await at_desk.read("/desk/devices.csv", text="HYPERLINK")).text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][0] == f"'{FORMULA}"
    book = openpyxl.load_workbook(io.BytesIO((await at_desk.read("/desk/devices.xlsx")).content))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert FORMULA in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    valid = next(row for row in book.worksheets[0].iter_rows(values_only=True) if row[0] == "A-VALID")
    assert "2027-04-30 00:00:00" in map(str, valid)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless(-36) == "-36"
    assert harmless(date(2026, 6, 15)) == "2026-06-15"


async def test_columns_that_were_picked_stay_picked(at_desk: Desk) -> None:
    picked = await at_desk.send(
        "/desk/devices/columns", {"column": ["maker", "days_left", "tag", "unknown"], "query": "sort=tag"}
    )
    assert picked.headers["location"] == "/desk/devices?sort=tag"
    page = (await at_desk.read("/desk/devices")).text
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert [word in head for word in ("设备编号", "厂家", "剩余天数", "类别")] == [True, True, True, False]


async def test_a_saved_filter_belongs_to_who_saved_it(at_desk: Desk, database: Database, fleet: Fleet) -> None:
    await at_desk.send("/desk/devices/filters", {"name": "<b>逾期", "query": "verification=OVERDUE"})
    page = (await at_desk.read("/desk/devices")).text
    assert '<a href="/desk/devices?verification=OVERDUE">&lt;b&gt;逾期</a>' in page
    await somebody(database, fleet.city.city.id, "other", Role.SUPERVISOR)
    await at_desk.sign_in("other")
    assert "逾期</a>" not in (await at_desk.read("/desk/devices")).text
    await at_desk.send("/desk/devices/filters/forget", {"name": "<b>逾期"})
    await at_desk.sign_in("manager")
    assert "逾期</a>" in (await at_desk.read("/desk/devices")).text
    await at_desk.send("/desk/devices/filters/forget", {"name": "<b>逾期"})
    assert "逾期</a>" not in (await at_desk.read("/desk/devices")).text


async def test_the_list_is_closed_to_who_has_no_desk(desk: Desk, database: Database, fleet: Fleet) -> None:
    await somebody(database, fleet.city.east.id, "officer", Role.FIELD_OFFICER)
    await desk.sign_in("officer")
    page = await desk.read("/desk/devices")
    assert page.status_code == 403
    assert "需要的角色" in text_of(page)
