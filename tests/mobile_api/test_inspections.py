"""The phone's inspections over HTTP: each operation answered by itself, changes by cursor, what is missing in words."""

import gzip
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act, Checklist, ItemVersion, NoPenaltyEntry, NoPenaltyKind, Point
from agency.model import SupervisionCode
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.http import MAX_JSON_BYTES
from tests.inspection.builders import a_task, told
from tests.mobile_api.conftest import SignedIn

CONFORMS = {"type": "FINDING", "item": "F-01", "result": "CONFORMS"}


async def push(signed_in: SignedIn, *operations: str) -> list[dict[str, Any]]:
    answer = await signed_in.client.post("/mobile/v1/operations", json={"operations": list(operations)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_each_operation_of_a_batch_is_answered_by_itself(phone: SignedIn, database: Database) -> None:
    task = await a_task(database, SystemClock(), phone.officer)
    good = told(phone.officer, task.id, CONFORMS)
    recorded, refused = await push(phone, good, "nonsense")
    assert (recorded["result"], recorded["problem"]) == ("RECORDED", None)
    assert refused["result"] == "REFUSED"
    assert refused["problem"]["type"] == "/problems/operation-not-signed"
    [known] = await push(phone, good)
    assert known["result"] == "KNOWN"


async def push_packed(signed_in: SignedIn, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return await signed_in.client.post("/mobile/v1/operations", content=body, headers=headers)


async def test_a_batch_may_come_compressed(phone: SignedIn, database: Database) -> None:
    task = await a_task(database, SystemClock(), phone.officer)
    body = msgspec.json.encode({"operations": [told(phone.officer, task.id, CONFORMS)]})
    answer = await push_packed(phone, gzip.compress(body))
    assert [one["result"] for one in answer.json()["results"]] == ["RECORDED"]


async def test_what_a_compressed_body_holds_is_held_to_the_same_limit(phone: SignedIn) -> None:
    answer = await push_packed(phone, gzip.compress(b" " * 300_000_000, 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    answer = await push_packed(phone, gzip.compress(b'{"operations":["x"]}' + b" " * (MAX_JSON_BYTES - 20)))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b'{"operations":["x"]}')[:-4], 2 * gzip.compress(b'{"operations":["x"]}')],
    ids=["nothing", "not compressed", "cut off", "more after it"],
)
async def test_a_body_that_is_not_one_whole_compressed_one_is_malformed(phone: SignedIn, body: bytes) -> None:
    answer = await push_packed(phone, body)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


async def test_a_pull_tells_what_changed_since_the_cursor(phone: SignedIn, database: Database) -> None:
    task = await a_task(database, SystemClock(), phone.officer)
    first = (await phone.client.get("/mobile/v1/changes")).json()
    assert [one["id"] for one in first["inspections"]] == [str(task.id)]
    nothing = (await phone.client.get("/mobile/v1/changes", params={"after": first["cursor"]})).json()
    assert nothing == {"cursor": first["cursor"], "more": False, "inspections": [], "gone": []}
    await push(phone, told(phone.officer, task.id, CONFORMS))
    changed = (await phone.client.get("/mobile/v1/changes", params={"after": first["cursor"]})).json()
    assert changed["inspections"][0]["operations"][0]["what"] == CONFORMS


async def test_a_cursor_from_before_a_restore_is_told_everything_anew(phone: SignedIn, database: Database) -> None:
    task = await a_task(database, SystemClock(), phone.officer)
    answer = (await phone.client.get("/mobile/v1/changes", params={"after": "999999"})).json()
    assert [one["id"] for one in answer["inspections"]] == [str(task.id)]


async def test_what_is_missing_is_told_in_words_to_those_who_may_see_it(phone: SignedIn, database: Database) -> None:
    task = await a_task(database, SystemClock(), phone.officer)
    answer = await phone.client.get(f"/mobile/v1/inspections/{task.id}/gaps", headers={"Accept-Language": "en"})
    gaps = {gap["code"]: gap["words"] for gap in answer.json()["gaps"]}
    assert gaps["SCAN_IN_MISSING"] == "Nobody scanned in at the enterprise."
    unknown = await phone.client.get(f"/mobile/v1/inspections/{uuid4()}/gaps")
    assert unknown.status_code == httpx.codes.NOT_FOUND


async def test_the_reference_holds_the_supervision_codes_of_those_whom_the_unit_is_to_visit(
    phone: SignedIn, database: Database
) -> None:
    await a_task(database, SystemClock(), phone.officer)
    codes = [
        SupervisionCode("WH-1", "92420102MADEM00114", date(2020, 1, 1), None),
        SupervisionCode("WH-2", "92420102MADEM002XU", date(2020, 1, 1), None),
    ]
    async with database.transaction() as db:
        await agency.add_supervision_codes(db, codes, None, SystemClock().now())
    told_ = (await phone.client.get("/mobile/v1/reference")).json()
    assert told_["supervision_codes"] == {"WH-1": "92420102MADEM00114"}


async def test_the_reference_holds_what_the_unit_may_carry_out_and_is_sent_once(
    phone: SignedIn, database: Database
) -> None:
    unit_id = phone.officer.unit_id
    await _an_item_with_a_checklist(database, unit_id)
    answer = await phone.client.get("/mobile/v1/reference")
    told_ = answer.json()
    assert [item["code"] for item in told_["items"]] == ["NOISE"]
    assert [point["code"] for point in told_["checklists"][0]["items"]] == ["F-01"]
    assert [entry["code"] for entry in told_["no_penalty"]] == ["NP-1"]
    assert told_["colleagues"][0]["credential_no"] == "X-officer-a"
    again = await phone.client.get("/mobile/v1/reference", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == httpx.codes.NOT_MODIFIED


async def test_points_of_the_checklist_without_a_finding_are_missing(phone: SignedIn, database: Database) -> None:
    await _an_item_with_a_checklist(database, phone.officer.unit_id)
    task = await a_task(database, SystemClock(), phone.officer, items=["NOISE"], checklist="CATERING")
    answer = await phone.client.get(f"/mobile/v1/inspections/{task.id}/gaps")
    assert "FINDING_MISSING:F-01" in [gap["key"] for gap in answer.json()["gaps"]]


async def _an_item_with_a_checklist(database: Database, unit_id: UUID) -> None:
    now, begins = SystemClock().now(), date(2020, 1, 1)
    item = ItemVersion(
        code="NOISE",
        act=Act.INSPECTION,
        name_zh="环境噪声",
        name_en="Noise",
        legal_basis="噪声污染防治法",
        unit_id=unit_id,
        begins=begins,
    )
    checklist = Checklist(
        code="CATERING",
        version=1,
        unit_id=unit_id,
        title="餐饮单位",
        items=(Point("F-01", "排风机噪声", "—"),),
        item_codes=("NOISE",),
        begins=begins,
    )
    penalty = msgspec.structs.replace(item, code="NOISE-PENALTY", act=Act.PENALTY)
    entry = NoPenaltyEntry(
        code="NP-1",
        kind=NoPenaltyKind.FIRST_OFFENCE,
        unit_id=unit_id,
        item="NOISE-PENALTY",
        text="首次使用高音喇叭招揽顾客",
        conditions="当场停止",
        begins=begins,
    )
    async with database.transaction() as db:
        await items.add_version(db, item, now, None)
        await items.add_version(db, penalty, now, None)
        await items.add_checklist(db, checklist, now, None)
        await items.add_no_penalty(db, entry, now, None)
