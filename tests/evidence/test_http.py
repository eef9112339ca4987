"""The supervisor's desk over HTTP: search, look, read; each look and each reading leaves its entry."""

import hashlib
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from agency import queries as agency
from agency.model import UnitKind
from evidence.custodian import Custodian
from evidence.custody import Event
from foundation.civil import beginning_of
from foundation.words import catalogue
from tests.builders import OfficerWithPhone, a_device, a_photo, an_officer
from tests.evidence.conftest import sign_in
from tests.evidence.test_admission import hand_in

CAPTURED = beginning_of(date(2026, 6, 1))


async def test_a_search_narrows_by_state_reason_device_hash_and_time(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, verified=None)
    body = a_photo(12)
    held, _ = await hand_in(custodian, officer, CAPTURED, body, device_tag=meter.tag)
    admitted, _ = await hand_in(custodian, officer, CAPTURED + timedelta(days=1))
    searches: list[tuple[dict[str, str | list[str]], set[UUID]]] = [
        ({}, {held, admitted}),
        ({"states": "HELD"}, {held}),
        ({"states": ["HELD", "ADMITTED"]}, {held, admitted}),
        ({"reason": "NEVER_VERIFIED"}, {held}),
        ({"device_tag": meter.tag}, {held}),
        ({"sha256": hashlib.sha256(body).hexdigest()}, {held}),
        ({"captured_from": "2026-06-02T00:00:00+08:00"}, {admitted}),
        ({"captured_before": "2026-06-02T00:00:00+08:00"}, {held}),
        ({"officer_id": str(officer.person_id)}, {held, admitted}),
        ({"officer_id": str(uuid4())}, set()),
    ]
    for parameters, expected in searches:
        answer = await desk.get("/desk/v1/evidence", params=parameters)
        assert answer.status_code == 200, answer.text
        assert {UUID(one["evidence_id"]) for one in answer.json()["evidence"]} == expected, parameters


async def test_a_search_finds_what_was_captured_around_a_place_and_what_named_none_only_without_one(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    def at(longitude: float, latitude: float) -> dict[str, object]:
        return {"longitude": longitude, "latitude": latitude, "datum": "WGS84"}

    here, _ = await hand_in(custodian, officer, CAPTURED, place=at(114.30525, 30.59276))
    north, _ = await hand_in(custodian, officer, CAPTURED, place=at(114.30525, 30.59276 + 300 / 111_320))
    await hand_in(custodian, officer, CAPTURED, place=at(213.0, -95.0))  # as it was claimed
    await hand_in(custodian, officer, CAPTURED)

    async def found(**asked: str) -> set[UUID]:
        answer = await desk.get("/desk/v1/evidence", params=asked)
        assert answer.status_code == 200, answer.text
        return {UUID(one["evidence_id"]) for one in answer.json()["evidence"]}

    assert len(await found()) == 4
    assert await found(near="114.30525, 30.59276") == {here}
    assert await found(near="114.30525，30.59276", metres="290") == {here}
    assert await found(near="114.30525, 30.59276", metres="310") == {here, north}
    assert await found(near="114.3079,30.59276", metres="200") == set()  # 250 m to the east
    assert await found(near="0, 90", metres="1000") == set()
    for wrong in ("114.3", "Wuhan", "181, 30", "114, 91"):
        refused = await desk.get("/desk/v1/evidence", params={"near": wrong})
        assert (refused.status_code, refused.json()["field"]) == (400, "near")


async def test_a_supervisor_sees_the_units_below_and_no_others(
    desk: httpx.AsyncClient, custodian: Custodian, unit_id: UUID
) -> None:
    async with custodian.database.transaction() as db:
        begins = date(2020, 1, 1)
        district = await agency.add_unit(db, UnitKind.DISTRICT, "江岸区", "Jiang'an", begins, parent_id=unit_id)
        elsewhere = await agency.add_unit(db, UnitKind.CITY, "广州市", "Guangzhou", begins)
    below, _ = await hand_in(custodian, await an_officer(custodian.database, district.id), CAPTURED)
    beyond, _ = await hand_in(custodian, await an_officer(custodian.database, elsewhere.id), CAPTURED)
    found = (await desk.get("/desk/v1/evidence")).json()["evidence"]
    assert [UUID(one["evidence_id"]) for one in found] == [below]
    assert (await desk.get(f"/desk/v1/evidence/{below}")).status_code == 200
    for path in (f"/desk/v1/evidence/{beyond}", f"/desk/v1/evidence/{beyond}/content", f"/desk/v1/evidence/{uuid4()}"):
        assert (await desk.get(path)).status_code == 404


async def test_looking_and_reading_become_custody_entries_in_words(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = a_photo(13)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, body)
    original = await desk.get(f"/desk/v1/evidence/{evidence_id}/content")
    assert original.content == body
    assert "attachment" in original.headers["Content-Disposition"]
    assert original.headers["Content-Type"] == "application/octet-stream"
    shown = (await desk.get(f"/desk/v1/evidence/{evidence_id}", headers={"Accept-Language": "en"})).json()
    assert [entry["words"] for entry in shown["custody"]] == [
        "Commitment received",
        "Upload begun",
        "Bytes received whole and locked",
        "Admitted as evidence",
        "Original read",
        "Record viewed",
    ]
    assert shown["receipts"].keys() == {"COMMITTED", "SAFE_TO_WIPE"}
    assert shown["verdicts"][0]["inputs"]["captured_latest"]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"captured_from": "2026-06-02T00:00:00"}, "captured_from"),
        ({"captured_from": "2026-06-02T00:00:00Z", "captured_before": "2026-06-01T00:00:00Z"}, "captured_before"),
        ({"before": "yesterday"}, "before"),
        ({"before": "2026-06-02T00:00:00~no"}, "before"),
        ({"sha256": "xyz"}, "sha256"),
        ({"most": "0"}, "most"),
        ({"states": "LOST"}, "states[0]"),
        ({"officer_id": "me"}, "officer_id"),
    ],
)
async def test_a_search_that_makes_no_sense_names_its_parameter(
    desk: httpx.AsyncClient, parameters: dict[str, str], field: str
) -> None:
    refused = await desk.get("/desk/v1/evidence", params=parameters)
    assert (refused.status_code, refused.json().get("field")) == (400, field), refused.text


async def test_a_field_officer_does_not_reach_the_desks_evidence(desk: httpx.AsyncClient) -> None:
    await sign_in(desk, "officer")
    refused = await desk.get("/desk/v1/evidence")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")


def test_every_event_of_custody_has_its_words() -> None:
    for language in ("zh-CN", "en"):
        assert {f"custody.{event}" for event in Event} <= catalogue(language).keys()
