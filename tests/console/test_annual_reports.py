"""The annual report at the desk, from the draft to the receipt, as its people meet it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest_asyncio
from msgspec.structs import replace

from device_registry.annual_report.files.canonical import snapshot_of
from device_registry.model import ServiceChange
from evidence.custodian import Custodian
from foundation.database import Database
from plumbline.jobs import do_due
from plumbline.settings import Settings
from tests.client import speaking_to
from tests.console.conftest import Desk, text_of
from tests.device_registry.annual_report.conftest import Camera, City, camera, city, clock, service
from tests.support import FixedClock

__all__ = ["camera", "city", "clock"]

LIST = "/desk/annual-reports"
Sits = Callable[[str], Awaitable[Desk]]


@pytest_asyncio.fixture
async def sits(services: Settings, database_url: str, clock: FixedClock, city: City) -> AsyncIterator[Sits]:
    """Each person at a browser of their own."""
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    seated: dict[str, Desk] = {}
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(speaking_to(settings, clock))

        async def sit(name: str) -> Desk:
            if name not in seated:
                client = httpx.AsyncClient(transport=shared._transport, base_url=shared.base_url)
                seated[name] = Desk(await stack.enter_async_context(client))
                assert (await seated[name].sign_in(name)).status_code == 303
            return seated[name]

        yield sit


async def begun(sits: Sits, city: City) -> str:
    manager = await sits("manager")
    answer = await manager.send(LIST, {"unit_id": str(city.bureau), "year": "2026"})
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["location"].split("?")[0])


async def filed(sits: Sits, at: str) -> None:
    for who, step in (("second", "checks"), ("head", "sign-offs"), ("manager", "filings")):
        answer = await (await sits(who)).send(f"{at}/{step}")
        assert answer.status_code == 303, text_of(answer)


async def test_a_report_goes_from_the_draft_to_the_receipt_page_by_page(sits: Sits, city: City, camera: Camera) -> None:
    device = await camera("NEW", "2026-05-01 09:00")
    at = await begun(sits, city)
    manager, receiver = await sits("manager"), await sits("receiver")
    page = text_of(await manager.read(at))
    assert "报告期内首次投入使用（2026-05-01）" in page
    assert "江岸区城市管理执法局 · 2026 年度报告" in page
    typed = {"revision": "0", "note": "均已公布。", "figures.captured": "12", f"remarks.{device.id}": "路口改造"}
    assert (await manager.send(f"{at}/draft", typed)).status_code == 303
    written = await manager.read(at)
    assert "均已公布。" in written.text
    assert 'value="路口改造"' in written.text
    assert (await receiver.read(at)).status_code == 404  # not filed yet
    await filed(sits, at)
    assert "江岸区城市管理执法局" in text_of(await receiver.read(LIST))
    assert "年度报告待接收" in text_of(await receiver.read("/desk"))
    assert (await receiver.send(f"{at}/receptions")).status_code == 303
    done = await receiver.read(at)
    assert "已接收" in text_of(done)
    assert done.text.count("已签名的回执") == 2
    body = snapshot_of((await receiver.read(f"{at}/files/json")).content).body
    assert (body.note, body.figures.captured, body.rows[0].remark) == ("均已公布。", 12, "路口改造")
    for kind in ("pdf", "xlsx"):
        assert (await receiver.read(f"{at}/files/{kind}")).status_code == 200
    assert (await receiver.read(f"{at}/files/exe")).status_code == 404


async def test_a_refusal_is_said_on_the_page_and_what_was_typed_is_still_there(sits: Sits, city: City) -> None:
    at = await begun(sits, city)
    manager, second = await sits("manager"), await sits("second")
    own = await manager.send(f"{at}/checks")
    assert own.status_code == 403
    assert "起草或修改过本版本的人不能审核" in text_of(own)
    assert (await manager.send(f"{at}/draft", {"revision": "0", "note": "甲的说明"})).status_code == 303
    late = await second.send(f"{at}/draft", {"revision": "0", "note": "乙的说明"})
    assert late.status_code == 409
    assert "人员manager 修改了草稿" in text_of(late)
    assert "乙的说明" in late.text
    wrong = await manager.send(f"{at}/draft", {"revision": "1", "credit_code": "123"})
    assert wrong.status_code == 422
    assert "统一社会信用代码应为 18 位" in text_of(wrong)


async def test_a_device_that_breaks_the_balance_is_named_and_there_is_no_button_to_check(
    sits: Sits, city: City, camera: Camera
) -> None:
    twice = service(ServiceChange.PUT_IN_SERVICE, "2026-06-01 09:00")
    await camera("TWICE", "2026-05-01 09:00", facts=(twice,))
    at = await begun(sits, city)
    page = await (await sits("second")).read(at)
    assert "有 1 台设备使增减不平衡" in text_of(page)
    assert f"{at}/checks" not in page.text


async def test_a_file_is_attached_and_taken_off_again(sits: Sits, city: City) -> None:
    at = await begun(sits, city)
    manager = await sits("manager")
    file = {"file": ("标志照片.pdf", b"%PDF-1.7 of signs", "application/pdf")}
    answer = await manager.send(f"{at}/attachments", {"revision": "0"}, files=file)
    assert answer.status_code == 303, text_of(answer)
    page = await manager.read(at)
    assert "标志照片.pdf" in page.text
    [digest] = re.findall(r'name="remove" value="([0-9a-f]{64})"', page.text)
    assert (await manager.read(f"{at}/attachments/{digest}")).content == b"%PDF-1.7 of signs"
    assert (await (await sits("streetmanager")).read(f"{at}/attachments/{digest}")).status_code == 404
    gone = await manager.send(f"{at}/attachments", {"revision": "1", "remove": digest})
    assert gone.status_code == 303
    assert "标志照片.pdf" not in (await manager.read(at)).text


async def test_a_return_an_amendment_and_what_differs(
    sits: Sits, city: City, camera: Camera, clock: FixedClock, database: Database
) -> None:
    at = await begun(sits, city)
    await filed(sits, at)
    manager, receiver = await sits("manager"), await sits("receiver")
    back = await receiver.send(f"{at}/returns", {"stage": "FILED", "return_reason": "缺设备"})
    assert back.status_code == 303
    assert "缺设备" in text_of(await manager.read(at))
    clock.advance(timedelta(hours=1))
    await camera("FOUND", "2026-05-01 09:00")
    assert (await manager.send(f"{at}/versions", {"again_reason": "补报设备"})).status_code == 303
    differences = text_of(await manager.read(f"{at}/differences", before="1", after="2"))
    assert "增加的设备" in differences
    assert "FOUND" in differences
    assert "本年新增" in differences
    await filed(sits, at)
    clock.advance(timedelta(hours=1))
    await camera("LATER", "2026-06-01 09:00")
    assert "LATER" in text_of(await manager.read(f"{at}/amendment"))
    english = await manager.read(f"{at}/amendment", language="en")
    assert english.status_code == 303


async def test_a_roll_up_shows_its_progress_and_then_what_came_out(
    sits: Sits, city: City, camera: Camera, custodian: Custodian
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    at = await begun(sits, city)
    await filed(sits, at)
    receiver = await sits("receiver")
    await receiver.send(f"{at}/receptions")
    asked = await receiver.send("/desk/annual-reports/roll-ups", {"government_id": str(city.district), "year": "2026"})
    assert asked.status_code == 303
    where = asked.headers["location"]
    assert "<progress" in (await receiver.read(where)).text
    assert (await receiver.read(f"{where}/progress")).json() == {"state": "WAITING", "done": 0, "total": 0}
    assert await do_due(custodian) == 1
    page = text_of(await receiver.read(where))
    assert "增减平衡" in page
    assert "大智街道" in page
    assert (await receiver.read(f"{where}/progress")).json()["state"] == "DONE"


async def test_who_has_no_part_in_a_report_sees_none_of_it(sits: Sits, city: City) -> None:
    at = await begun(sits, city)
    other = await sits("streetmanager")
    assert (await other.read(at)).status_code == 404
    assert (await other.send(f"{at}/draft", {"revision": "0"})).status_code == 404
    assert (await (await sits("reviewer")).read(LIST)).status_code == 403
