"""What a phone has survives whatever the network, the phone and its owner do to it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser

from foundation.database import Database
from foundation.reach import EVERYTHING
from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab
from tests.mobile_api.app.network import Network

BEGIN = """engine.begin({source: 'COMPLAINT', enterprise_name: '演示餐饮店'})"""
BYTES = """(size) => { const bytes = new Uint8Array(size); for (let at = 0; at < size; at += 65536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536))); return bytes; }"""


async def capture(phone: PhoneTab, size: int, number: int = 1) -> None:
    """So many files of random bytes, each begun as a JPEG begins, in an inspection begun on the spot."""
    await phone.engine(
        f"""(async () => {{ const bytes = {BYTES}; const id = await {BEGIN};
        for (let n = 0; n < {number}; n += 1) {{ const body = bytes({size}); body.set([0xff, 0xd8, 0xff, 0xe0]);
        await engine.capture(id, new Blob([body], {{type: 'image/jpeg'}}), {{shows: '照片 ' + n}}); }}
        return true; }})()"""
    )


async def asked(city: City, sql: str, *values: object) -> Any:
    database = await Database.open(city.settings.database_url, most=1, unless_said=EVERYTHING)
    try:
        async with database.connection() as db:
            return await db.fetchval(sql, *values)
    finally:
        await database.close()


async def whole(city: City, number: int) -> None:
    """So many files are here, byte for byte as they were committed to."""
    same = "select count(*) from reception join evidence on id = evidence_id and evidence.sha256 = reception.sha256"
    assert await asked(city, same) == number


async def test_a_connection_that_breaks_at_every_part_edge_only_delays(
    far: PhoneTab, network: Network, city: City
) -> None:
    network.cut_after = 256 * 1024 + 700  # in the midst of the second part of each connection, headers included
    await capture(far, 1_500_000)
    await far.settled()
    assert network.cuts >= 3
    await whole(city, 1)


async def test_a_captive_portal_that_answers_html_with_200_is_no_network(
    far: PhoneTab, network: Network, city: City
) -> None:
    network.portal = True
    await capture(far, 50_000)
    await far.engine("engine.summary().then(({trouble}) => trouble)", until="portal")
    summary = await far.engine("engine.summary()")
    assert isinstance(summary, dict)
    assert (summary["safe"], summary["attention"]) == (0, 0)
    await far.open("#/queue")
    await far.page.get_by_text("这个网络要求先在浏览器登录").wait_for()
    network.portal = False
    await far.engine("engine.sync()")
    await far.settled()
    await whole(city, 1)


async def test_on_64_kbit_with_losses_all_facts_are_there_before_the_pictures(
    far: PhoneTab, network: Network, city: City
) -> None:
    network.away = True
    await capture(far, 200_000, number=3)
    network.away, network.bytes_per_second, network.cut_one_in = False, 8_000, 120
    await far.engine("engine.sync()")
    begun = datetime.now(UTC)
    while (
        await asked(city, "select count(*) from evidence") < 3
        or await asked(city, "select count(*) from inspection_operation") < 4
    ):
        assert datetime.now(UTC) - begun < timedelta(seconds=60)
        await asyncio.sleep(0.5)
    assert await asked(city, "select count(*) from reception") == 0
    network.bytes_per_second, network.cut_one_in = None, None
    await far.settled()
    await whole(city, 3)


async def test_a_tab_killed_in_mid_upload_goes_on_at_the_byte(far: PhoneTab, network: Network, city: City) -> None:
    network.bytes_per_second = 400_000
    await capture(far, 1_500_000)
    while (await asked(city, "select coalesce(max(at), 0) from upload")) < 256 * 1024:  # noqa: ASYNC110 - others write it
        await asyncio.sleep(0.1)
    await far.page.close()
    there = await asked(city, "select at from upload")
    network.bytes_per_second, before = None, network.sent
    again = far._replace(page=await far.context.new_page())
    await again.open()
    await again.settled()
    assert network.sent - before < 1_500_000 - there + 200_000
    await whole(city, 1)


async def test_two_tabs_hand_in_once_and_show_the_same(far: PhoneTab, city: City) -> None:
    other = far._replace(page=await far.context.new_page())
    await other.open("#/queue")
    await capture(far, 300_000)
    await far.settled()
    await other.settled()
    await other.page.get_by_text("可以放心删除本机副本").wait_for()
    await whole(city, 1)
    begun = "select count(*) from custody_entry where event = 'evidence:bytes:received'"
    assert await asked(city, begun) == 1


async def test_a_phone_whose_date_is_wrong_captures_at_the_true_time(browser: Browser, city: City) -> None:
    async with a_phone_tab(browser, city) as phone:
        await phone.page.add_init_script("const now = Date.now; Date.now = () => now() - 3 * 86400_000")
        await phone.sign_in("officer-a")
        await phone.ready_offline()
        await phone.context.set_offline(True)
        before = datetime.now(UTC)
        await capture(phone, 20_000)
        after = datetime.now(UTC)
        await phone.context.set_offline(False)
        await phone.settled()
    captured = await asked(city, "select captured from evidence")
    assert captured.lower <= after
    assert captured.upper >= before
    assert captured.lower > before - timedelta(minutes=1)


async def test_a_full_phone_refuses_to_capture_and_keeps_what_it_has(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    await phone.context.set_offline(True)
    await capture(phone, 20_000)
    left = "navigator.storage.estimate = async () => ({quota: 30_000_000, usage: 29_500_000})"
    said = await phone.engine(
        f"(async () => {{ {left}; const blob = new Blob([({BYTES})(900000)]);"
        " try { await engine.capture(null, blob, {mediaType: 'image/jpeg'}); }"
        " catch (error) { return error.name; } })()"
    )
    assert said == "QuotaExceededError"
    await phone.page.get_by_text("本机存储空间不足").wait_for()
    assert await phone.engine("engine.queue().then((all) => all.filter((one) => one.kind === 'photo').length)") == 1
    await phone.context.set_offline(False)
    await phone.settled()


async def test_without_permission_for_the_position_the_scan_in_is_recorded_with_its_time(
    browser: Browser, city: City
) -> None:
    async with a_phone_tab(browser, city, permissions=[]) as phone:
        await phone.sign_in("officer-a")
        await phone.open("#/tasks/PLANNED")
        await phone.page.get_by_role("link", name="餐饮单位油烟与噪声检查").click()
        await phone.page.get_by_role("button", name="我参加这次检查").click()
        await phone.page.locator(".steps").get_by_role("link", name="扫码入企").click()
        await phone.page.get_by_label("企业码").fill("92420102MADEM00114")
        await phone.page.get_by_role("button", name="记录入企时间和地点").click()
        await phone.page.get_by_text("没有定位权限：已记录时间，没有记录位置。").wait_for()
        await phone.settled()
    what = await asked(city, "select what from inspection_operation where type = 'SCANNED_IN'")
    assert what["code"] == "92420102MADEM00114"
    assert "place" not in what


async def test_signing_out_with_a_full_queue_says_so_and_it_goes_out_all_the_same(phone: PhoneTab, city: City) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await phone.context.set_offline(True)
    await capture(phone, 50_000)
    await phone.open("#/settings")
    await phone.page.get_by_role("button", name="退出登录").click()
    await phone.page.get_by_text("本机还有").wait_for()
    await phone.context.set_offline(False)
    await phone.settled()
    await whole(city, 1)


async def test_a_revoked_phone_hands_in_what_it_holds(phone: PhoneTab, city: City) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await phone.context.set_offline(True)
    await capture(phone, 50_000)
    await asked(city, "update phone set revoked_at = $1", datetime.now(UTC))
    await phone.context.set_offline(False)
    await phone.settled()
    await whole(city, 1)
    assert await phone.engine("engine.me().then(({signedIn}) => signedIn)") is False


async def test_an_officer_whose_credential_has_ended_is_told_before_closing(browser: Browser, city: City) -> None:
    async with a_phone_tab(browser, city) as phone:
        await phone.sign_in("officer-expired")
        await phone.engine(f"(async () => engine.tell(await {BEGIN}, {{type: 'JOINED'}}))()")
        await phone.settled()
        gaps = await phone.engine(
            "engine.inspections().then(([one]) => engine.gaps(one.id)).then((all) => all.map(({code}) => code))"
        )
    assert isinstance(gaps, list)
    assert "OFFICER_NOT_CREDENTIALED" in gaps
