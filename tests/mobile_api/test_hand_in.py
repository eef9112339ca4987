"""A revoked phone over HTTP: one narrow door, everything else is shut."""

import base64

from agency import queries as agency
from foundation.database import Database
from tests.builders import a_photo
from tests.mobile_api.conftest import OCTETS, TUS, SignedIn
from tests.support import FixedClock

BODY = a_photo(31)


async def prove(phone: SignedIn) -> str:
    challenge = (await phone.client.get("/mobile/v1/hand-in")).json()["challenge"]
    proof = phone.officer.sign({"challenge": challenge}, typ="plumbline-hand-in+jws")
    answer = await phone.client.post("/mobile/v1/hand-in", json={"proof": proof})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def test_a_revoked_phone_hands_in_its_queue_and_reads_nothing(
    phone: SignedIn, clock: FixedClock, database: Database
) -> None:
    evidence_id = await phone.commit(BODY, clock)
    captured = phone.commitment(a_photo(32), clock)
    async with database.transaction() as db:
        await agency.revoke_phone(db, phone.officer.phone_id, clock.now())
    shut = await phone.client.post("/mobile/v1/commitments", json={"jws": captured})
    assert (shut.status_code, shut.json()["type"]) == (401, "/problems/not-signed-in")

    phone.client.headers["Authorization"] = f"Bearer {await prove(phone)}"
    assert (await phone.client.post("/mobile/v1/commitments", json={"jws": captured})).status_code == 201
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    headers = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata}
    sent = await phone.client.post("/mobile/v1/uploads", headers=headers, content=BODY)
    assert (sent.status_code, bool(sent.headers["Plumbline-Receipt"])) == (201, True)
    assert (await phone.client.head(f"/mobile/v1/uploads/{evidence_id}", headers=TUS)).status_code == 200
    again = await phone.client.post(f"/mobile/v1/evidence/{evidence_id}/submission")
    assert again.headers["content-type"].startswith("application/")
    assert again.status_code in (200, 409)

    for path in (
        "/mobile/v1/evidence", f"/mobile/v1/evidence/{evidence_id}", "/mobile/v1/changes", "/desk/v1/me",
        "/mobile/v1/standing?device_tag=SLM-001", "/mobile/v1/time?nonce=12345678", "/desk/v1/devices",
    ):  # fmt: skip
        assert (await phone.client.get(path)).status_code == 401, path


async def test_every_route_that_a_proof_opens_only_takes_things_in(phone: SignedIn) -> None:
    routes = phone.client._transport.app.routes  # type: ignore[attr-defined]
    opened = {
        f"{method} {route.path}"
        for route in routes
        for handler in getattr(route, "route_handlers", [])
        if handler.opt.get("hand_in")
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert opened == {
        "POST /mobile/v1/commitments",
        "POST /mobile/v1/operations",
        "POST /mobile/v1/evidence/{evidence_id:uuid}/submission",
        "PUT /mobile/v1/evidence/{evidence_id:uuid}/thumbnail",
        "POST /mobile/v1/uploads",
        "HEAD /mobile/v1/uploads/{evidence_id:uuid}",
        "PATCH /mobile/v1/uploads/{evidence_id:uuid}",
        "POST /mobile/v1/uploads/{evidence_id:uuid}",
        "DELETE /mobile/v1/uploads/{evidence_id:uuid}",
        "GET /mobile/v1/offers",  # whether something was lost, and what to send again of what was offered: no more
        "POST /mobile/v1/offers",
    }
