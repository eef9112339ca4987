"""The app makes of the published vectors what the server makes of them."""

import base64
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from evidence import signing
from inspection.pushing import OPERATION_TYPE
from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab
from tests.mobile_api.test_vectors import vectors
from tests.mobile_api.vectors.keys import PHONE, public

RECORD = json.loads((Path(__file__).parents[2] / "inspection/vectors/record.json").read_text("utf-8"))

SIGNED = """([jwk, payloads, kid, typ]) => import('/app/engine/jws.js').then(async ({sign}) => {
    const key = await crypto.subtle.importKey('jwk', jwk, {name: 'ECDSA', namedCurve: 'P-256'}, false, ['sign']);
    return Promise.all(payloads.map((payload) => sign(payload, typ, kid, key)));
})"""
MERGED = """(all) => import('/app/engine/merge.js').then(({conflicts, keyOf, merged}) => all.map(({operations}) => {
    const fields = merged(operations);
    return {keys: operations.map(keyOf), fields, conflicts: conflicts(fields).sort()};
}))"""
JUDGED = """([receipts, facts, keys]) => import('/app/engine/uploads.js').then(({judged}) =>
    Promise.all(receipts.map((receipt) => judged(facts, receipt, keys).then(({state}) => state === 'safe'))))"""
LIGHTS = """([listed, keys]) => Promise.all(
    ['jws', 'standings', 'store', 'words'].map((name) => import(`/app/engine/${name}.js`))
).then(async ([{checkedDetached}, {standing}, {setMeta}, {choose}]) => {
    await choose('en');
    const holds = ({body, signature}) =>
        checkedDetached(signature, 'plumbline-standings+jws', new TextEncoder().encode(body), keys);
    const list = JSON.parse(listed.body);
    await setMeta('standings', {etag: 'x', asked: 0, signed: await holds(listed), list});
    const told = [];
    for (const {said, at} of listed.cases) told.push(await standing(said, Date.parse(at)));
    return {told, wrong: await Promise.all(listed.not_to_be_used.map(holds))};
})"""
READ = """(codes) => Promise.all([import('/app/engine/uscc.js'), import('/app/engine/standings.js')]).then(
    ([{within, valid}, {tagOf}]) => ({
        credit: codes.credit_codes.map(({text}) => valid(within(text)) ? within(text) : null),
        enterprises: codes.enterprises.map(({text}) => valid(within(text)) ? within(text) : null),
        devices: codes.devices.map(({text}) => tagOf(text)),
    }))"""
WRITTEN = """(contents) => import('/app/screens/content.js').then(({canonical, digest}) =>
    Promise.all(contents.map(async (content) => [canonical(content), await digest(canonical(content))])))"""
CLOCK = """([phone, anchor]) => Promise.all(['clock', 'store'].map((name) => import(`/app/engine/${name}.js`))).then(
    async ([clock, {setMeta}]) => {
        await setMeta('anchors', {[phone]: {jws: anchor, session: 'before', asked_ms: 1, heard_ms: 2.5, last_ms: 9}});
        await clock.restore();
        return (await clock.moment(phone)).clock;
    })"""


async def test_the_app_follows_the_vectors(browser: Browser, city: City) -> None:
    async with a_phone_tab(browser, city) as phone:
        await phone.open()
        await _signs(phone)
        await _merges(phone)
        await _checks_receipts(phone)
        await _answers_from_the_list(phone)
        await _reads_codes(phone)
        await _writes_documents(phone)
        await _tells_of_a_restart(phone)


async def _signs(phone: PhoneTab) -> None:
    """Byte for byte what is signed; the signature is another one each time."""
    told = [vector for vector in vectors("operations") if "payload" in vector]
    kid = vectors("keys")["phone_id"]
    jwk = PHONE | {"ext": True}
    signed = await phone.page.evaluate(SIGNED, [jwk, [one["payload"] for one in told], kid, OPERATION_TYPE])
    for jws, vector in zip(signed, told, strict=True):
        assert signing.payload_signed_by(jws, OPERATION_TYPE, "ES256", public(PHONE))
        by_it, expected = ([json.loads(_bytes(part)) for part in one.split(".")[:2]] for one in (jws, vector["jws"]))
        assert by_it == expected, vector["name"]


async def _merges(phone: PhoneTab) -> None:
    told = vectors("merge")
    found = await phone.page.evaluate(MERGED, told)
    for made, vector in zip(found, told, strict=True):
        assert made == {name: vector[name] for name in made}, vector["name"]
    keyed = [vector for vector in vectors("operations") if "key" in vector]
    author = {"author": vectors("keys")["officer_id"]}
    [keys] = await phone.page.evaluate(MERGED, [{"operations": [one["payload"] | author for one in keyed]}])
    assert keys["keys"] == [one["key"] for one in keyed]


async def _checks_receipts(phone: PhoneTab) -> None:
    told = vectors("receipts")
    sent = [[one["receipt"] for one in told], vectors("evidence")["facts"], vectors("keys")["receipt_keys"]["keys"]]
    found = await phone.page.evaluate(JUDGED, sent)
    assert dict(zip((one["name"] for one in told), found, strict=True)) == {
        one["name"]: one["may_wipe"] for one in told
    }


async def _answers_from_the_list(phone: PhoneTab) -> None:
    listed = vectors("standings")
    found = await phone.page.evaluate(LIGHTS, [listed, vectors("keys")["receipt_keys"]["keys"]])
    for told, case in zip(found["told"], listed["cases"], strict=True):
        assert (told["light"], told["reasons"]) == (case["light"], [why["reason"] for why in case["reasons"]]), case
        assert all(why["valid_until"] in told["words"] for why in case["reasons"] if "valid_until" in why), told
    assert all(told.get("signed") for told in found["told"])
    assert not any(found["wrong"]), found["wrong"]


async def _reads_codes(phone: PhoneTab) -> None:
    codes: dict[str, list[dict[str, Any]]] = vectors("codes")
    assert await phone.page.evaluate(READ, codes) == {
        "credit": [one["code"] for one in codes["credit_codes"]],
        "enterprises": [one["uscc"] for one in codes["enterprises"]],
        "devices": [one["tag"] for one in codes["devices"]],
    }


async def _writes_documents(phone: PhoneTab) -> None:
    found = await phone.page.evaluate(WRITTEN, [one["content"] for one in RECORD])
    assert found == [[one["canonical"], one["sha256"]] for one in RECORD]


async def _tells_of_a_restart(phone: PhoneTab) -> None:
    """After it the last reading of before, as the vector `a restart in between`."""
    told = await phone.page.evaluate(CLOCK, ["0199a0b0-0000-7000-8000-000000000001", "eyJ"])
    assert told == {
        "anchor": "eyJ", "asked_ms": 1, "heard_ms": 2.5, "captured_ms": 9, "counts_sleep": False, "restarted": True
    }  # fmt: skip


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
