"""The app and the server make the same of a set of operations."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from playwright.async_api import Browser

from inspection.model import Operation, Told
from inspection.rules.merging import merged
from tests.mobile_api.app.conftest import City, a_phone_tab

AUTHORS = [UUID(int=0xA), UUID(int=0xB)]
AT = datetime(2026, 6, 15, tzinfo=UTC)
SHA = "0" * 64


def a_statement(chance: random.Random) -> dict[str, Any]:
    said: list[dict[str, Any]] = [
        {"type": "JOINED"},
        {"type": "CLOSED"},
        {"type": "FINDING", "item": chance.choice("FG"), "result": chance.choice(["CONFORMS", "NOT_APPLICABLE"])},
        {"type": "FINDING", "item": chance.choice("FG"), "note": chance.choice("xy")},
        {"type": "OUTCOME", "outcome": chance.choice(["PASS", "ADVISE"]), "note": chance.choice("xy")},
        {"type": "BEGUN", "source": "URGENT", "items": chance.choice([["a"], ["a", "b"]])},
        {"type": "SIGNATURE", "document_sha256": SHA, "signer": chance.choice(["OFFICER", "PARTY"])},
        {"type": "SCANNED_IN", "code": "c", "place": {"longitude": 114.3, "latitude": 30.6, "datum": "WGS84"}},
        {"type": "READING", "device_tag": "SLM-001", "quantity": "q", "value": "63.4", "unit": "dB(A)"},
        {"type": "WAIVER", "gap": "RECORD_MISSING", "reason": chance.choice("xy")},
        {"type": "CAP", "counts": chance.choice([True, False])},
        {"type": "RIGHTS_TOLD", "recusal": "ASKED"},
        {"type": "CREDENTIAL_SHOWN", "credential_no": "1"},
        {"type": "REFUSAL", "document_sha256": SHA, "reason": "r"},
        {"type": "STATEMENT", "text": chance.choice("xy")},
        {"type": "HELPER", "name": chance.choice("xy"), "present": chance.choice([True, False])},
        {"type": "PERSON_ON_SITE", "name": chance.choice("xy")},
        {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": chance.choice(["{}", "[]"])},
    ]
    return chance.choice(said)


def a_history(chance: random.Random) -> list[Operation]:
    ids = [UUID(int=chance.getrandbits(128)) for _ in range(chance.randrange(1, 14))]
    return [
        Operation(
            id=id_,
            inspection_id=UUID(int=1),
            author=chance.choice(AUTHORS),
            phone=UUID(int=2),
            replaces=frozenset(chance.sample(ids, chance.randrange(min(4, len(ids) + 1)))),
            earliest=AT,
            latest=AT + timedelta(seconds=number),
            what=msgspec.convert(a_statement(chance), Told),
        )
        for number, id_ in enumerate(ids)
    ]


async def test_what_the_app_merges_is_what_the_server_merges(browser: Browser, city: City) -> None:
    chance = random.Random(20261124)
    histories = [a_history(chance) for _ in range(300)]
    sent = [
        [{**msgspec.to_builtins(one), "replaces": sorted(map(str, one.replaces))} for one in history]
        for history in histories
    ]
    async with a_phone_tab(browser, city) as phone:
        await phone.open()
        found = await phone.page.evaluate(
            "(all) => import('/app/engine/merge.js').then(({merged}) => all.map(merged))", sent
        )
    assert found == [msgspec.to_builtins(merged(history)) for history in histories]
    assert any(len(values) > 1 for fields in found for told in fields.values() for values in told.values())
