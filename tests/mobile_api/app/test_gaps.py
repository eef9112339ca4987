"""What a phone finds missing without a network is what the server finds, and what it cannot know it says."""

import hashlib
import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from playwright.async_api import Browser

from agency.enforcement_items.model import NoPenaltyKind
from agency.model import CredentialReason, CredentialStanding, PersonKind
from evidence.model import State as EvidenceState
from inspection.model import Enterprise, Inspection, Operation, Source, Told
from inspection.rules.guard import NO_PENALTY, Code, Seen, gaps
from inspection.rules.merging import merged
from tests.inspection.documents.builders import VECTORS, a_text
from tests.mobile_api.app.conftest import City, PhoneTab, a_phone_tab
from tests.mobile_api.app.test_merge import AT, AUTHORS, a_statement

RECORD = a_text(
    inspection_id=str(UUID(int=1)),
    officers=[VECTORS[0]["content"]["officers"][0] | {"person_id": str(officer)} for officer in AUTHORS],
)
RECORDS = [RECORD, RECORD, RECORD.replace(str(UUID(int=1)), str(UUID(int=9))), VECTORS[1]["canonical"], "{}"]
SHA = hashlib.sha256(RECORD.encode()).hexdigest()
CODES = ["92420102MADEM00114", "https://x.example/q?code=92420102MADEM002XU", "%39%32420102MADEM00114", "KTV 7", ""]
EVIDENCE = [UUID(int=number) for number in (7, 8)]


def told_on_site(chance: random.Random) -> dict[str, Any]:
    said: list[dict[str, Any]] = [
        {"type": "EVIDENCE", "evidence_id": str(chance.choice(EVIDENCE)), "sha256": chance.choice([SHA, "1" * 64]),
         "size": 1, "media_type": "image/jpeg", "shows": "照片"},
        {"type": "OUTCOME", "outcome": chance.choice([*NO_PENALTY, "ORDER_TO_CORRECT"])},
        {"type": "OUTCOME", "list_item": "QWBF-1", "correct_by": "2026-07-01"},
        {"type": "CAP", "counts": True, "reason": "日常"},
        {"type": "SIGNATURE", "document_sha256": SHA, "signer": chance.choice(["OFFICER", "PARTY"])},
        {"type": "SIGNATURE", "document_sha256": SHA, "signer": "PARTY", "evidence_id": str(EVIDENCE[0])},
        {"type": "REFUSAL", "document_sha256": SHA, "reason": "r"} | chance.choice([{}, {"witness_name": "x"}]),
        {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": chance.choice(RECORDS)},
        {"type": "SCANNED_IN", "code": chance.choice(CODES[:-1])},
        {"type": "WAIVER", "gap": chance.choice([*Code, "FINDING_MISSING:F", "CAP_MISSING"]), "reason": "r"},
        a_statement(chance),
        a_statement(chance),
    ]  # fmt: skip
    return chance.choice(said)


def a_history(chance: random.Random) -> list[Operation]:
    ids = sorted(UUID(int=chance.getrandbits(128)) for _ in range(chance.randrange(30)))
    seconds = [chance.randrange(100) for _ in ids]
    return [
        Operation(
            id=id_, inspection_id=UUID(int=1), author=chance.choice(AUTHORS), phone=UUID(int=2),
            replaces=frozenset(chance.sample(ids, chance.randrange(min(3, len(ids) + 1)))),
            earliest=AT + timedelta(seconds=at), latest=AT + timedelta(seconds=at + chance.randrange(3)),
            what=msgspec.convert(told_on_site(chance), Told),
        )
        for id_, at in zip(ids, seconds, strict=True)
    ]  # fmt: skip


def what_is_seen(chance: random.Random) -> Seen:
    told = a_history(chance)
    reasons = [(), (next(iter(CredentialReason)),)]
    kinds = [PersonKind.OFFICER, PersonKind.OFFICER, PersonKind.AUXILIARY]
    return Seen(
        inspection=Inspection(
            id=UUID(int=1), unit_id=UUID(int=3), source=chance.choice(list(Source)), title="",
            enterprise=Enterprise(chance.choice(["", "92420102MADEM00114"]), "", ""),
            approved_at=chance.choice([None, AT, AT + timedelta(seconds=50)]),
        ),
        operations=told,
        fields=merged(told),
        credentials={
            author: CredentialStanding(chance.choice(kinds), (), chance.choice(reasons), partly=False)
            for author in AUTHORS
            if chance.random() < 0.8
        },
        evidence={id_: chance.choice(list(EvidenceState)) for id_ in EVIDENCE if chance.random() < 0.7},
        digests={id_: SHA for id_ in EVIDENCE if chance.random() < 0.7},
        points=chance.choice([[], ["F", "G"]]),
        not_allowed=chance.choice([[], ["NOISE"]]),
        no_penalty=chance.choice([None, *NoPenaltyKind]),
        urgent_approval=timedelta(hours=24),
        now=AT + chance.choice([timedelta(hours=1), timedelta(days=2)]),
    )  # fmt: skip


def as_the_phone_sees_it(seen: Seen) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(seen)
    for one in plain["operations"]:
        one["replaces"] = sorted(one["replaces"])
    now, within = int(seen.now.timestamp() * 1000), int(seen.urgent_approval.total_seconds() * 1000)
    return plain | {"now": now, "urgent_approval": within}


async def test_what_the_app_finds_missing_is_what_the_server_finds(browser: Browser, city: City) -> None:
    chance = random.Random(20261125)
    seen = [what_is_seen(chance) for _ in range(600)]
    expected = [
        [
            msgspec.to_builtins(
                (gap.code, gap.key, gap.details, gap.evidence_id, gap.phone_id, gap.person_id, gap.waived)
            )
            for gap in gaps(one)
        ]
        for one in seen
    ]
    async with a_phone_tab(browser, city) as phone:
        await phone.open()
        found = await phone.page.evaluate(
            "(all) => import('/app/engine/gaps.js').then(({gaps}) => all.map((seen) => gaps(seen).map((gap) =>"
            " [gap.code, gap.key, gap.details, gap.evidence_id, gap.phone_id, gap.person_id, gap.waived])))",
            [as_the_phone_sees_it(one) for one in seen],
        )
    for one, other in zip(found, expected, strict=True):
        assert sorted(one) == sorted(map(list, other))
    assert {gap[0] for one in expected for gap in one} == set(Code)


async def test_without_a_network_the_phone_tells_all_that_is_missing_and_what_it_cannot_know(
    phone: PhoneTab, shots: Path
) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    inspection_id = await phone.engine("engine.inspections().then(([one]) => one.id)")
    await phone.engine(f"engine.tell('{inspection_id}', {{type: 'JOINED'}})")
    await phone.settled()
    codes = "all.filter(({unknown}) => !unknown).map(({key}) => key).sort()"
    online = await phone.engine(f"engine.gaps('{inspection_id}').then((all) => {codes})")
    await phone.context.set_offline(True)
    assert await phone.engine(f"engine.ownGaps('{inspection_id}').then(({{gaps: all}}) => {codes})") == online
    await phone.open(f"#/visit/{inspection_id}/close")
    await phone.page.get_by_text("以下由本机按同样的规则核对").wait_for()
    await phone.page.get_by_text("没有扫码入企记录").wait_for()
    await phone.page.screenshot(path=shots / "missing.png", full_page=True)
