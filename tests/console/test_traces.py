"""Reverse traces at the desk: two people work one off, in pages."""

from datetime import date
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace
from playwright.async_api import async_playwright

from agency.model import Role
from device_registry.model import VerificationFailureNotice
from evidence.custodian import Custodian
from plumbline.jobs import do_due
from plumbline.settings import Settings
from tests.builders import OfficerWithPhone, a_device, a_unit, an_officer
from tests.console.browser import ARGUMENTS, a_tab, chromium
from tests.console.conftest import PASSWORD, Desk, somebody, text_of
from tests.console.test_browser import POOR_CONTRAST, READABLE
from tests.evidence.test_admission import hand_in
from tests.evidence.test_http import CAPTURED
from tests.evidence.test_reassessment import learn
from tests.served import served

FAILURE = VerificationFailureNotice(failed_on=date(2026, 6, 10), notice_no="F-1", issuing_body="—")


async def a_trace(custodian: Custodian, officer: OfficerWithPhone, captures: int) -> tuple[str, list[UUID]]:
    """The address of a trace's page, and the evidence in its queue."""
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id)
    items = [(await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag))[0] for _ in range(captures)]
    await learn(custodian, meter, FAILURE)
    async with custodian.database.connection() as db:
        trace_id = await db.fetchval("select id from reverse_trace")
    return f"/desk/traces/{trace_id}", items


async def test_a_trace_is_worked_off_in_pages(desk: Desk, custodian: Custodian) -> None:
    unit = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit)
    await somebody(custodian.database, unit, "legal", Role.LEGAL_REVIEWER, words="法制审核员乙")
    await somebody(custodian.database, unit, "supervisor", Role.SUPERVISOR)
    address, items = await a_trace(custodian, officer, 2)
    await desk.sign_in("legal")
    assert "1 溯源复核" in text_of(await desk.read("/desk"))
    assert "设备检定不合格 2026-01-10 00:00 – 2026-06-11 00:00" in text_of(await desk.read("/desk/traces"))

    nobody = await desk.send(f"{address}/conclusions", {"conclusion": "KEEP", "reason": "误差有利于当事人"})
    assert nobody.status_code == 400
    assert "误差有利于当事人" in nobody.text, "what was typed is still there"
    said = {"evidence_ids": [str(one) for one in items], "conclusion": "DECISION_TO_CORRECT", "reason": "误差不利"}
    taken = await desk.send(f"{address}/conclusions", said)
    assert taken.headers["location"] == f"{address}?tab=OPEN&done=conclusion"
    assert "待第二人确认 2" in text_of(await desk.read(address, done="conclusion"))
    own = await desk.send(f"{address}/confirmations", {"evidence_ids": [str(items[0])], "reason": ""})
    assert own.status_code == 403
    assert "须由另一人确认或退回" in text_of(own)

    await desk.sign_in("supervisor")
    unsaid = await desk.send(f"{address}/returns", {"evidence_ids": [str(items[0])], "reason": " "})
    assert (unsaid.status_code, 'id="error-reason"' in unsaid.text) == (400, True)
    returned = await desk.send(f"{address}/returns", {"evidence_ids": [str(items[0])], "reason": "请补充误差方向"})
    assert returned.status_code == 303
    assert "请补充误差方向" in text_of(await desk.read(address))
    confirmed = await desk.send(f"{address}/confirmations", {"evidence_ids": [str(items[1])], "reason": ""})
    assert confirmed.headers["location"] == f"{address}?tab=CONCLUDED&done=confirmation"
    await do_due(custodian)
    done = text_of(await desk.read(address, tab="CONFIRMED"))
    assert "已留存，不能作为证据" in done
    assert "法制审核员乙" in done
    assert str(items[1]) in text_of(await desk.read("/desk/traces/to-correct"))
    await desk.read("/desk", language="en")
    assert "Decisions to correct" in text_of(await desk.read("/desk/traces/to-correct"))


async def test_others_do_not_see_traces(desk: Desk, custodian: Custodian) -> None:
    await somebody(custodian.database, await a_unit(custodian.database), "manager", Role.DEVICE_MANAGER)
    await desk.sign_in("manager")
    assert (await desk.read("/desk/traces")).status_code == 403
    assert "溯源复核" not in text_of(await desk.read("/desk"))


async def test_everything_on_a_page_is_chosen_at_once_and_concluded_in_a_browser(
    services: Settings, database_url: str, custodian: Custodian, tmp_path: Path
) -> None:
    path = chromium()
    unit = await a_unit(custodian.database)
    await somebody(custodian.database, unit, "legal", Role.LEGAL_REVIEWER)
    address, items = await a_trace(custodian, await an_officer(custodian.database, unit), 3)
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=4)
    with served(settings, tmp_path / "log") as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            tab = await a_tab(browser, url)
            await tab.sign_in("legal", PASSWORD)
            for page in ("/desk/traces", "/desk/traces/to-correct", address, f"{address}?tab=CONCLUDED"):
                await tab.open(page)
                assert await tab.page.evaluate(POOR_CONTRAST, READABLE) == [], page
            await tab.open(address)
            await tab.page.check("[data-choose-all]")
            await tab.page.select_option("[name=conclusion]", "KEEP")
            await tab.page.fill("[name=reason]", "不合格项目不影响本次测量")
            async with tab.page.expect_navigation():
                await tab.page.click("form.concluding button.primary")
            assert f"待第二人确认 {len(items)}" in await tab.page.inner_text("main")
            narrow = await a_tab(browser, url, width=390, signed_in=await tab.context.storage_state())
            for page in ("/desk/traces", f"{address}?tab=CONCLUDED"):
                await narrow.open(page)
                assert await narrow.page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0, page
            assert (tab.errors, tab.elsewhere) == ([], [])
            await browser.close()
