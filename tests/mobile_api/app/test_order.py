"""What goes first: least bytes, and before all what a supervisor asked for."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Route

from tests.console.browser import a_tab
from tests.mobile_api.app.conftest import City, PhoneTab
from tests.mobile_api.app.network import Network
from tests.mobile_api.app.test_bad_networks import BYTES, asked, whole

THREE_PICTURES = f"""(async () => {{ const bytes = {BYTES}; const id = (await engine.inspections())[0].id;
    for (const [n, size] of [1_800_000, 1_900_000, 2_000_000].entries()) {{
        const body = bytes(size); body.set([0xff, 0xd8, 0xff, 0xe0]);
        await engine.capture(id, new Blob([body], {{type: 'image/jpeg'}}), {{shows: '照片 ' + (n + 1)}});
    }} return id; }})()"""

TWO_REAL_PICTURES_AND_A_PAPER = f"""(async () => {{
    const canvas = new OffscreenCanvas(1200, 900), context = canvas.getContext('2d');
    const noise = context.createImageData(1200, 900); noise.data.set(({BYTES})(noise.data.length));
    const id = (await engine.inspections())[0].id;
    for (const shows of ['灶台', '油烟净化器']) {{
        context.putImageData(noise, 0, 0); context.fillStyle = '#28607a'; context.fillRect(100, 100, 500, 300);
        context.fillStyle = '#fff'; context.font = '96px sans-serif'; context.fillText(shows, 120, 280);
        const picture = await canvas.convertToBlob({{type: 'image/jpeg', quality: 0.7}});
        await engine.capture(id, picture, {{shows, kind: 'PHOTO'}});
    }}
    const paper = ({BYTES})(40_000); paper.set([0x25, 0x50, 0x44, 0x46, 0x2d]);
    await engine.capture(id, new Blob([paper], {{type: 'application/pdf'}}), {{shows: '营业执照', kind: 'DOCUMENT'}});
    return id; }})()"""


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


async def test_on_a_slow_line_papers_and_then_all_thumbnails_are_there_before_the_pictures(
    browser: Browser, far: PhoneTab, network: Network, city: City, shots: Path
) -> None:
    network.away = True
    inspection_id = await far.engine(TWO_REAL_PICTURES_AND_A_PAPER)
    assert await far.engine("engine.queue().then((all) => all.length)") == 6  # each with its operation, and no more
    network.away, network.bytes_per_second = False, 60_000
    await far.engine("engine.sync()")
    await until(city, "select count(*) > 0 from evidence_thumbnail")
    assert await asked(city, "select array_agg(size) from evidence join reception on evidence_id = id") == [40_000]
    await until(city, "select count(*) = 2 from evidence_thumbnail")
    assert await asked(city, "select sum(at) from upload") == 40_000
    for picture in await asked(city, "select array_agg(picture) from evidence_thumbnail"):
        assert len(picture) <= 12_000
        assert Image.open(io.BytesIO(picture)).size == (240, 180)
    tab = await a_tab(browser, city.url)
    await tab.sign_in("supervisor", city.passwords["supervisor"])
    await tab.open(f"/desk/inspections/{inspection_id}")
    shown = tab.page.get_by_role("img", name="终端自制的缩略图，未经核验，不是证据")
    assert await shown.count() == 2
    widths = "[...document.querySelectorAll('.thumbnail img')].map((one) => one.decode().then(() => one.naturalWidth))"
    assert await tab.page.evaluate(f"Promise.all({widths})") == [240, 240]
    await tab.page.screenshot(path=shots / "thumbnails-at-the-desk.png", full_page=True)
    network.bytes_per_second = None
    await far.settled()
    await whole(city, 3)
    await shown.first.wait_for(state="detached")
    await tab.context.close()


A_FILM = """(async () => { const canvas = Object.assign(document.createElement('canvas'), {width: 320, height: 240});
    const context = canvas.getContext('2d'); const stream = canvas.captureStream(25);
    const recorder = new MediaRecorder(stream, {mimeType: 'video/mp4'}); const parts = [];
    recorder.ondataavailable = ({data}) => parts.push(data);
    const ended = new Promise((resolve) => { recorder.onstop = resolve; }); recorder.start();
    for (let n = 0; n < 20; n += 1) { context.fillStyle = n % 2 ? '#c00' : '#a00'; context.fillRect(0, 0, 320, 240);
        await new Promise((resolve) => setTimeout(resolve, 40)); }
    recorder.stop(); await ended; const id = await engine.begin({source: 'COMPLAINT', enterprise_name: '演示餐饮店'});
    return (await engine.capture(id, new Blob(parts, {type: 'video/mp4'}), {shows: '录像'})).evidence_id; })()"""


async def test_a_film_has_the_frame_it_begins_with_as_its_poster_also_once_it_is_here(
    browser: Browser, phone: PhoneTab, city: City, shots: Path
) -> None:
    await phone.sign_in("officer-a")
    film = await phone.engine(A_FILM)
    await phone.settled()
    await whole(city, 1)
    tab = await a_tab(browser, city.url)
    await tab.sign_in("supervisor", city.passwords["supervisor"])
    await tab.open(f"/desk/evidence/{film}")
    poster = await tab.page.locator("video").get_attribute("poster")
    assert poster == f"/desk/evidence/{film}/thumbnail"
    shown = await tab.context.request.get(f"{city.url}{poster}")
    picture = Image.open(io.BytesIO(await shown.body()))
    assert picture.size == (240, 180)
    red, green, _ = picture.convert("RGB").resize((1, 1)).tobytes()
    assert red > 100 > green
    await tab.page.screenshot(path=shots / "film.png", full_page=True)
    await tab.context.close()


@pytest.mark.parametrize("trouble", ["a network that lets none pass", "a server that fails"])
async def test_a_thumbnail_that_cannot_be_sent_holds_up_no_picture(far: PhoneTab, city: City, trouble: str) -> None:
    tried = []

    async def troubled(route: Route) -> None:
        tried.append(route.request.method)
        if trouble == "a server that fails":
            await route.fulfill(status=500, content_type="application/problem+json", body="{}")
        else:
            await route.abort()

    await far.context.route("**/thumbnail", troubled)
    await far.engine(TWO_REAL_PICTURES_AND_A_PAPER)
    await far.settled()
    await whole(city, 3)
    assert set(tried) == {"PUT"}
    assert await asked(city, "select count(*) from evidence_thumbnail") == 0
