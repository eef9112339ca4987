"""A phone's day over HTTP: sign in, ask about a device, commit, upload, hand in, look."""

import base64
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx

from foundation.civil import end_of
from foundation.database import Database
from tests.builders import a_device, a_photo
from tests.mobile_api.conftest import OCTETS, SignedIn
from tests.support import FixedClock

BODY = a_photo(11)


async def commit(phone: SignedIn, clock: FixedClock, body: bytes = BODY, **facts: object) -> str:
    answer = await phone.client.post("/mobile/v1/commitments", json={"jws": phone.commitment(body, clock, **facts)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["evidence_id"])


async def upload(phone: SignedIn, evidence_id: str, body: bytes = BODY) -> httpx.Response:
    """The whole file with the creation of its upload."""
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    headers = OCTETS | {"Upload-Length": str(len(body)), "Upload-Metadata": metadata}
    return await phone.client.post("/mobile/v1/uploads", headers=headers, content=body)


async def test_a_photograph_goes_from_commitment_to_receipt(phone: SignedIn, clock: FixedClock) -> None:
    evidence_id = await commit(phone, clock)
    mine = (await phone.client.get(f"/mobile/v1/evidence/{evidence_id}")).json()
    assert (mine["state"], mine["receipt"]) == ("COMMITTED", None)
    sent = await upload(phone, evidence_id)
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (201, str(len(BODY)))
    assert sent.headers["Plumbline-Outcome"] == "ADMITTED"
    handed_in = await phone.client.post(f"/mobile/v1/evidence/{evidence_id}/submission")
    assert handed_in.status_code == 200
    assert handed_in.json()["receipt"] == sent.headers["Plumbline-Receipt"]
    mine = (await phone.client.get(f"/mobile/v1/evidence/{evidence_id}")).json()
    assert (mine["state"], mine["state_words"]) == ("ADMITTED", "已采纳，可作为证据")


async def test_evidence_of_an_overdue_device_is_answered_409_with_every_reason_in_the_readers_language(
    phone: SignedIn, clock: FixedClock, database: Database, unit_id: UUID
) -> None:
    meter = await a_device(database, clock, unit_id, verified=(date(2025, 5, 4), date(2026, 5, 3)))
    evidence_id = await commit(phone, clock, device_tag=meter.tag)
    assert (await upload(phone, evidence_id)).headers["Plumbline-Outcome"] == "HELD"
    for language, words in (("zh-CN", "2026 年 5 月 3 日"), ("en", "3 May 2026")):
        refused = await phone.client.post(
            f"/mobile/v1/evidence/{evidence_id}/submission", headers={"Accept-Language": language}
        )
        problem = refused.json()
        assert (refused.status_code, problem["type"]) == (409, "/problems/not-admissible")
        assert [reason["code"] for reason in problem["reasons"]] == ["VERIFICATION_OVERDUE"]
        assert words in problem["reasons"][0]["words"]
        assert problem["receipt"], "the bytes are safe all the same"


async def test_handing_in_before_the_bytes_are_here_says_so(phone: SignedIn, clock: FixedClock) -> None:
    evidence_id = await commit(phone, clock)
    early = await phone.client.post(f"/mobile/v1/evidence/{evidence_id}/submission")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-yet-received")
    unknown = await phone.client.post(f"/mobile/v1/evidence/{uuid4()}/submission")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not-committed")


async def test_the_standing_of_a_device_is_told_for_now_and_for_an_instant(
    phone: SignedIn, clock: FixedClock, database: Database, unit_id: UUID
) -> None:
    meter = await a_device(database, clock, unit_id, tag="SLM 041/甲", verified=(date(2025, 5, 4), date(2026, 5, 3)))
    url = "/mobile/v1/standing?device_tag=SLM%20041%2F%E7%94%B2"
    now = (await phone.client.get(url)).json()
    assert (now["tag"], now["outcome"]) == (meter.tag, "NOT_IN_STANDING")
    assert "不能作为证据" in now["words"]
    last_second = (end_of(date(2026, 5, 3)) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    then = (await phone.client.get(f"{url}&at={last_second}")).json()
    assert (then["outcome"], then["valid_until"]) == ("IN_STANDING", "2026-05-03")
    unknown = await phone.client.get("/mobile/v1/standing?device_tag=none", headers={"Accept-Language": "en"})
    assert unknown.json()["reasons"][0]["code"] == "DEVICE_UNKNOWN"
    naive = await phone.client.get(f"{url}&at=2026-05-03T10:00:00")
    assert (naive.status_code, naive.json().get("field")) == (400, "at"), naive.text


async def test_my_evidence_comes_in_pages_newest_first(phone: SignedIn, clock: FixedClock) -> None:
    made = []
    for seed in range(5):
        made.append(await commit(phone, clock, a_photo(seed)))
        clock.advance(timedelta(seconds=1))
    first = (await phone.client.get("/mobile/v1/evidence", params={"most": 3})).json()
    second = (await phone.client.get("/mobile/v1/evidence", params={"most": 3, "before": first["next"]})).json()
    shown = [one["evidence_id"] for one in first["evidence"] + second["evidence"]]
    assert shown == made[::-1]
    assert second["next"] is None


async def test_without_a_token_nothing_is_told(client: httpx.AsyncClient) -> None:
    client.headers.pop("Authorization", None)
    for method, path in (
        ("GET", "/mobile/v1/evidence"),
        ("POST", "/mobile/v1/commitments"),
        ("POST", "/mobile/v1/uploads"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")
