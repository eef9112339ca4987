"""A second officer's phone takes part by a typed code, and both phones' entries become one inspection."""

from pathlib import Path

from playwright.async_api import Browser

from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab
from tests.mobile_api.app.test_screens import colleague, sync

__all__ = ["colleague"]


async def test_two_phones_without_a_network_carry_out_one_inspection(
    phone: PhoneTab, colleague: PhoneTab, shots: Path
) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    for one in (phone, colleague):
        await one.context.set_offline(True)
    await phone.open("#/start")
    await phone.page.get_by_label("检查对象名称").fill("演示餐饮店丁")
    await phone.page.get_by_role("checkbox").first.check()
    await phone.page.get_by_role("button", name="开始", exact=True).click()
    await phone.page.get_by_role("button", name="我参加这次检查").click()
    await phone.page.get_by_text("让另一部终端加入").click()
    code = await phone.page.locator(".join-code").inner_text()
    await phone.page.screenshot(path=shots / "code.png", full_page=True)

    await colleague.open("#/join")
    await colleague.page.get_by_label("加入码").fill(code[:-1] + ("0" if code[-1] != "0" else "1"))
    await colleague.page.get_by_role("button", name="加入", exact=True).click()
    await colleague.page.get_by_text("加入码不对").wait_for()
    await colleague.page.get_by_label("加入码").fill(code.lower().replace("-", " "))
    await colleague.page.get_by_role("checkbox").first.check()
    await colleague.page.screenshot(path=shots / "join.png", full_page=True)
    await colleague.page.get_by_role("button", name="加入", exact=True).click()
    await colleague.page.locator(".steps").wait_for()
    address = colleague.page.url.partition("#")[2]
    inspection_id = address.split("/")[2]
    assert inspection_id in phone.page.url
    points = f"engine.inspection('{inspection_id}').then((one) => one.checklist.items.length)"
    assert await colleague.engine(points) == await phone.engine(points) != 0

    await phone.engine(f"engine.tell('{inspection_id}', {{type: 'RIGHTS_TOLD', recusal: 'NOT_ASKED'}})")
    await colleague.engine(f"engine.tell('{inspection_id}', {{type: 'STATEMENT', text: '已检修'}})")
    for one in (colleague, phone):  # what was told of it comes before what it is
        await one.context.set_offline(False)
        await sync(one)
    await sync(colleague)
    told = f"""engine.inspection('{inspection_id}').then(({{enterprise, fields, conflicts}}) => {{
        const joined = Object.keys(fields).filter((key) => key.startsWith('joined:'));
        return [enterprise.name, conflicts.length, joined.length, 'statement' in fields, 'rights-told' in fields];
    }})"""
    for one in (phone, colleague):
        await one.engine(told, until=["演示餐饮店丁", 0, 2, True, True])


async def test_codes_stand_for_ids_and_a_wrong_character_is_found(browser: Browser, city: City) -> None:
    async with a_phone_tab(browser, city) as phone:
        await phone.open()
        wrong = await phone.page.evaluate(
            """import('/app/engine/joining.js').then(async ({madeCode, codeOf, idOf}) => {
                const found = [];
                for (let at = 0; at < 50; at += 1) {
                    const id = crypto.randomUUID();
                    if (await idOf(codeOf(id)) !== id) found.push(id);
                    const code = madeCode();
                    if (!await idOf(code)) found.push(code);
                    const off = at % 10;
                    const other = code[off] === 'A' ? 'B' : 'A';
                    if (await idOf(code.slice(0, off) + other + code.slice(off + 1))) found.push(`${code} ${off}`);
                }
                return found;
            })"""
        )
    assert wrong == []
