"""The published vectors are what the server and the simulated phone make of these bytes; the app's part is in app/."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey
from msgspec.structs import replace

from agency import queries as agency
from agency.sign_in import digest, p256_public_key
from device_registry.scanning import tag_of
from evidence import signing
from foundation.database import Database
from inspection.model import Told
from plumbline.phone_simulator import shift
from plumbline.phone_simulator.officers import SimulatedOfficer
from plumbline.phone_simulator.plan import Plan
from plumbline.phone_simulator.store import Store
from plumbline.settings import Settings
from plumbline.walkthrough.receipts import ReceiptKeys
from tests.builders import LONG_AGO, a_unit
from tests.client import speaking_to
from tests.mobile_api.test_standing_list import read
from tests.mobile_api.vectors import statements
from tests.mobile_api.vectors.__main__ import FILES, FOLDER, made
from tests.mobile_api.vectors.keys import OFFICER_ID, PHONE, PHONE_ID, server_key
from tests.support import FixedClock

TOKEN = "of-the-vectors"


def vectors(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def named(name: str) -> pytest.MarkDecorator:
    """A test for each vector of a file."""
    return pytest.mark.parametrize("vector", vectors(name), ids=lambda vector: vector["name"])


@pytest.mark.parametrize("name", FILES)
def test_the_vectors_are_what_the_code_makes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_bytes() == made(name)


def test_there_is_an_operation_of_each_type_with_each_member() -> None:
    shown = {what["type"]: what.keys() - {"type"} for what in statements.EACH_TYPE}
    assert shown.keys() == {what.__struct_config__.tag for what in get_args(Told)}
    optional = {
        "note",
        "list_item",
        "name",
        "evidence_id",
        "recusal_note",
    }  # told by another vector, or never with these
    for what in get_args(Told):
        assert set(what.__struct_fields__) - shown[what.__struct_config__.tag] <= optional


@pytest_asyncio.fixture
async def phone(
    services: Settings, database: Database, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A server with the vectors' key, at their instant, and their phone signed in at it."""
    key = tmp_path / "key.pem"
    key.write_bytes(server_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    unit_id = await a_unit(database)
    async with database.transaction() as db:
        await db.execute(
            "insert into person (id, kind, name_zh, name_en, unit_id) values ($1, 'OFFICER', '甲', 'A', $2)",
            OFFICER_ID,
            unit_id,
        )
        await agency.add_credential(db, OFFICER_ID, "鄂A0001", "武汉市人民政府", date(2020, 1, 1), date(2035, 12, 31))
        await agency.open_account(db, "officer-a", OFFICER_ID, "")
        await db.execute(
            """
            insert into phone (id, person_id, label, algorithm, public_key, thumbprint, enrolled_at)
            values ($1, $2, '执法终端', 'ES256', $3, $4, $5)
            """,
            PHONE_ID,
            OFFICER_ID,
            p256_public_key(_public()),
            vectors("keys")["phone_thumbprint"],
            LONG_AGO,
        )
        await agency.add_token(db, digest(TOKEN), OFFICER_ID, PHONE_ID, LONG_AGO, datetime(2099, 1, 1, tzinfo=UTC))
    settings = replace(
        services, database_url=database_url, signing_key=str(key), database_connections=8,
        retention_days=statements.RETAINED.days,
    )  # fmt: skip
    async with speaking_to(settings, FixedClock(statements.RECEIVED)) as client:
        client.headers.update({"Authorization": f"Bearer {TOKEN}", "Accept-Language": "en"})
        yield client


def _public() -> dict[str, str]:
    return {name: value for name, value in PHONE.items() if name != "d"}


async def test_each_operation_is_answered_as_its_vector_says(phone: httpx.AsyncClient) -> None:
    told = {}
    for vector in vectors("operations"):
        answer = await phone.post("/mobile/v1/operations", json={"operations": [vector["jws"]]})
        assert answer.status_code == 200, answer.text
        [result] = answer.json()["results"]
        problem = result["problem"] or {}
        found = (result["result"], problem.get("type"), problem.get("field"))
        slug = vector.get("problem")
        expected = (vector["result"], slug and f"/problems/{slug}", vector.get("field"))
        assert found == expected, (vector["name"], result)
        if vector["result"] == "RECORDED":
            told[result["id"]] = vector
    [inspection] = (await phone.get("/mobile/v1/changes")).json()["inspections"]
    page = (FOLDER.parents[2] / "docs/api/phone.md").read_text("utf-8")
    members = inspection.keys() | inspection["operations"][0].keys() | inspection["enterprise"].keys()
    assert all(f'"{name}"' in page for name in members), members
    assert {one["id"] for one in inspection["operations"]} == told.keys()
    for one in inspection["operations"]:
        vector = told[one["id"]]
        assert one["what"] == vector["payload"]["what"]
        assert {name: one[name] for name in ("earliest", "latest")} == vector["kept"], vector["name"]
        assert (one["author"], one["phone"]) == (str(OFFICER_ID), str(PHONE_ID))


async def test_each_commitment_is_answered_as_its_vector_says(phone: httpx.AsyncClient) -> None:
    for vector in vectors("commitments"):
        answer = await phone.post("/mobile/v1/commitments", json={"jws": vector["jws"]})
        told = answer.json()
        if "problem" in vector:
            assert (told["type"], told.get("field")) == (f"/problems/{vector['problem']}", vector["field"]), told
        else:
            assert (answer.status_code, told["receipt"]) == (vector["status"], vector["receipt"]), vector["name"]


async def test_a_photograph_goes_from_its_commitment_to_receipt_2_as_its_vector_says(phone: httpx.AsyncClient) -> None:
    vector = vectors("evidence")
    body = base64.b64decode(vector["file"])
    committed = await phone.post("/mobile/v1/commitments", json={"jws": vector["commitment"]})
    assert committed.json()["receipt"] == vector["receipt_1"]
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(body)),
        "Upload-Metadata": vector["upload_metadata"],
        "Content-Type": "application/offset+octet-stream",
    }
    sent = await phone.post("/mobile/v1/uploads", headers=headers, content=body)
    assert (sent.status_code, sent.headers.get("Plumbline-Outcome")) == (201, vector["outcome"]), sent.text
    assert sent.headers["Plumbline-Receipt"] == vector["receipt_2"]


@named("receipts")
def test_a_receipt_lets_the_simulated_phone_wipe_or_not(vector: dict[str, Any]) -> None:
    facts = vectors("evidence")["facts"]
    expected = {"receipt": "SAFE_TO_WIPE"} | {name: facts[name] for name in ("evidence_id", "sha256", "size")}
    keys = ReceiptKeys(vectors("keys")["receipt_keys"])
    assert (keys.faults_of(vector["receipt"], expected) == []) == vector["may_wipe"]


def test_the_list_of_standings_says_what_its_vectors_say() -> None:
    listed = vectors("standings")
    for case in listed["cases"]:
        if case["light"] == "amber":
            assert f'"{case["said"]}"' not in listed["body"]
            continue
        told = read(listed["body"].encode(), tag_of(case["said"]), datetime.fromisoformat(case["at"]))
        names = ("reason", "valid_until", "days_overdue")
        reasons = [{name: why[name] for name in names if name in why} for why in told.reasons]
        assert (told.in_standing, reasons) == (case["light"] == "green", case["reasons"]), case


def test_what_the_simulated_phone_signs_is_what_the_vectors_sign() -> None:
    officer = SimulatedOfficer(OFFICER_ID, PHONE_ID, "鄂A0001", ECKey.import_key({**PHONE}), "")
    key = p256_public_key(_public())
    for vector in vectors("operations"):
        if "payload" not in vector:
            continue
        made_by_it = shift.signed(officer, "plumbline-operation+jws", vector["payload"])
        assert _said(made_by_it) == _said(vector["jws"])
        assert signing.payload_signed_by(made_by_it, "plumbline-operation+jws", "ES256", key)


def test_the_simulated_phone_tells_and_commits_in_the_form_of_the_vectors() -> None:
    officer = SimulatedOfficer(OFFICER_ID, PHONE_ID, "鄂A0001", ECKey.import_key({**PHONE}), "")
    told_at = {"server_time": "2026-06-15T01:00:00Z", "anchor": statements.ANCHOR}
    anchor = shift.anchored(told_at, shift.monotonic_ms() - 2, shift.monotonic_ms() - 1)
    store = Store()
    shift.work(officer, store, anchor, Plan(inspections=1, photographs=1), 0)
    members = {
        vector["payload"]["what"]["type"]: vector["payload"] for vector in vectors("operations") if "payload" in vector
    }
    clock = set(statements.READINGS)
    for jws in store.waiting.values():
        _, payload = _said(jws)
        like = members[payload["what"]["type"]]
        assert payload.keys() == {*like, "clock"}
        assert payload["what"].keys() <= like["what"].keys()
        assert payload["clock"].keys() == clock
    [photograph] = store.photographs
    _, payload = _said(photograph.commitment)
    everything = vectors("commitments")[1]["payload"]
    assert payload.keys() <= everything.keys()


def _said(jws: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = (base64.urlsafe_b64decode(part + "==") for part in jws.split("."))
    return json.loads(header), json.loads(payload)
