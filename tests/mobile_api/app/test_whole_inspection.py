"""A stranger signs in on a phone, goes where there is no network, carries out a whole inspection, and comes back."""

import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pypdf
from PIL import Image
from playwright.async_api import FilePayload, Page

from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from inspection.current import settle
from plumbline.jobs import do_due
from plumbline.opening import opened
from tests.console.browser import a_tab
from tests.mobile_api.app.conftest import City, PhoneTab

PIN = "246810"


class Camera:
    """Takes a screenshot of each screen, and minds that nothing runs off it."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder, self.taken = page, folder, list[str]()

    async def shot(self, name: str) -> None:
        self.taken.append(name)
        await self.page.screenshot(path=self.folder / f"{len(self.taken):02}-{name}.png")
        width = await self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{name} is {width} wide"
        headings = await self.page.locator("h1").count()
        assert headings == 1, f"{name} has {headings} headings"


def photograph(seed: int) -> FilePayload:
    out = io.BytesIO()
    Image.effect_noise((400, 300), 20 + seed).convert("RGB").save(out, "JPEG")
    return {"name": f"IMG_{seed}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def draw(page: Page, label: str) -> None:
    """Somebody signs with a finger."""
    pad = page.get_by_role("img", name=label)
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 30, box["y"] + 40)
    await page.mouse.down()
    for at in range(8):
        await page.mouse.move(box["x"] + 30 + at * 30, box["y"] + (70 if at % 2 else 30))
    await page.mouse.up()


async def step(page: Page, name: str) -> None:
    await page.locator(".steps").get_by_role("link", name=name).click()
    await page.locator(".steps").wait_for(state="detached")


async def back(page: Page) -> None:
    await page.get_by_label("返回").click()
    await page.locator(".steps").wait_for()


async def with_a_colleague(phone: PhoneTab) -> None:
    """Officer A signs in, and officer B beside with a PIN."""
    await phone.sign_in("officer-a")
    await phone.open("#/second")
    await phone.page.get_by_label("登录名").fill("officer-b")
    await phone.page.get_by_label("密码").fill(phone.city.passwords["officer-b"])
    await phone.page.get_by_label("本人 PIN").fill(PIN)
    await press(phone.page, "添加")
    await phone.page.get_by_text("同行人员", exact=True).wait_for()
    await phone.ready_offline()


async def until_the_record(phone: PhoneTab, camera: Camera) -> None:
    """From the task to the officers' signatures."""
    await arrive(phone, camera)
    await check(phone.page, camera)
    await read_instruments(phone.page, camera)
    await conclude(phone.page, camera)


async def arrive(phone: PhoneTab, camera: Camera) -> None:
    page = phone.page
    await phone.open("#/tasks/PLANNED")
    await camera.shot("tasks")
    await page.get_by_role("link", name="餐饮单位油烟与噪声检查").click()
    await press(page, "我参加这次检查")
    await page.locator(".steps").wait_for()
    await camera.shot("visit")

    await step(page, "扫码入企")
    await page.get_by_label("企业码").fill("92420102MADEM002XU")
    await press(page, "记录入企时间和地点")
    await page.get_by_text("这不是任务中的企业").wait_for()
    await page.get_by_label("企业码").fill("92420102MADEM00114")
    await camera.shot("scan-in")
    await press(page, "记录入企时间和地点")
    await page.locator(".steps").wait_for()

    await step(page, "亮证")
    await page.get_by_role("button", name="已向当事人出示").first.click()
    await page.locator(".badge.good").nth(0).wait_for()
    await page.get_by_label("本人 PIN").fill(PIN)
    await press(page, "已向当事人出示")
    await page.locator(".badge.good").nth(1).wait_for()
    await page.get_by_role("button", name="执法辅助人员 在场").click()
    await page.get_by_role("button", name="撤回：执法辅助人员 不在场").wait_for()
    await camera.shot("credentials")
    await back(page)

    await step(page, "告知权利")
    await camera.shot("rights")
    await press(page, "已告知")
    await page.locator(".steps").wait_for()


async def check(page: Page, camera: Camera) -> None:
    await step(page, "检查要点")
    for at in range(await page.locator(".point").count()):
        buttons = page.locator(".point").nth(at)
        for answer in ("符合", "不符合") if at == 1 else ("符合",):  # somebody thinks again
            await buttons.get_by_role("button", name=answer, exact=True).click()
            await buttons.locator(".chosen", has_text=answer).wait_for()
        await page.locator(".chosen").nth(at).wait_for()
    await camera.shot("findings")
    await back(page)

    await step(page, "取证")
    await page.get_by_label("说明要拍什么").fill("油烟净化器")
    await page.locator("#take-photo").set_input_files([photograph(1), photograph(2)])
    await page.locator(".thumb").nth(1).wait_for()
    await camera.shot("capture")
    await back(page)


async def read_instruments(page: Page, camera: Camera) -> None:
    await step(page, "仪器读数")
    await page.get_by_label("设备编号").fill("SLM-002")
    await page.get_by_label("设备编号").blur()
    warned = await page.locator(".light.red").inner_text()
    assert "声级计 SLM-002：检定已于" in warned
    assert "到期。可以拍摄留存，不能作为证据。" in warned
    assert await page.get_by_label("读数", exact=True).is_disabled()  # blocked early, and explained
    assert await page.get_by_label("拍摄仪器显示").is_disabled()
    await press(page, "保存")
    await page.get_by_text("请先确认").wait_for()
    await camera.shot("reading-lapsed")
    await page.get_by_label("我已知道").check()
    await page.get_by_label("读数", exact=True).fill("66.1")
    await page.locator("#reading-photo").set_input_files([photograph(3)])
    await press(page, "保存")
    await page.get_by_text("66.1 dB(A)").wait_for()
    await page.get_by_label("设备编号").fill("SLM-001")
    await page.get_by_label("设备编号").blur()
    await page.locator("form .light.green").wait_for()
    assert await page.get_by_label("检定证书编号").input_value() == "演示-SLM-001-1"
    await page.get_by_label("读数", exact=True).fill("63.4")
    await page.locator("#reading-photo").set_input_files([photograph(4)])
    await press(page, "保存")
    await page.get_by_text("63.4 dB(A)").wait_for()
    await camera.shot("readings")
    await back(page)


async def conclude(page: Page, camera: Camera) -> None:
    await step(page, "当事人陈述")
    await page.get_by_label("法定代表人").fill("法定代表人丁")
    await page.get_by_label("现场人员姓名").fill("现场负责人")
    await page.get_by_label("陈述和申辩").fill("已要求厂家检修。")
    await camera.shot("statement")
    await press(page, "保存")
    await page.locator(".steps").wait_for()

    await step(page, "检查结果")
    await page.get_by_label("责令改正", exact=True).check()
    await page.get_by_label("改正期限").fill("2099-12-08")
    await camera.shot("outcome")
    await press(page, "保存")
    await page.locator(".steps").wait_for()

    await step(page, "笔录与签名")
    await press(page, "制作笔录")
    await page.locator(".paper").wait_for()
    await camera.shot("record")
    await press(page, "执法人员甲 签名")
    await page.get_by_text("还没有签名").wait_for()
    await draw(page, "执法人员甲在框内签名")
    await press(page, "执法人员甲 签名")
    await page.locator(".badge.good").nth(0).wait_for()
    await draw(page, "执法人员乙在框内签名")
    await page.get_by_label("本人 PIN").fill("000000")
    await press(page, "执法人员乙 签名")
    await page.get_by_text("PIN 不正确").wait_for()
    await camera.shot("officer-signs")
    await page.get_by_label("本人 PIN").fill(PIN)
    await press(page, "执法人员乙 签名")
    await page.locator(".badge.good").nth(1).wait_for()


async def the_party_signs(page: Page) -> None:
    await draw(page, "请当事人在框内签名")
    await press(page, "确认当事人签名")
    await page.locator(".badge.good").nth(2).wait_for()


async def order_to_correct(page: Page, camera: Camera) -> None:
    """The outcome asks for one; it is drawn up from the findings and signed as the record is."""
    await back(page)
    await step(page, "文书")
    assert "不符合" in await page.get_by_label("事实").input_value()
    await page.get_by_label("改正要求").fill("清洗油烟净化设施并保存记录。")
    await camera.shot("order")
    await press(page, "制作文书")
    await page.locator(".paper").wait_for()
    await draw(page, "执法人员甲在框内签名")
    await press(page, "执法人员甲 签名")
    await page.locator(".badge.good").nth(0).wait_for()
    await draw(page, "执法人员乙在框内签名")
    await page.get_by_label("本人 PIN").fill(PIN)
    await press(page, "执法人员乙 签名")
    await page.locator(".badge.good").nth(1).wait_for()
    await the_party_signs(page)
    await camera.shot("order-signed")


async def close(page: Page) -> None:
    await back(page)
    await step(page, "结束检查")
    await press(page, "结束检查")
    await page.get_by_text("已申请结束").wait_for()


async def the_supervisor_looks(phone: PhoneTab) -> Page:
    """The inspection's page at a desk, before anything of it has arrived."""
    assert phone.context.browser is not None
    tab = await a_tab(phone.context.browser, phone.city.url)
    await tab.sign_in("supervisor", phone.city.passwords["supervisor"])
    await tab.open("/desk/inspections")
    await tab.page.get_by_role("link", name="演示餐饮店甲").click()
    return tab.page


class Ended(NamedTuple):
    """The state of the inspection, how many documents were issued, and what the record says, and who signed it."""

    state: str
    documents: int
    record: dict[str, Any]
    below: dict[str, Any]
    paper: str


async def the_end(city: City) -> Ended:
    """After the worker did what was due."""
    async with opened(city.settings, SystemClock()) as custodian:
        await do_due(custodian)
        await settle(custodian.database, custodian.clock.now())
        await do_due(custodian)
    database = await Database.open(city.settings.database_url, most=1, unless_said=EVERYTHING)
    async with database.connection() as db:
        state = await db.fetchval("select state from inspection_current where operations > 0")
        issued = await db.fetch(
            """
            select content, signed, key, version_id
              from inspection_document as document
              join inspection_document_file as file on file.document_id = document.id
             order by kind <> 'ON_SITE_RECORD'
            """
        )
    await database.close()
    async with opened(city.settings, SystemClock()) as custodian:
        chunks = custodian.store.read(issued[0]["key"], issued[0]["version_id"])
        file = b"".join([chunk async for chunk in chunks])
    paper = re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages))
    return Ended(state, len(issued), json.loads(issued[0]["content"]), json.loads(issued[0]["signed"]), paper)


def begins(file: Path) -> bytes:
    return file.read_bytes()[:5]


def is_whole(ended: Ended) -> None:
    """Nothing that the server knew or the officers were told is left empty in the record, nor on paper."""
    record = ended.record
    assert "噪声污染防治" in record["entity"]["basis"]
    assert re.fullmatch(r"检批〔\d{4}〕\d{4}号", record["approval_no"])
    assert all(officer["credential_no"].startswith("演示-") for officer in record["officers"])
    assert record["party"]["legal_representative"] == "法定代表人丁"
    assert record["party"]["person_on_site"] == "现场负责人"
    assert record["helpers"] == [{"name": "执法辅助人员", "role": "执法辅助"}]
    assert [one["certificate_no"] for one in record["readings"]] == ["演示-SLM-002-1", "演示-SLM-001-1"]
    signed = [one for one in ended.below["signings"] if one["signer"] == "OFFICER"]
    assert len({one["name"] for one in signed}) == len(signed) == 2
    for one in ended.below["signings"]:
        assert one["picture_sha256"] in ended.paper
    for words in (record["approval_no"], "法定代表人丁", "执法辅助人员", "演示-SLM-001-1"):
        assert words in ended.paper


async def test_a_whole_inspection_of_two_officers_without_a_network(phone: PhoneTab, shots: Path) -> None:
    camera = Camera(phone.page, shots)
    await phone.open()
    await camera.shot("sign-in")
    await with_a_colleague(phone)
    await camera.shot("settings")
    await phone.context.set_offline(True)
    await phone.open()
    await phone.page.get_by_text("未联网，照常工作").wait_for()
    await camera.shot("home-offline")
    await until_the_record(phone, camera)
    await the_party_signs(phone.page)
    await camera.shot("signed")
    await order_to_correct(phone.page, camera)
    await close(phone.page)
    await phone.open("#/queue")
    await phone.page.get_by_text("还有内容只在本机上").wait_for()
    await camera.shot("queue-offline")

    desk = await the_supervisor_looks(phone)
    await desk.get_by_text("还没有记录").wait_for()
    await phone.context.set_offline(False)
    await desk.get_by_role("cell", name="扫码入企").wait_for()  # by itself, without being loaded again
    await phone.settled()
    await desk.get_by_role("cell", name="SLM-002 的读数", exact=True).wait_for()
    await desk.screenshot(path=shots / "desk.png", full_page=True)
    await phone.page.get_by_text("可以放心删除本机副本").wait_for()
    await camera.shot("queue-verified")
    verdicts = await phone.engine("engine.queue().then((all) => all.map(({outcome}) => outcome).sort())")
    assert verdicts == ["ADMITTED"] * 9 + ["HELD"]
    ended = await the_end(phone.city)
    assert (ended.state, ended.documents) == ("CLOSED", 2)
    is_whole(ended)
    assert [one["signer"] for one in ended.below["signings"]] == ["OFFICER", "OFFICER", "PARTY"]
    await phone.open(f"#/visit/{ended.record['inspection_id']}/documents")
    await phone.page.get_by_text("责改〔").wait_for()
    async with phone.page.expect_download() as download:
        await phone.page.get_by_role("button", name="打开 PDF 检录").click()
    assert begins(await (await download.value).path()) == b"%PDF-"
    await camera.shot("documents")
    freed = await phone.engine("engine.wipe('safe')")
    assert isinstance(freed, int)
    assert freed > 0


async def test_a_party_that_refuses_is_recorded_with_reason_and_witness(phone: PhoneTab, shots: Path) -> None:
    camera = Camera(phone.page, shots)
    await with_a_colleague(phone)
    await phone.context.set_offline(True)
    await until_the_record(phone, camera)
    page = phone.page
    await page.get_by_text("当事人拒绝签名").click()
    await press(page, "记录拒绝签名")
    await page.get_by_text("请填写拒绝理由、见证人及其联系方式").wait_for()
    await page.get_by_label("拒绝理由").fill("不认可检查结果")
    await page.get_by_label("见证人姓名").fill("社区工作人员")
    await page.get_by_label("见证人联系方式").fill("027-00000000")
    await press(page, "记录拒绝签名")
    await page.get_by_text("还没有签名").wait_for()
    await draw(page, "请见证人在框内签名")
    await camera.shot("witness")
    await press(page, "记录拒绝签名")
    await page.get_by_text("已记录拒绝签名").wait_for()
    await camera.shot("refused")
    await close(page)
    await phone.context.set_offline(False)
    await phone.settled()
    ended = await the_end(phone.city)
    assert (ended.state, ended.documents) == ("CLOSED", 1)
    is_whole(ended)
    [refused] = ended.below["refusals"]
    assert (refused["reason"], refused["witness_name"]) == ("不认可检查结果", "社区工作人员")
    assert refused["witness_contact"] == "027-00000000"
    assert [one["signer"] for one in ended.below["signings"]] == ["OFFICER", "OFFICER", "WITNESS"]
