"""Public pages in real Chromium: on a phone and at a desk, with scripts and without."""

import pytest
from playwright.async_api import async_playwright

from device_registry.model import Datum, Place
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.settings import Settings
from tests.builders import a_sited_device, a_unit
from tests.console.browser import ARGUMENTS, a_tab, chromium
from tests.served import served

PATHS = (
    "/public",
    "/public?text=nothing+like+it",
    "/public?text=x",
    "/public/map",
    "/public/notices",
    "/d/SRF-PUBLIC",
    "/d/SRF-PUBLIC?at=2024-05-03T14:05",
    "/d/SRF-PUBLIC?at=2099-05-03T14:05",
    "/d/UNKNOWN",
)


async def test_every_public_page_fits_its_window_and_can_be_used_without_scripts(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = chromium()
    database = await Database.open(shared_settings.database_url, most=2, unless_said=EVERYTHING)
    unit = await a_unit(database)
    await a_sited_device(database, SystemClock(), unit, Place(114.299, 30.595, Datum.WGS84), tag="SRF-PUBLIC")
    await database.close()
    with served(shared_settings, tmp_path_factory.mktemp("public") / "log") as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            for width, height in ((390, 844), (1440, 900)):
                tab = await a_tab(browser, url, width=width, height=height)
                for page in PATHS:
                    await tab.page.goto(url + page)
                    wider = await tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    assert (width, page, wider) == (width, page, 0)
                refused = [error for error in tab.errors if "status of 40" not in error]
                assert (refused, tab.elsewhere) == ([], [])
                await tab.open("/public/map?text=SRF-PUB")  # others share this database
                await tab.page.locator(".map path.site").first.click()
                await tab.page.wait_for_url("**/d/SRF-PUBLIC")
                await tab.context.close()
            context = await browser.new_context(java_script_enabled=False)
            plain = await context.new_page()
            await plain.goto(f"{url}/public?text=SRF-PUB")
            await plain.click("text=SRF-PUBLIC")
            await plain.fill("[name=at]", "2024-05-03T14:05")
            await plain.click("button.primary")
            assert "2024-05-03 14:05" in await plain.inner_text("main")
            assert await context.cookies() == []
            await browser.close()
