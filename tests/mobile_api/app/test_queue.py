"""The sync screen is honest: whose facts wait, why files wait, and when nothing at all is left on the phone."""

from pathlib import Path

from tests.mobile_api.app.conftest import City, PhoneTab
from tests.mobile_api.app.test_bad_networks import BEGIN, asked, capture
from tests.mobile_api.app.test_whole_inspection import PIN, with_a_colleague


async def test_the_phone_is_not_safe_to_wipe_while_a_colleague_s_facts_wait(
    phone: PhoneTab, city: City, shots: Path
) -> None:
    await with_a_colleague(phone)
    await phone.settled()
    b = "engine.people().then((all) => all.find((one) => !one.main).person_id)"
    await phone.context.set_offline(True)
    await phone.engine(f"(async () => engine.tell(await {BEGIN}, {{type: 'JOINED'}}))()")
    await phone.engine(
        f"(async () => {{ const [one] = (await engine.inspections()).filter(({{local}}) => local);"
        f" return engine.tell(one.id, {{type: 'JOINED'}}, {{as: await {b}, pin: '{PIN}'}}); }})()"
    )
    await phone.engine("engine.signOut()")
    await asked(city, "update phone set revoked_at = now() where person_id = (select person_id from account"
                " where sign_in_name = 'officer-a')")  # fmt: skip
    await phone.context.set_offline(False)
    await phone.engine("engine.sync()")
    one_left = "engine.queue().then((all) => all.filter(({state}) => state !== 'safe').length)"
    await phone.engine(one_left, until=1)
    assert await phone.engine("engine.summary().then(({safeToWipe}) => safeToWipe)") is False
    await phone.open("#/queue")
    await phone.page.get_by_text("执法人员乙：1 条记录等待上传").wait_for()
    await phone.page.get_by_text("还有内容只在本机上").wait_for()
    await phone.page.screenshot(path=shots / "colleague.png")


async def test_files_held_back_by_hand_wait_and_say_so_while_facts_go(phone: PhoneTab, city: City, shots: Path) -> None:
    await phone.sign_in("officer-a")
    await phone.open("#/queue")
    await phone.page.get_by_label("暂停上传文件").check()
    await capture(phone, 60_000)
    await phone.page.get_by_text("文件上传已由您暂停").wait_for()
    await phone.engine("engine.queue().then(([one]) => one.committed)", until=True)
    await phone.page.screenshot(path=shots / "held.png", full_page=True)
    assert await asked(city, "select count(*) from evidence") == 1
    assert await asked(city, "select count(*) from reception") == 0
    await phone.page.get_by_label("任何网络").check()
    await phone.settled()
    await phone.page.get_by_role("button", name="删除已核验的本机副本").click()
    await phone.page.get_by_text("已核验，本机已删除").wait_for()
    await phone.page.screenshot(path=shots / "wiped.png", full_page=True)
