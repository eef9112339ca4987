"""Captured bytes lie in files of the app's own, are never whole in memory, and survive what browsers lack."""

from pathlib import Path

from playwright.async_api import Browser

from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab
from tests.mobile_api.app.test_bad_networks import asked, capture, whole

FILES = """(async () => { const root = await navigator.storage.getDirectory(); const names = [];
    const folder = await root.getDirectoryHandle('evidence', {create: true});
    for await (const name of folder.keys()) names.push(name); return names.length; })()"""
IN_DATABASE = "import('/app/engine/store.js').then(({keysOf}) => keysOf('bytes')).then((keys) => keys.length)"
LARGE = 100 * 1024 * 1024
WATCH_MEMORY = """window.largest = 0;
const whole = Blob.prototype.arrayBuffer; Blob.prototype.arrayBuffer = function () {
    window.largest = Math.max(window.largest, this.size); return whole.call(this); };
const send = window.fetch; window.fetch = function (path, options) {
    window.largest = Math.max(window.largest, options?.body?.size ?? 0); return send.call(this, path, options); };"""
FILM = f"""(async () => {{ const part = new Uint8Array(1 << 20); crypto.getRandomValues(part.subarray(0, 65536));
    const film = new Blob(Array.from({{length: {LARGE >> 20}}}, () => part), {{type: 'video/mp4'}});
    await engine.capture(null, film, {{shows: '录像'}}); return true; }})()"""


async def test_bytes_are_files_until_they_are_wiped(phone: PhoneTab, city: City) -> None:
    await phone.sign_in("officer-a")
    await capture(phone, 30_000, number=2)
    assert (await phone.engine(FILES), await phone.engine(IN_DATABASE)) == (2, 0)
    await phone.settled()
    await whole(city, 2)
    assert await phone.engine("engine.wipe('safe')") == 60_000
    assert await phone.engine(FILES) == 0


async def test_a_film_of_100_mb_is_never_whole_in_memory(phone: PhoneTab, city: City) -> None:
    await phone.page.add_init_script(WATCH_MEMORY)
    await phone.sign_in("officer-a")
    await phone.engine(FILM)
    await phone.engine("engine.queue().then(([film]) => film.state)", until="safe")
    await whole(city, 1)
    assert await asked(city, "select size from evidence") == LARGE
    assert await phone.page.evaluate("window.largest") <= 1 << 20


async def test_bytes_of_an_earlier_edition_become_files_and_arrive_whole(phone: PhoneTab, city: City) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await phone.context.set_offline(True)
    await capture(phone, 40_000)
    moved = """Promise.all([import('/app/engine/store.js'), import('/app/engine/bytes.js')]).then(
        async ([store, bytes]) => { const [id] = (await store.all('evidence')).map((one) => one.evidence_id);
        const blob = new Blob([await (await bytes.bytesOf(id)).arrayBuffer()]); await bytes.drop([id]);
        await store.write([['bytes', {evidence_id: id, blob}]]); return true; })"""
    assert await phone.engine(moved)
    assert (await phone.engine(FILES), await phone.engine(IN_DATABASE)) == (0, 1)
    await phone.open("?again")
    await phone.engine(IN_DATABASE, until=0)
    assert await phone.engine(FILES) == 1
    await phone.context.set_offline(False)
    await phone.settled()
    await whole(city, 1)


async def test_a_browser_without_files_of_its_own_keeps_bytes_in_its_database(browser: Browser, city: City) -> None:
    async with a_phone_tab(browser, city) as phone:
        await phone.page.add_init_script("delete FileSystemFileHandle.prototype.createWritable")
        await phone.sign_in("officer-a")
        await phone.ready_offline()
        await phone.context.set_offline(True)
        await capture(phone, 40_000)
        assert (await phone.engine(FILES), await phone.engine(IN_DATABASE)) == (0, 1)
        await phone.context.set_offline(False)
        await phone.settled()
        await whole(city, 1)


async def test_what_a_killed_capture_left_is_removed_and_nothing_else(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    await capture(phone, 30_000)
    stray = "import('/app/engine/bytes.js').then(({keep}) => keep('stray', new Blob(['x']))).then(() => true)"
    assert await phone.engine(stray)
    assert await phone.engine(FILES) == 2
    await phone.open("?again")
    await phone.engine(FILES, until=1)


async def test_a_full_phone_says_so_before_anybody_captures(phone: PhoneTab, shots: Path) -> None:
    await phone.page.add_init_script(
        "navigator.storage.estimate = async () => ({quota: 30_000_000, usage: 29_500_000})"
    )
    await phone.sign_in("officer-a")
    inspection_id = await phone.engine("engine.inspections().then(([one]) => one.id)")
    await phone.open(f"#/visit/{inspection_id}/capture")
    await phone.page.get_by_text("本机存储空间不足，不能再拍摄留存").wait_for()
    await phone.page.screenshot(path=shots / "full.png")
