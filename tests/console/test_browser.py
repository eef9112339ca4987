"""The desk's pages in real Chromium: by keyboard, in both languages, narrow and wide, with nothing from elsewhere."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Browser, StorageState, async_playwright

from agency.model import Role
from device_registry.model import Datum, Mounting, Place, VerificationCertificate
from device_registry.record import record_facts
from device_registry.register import register_device
from foundation.civil import day_of
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.settings import Settings
from tests.agency.builders import a_city
from tests.console.browser import ARGUMENTS, Tab, a_tab, chromium
from tests.console.conftest import PASSWORD, somebody
from tests.device_registry.builders import a_registration, in_service
from tests.served import served

MOST_BYTES = 150_000
HOSTILE = "<img src=x onerror=alert(1)>"
READABLE = 4.5
"""WCAG 2.2 AA, 1.4.3, for text of ordinary size."""


class Office(NamedTuple):
    """A served program with a few devices, and somebody who manages and reviews."""

    url: str
    meter: UUID
    radar: UUID


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session")
async def office(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    database, clock = await Database.open(shared_settings.database_url, most=2, unless_said=EVERYTHING), SystemClock()
    city = await a_city(database)
    await somebody(database, city.city.id, "desk-manager", Role.DEVICE_MANAGER, Role.LEGAL_REVIEWER)
    today = day_of(clock.now())
    certificate = VerificationCertificate(
        verified_on=today - timedelta(days=30),
        valid_until=today + timedelta(days=334),
        certificate_no="JL-1",
        issuing_body="省院",
    )
    meter = await register_device(database, clock, a_registration("DESK-1", unit_id=city.street.id))
    await register_device(database, clock, a_registration(HOSTILE, unit_id=city.street.id))
    fixed = replace(
        a_registration("DESK-2", "SPEED_RADAR_FIXED", city.street.id),
        mounting=Mounting.FIXED,
        place=Place(114.299, 30.595, Datum.GCJ02),
    )
    radar = await register_device(database, clock, fixed)
    for number in range(60):
        await register_device(database, clock, a_registration(f"FLEET-{number:03}", unit_id=city.street.id))
    async with database.transaction() as db:
        await record_facts(db, clock, [(meter.id, in_service()), (meter.id, certificate)])
    log = tmp_path_factory.mktemp("desk") / "log"
    with served(shared_settings, log) as url:
        yield Office(url, meter.id, radar.id)
    await database.close()
    assert "unexpected failure" not in log.read_text()


@pytest_asyncio.fixture(scope="session")
async def cookies(browser: Browser, office: Office) -> StorageState:
    """Of the manager, who signed in once."""
    tab = await a_tab(browser, office.url)
    await tab.sign_in("desk-manager", PASSWORD)
    cookies = await tab.context.storage_state()
    await tab.context.close()
    return cookies


@pytest_asyncio.fixture
async def tab(browser: Browser, office: Office, cookies: StorageState) -> AsyncIterator[Tab]:
    """Signed in as the manager."""
    tab = await a_tab(browser, office.url, signed_in=cookies)
    yield tab
    await tab.context.close()


def paths_of(office: Office) -> list[str]:
    meter, radar = (f"/desk/devices/{device}" for device in (office.meter, office.radar))
    return [
        "/desk",
        "/desk/devices",
        "/desk/devices?text=nothing+like+it",
        "/desk/devices/new",
        "/desk/reviews",
        "/desk/working-lists?list=NO_PLAN",
        "/desk/working-lists?list=NEVER_VERIFIED",
        "/desk/notices",
        "/desk/calendar",
        meter,
        f"{meter}?at=2024-03-01T10:00",
        f"{meter}?tab=facts",
        f"{meter}?tab=evidence",
        f"{meter}?tab=history",
        f"{radar}?tab=site",
        f"{radar}/steps/propose",
        f"{meter}/steps/verification_certificate",
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_page_has_an_error_or_asks_another_host(tab: Tab, office: Office, language: str) -> None:
    await tab.open(f"/desk?language={language}")
    for path in paths_of(office):
        await tab.open(path)
        assert await tab.page.get_attribute("html", "lang") == language
        assert (path, tab.errors, tab.elsewhere) == (path, [], [])


async def test_no_page_is_wider_than_a_phone(browser: Browser, office: Office, cookies: StorageState) -> None:
    tab = await a_tab(browser, office.url, width=390, height=844, signed_in=cookies)
    for path in paths_of(office):
        await tab.open(path)
        wider = await tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, wider) == (path, 0)
    await tab.context.close()


async def test_every_text_can_be_read_against_its_ground(tab: Tab, office: Office) -> None:
    for path in paths_of(office):
        await tab.open(path)
        poor = await tab.page.evaluate(POOR_CONTRAST, READABLE)
        assert (path, poor) == (path, [])


async def test_the_list_is_light_enough_for_an_old_office_computer(tab: Tab) -> None:
    await tab.open("/desk/devices")
    weighed = await tab.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".reduce((sum, entry) => sum + entry.decodedBodySize, 0)"
    )
    assert await tab.page.locator("tbody tr").count() == 50
    assert MOST_BYTES / 10 < weighed <= MOST_BYTES


async def test_signing_in_finding_a_device_and_opening_its_form_takes_a_keyboard_alone(
    browser: Browser, office: Office
) -> None:
    tab = await a_tab(browser, office.url)
    page = tab.page
    await page.goto(f"{office.url}/desk/devices?text=DESK-1")
    await page.keyboard.type("desk-manager")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/devices?text=DESK-1")
    await page.keyboard.press("Tab")
    assert "#main" in await page.evaluate("document.activeElement.href"), "first comes the way past the head"
    await page.keyboard.press("Enter")
    await _tab_to(tab, f"/desk/devices/{office.meter}")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await _tab_to(tab, "/steps/suspend")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/steps/suspend")
    assert tab.errors == []
    await tab.context.close()


async def _tab_to(tab: Tab, ending: str) -> None:
    """Presses Tab until the link is reached. Wherever the focus comes, it can be seen."""
    for _ in range(60):
        await tab.page.keyboard.press("Tab")
        href, outline = await tab.page.evaluate(
            "[document.activeElement.href?.baseVal ?? document.activeElement.href ?? '',"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", await tab.page.evaluate("document.activeElement.outerHTML")
        if href.endswith(ending):
            return
    raise AssertionError(f"{ending} cannot be reached")


async def test_a_wrong_password_is_said_and_the_reader_stands_before_the_form(browser: Browser, office: Office) -> None:
    tab = await a_tab(browser, office.url)
    await tab.sign_in("desk-manager", "not the password")
    assert "用户名或密码不正确" in await tab.page.inner_text("[role=alert]")
    assert await tab.page.evaluate("document.activeElement.id") == "refusals"
    await tab.context.close()


async def test_a_form_that_lost_its_token_is_a_page_that_says_what_to_do(tab: Tab) -> None:
    await tab.open("/desk/devices/new")
    await tab.page.evaluate("document.querySelector('main [name=form_token]').remove()")
    for name, value in {"tag": "X", "serial_no": "X", "model": "X", "maker": "X"}.items():
        await tab.page.fill(f"[name={name}]", value)
    for name in ("kind", "unit_id", "mounting"):
        await tab.page.select_option(f"[name={name}]", index=1)
    async with tab.page.expect_navigation():
        await tab.page.click("main button.primary")
    assert "请返回上一页" in await tab.page.inner_text("main")


async def test_a_refusal_stands_beside_its_field_which_has_the_focus(tab: Tab, office: Office) -> None:
    await tab.open(f"/desk/devices/{office.meter}/steps/verification_certificate")
    filled = {
        "certificate_no": "JL-2",
        "issuing_body": "省院",
        "verified_on": "2025-05-01",
        "valid_until": "2025-04-30",
    }
    for name, value in filled.items():
        await tab.page.fill(f"[name={name}]", value)
    async with tab.page.expect_navigation():
        await tab.page.click("main button.primary")
    assert await tab.page.evaluate("document.activeElement.name") == "valid_until"
    beside = await tab.page.locator("#field-valid_until ~ .error").inner_text()
    assert beside in await tab.page.inner_text("#refusals")
    assert await tab.page.input_value("[name=issuing_body]") == "省院"


async def test_what_people_wrote_never_runs(tab: Tab) -> None:
    await tab.open("/desk/devices?text=onerror")
    async with tab.page.expect_navigation():
        await tab.page.click(f"text={HOSTILE}")
    assert HOSTILE in await tab.page.inner_text("h1")
    assert await tab.page.locator("main img").count() == 0
    assert tab.errors == []


async def test_the_map_draws_its_own_degrees_and_says_the_datum(tab: Tab, office: Office) -> None:
    await tab.open(f"/desk/devices/{office.radar}?tab=site")
    await tab.page.wait_for_selector(".map path.site")
    assert await tab.page.locator(".map path.graticule").count() >= 4
    assert "GCJ02" in await tab.page.inner_text(".map .leaflet-tooltip")
    assert "相差可达" in await tab.page.inner_text("main")
    assert tab.elsewhere == []


async def test_the_time_line_tells_each_stretch_in_words(tab: Tab, office: Office) -> None:
    await tab.open(f"/desk/devices/{office.meter}")
    said: list[Any] = await tab.page.eval_on_selector_all(
        ".time-line .stretch", "found => found.map(one => one.getAttribute('aria-label'))"
    )
    assert any("检定：未经检定" in words for words in said), "in service for years before it was verified"
    assert any("证书 JL-1 有效" in words for words in said)
    assert await tab.page.locator(".time-line rect.bad").count() >= 1


async def test_columns_and_filters_work_without_a_script(
    browser: Browser, office: Office, cookies: StorageState
) -> None:
    context = await browser.new_context(java_script_enabled=False, storage_state=cookies)
    page = await context.new_page()
    await page.goto(f"{office.url}/desk/devices")
    await page.select_option("[name=standing]", "yes")
    await page.click(".filters button")
    assert await page.locator("tbody tr").count() == 1
    await page.click("details:has([name=column]) summary")
    await page.check("[name=column][value=maker]")
    await page.click("details:has([name=column]) button")
    assert "杭州爱华" in await page.inner_text("tbody")
    assert page.url.endswith("standing=yes")
    await context.close()


POOR_CONTRAST = """
(least) => {
  const channel = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const rgba = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgba(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("svg, .leaflet-container")) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) poor.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 30)}`);
  }
  return poor;
}
"""
"""Texts whose colour against the nearest opaque ground has a lower ratio (WCAG 2.2, relative luminance)."""
