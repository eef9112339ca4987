"""A spreadsheet at the desk: nothing is written before somebody has seen what would be."""

from datetime import timedelta

import httpx
import pytest_asyncio

from agency.model import Role
from foundation.database import Database
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of
from tests.support import FixedClock

DEVICES = """\
设备编号,类别,出厂编号,型号,制造单位,使用方式
A-1,声级计,1,M,X,手持式
A-2,声级计,2,M,X,手持式
A-3,不存在的类别,3,M,X,手持式
""".encode("gb18030")


@pytest_asyncio.fixture
async def manager(desk: Desk, database: Database) -> Desk:
    unit = await a_unit(database)
    await somebody(database, unit, "manager", Role.DEVICE_MANAGER)
    await somebody(database, unit, "other", Role.DEVICE_MANAGER)
    await desk.sign_in("manager")
    return desk


async def brought(desk: Desk, content: bytes = DEVICES) -> str:
    """The address of the preview."""
    answer = await desk.send("/desk/imports", {"subject": "DEVICES"}, files={"file": ("设备.csv", content)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def preview_in(page: httpx.Response) -> str:
    return page.text.partition('name="preview" value="')[2].partition('"')[0]


async def devices(database: Database) -> list[str]:
    async with database.connection() as db:
        return [row["tag"] for row in await db.fetch("select tag from device order by tag")]


async def test_a_file_is_shown_as_it_would_come_in_and_nothing_is_written(manager: Desk, database: Database) -> None:
    page = await manager.read(await brought(manager))
    words = text_of(page)
    assert page.status_code == 200
    assert "可导入的行 2" in words
    assert "不认识“不存在的类别”" in words
    assert await devices(database) == []


async def test_refused_rows_are_left_out_only_where_somebody_says_so(manager: Desk, database: Database) -> None:
    path = await brought(manager)
    preview = preview_in(await manager.read(path))
    refused = await manager.send(f"{path}/taking", {"preview": preview})
    assert (refused.status_code, await devices(database)) == (422, [])
    assert "什么都没有写入" in text_of(refused)
    taken = await manager.send(f"{path}/taking", {"preview": preview, "leave_out": "true"})
    assert (taken.status_code, taken.headers["location"]) == (303, "/desk/imports?done=2")
    assert await devices(database) == ["A-1", "A-2"]
    assert (await manager.read(path)).status_code == 404, "the file has done its duty"


async def test_what_the_columns_and_words_mean_can_be_said(manager: Desk) -> None:
    path = await brought(manager)
    said = {"values": "kind: 不存在的类别 = 声级计", "date_order": "YMD"}
    assert (await manager.send(f"{path}/mapping", said)).status_code == 303
    assert "可导入的行 3" in text_of(await manager.read(path))
    wrong = await manager.send(f"{path}/mapping", {"values": "声级计"})
    assert wrong.status_code == 400
    assert "第 1 行应写成" in text_of(wrong)


async def test_a_register_that_changed_since_the_preview_is_told(manager: Desk, database: Database) -> None:
    path = await brought(manager)
    preview = preview_in(await manager.read(path))
    again = await brought(manager)
    await manager.send(f"{again}/taking", {"preview": preview_in(await manager.read(again)), "leave_out": "true"})
    changed = await manager.send(f"{path}/taking", {"preview": preview, "leave_out": "true"})
    assert changed.status_code == 409
    assert "请重新查看预览" in text_of(changed)
    assert await devices(database) == ["A-1", "A-2"]


async def test_a_file_that_is_no_table_says_so_and_can_be_dropped(manager: Desk) -> None:
    path = await brought(manager, b"PK\x03\x04 not really")
    page = await manager.read(path)
    assert page.status_code == 200
    assert "没有读取该文件" in text_of(page)
    assert (await manager.send(f"{path}/dropping")).status_code == 303
    assert (await manager.read(path)).status_code == 404


async def test_a_file_is_its_bringers_alone_and_goes_after_a_day(manager: Desk, clock: FixedClock) -> None:
    path = await brought(manager)
    await manager.sign_in("other")
    assert (await manager.read(path)).status_code == 404
    await manager.sign_in("manager")
    clock.advance(timedelta(hours=8))
    assert (await manager.read(path)).status_code == 200
    clock.advance(timedelta(hours=16, seconds=1))
    await manager.sign_in("manager")
    assert (await manager.read(path)).status_code == 404


async def test_without_a_file_the_form_says_so_beside_its_field(manager: Desk) -> None:
    answer = await manager.send("/desk/imports", {"subject": "DEVICES"})
    assert answer.status_code == 400
    assert 'id="error-file"' in answer.text
