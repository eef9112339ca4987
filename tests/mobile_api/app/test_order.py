"""What goes first: least bytes, and before all what a supervisor asked for."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser

from tests.console.browser import a_tab
from tests.mobile_api.app.conftest import City, PhoneTab
from tests.mobile_api.app.network import Network
from tests.mobile_api.app.test_bad_networks import BYTES, asked, whole

THREE_PICTURES = f"""(async () => {{ const bytes = {BYTES}; const id = (await engine.inspections())[0].id;
    for (const [n, size] of [1_800_000, 1_900_000, 2_000_000].entries()) {{
        const body = bytes(size); body.set([0xff, 0xd8, 0xff, 0xe0]);
        await engine.capture(id, new Blob([body], {{type: 'image/jpeg'}}), {{shows: '照片 ' + (n + 1)}});
    }} return id; }})()"""


async def until(city: City, sql: str) -> None:
    while not await asked(city, sql):  # noqa: ASYNC110 - others write it
        await asyncio.sleep(0.2)


async def test_what_a_supervisor_asks_for_overtakes_an_upload_that_is_under_way(
    browser: Browser, far: PhoneTab, network: Network, city: City, shots: Path
) -> None:
    network.bytes_per_second = 120_000
    inspection_id = await far.engine(THREE_PICTURES)
    await until(city, "select count(*) = 3 from evidence")
    await until(city, "select count(*) = 1 from upload where at > 0")
    tab = await a_tab(browser, city.url)
    await tab.sign_in("supervisor", city.passwords["supervisor"])
    await tab.open(f"/desk/inspections/{inspection_id}")
    row = tab.page.get_by_role("row").filter(has_text="照片 3")
    await row.get_by_role("button", name="要求优先上传").click()
    await row.get_by_text("已要求优先上传").wait_for()
    await far.open("#/queue")
    await far.page.get_by_text("主管要求优先上传").wait_for()
    await far.page.screenshot(path=shots / "asked-for-on-the-phone.png")
    await tab.page.screenshot(path=shots / "asked-for-at-the-desk.png", full_page=True)
    await until(city, "select count(*) = 2 from upload where at > 0")
    network.bytes_per_second = None
    await far.settled()
    await whole(city, 3)
    await row.get_by_text("已要求优先上传").wait_for(state="detached")
    await tab.context.close()
    sizes = "select array_agg(size order by received_at) from evidence join reception on evidence_id = id"
    assert await asked(city, sizes) == [2_000_000, 1_800_000, 1_900_000]
