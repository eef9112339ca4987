"""Working lists, the inbox and the calendar at the desk."""

import re
from datetime import date

import pytest_asyncio

from agency.model import Role
from device_registry.model import Device
from device_registry.notices.reminders import remind
from foundation.database import Database
from tests.agency.builders import City, a_city
from tests.builders import a_device
from tests.console.conftest import Desk, somebody, text_of
from tests.device_registry.builders import beijing
from tests.support import FixedClock


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    await somebody(database, city.east.id, "manager", Role.DEVICE_MANAGER)
    await somebody(database, city.city.id, "supervisor", Role.SUPERVISOR)
    return city


@pytest_asyncio.fixture
async def due(database: Database, clock: FixedClock, city: City) -> Device:
    return await a_device(database, clock, city.street.id, verified=(date(2025, 7, 2), date(2026, 7, 1)))


async def test_a_list_shows_its_devices_and_every_count(desk: Desk, due: Device) -> None:
    await desk.sign_in("manager")
    shown = text_of(await desk.read("/desk/working-lists", list="NO_PLAN"))
    assert due.tag in shown
    assert "30 天内到期 1" in shown
    assert "逾期未检定 0" in shown
    assert "此清单目前没有设备" in text_of(await desk.read("/desk/working-lists"))


async def test_what_is_ticked_is_planned_or_printed(desk: Desk, due: Device) -> None:
    await desk.sign_in("manager")
    printed = await desk.send("/desk/working-lists/labels?list=NO_PLAN", {"device": str(due.id)})
    assert (printed.status_code, printed.headers["content-type"]) == (200, "application/pdf")
    step = {"device": str(due.id), "step": "PLANNED", "day": "2026-06-20", "body": "省院"}
    planned = await desk.send("/desk/working-lists/plan?list=NO_PLAN", step)
    assert planned.status_code == 303
    after = text_of(await desk.read(planned.headers["location"]))
    assert "已登记 1 台设备。" in after
    assert "未安排送检 0" in after


async def test_a_refusal_stands_above_the_list_and_ticks_are_kept(desk: Desk, due: Device) -> None:
    await desk.sign_in("manager")
    refused = await desk.send(
        "/desk/working-lists/plan?list=NO_PLAN", {"device": str(due.id), "step": "RETURNED", "day": "2026-06-20"}
    )
    assert refused.status_code == 409
    assert "已送检的才能取回" in text_of(refused)
    assert re.search(rf'value="{due.id}"[^>]* checked', refused.text)
    nothing = await desk.send("/desk/working-lists/labels?list=NO_PLAN", {})
    assert nothing.status_code == 400


async def test_a_supervisor_reads_lists_and_plans_nothing(desk: Desk, due: Device) -> None:
    await desk.sign_in("supervisor")
    page = await desk.read("/desk/working-lists", list="NO_PLAN")
    assert due.tag in page.text
    assert "登记所选设备" not in page.text
    assert (await desk.send("/desk/working-lists/plan?list=NO_PLAN", {"device": str(due.id)})).status_code == 403


async def test_notices_are_read_one_by_one_or_all(
    desk: Desk, database: Database, clock: FixedClock, city: City
) -> None:
    for number in range(3):
        await a_device(
            database, clock, city.street.id, tag=f"S-{number}", verified=(date(2025, 7, 2), date(2026, 7, 1))
        )
    async with database.transaction() as db:
        await remind(db, beijing("2026-06-15 08:00"))
    await desk.sign_in("manager")
    page = await desk.read("/desk/notices")
    assert "3 条未读" in text_of(page)
    assert "S-1 的检定有效期至 2026-07-01，请安排送检。" in text_of(page)
    assert "未读通知" in text_of(await desk.read("/desk"))
    first = re.findall(r"/desk/notices/[0-9a-f-]{36}/readings", page.text)[0]
    await desk.send(first)
    assert "2 条未读" in text_of(await desk.read("/desk/notices"))
    await desk.send("/desk/notices/readings")
    assert "0 条未读" in text_of(await desk.read("/desk/notices"))


async def test_an_address_of_the_calendar_is_shown_once(desk: Desk, due: Device) -> None:
    await desk.sign_in("manager")
    assert "还没有订阅地址" in text_of(await desk.read("/desk/calendar"))
    made = await desk.send("/desk/calendar")
    address = re.findall(r"http://plumbline\.test/calendar/[\w-]{43}\.ics", made.text)[0]
    assert (await desk.client.get(address)).status_code == 200
    assert "/calendar/" not in (await desk.read("/desk/calendar")).text.replace("/desk/calendar", "")
    await desk.send("/desk/calendar/end")
    assert (await desk.client.get(address)).status_code == 404


async def test_a_mail_address_is_kept_and_a_wrong_one_refused_beside_its_field(desk: Desk, city: City) -> None:
    await desk.sign_in("manager")
    assert (await desk.send("/desk/calendar/email", {"email": "manager@example.org"})).status_code == 303
    assert 'value="manager@example.org"' in (await desk.read("/desk/calendar")).text
    refused = await desk.send("/desk/calendar/email", {"email": "nobody"})
    assert refused.status_code == 400
    assert 'id="error-email"' in refused.text


async def test_the_label_of_what_is_held_in_the_hand_leads_staff_alone_to_the_device(desk: Desk, due: Device) -> None:
    answer = await desk.read(f"/d/{due.tag}")
    assert answer.status_code == 404
    assert f'href="/desk/devices?text={due.tag}"' in answer.text
