"""One inspection for programs at a desk: what the page shows, within reach, and each look leaves a trace."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import Role
from evidence.custodian import Custodian
from foundation.database import Database
from inspection.pushing import push
from plumbline.settings import Settings
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.inspection.builders import AT, a_task, told
from tests.support import FixedClock

CONFORMS = {"type": "FINDING", "item": "F-01", "result": "CONFORMS", "note": "灶台已清洗"}
LISTED = {"type": "EVIDENCE", "sha256": "0" * 64, "size": 9, "media_type": "image/jpeg", "shows": "灶台"}


@pytest_asyncio.fixture
async def client(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        yield client


async def signed_in(client: httpx.AsyncClient, database: Database, unit_id: Any, *roles: Role) -> str:
    name = f"desk-{uuid4().hex[:8]}"
    person_id = await somebody(database, unit_id, name, *roles)
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return str(person_id)


async def two_officers(custodian: Custodian) -> tuple[OfficerWithPhone, OfficerWithPhone]:
    unit_id = await a_unit(custodian.database)
    return await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)


async def test_a_program_is_told_what_the_page_shows(client: httpx.AsyncClient, custodian: Custodian) -> None:
    one, other = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, one, other)
    evidence_id = str(uuid4())
    whats: list[tuple[OfficerWithPhone, dict[str, Any]]] = [
        (one, {"type": "JOINED"}),
        (one, CONFORMS),
        (other, CONFORMS | {"note": "灶台有油污"}),
        (one, LISTED | {"evidence_id": evidence_id}),
    ]
    await push(custodian, [told(officer, task.id, what) for officer, what in whats], one.courier)
    person_id = await signed_in(client, custodian.database, one.unit_id, Role.SUPERVISOR)
    shown = (await client.get(f"/desk/v1/inspections/{task.id}")).json()
    assert (shown["id"], shown["state"], shown["enterprise"]["name"]) == (str(task.id), "UNDER_WAY", "演示餐饮店甲")
    assert {officer["person_id"]: officer["joined"] for officer in shown["officers"]} == {
        str(one.person_id): True,
        str(other.person_id): False,
    }
    [conflict] = shown["conflicts"]
    assert (conflict["key"], conflict["member"]) == ("finding:F-01", "note")
    assert {value["author"]: value["value"] for value in conflict["values"]} == {
        str(one.person_id): "灶台已清洗",
        str(other.person_id): "灶台有油污",
    }
    [evidence] = shown["evidence"]
    assert (evidence["evidence_id"], evidence["state"], evidence["shows"]) == (evidence_id, None, "灶台")
    assert evidence["phone_label"] == "执法终端"
    missing = {gap["code"]: gap for gap in shown["gaps"]}
    assert missing["EVIDENCE_NOT_RECEIVED"]["phone_id"] == str(one.phone_id)
    assert "扫码" in missing["SCAN_IN_MISSING"]["words"]
    assert {operation["what"]["type"] for operation in shown["operations"]} == {"JOINED", "FINDING", "EVIDENCE"}
    english = await client.get(f"/desk/v1/inspections/{task.id}", headers={"Accept-Language": "en"})
    assert "scanned in" in {gap["code"]: gap for gap in english.json()["gaps"]}["SCAN_IN_MISSING"]["words"]
    async with custodian.database.connection() as db:
        looked = await db.fetch("select actor_id from custody_entry where event = 'inspection:record:viewed'")
    assert [str(row["actor_id"]) for row in looked] == [person_id] * 2


async def test_nobody_sees_an_inspection_beyond_their_units_or_without_a_role_for_it(
    client: httpx.AsyncClient, custodian: Custodian
) -> None:
    one, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, one)
    path = f"/desk/v1/inspections/{task.id}"
    assert (await client.get(path)).status_code == 401
    await signed_in(client, custodian.database, await a_unit(custodian.database), Role.SUPERVISOR)
    assert (await client.get(path)).status_code == 404
    assert (
        await client.post(f"{path}/vouching", json={"phone_id": str(one.phone_id), "reason": "—"})
    ).status_code == 404
    await signed_in(client, custodian.database, one.unit_id, Role.DEVICE_MANAGER)
    assert (await client.get(path)).status_code == 403
    await signed_in(client, custodian.database, one.unit_id, Role.LEGAL_REVIEWER)
    assert (await client.get(path)).status_code == 200
    assert (
        await client.post(f"{path}/vouching", json={"phone_id": str(one.phone_id), "reason": "—"})
    ).status_code == 403


async def test_what_a_phone_told_after_its_revocation_says_so_until_somebody_answers_for_it(
    client: httpx.AsyncClient, custodian: Custodian
) -> None:
    one, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, one)
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, one.phone_id, AT)
    await push(custodian, [told(one, task.id, CONFORMS)], one.courier)
    await signed_in(client, custodian.database, one.unit_id, Role.ENTITY_HEAD)
    path = f"/desk/v1/inspections/{task.id}"
    shown = (await client.get(path)).json()
    assert ([one["counts"] for one in shown["operations"]], shown["state"]) == ([False], "PLANNED")
    body = {"phone_id": str(one.phone_id), "reason": "找回"}
    assert (await client.post(f"{path}/vouching", json=body)).json() == [shown["operations"][0]["id"]]
    again = await client.post(f"{path}/vouching", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-to-vouch-for")
    assert [one["counts"] for one in (await client.get(path)).json()["operations"]] == [True]
