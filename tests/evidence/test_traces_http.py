"""The desk's routes for reverse traces: who sees which, pages, conclusions and what is refused."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from agency.sign_in import hashed
from device_registry.model import Device, VerificationFailureNotice
from evidence.custodian import Custodian
from plumbline.jobs import do_due
from plumbline.settings import Settings
from tests.builders import LONG_AGO, OfficerWithPhone, a_device, an_officer
from tests.client import speaking_to
from tests.evidence.conftest import PASSWORD, sign_in
from tests.evidence.test_admission import hand_in
from tests.evidence.test_http import CAPTURED
from tests.evidence.test_reassessment import learn
from tests.support import FixedClock

TRACES = "/desk/v1/traces"


@pytest_asyncio.fixture
async def desk(
    services: Settings, database_url: str, clock: FixedClock, custodian: Custodian, unit_id: UUID
) -> AsyncIterator[httpx.AsyncClient]:
    """A legal reviewer of `unit_id` and all below, signed in; a supervisor and a device manager have accounts too."""
    roles = {"legal": Role.LEGAL_REVIEWER, "supervisor": Role.SUPERVISOR, "manager": Role.DEVICE_MANAGER}
    async with custodian.database.transaction() as db:
        for name, role in roles.items():
            person = await agency.add_person(db, PersonKind.STAFF, name, name, unit_id)
            await agency.grant(db, person.id, role, unit_id, LONG_AGO)
            await agency.open_account(db, name, person.id, hashed(PASSWORD))
    async with speaking_to(replace(services, database_url=database_url, retention_days=36500), clock) as client:
        await sign_in(client, "legal")
        yield client


async def a_failed_meter(
    custodian: Custodian, officer: OfficerWithPhone, tag: str, captures: int
) -> tuple[Device, list[UUID]]:
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, tag=tag)
    captured = [
        (await hand_in(custodian, officer, CAPTURED + timedelta(minutes=minute), device_tag=tag))[0]
        for minute in range(captures)
    ]
    failure = VerificationFailureNotice(failed_on=date(2026, 6, 10), notice_no=f"F-{tag}", issuing_body="—")
    await learn(custodian, meter, failure)
    return meter, sorted(captured)


async def test_a_trace_is_worked_off_by_two_people(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    _, done = await a_failed_meter(custodian, officer, "SLM-1", 1)
    _, items = await a_failed_meter(custodian, officer, "SLM-2", 3)
    listed = (await desk.get(TRACES, headers={"Accept-Language": "en"})).json()["traces"]
    assert [(one["device_tag"], one["open"]) for one in listed] == [("SLM-2", 3), ("SLM-1", 1)], "the newest first"
    assert listed[0]["words"] == "The device failed its verification"
    trace = f"{TRACES}/{listed[0]['trace_id']}"

    pages = (await desk.get(trace, params={"most": 2})).json()
    following = (await desk.get(trace, params={"most": 2, "after": pages["next"]})).json()
    assert [one["evidence_id"] for one in (*pages["items"], *following["items"])] == [str(one) for one in items]
    assert following["next"] is None

    asked = {"evidence_ids": [str(one) for one in items[:2]], "conclusion": "KEEP", "reason": "误差有利于当事人"}
    assert (await desk.post(f"{trace}/conclusions", json=asked)).json() == {"items": 2}
    again = await desk.post(f"{trace}/conclusions", json=asked)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/trace-item-not-open")
    corrected = {"evidence_ids": [str(items[2])], "conclusion": "DECISION_TO_CORRECT", "reason": "已作处罚"}
    assert (await desk.post(f"{trace}/conclusions", json=corrected)).status_code == 201
    own = await desk.post(f"{trace}/confirmations", json={"evidence_ids": asked["evidence_ids"]})
    assert (own.status_code, own.json()["type"]) == (403, "/problems/concluder-confirms")

    await sign_in(desk, "supervisor")
    sent_back = {"evidence_ids": [str(items[0])], "reason": "未说明误差方向"}
    assert (await desk.post(f"{trace}/returns", json=sent_back)).status_code == 201
    confirmed = {"evidence_ids": [str(items[1]), str(items[2])]}
    assert (await desk.post(f"{trace}/confirmations", json=confirmed)).json() == {"items": 2}
    await do_due(custodian)
    shown = (await desk.get(trace)).json()
    counts = {name: shown["trace"][name] for name in ("open", "concluded", "kept", "excluded", "to_correct")}
    assert counts == {"open": 1, "concluded": 0, "kept": 1, "excluded": 0, "to_correct": 1}
    assert [one["evidence_state"] for one in shown["items"]] == ["UNDETERMINED", "ADMITTED", "HELD"]
    assert shown["items"][0]["answer"] == "未说明误差方向"
    only = (await desk.get(trace, params={"item_state": "CONFIRMED"})).json()["items"]
    assert [one["evidence_id"] for one in only] == confirmed["evidence_ids"]

    to_correct = (await desk.get("/desk/v1/re-examinations")).json()
    assert [one["evidence_id"] for one in to_correct["items"]] == [str(items[2])]

    other = f"{TRACES}/{listed[1]['trace_id']}"
    kept = {"evidence_ids": [str(done[0])], "conclusion": "EXCLUDE", "reason": "—"}
    await desk.post(f"{other}/conclusions", json=kept)
    await sign_in(desk, "legal")
    await desk.post(f"{other}/confirmations", json={"evidence_ids": kept["evidence_ids"]})
    first = (await desk.get(TRACES, params={"most": 1})).json()
    second = (await desk.get(TRACES, params={"most": 1, "after": first["next"]})).json()
    assert [one["device_tag"] for one in (*first["traces"], *second["traces"])] == ["SLM-2", "SLM-1"], "work first"
    assert second["next"] is None


async def test_traces_of_units_beyond_reach_do_not_exist(desk: httpx.AsyncClient, custodian: Custodian) -> None:
    async with custodian.database.transaction() as db:
        elsewhere = await agency.add_unit(db, UnitKind.CITY, "广州市", "Guangzhou", date(2020, 1, 1))
    _, items = await a_failed_meter(custodian, await an_officer(custodian.database, elsewhere.id), "SLM-3", 1)
    async with custodian.database.connection() as db:
        trace_id = await db.fetchval("select id from reverse_trace")
    assert (await desk.get(TRACES)).json() == {"traces": [], "next": None}
    asked = {"evidence_ids": [str(items[0])], "conclusion": "KEEP", "reason": "—"}
    for refused in (
        await desk.get(f"{TRACES}/{trace_id}"),
        await desk.get(f"{TRACES}/{uuid4()}"),
        await desk.post(f"{TRACES}/{trace_id}/conclusions", json=asked),
        await desk.post(f"{TRACES}/{trace_id}/confirmations", json={"evidence_ids": [str(items[0])]}),
    ):
        assert refused.status_code == 404, refused.text


async def test_only_reviewers_and_supervisors_look_at_traces(desk: httpx.AsyncClient) -> None:
    await sign_in(desk, "manager")
    asked = {"evidence_ids": [str(uuid4())], "conclusion": "KEEP", "reason": "—"}
    for refused in (
        await desk.get(TRACES),
        await desk.get("/desk/v1/re-examinations"),
        await desk.post(f"{TRACES}/{uuid4()}/conclusions", json=asked),
    ):
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")


async def test_what_makes_no_sense_is_refused_with_its_field(desk: httpx.AsyncClient) -> None:
    for body, field in (
        ({"evidence_ids": [], "conclusion": "KEEP", "reason": "—"}, "evidence_ids"),
        ({"evidence_ids": [str(uuid4())] * 201, "conclusion": "KEEP", "reason": "—"}, "evidence_ids"),
        ({"evidence_ids": [str(uuid4())], "conclusion": "FORGET", "reason": "—"}, "conclusion"),
        ({"evidence_ids": [str(uuid4())], "conclusion": "KEEP", "reason": "  "}, "reason"),
    ):
        refused = await desk.post(f"{TRACES}/{uuid4()}/conclusions", json=body)
        assert (refused.status_code, refused.json().get("field")) == (400, field), refused.text
