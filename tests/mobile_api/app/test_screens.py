"""What the screens ask for before they take it, and how a conflict is settled on a phone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab

TASK = "engine.inspections().then((all) => all.find((one) => one.title.startsWith('餐饮')).id)"


@pytest_asyncio.fixture
async def colleague(browser: Browser, city: City) -> AsyncIterator[PhoneTab]:
    """Officer B, on a phone of their own."""
    async with a_phone_tab(browser, city) as tab:
        await tab.sign_in("officer-b")
        await tab.ready_offline()
        yield tab


async def tell(phone: PhoneTab, what: str) -> None:
    await phone.engine(f"(async () => engine.tell(await {TASK}, {what}))()")


async def sync(phone: PhoneTab) -> None:
    await phone.engine("engine.sync()")
    await phone.settled()


async def test_an_urgent_inspection_gives_its_reason(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    await phone.open("#/start")
    await phone.page.get_by_role("radio", name="紧急检查").check()
    await phone.page.get_by_label("检查对象名称").fill("演示餐饮店丁")
    await phone.page.get_by_role("button", name="开始", exact=True).click()
    await phone.page.get_by_text("请填写：说明").wait_for()
    await phone.page.get_by_label("统一社会信用代码").fill("92420102MADEM00115")
    await phone.page.get_by_label("说明（紧急检查必填理由）").fill("群众反映正在排污")
    await phone.page.get_by_role("button", name="开始", exact=True).click()
    await phone.page.get_by_text("校验码不符").wait_for()
    await phone.page.get_by_label("统一社会信用代码").fill("92420102MADEM00114")
    await phone.page.get_by_role("button", name="开始", exact=True).click()
    await phone.page.get_by_role("heading", name="演示餐饮店丁").wait_for()


async def test_a_mistyped_code_is_not_scanned_in_where_the_task_has_none(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    begun = "engine.begin({source: 'COMPLAINT', enterprise_name: '演示'})"
    inspection_id = await phone.engine(begun)
    await phone.open(f"#/visit/{inspection_id}/scan")
    await phone.page.get_by_label("企业码").fill("92420102MADEM00115")
    await phone.page.get_by_role("button", name="记录入企时间和地点").click()
    await phone.page.get_by_text("校验码不符").wait_for()


async def test_a_record_waits_for_its_outcome_and_the_second_officer(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await tell(phone, "{type: 'JOINED'}")
    await phone.open(f"#/visit/{await phone.engine(TASK)}/record")
    await phone.page.get_by_text("请先填写检查结果").wait_for()
    assert await phone.page.get_by_role("button", name="制作笔录").count() == 0


async def test_two_phones_that_differ_show_both_and_the_chosen_side_holds_on_both(
    phone: PhoneTab, colleague: PhoneTab
) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    for one in (phone, colleague):
        await one.context.set_offline(True)
    await tell(phone, "{type: 'RIGHTS_TOLD', recusal: 'NOT_ASKED'}")
    await tell(colleague, "{type: 'RIGHTS_TOLD', recusal: 'ASKED', recusal_note: '与店主相识'}")
    for one in (phone, colleague):
        await one.context.set_offline(False)
        await sync(one)
    await sync(phone)
    conflicts = f"(async () => (await engine.inspection(await {TASK})).conflicts.length)()"
    await phone.engine(conflicts, until=1)
    await phone.open(f"#/visit/{await phone.engine(TASK)}/conflict")
    side = phone.page.locator(".side", has_text="执法人员乙")
    await side.get_by_role("button", name="以此为准").click()
    await phone.page.get_by_text("没有不一致").wait_for()
    await sync(phone)
    await sync(colleague)
    for one in (phone, colleague):
        await one.engine(conflicts, until=0)
        told = f"(async () => (await engine.inspection(await {TASK})).fields['rights-told'].recusal[0].value)()"
        assert await one.engine(told) == "ASKED"


async def differ(phone: PhoneTab, colleague: PhoneTab, mine: str, theirs: str) -> None:
    """Both tell without a network, and hand in; the first phone knows of both."""
    for one in (phone, colleague):
        await one.context.set_offline(True)
    await tell(phone, mine)
    await tell(colleague, theirs)
    for one in (phone, colleague):
        await one.context.set_offline(False)
        await sync(one)
    await sync(phone)
    await phone.engine(CONFLICTS, until=1)


CONFLICTS = f"(async () => (await engine.inspection(await {TASK})).conflicts.length)()"


async def test_a_new_answer_replaces_both_sides_on_both_phones(
    phone: PhoneTab, colleague: PhoneTab, shots: Path
) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await differ(
        phone,
        colleague,
        "{type: 'FINDING', item: 'F-01', result: 'CONFORMS', note: '风机已停'}",
        "{type: 'FINDING', item: 'F-01', result: 'CONFORMS', note: '风机在转'}",
    )
    await phone.open(f"#/visit/{await phone.engine(TASK)}/conflict")
    for side in ("风机已停", "风机在转"):
        await phone.page.locator(".side", has_text=side).wait_for()
    await phone.page.get_by_text("都不准确，重新填写").click()
    await phone.page.get_by_label("新的内容").fill("到场时风机在转，检查中停机")
    await phone.page.screenshot(path=shots / "conflict.png", full_page=True)
    await phone.page.get_by_role("button", name="以新内容为准").click()
    await phone.page.get_by_text("没有不一致").wait_for()
    await sync(phone)
    await sync(colleague)
    notes = "fields['finding:F-01'].note.map((one) => one.value)"
    told = f"(async () => (await engine.inspection(await {TASK})).{notes})()"
    for one in (phone, colleague):
        await one.engine(CONFLICTS, until=0)
        assert await one.engine(told) == ["到场时风机在转，检查中停机"]


async def test_what_was_typed_and_not_saved_survives_a_killed_page_and_is_gone_once_told(
    phone: PhoneTab, shots: Path
) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await tell(phone, "{type: 'JOINED'}")
    address = f"#/visit/{await phone.engine(TASK)}/statement"
    await phone.open(address)
    await phone.page.get_by_label("陈述和申辩").fill("昨天已联系厂家")
    await phone.engine(f"engine.draft('{address}').then((kept) => kept.text)", until="昨天已联系厂家")
    await phone.page.close(run_before_unload=False)

    again = phone._replace(page=await phone.context.new_page())
    await again.open(address)
    await again.page.get_by_text("已恢复上次没有保存的内容").wait_for()
    assert await again.page.get_by_label("陈述和申辩").input_value() == "昨天已联系厂家"
    await again.page.screenshot(path=shots / "draft.png")
    await again.page.get_by_role("button", name="保存").click()
    await again.page.locator(".steps").wait_for()
    assert await again.engine(f"engine.draft('{address}')") == {}
    await again.open(address)
    assert await again.page.get_by_label("陈述和申辩").input_value() == "昨天已联系厂家"  # as it was told
    assert await again.page.locator(".draft").count() == 0


async def test_a_draft_that_nobody_wants_is_cleared_and_a_pin_is_never_kept(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await tell(phone, "{type: 'JOINED'}")
    address = f"#/visit/{await phone.engine(TASK)}/rights"
    await phone.open("#/second")
    await phone.page.get_by_label("本人 PIN").fill("246810")
    await phone.open(address)
    await phone.page.get_by_role("radio", name="申请回避", exact=True).check()
    await phone.engine(f"engine.draft('{address}')", until={"recusal": "ASKED"})
    assert await phone.engine("engine.draft('#/second')") == {}
    await phone.page.reload()
    await phone.page.get_by_role("button", name="不用，清除").click()
    assert await phone.page.get_by_role("radio", name="不申请回避").is_checked()
    await phone.engine(f"engine.draft('{address}')", until={})
