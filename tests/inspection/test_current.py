"""An inspection closes when somebody asks and nothing is missing; a late arrival closes it, too."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act, Checklist, ItemVersion, NoPenaltyEntry, NoPenaltyKind, Point
from agency.model import SupervisionCode
from device_registry.queries import Policy, PolicyName, set_policy
from evidence import upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from foundation.civil import day_of
from foundation.clock import Clock
from inspection import queries
from inspection.current import derive, settle
from inspection.gaps import gaps_of, gaps_of_all
from inspection.model import Inspection, Source
from inspection.pulling import Feeds
from inspection.pushing import push
from inspection.tasks import approve
from tests.agency.enforcement_items.builders import an_item
from tests.builders import OfficerWithPhone, a_photo, a_unit, an_officer, in_chunks
from tests.inspection.builders import AT, a_task, told
from tests.inspection.documents.builders import digest, of_inspection
from tests.support import FixedClock


async def a_visit(
    custodian: Custodian,
    *,
    without: tuple[str, ...] = (),
    more: tuple[dict[str, Any], ...] = (),
    source: Source = Source.PLAN,
    open_items: Sequence[str] = (),
) -> tuple[Inspection, OfficerWithPhone]:
    """A visit of two officers that somebody asks to close."""
    unit_id = await a_unit(custodian.database)
    for code in open_items:
        await an_item(custodian.database, unit_id, code)
    a, b = await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, a, b, source=source, items=list(open_items))
    if source is not Source.URGENT:
        await approved(custodian, task, a, FixedClock(AT - timedelta(days=1)))
    record = of_inspection(task, a, b)
    of_record = {"type": "SIGNATURE", "document_sha256": digest(record)}
    whats: list[tuple[OfficerWithPhone, dict[str, Any]]] = [
        (a, {"type": "SCANNED_IN", "code": "92420102MADEM00114"}),
        *((one, {"type": "JOINED"}) for one in (a, b)),
        *((one, {"type": "CREDENTIAL_SHOWN", "credential_no": "1"}) for one in (a, b)),
        (a, {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"}),
        (a, {"type": "OUTCOME", "outcome": "PASS"}),
        (a, {"type": "CAP", "counts": True, "reason": "日常检查"}),
        *((a, what) for what in more),
        (a, {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": record}),
        *((one, of_record | {"signer": "OFFICER"}) for one in (a, b)),
        (a, of_record | {"signer": "PARTY", "evidence_id": str(uuid4())}),
        (a, {"type": "CLOSED"}),
    ]
    signed = [
        told(officer, task.id, what, earliest=AT + timedelta(minutes=number), latest=AT + timedelta(minutes=number))
        for number, (officer, what) in enumerate(whats)
        if what["type"] not in without
    ]
    assert {answer.result for answer in await push(custodian, signed, a.courier)} == {"RECORDED"}
    return task, a


async def approved(custodian: Custodian, task: Inspection, by: OfficerWithPhone, clock: Clock | None = None) -> None:
    async with custodian.database.transaction() as db:
        assert await approve(db, clock or custodian.clock, task.id, by.person_id)


async def state(custodian: Custodian, officer: OfficerWithPhone) -> str:
    answer = msgspec.json.decode(await Feeds(custodian.database).changes(officer.person_id, 0))
    return str(answer["inspections"][0]["state"])


async def test_a_whole_visit_closes(custodian: Custodian) -> None:
    _, officer = await a_visit(custodian)
    assert await state(custodian, officer) == "CLOSED"


async def test_a_visit_that_lacks_something_stays_open_until_somebody_answers_for_it(custodian: Custodian) -> None:
    task, officer = await a_visit(custodian, without=("SCANNED_IN",))
    assert await state(custodian, officer) == "UNDER_WAY"
    waiver = told(officer, task.id, {"type": "WAIVER", "gap": "SCAN_IN_MISSING", "reason": "企业无码"})
    await push(custodian, [waiver], officer.courier)
    assert await state(custodian, officer) == "CLOSED"


async def test_closing_counts_once_under_each_item_however_often_it_is_derived(custodian: Custodian) -> None:
    async def uses(code: str, year: int = 2026) -> list[tuple[Any, ...]]:
        async with custodian.database.connection() as db:
            return [msgspec.structs.astuple(one) for one in await items.uses_of(db, code, year)]

    open_visit, _ = await a_visit(custodian, without=("CLOSED",), open_items=["JC-2"])
    assert await uses("JC-2") == []
    task, officer = await a_visit(custodian, open_items=["JC-1", "JC-3"])
    for _ in range(2):
        async with custodian.database.transaction() as db:
            await derive(db, [task.id, open_visit.id], custodian.clock.now())
    assert await uses("JC-1") == await uses("JC-3") == [(officer.unit_id, day_of(AT), 1, 1)]
    assert await uses("JC-1", 2025) == [(officer.unit_id, day_of(AT), 0, 1)]
    assert await uses("JC-2") == []


@pytest.mark.parametrize(
    ("stands_for", "missing"),
    [(None, []), ("92420102MADEM00114", []), ("92420102MADEM002XU", ["OTHER_ENTERPRISE_SCANNED"])],
    ids=["an unknown code", "the enterprise's code", "another's code"],
)
async def test_a_supervision_code_that_was_scanned_is_the_enterprise_that_it_stands_for_on_that_day(
    custodian: Custodian, stands_for: str | None, missing: list[str]
) -> None:
    if stands_for:
        code = SupervisionCode("WH-1", stands_for, day_of(AT), None)
        async with custodian.database.transaction() as db:
            await agency.add_supervision_codes(db, [code], None, custodian.clock.now())
    task, officer = await a_visit(custodian, without=("SCANNED_IN", "CLOSED"))
    scanned = {"type": "SCANNED_IN", "code": "https://codes.example/e/WH-1", "manner": "QR"}
    await push(custodian, [told(officer, task.id, scanned)], officer.courier)
    async with custodian.database.connection() as db:
        found = await gaps_of(db, task.id, custodian.clock.now())
    assert [gap.code for gap in found] == missing


async def hold_urgent_to(custodian: Custodian, unit_id: UUID, hours: int, begins: date) -> None:
    policy = Policy(unit_id, PolicyName.URGENT_APPROVAL_HOURS, hours, begins, None, "市规定")
    async with custodian.database.transaction() as db:
        await set_policy(db, policy, custodian.clock.now(), None)


@pytest.mark.parametrize("hours", [None, 6, 72], ids=["where nobody says anything", "sooner", "later"])
async def test_an_urgent_visit_is_closed_until_its_approval_is_overdue_and_then_for_everybody_alike(
    custodian: Custodian, hours: int | None
) -> None:
    assert isinstance(custodian.clock, FixedClock)
    custodian.clock.advance(AT + timedelta(minutes=30) - custodian.clock.now())
    task, officer = await a_visit(custodian, source=Source.URGENT)
    if hours:
        await hold_urgent_to(custodian, task.unit_id, hours, day_of(AT))
        async with custodian.database.transaction() as db:
            await derive(db, [task.id], custodian.clock.now())
    due = AT + timedelta(hours=hours or 24)
    custodian.clock.advance(due - custodian.clock.now())
    await settle(custodian.database, custodian.clock.now())
    assert await state(custodian, officer) == "CLOSED"
    custodian.clock.advance(timedelta(microseconds=1))
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        assert [gap.code for gap in await gaps_of(db, task.id, now)] == ["NOT_APPROVED"]
    await settle(custodian.database, now, most=1)
    assert await state(custodian, officer) == "UNDER_WAY"
    await approved(custodian, task, officer)
    assert await state(custodian, officer) == "CLOSED"


async def test_what_a_government_asks_for_from_a_day_on_leaves_the_visits_before_alone(custodian: Custodian) -> None:
    task, _ = await a_visit(custodian, source=Source.URGENT, without=("CLOSED",))
    await hold_urgent_to(custodian, task.unit_id, 1, day_of(AT + timedelta(days=1)))
    async with custodian.database.connection() as db:
        assert await gaps_of(db, task.id, AT + timedelta(hours=23)) == []


async def a_visit_with_a_photograph(custodian: Custodian) -> tuple[Inspection, OfficerWithPhone, Callable[[], Any]]:
    """What it lacks is the photograph: calling the last lets its bytes arrive."""
    body, evidence_id = a_photo(), uuid4()
    listed = {
        "type": "EVIDENCE",
        "evidence_id": str(evidence_id),
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "media_type": "image/jpeg",
    }
    task, officer = await a_visit(custodian, more=(listed,))
    captured = datetime(2026, 6, 15, 3, tzinfo=UTC)
    await commit(custodian, officer.commitment(body, captured, evidence_id=evidence_id), officer.courier)

    async def arrive() -> None:
        await upload.begin(custodian, evidence_id, len(body), officer.courier)
        await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)

    return task, officer, arrive


async def test_a_photograph_that_arrives_late_closes_the_visit(custodian: Custodian) -> None:
    task, officer, arrive = await a_visit_with_a_photograph(custodian)
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        [gap] = await gaps_of(db, task.id, now)
        assert await queries.closing(db) == [task.id]
    assert (gap.code, gap.phone_id) == ("EVIDENCE_NOT_RECEIVED", officer.phone_id)
    assert await settle(custodian.database, now) == 0
    await arrive()
    assert await settle(custodian.database, now) == 1
    assert await state(custodian, officer) == "CLOSED"


async def test_visits_that_wait_for_ever_keep_no_other_waiting(custodian: Custodian) -> None:
    for _ in range(2):
        await a_visit(custodian, without=("SCANNED_IN",))
    _, officer, arrive = await a_visit_with_a_photograph(custodian)
    for _ in range(2):
        await a_visit(custodian, without=("SCANNED_IN",))
    await arrive()
    assert await settle(custodian.database, custodian.clock.now(), most=1) == 1
    assert await state(custodian, officer) == "CLOSED"


async def test_each_visit_is_held_to_the_checklist_of_its_own_day(custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    officer, now = await an_officer(custodian.database, unit_id), custodian.clock.now()
    item = ItemVersion(
        code="NOISE", act=Act.INSPECTION, name_zh="噪声", name_en="Noise", legal_basis="—", unit_id=unit_id,
        begins=date(2020, 1, 1),
    )  # fmt: skip
    lists = [
        Checklist(
            code="CATERING", version=1, unit_id=unit_id, title="餐饮", items=(Point(point, "—", "—"),),
            item_codes=("NOISE",), begins=begins,
        )
        for point, begins in (("OLD", date(2020, 1, 1)), ("NEW", date(2026, 6, 15)))
    ]  # fmt: skip
    tasks = [await a_task(custodian.database, custodian.clock, officer, checklist="CATERING") for _ in range(2)]
    async with custodian.database.transaction() as db:
        await items.add_version(db, item, now, None)
        for checklist in lists:
            await items.add_checklist(db, checklist, now, None)
    days = [AT - timedelta(days=1), AT]
    joined = [
        told(officer, task.id, {"type": "JOINED"}, earliest=at, latest=at) for task, at in zip(tasks, days, strict=True)
    ]
    await push(custodian, joined, officer.courier)
    async with custodian.database.connection() as db:
        known = await queries.inspections_by_id(db, [task.id for task in tasks])
        found = await gaps_of_all(db, known, await queries.operations_of(db, known), now)
    missing = [[gap.details["point"] for gap in found[task.id] if gap.code == "FINDING_MISSING"] for task in tasks]
    assert missing == [["OLD"], ["NEW"]]


async def test_a_visit_under_an_item_that_is_not_published_that_day_never_closes(custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    officer, now = await an_officer(custodian.database, unit_id), custodian.clock.now()
    async with custodian.database.transaction() as db:
        for code, begins in (("OLD", date(2020, 1, 1)), ("NEW", date(2026, 6, 16))):
            item = ItemVersion(
                code=code, act=Act.INSPECTION, name_zh="—", name_en="—", legal_basis="—", unit_id=unit_id,
                begins=begins,
            )  # fmt: skip
            await items.add_version(db, item, now, None)
    task = await a_task(custodian.database, custodian.clock, officer, items=["OLD", "NEW", "UNHEARD-OF"])
    await push(custodian, [told(officer, task.id, {"type": "JOINED"})], officer.courier)
    async with custodian.database.connection() as db:
        found = await gaps_of(db, task.id, now)
    assert [gap.details["item"] for gap in found if gap.code == "ITEM_NOT_ALLOWED"] == ["NEW", "UNHEARD-OF"]


async def test_no_penalty_rests_on_an_entry_of_that_list_on_that_day(custodian: Custodian) -> None:
    unit_id = await a_unit(custodian.database)
    officer, now = await an_officer(custodian.database, unit_id), custodian.clock.now()
    async with custodian.database.transaction() as db:
        item = ItemVersion(
            code="NOISE", act=Act.INSPECTION, name_zh="—", name_en="—", legal_basis="—", unit_id=unit_id,
            begins=date(2020, 1, 1),
        )  # fmt: skip
        await items.add_version(db, item, now, None)
        for code, begins in (("NP-1", date(2020, 1, 1)), ("NP-2", date(2026, 6, 16))):
            entry = NoPenaltyEntry(
                code=code, kind=NoPenaltyKind.MINOR, unit_id=unit_id, item="NOISE", text="—", conditions="—",
                begins=begins,
            )  # fmt: skip
            await items.add_no_penalty(db, entry, now, None)
    unfit = []
    for entry_code in ("NP-1", "NP-2", "NP-3"):
        task = await a_task(custodian.database, custodian.clock, officer)
        outcome = {"type": "OUTCOME", "outcome": "NO_PENALTY_MINOR", "list_item": entry_code}
        await push(custodian, [told(officer, task.id, outcome)], officer.courier)
        async with custodian.database.connection() as db:
            unfit += [gap.details["item"] for gap in await gaps_of(db, task.id, now) if gap.code.startswith("NO_P")]
    assert unfit == ["NP-2", "NP-3"]


async def test_evidence_listed_under_another_digest_is_told(custodian: Custodian) -> None:
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    task = await a_task(custodian.database, custodian.clock, officer)
    evidence_id = (await commit(custodian, officer.commitment(b"bytes", AT), officer.courier)).evidence_id
    what = {"type": "EVIDENCE", "evidence_id": evidence_id, "sha256": "0" * 64, "size": 5, "media_type": "image/jpeg"}
    await push(custodian, [told(officer, task.id, what)], officer.courier)
    async with custodian.database.connection() as db:
        found = await gaps_of(db, task.id, custodian.clock.now())
    assert [gap.evidence_id for gap in found if gap.code == "EVIDENCE_DIFFERS"] == [evidence_id]
