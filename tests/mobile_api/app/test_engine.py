"""The engine by itself: what hands, slow lines and half a server do to it."""

import asyncio
import gzip
import json

from playwright.async_api import Route

from tests.mobile_api.app.conftest import PhoneTab
from tests.mobile_api.app.test_bad_networks import BEGIN, capture

MOST_BYTES_AT_ONCE = 240_000
"""Of facts in one request: half a minute on 64 kbit/s, where an answer may take a minute."""


def unpacked(route: Route) -> bytes:
    body = route.request.post_data_buffer or b""
    return gzip.decompress(body) if "content-encoding" in route.request.headers else body


async def test_what_one_phone_tells_twice_at_once_is_no_conflict(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    conflicts = await phone.engine(
        f"""(async () => {{ const id = await {BEGIN};
        await Promise.all(['CONFORMS', 'DOES_NOT_CONFORM'].map((result) =>
            engine.tell(id, {{type: 'FINDING', item: 'F-01', result}})));
        return (await engine.inspection(id)).conflicts; }})()"""
    )
    assert conflicts == []


async def test_a_name_in_other_letters_is_the_same_person(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    before = await phone.engine("engine.me().then(({phone_id}) => phone_id)")
    await phone.engine("engine.signOut()")
    again = await phone.engine(
        f"engine.signIn(' Officer-A', {phone.city.passwords['officer-a']!r}).then(({{phone_id}}) => phone_id)"
    )
    assert again == before


async def test_a_list_that_the_server_cannot_give_holds_up_no_evidence(phone: PhoneTab) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=500, content_type="application/problem+json", body='{"title": "?"}')

    await phone.sign_in("officer-a")
    await phone.context.route("**/mobile/v1/standings", fail)
    await capture(phone, 50_000)
    await phone.settled()


async def test_facts_go_in_requests_that_a_slow_line_carries_in_time(phone: PhoneTab) -> None:
    sent, held = list[int](), list[int]()

    async def weigh(route: Route) -> None:
        sent.append(len(route.request.post_data_buffer or b""))
        held.append(len(unpacked(route)))
        await route.continue_()

    await phone.sign_in("officer-a")
    await phone.context.set_offline(offline=True)
    await phone.engine(
        f"""(async () => {{ const id = await {BEGIN};
        for (let n = 0; n < 12; n += 1) await engine.tell(id,
            {{type: 'DOCUMENT', kind: 'ON_SITE_RECORD', content: JSON.stringify(['准'.repeat(13000), n])}});
        return true; }})()"""
    )
    await phone.context.route("**/mobile/v1/operations", weigh)
    await phone.context.set_offline(offline=False)
    await phone.engine("engine.sync()")
    await phone.settled()
    assert sum(held) > 600_000
    assert max(held) <= MOST_BYTES_AT_ONCE  # a line may be slow, and a browser unable to compress
    assert sum(sent) < sum(held) / 4


async def test_what_a_second_officer_told_waits_for_a_sign_in_and_is_not_refused_for_good(phone: PhoneTab) -> None:
    """Without one the phone hands in by the first officer's key, which brings only what that key signed."""
    await phone.sign_in("officer-a")
    other = await phone.engine(
        f"engine.signIn('officer-b', {phone.city.passwords['officer-b']!r}, {{pin: '2580'}}).then((me) => me.person_id)"
    )
    await phone.context.set_offline(offline=True)
    await capture(phone, 50_000)
    await phone.engine(
        f"""(async () => {{ const [{{id}}] = (await engine.inspections()).filter((one) => one.local);
        await engine.tell(id, {{type: 'JOINED'}}, {{as: {other!r}, pin: '2580'}});
        await engine.signOut(); return true; }})()"""
    )
    await phone.context.set_offline(offline=False)
    await phone.engine("engine.sync()")
    left = "all.filter((one) => one.state !== 'safe').map((one) => [one.label, one.state])"
    await phone.engine(f"engine.queue().then((all) => {left})", until=[["JOINED", "waiting"]])
    await phone.engine(f"engine.signIn('officer-a', {phone.city.passwords['officer-a']!r})")
    await phone.settled()


async def test_who_signs_out_in_the_midst_of_a_round_hands_in_no_more_for_a_second_officer(phone: PhoneTab) -> None:
    """The token still opens the server where the phone could not tell it of the sign-out."""
    answer = asyncio.Event()

    async def wait(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await phone.sign_in("officer-a")
    other = await phone.engine(
        f"engine.signIn('officer-b', {phone.city.passwords['officer-b']!r}, {{pin: '2580'}}).then((me) => me.person_id)"
    )
    await phone.settled()
    await phone.context.route("**/mobile/v1/sign-in", lambda route: route.abort())
    await phone.context.route("**/mobile/v1/changes?*", wait)
    async with phone.page.expect_request("**/mobile/v1/changes?*", timeout=90_000):
        await capture(phone, 50_000)
    await phone.engine(
        f"""(async () => {{ const [{{id}}] = (await engine.inspections()).filter((one) => one.local);
        await engine.tell(id, {{type: 'JOINED'}}, {{as: {other!r}, pin: '2580'}});
        await engine.signOut(); return true; }})()"""
    )
    answer.set()
    left = "all.filter((one) => one.state !== 'safe').map((one) => [one.label, one.state])"
    await phone.engine(f"engine.queue().then((all) => {left})", until=[["JOINED", "waiting"]])


async def test_what_is_told_in_the_midst_of_a_round_does_not_wait_for_the_next_minute(phone: PhoneTab) -> None:
    answer = asyncio.Event()

    async def wait(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await phone.sign_in("officer-a")
    await phone.context.route("**/mobile/v1/changes?*", wait)
    async with phone.page.expect_request("**/mobile/v1/changes?*", timeout=90_000):
        await phone.engine("engine.sync()")
    await phone.engine(f"(async () => engine.tell(await {BEGIN}, {{type: 'JOINED'}}))()")
    async with phone.page.expect_request("**/mobile/v1/operations", timeout=10_000):
        answer.set()


async def test_a_fact_that_the_server_cannot_take_holds_up_no_other(phone: PhoneTab) -> None:
    refused = '{"type": "/problems/malformed", "title": "?", "status": 400, "detail": "无法保存"}'

    async def refuse(route: Route) -> None:
        operations = json.loads(unpacked(route))["operations"]
        if len(operations) > 1 or len(operations[0]) > 30_000:
            await route.fulfill(status=400, content_type="application/problem+json", body=refused)
        else:
            await route.continue_()

    await phone.sign_in("officer-a")
    await phone.context.set_offline(offline=True)
    await phone.engine(
        f"""(async () => {{ const id = await {BEGIN};
        await engine.tell(id, {{type: 'DOCUMENT', kind: 'ON_SITE_RECORD', content: '准'.repeat(13000)}});
        await engine.tell(id, {{type: 'JOINED'}});
        return true; }})()"""
    )
    await phone.context.route("**/mobile/v1/operations", refuse)
    await phone.context.set_offline(offline=False)
    await phone.engine("engine.sync()")
    left = "engine.queue().then((all) => all.map(({label, state, why}) => [label, state, why]))"
    await phone.engine(left, until=[["DOCUMENT", "attention", "无法保存"]])
    await phone.context.unroute("**/mobile/v1/operations", refuse)
    await phone.open("#/queue")
    await phone.page.get_by_role("button", name="重试").click()
    await phone.settled()


async def test_the_record_says_what_holds_and_nothing_of_what_was_told_before(phone: PhoneTab) -> None:
    await phone.sign_in("officer-a")
    content = await phone.engine(
        f"""(async () => {{ const id = await {BEGIN};
        await engine.tell(id, {{type: 'SCANNED_IN', code: '91420102MADEM001XX', manner: 'TYPED'}});
        await engine.tell(id, {{type: 'SCANNED_IN', code: '92420102MADEM00114', manner: 'QR'}});
        await engine.tell(id, {{type: 'OUTCOME', outcome: 'ORDER_TO_CORRECT', correct_by: '2026-12-31'}});
        await engine.tell(id, {{type: 'OUTCOME', outcome: 'NO_PENALTY_MINOR', list_item: 'NP-1'}});
        await engine.tell(id, {{type: 'OUTCOME', outcome: 'PASS'}});
        for (const value of '123456') await engine.tell(id,
            {{type: 'READING', device_tag: 'SLM-001', quantity: '噪声', value, unit: 'dB(A)'}});
        const {{contentOf}} = await import('/app/screens/content.js');
        const {{scan_in, outcome, readings}} = await contentOf(await engine.inspection(id));
        return [scan_in.manner, outcome, readings.map(({{value}}) => value).join('')]; }})()"""
    )
    assert content == ["QR", {"outcome": "PASS", "list_item": None, "correct_by": None, "note": None}, "123456"]
