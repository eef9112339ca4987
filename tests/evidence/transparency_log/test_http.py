"""A stranger with an HTTP client and SHA-256 follows an entry to a signed root."""

import base64
import hashlib
from datetime import date
from typing import Any

import httpx
import pytest

from evidence.custodian import Custodian
from evidence.transparency_log.rules import merkle
from evidence.transparency_log.rules.note import Note, VerifierKey, checkpoint_in
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from tests.builders import OfficerWithPhone
from tests.evidence.conftest import sign_in
from tests.evidence.test_admission import hand_in
from tests.evidence.transparency_log.conftest import Told


@pytest.fixture
async def grown(custodian: Custodian, log_signer: LogSigner, told: Told) -> None:
    await introduce(custodian.database, custodian.clock, log_signer)
    await told(300)
    while await integrate(custodian.database, custodian.clock, log_signer):
        pass


async def checkpoint(desk: httpx.AsyncClient) -> tuple[int, bytes]:
    """Of the open URL, its signature checked."""
    note = Note.parse((await desk.get("/log/v1/checkpoint", headers={"Authorization": ""})).text)
    keys = (await desk.get("/log/v1/keys", headers={"Authorization": ""})).json()["keys"]
    assert any(note.signed_by(VerifierKey.parse(key)) for key in keys)
    found = checkpoint_in(note.text)
    return found.size, found.root


def hashes(answer: httpx.Response) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(one) for one in answer.json()["hashes"]]


async def test_there_is_no_checkpoint_before_anything_happened(desk: httpx.AsyncClient) -> None:
    assert (await desk.get("/log/v1/checkpoint")).status_code == 404


async def test_a_stranger_finds_each_entry_of_a_piece_of_evidence_under_the_signed_root(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone, grown: None, log_signer: LogSigner
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, beginning_of(date(2026, 6, 1)))
    await integrate(custodian.database, custodian.clock, log_signer)
    answer = (await desk.get(f"/desk/v1/evidence/{evidence_id}/log")).json()
    note = Note.parse(answer["checkpoint"])
    assert any(note.signed_by(VerifierKey.parse(key)) for key in answer["keys"])
    signed = checkpoint_in(note.text)
    assert len(answer["entries"]) >= 4
    for entry in answer["entries"]:
        leaf = hashlib.sha256(b"\x00" + entry["leaf"].encode()).digest()
        proof = [base64.b64decode(one) for one in entry["proof"]]
        assert merkle.included(leaf, entry["index"], signed.size, proof, signed.root)
        lines = entry["leaf"].splitlines()
        assert lines[4] == str(evidence_id)
        for line, field in zip(lines[5:], ("actor", "phone", "details"), strict=True):
            opening = entry[field]
            assert hashlib.sha256(base64.b64decode(opening["salt"]) + opening["value"].encode()).hexdigest() == line
    assert str(officer.person_id) in {entry["actor"]["value"] for entry in answer["entries"]}


async def test_a_later_log_is_proved_to_begin_with_the_earlier_one(
    desk: httpx.AsyncClient, custodian: Custodian, grown: None, told: Told, log_signer: LogSigner
) -> None:
    earlier, before = await checkpoint(desk)
    await told(77)
    await integrate(custodian.database, custodian.clock, log_signer)
    later, after = await checkpoint(desk)
    assert (earlier, later) == (301, 378)
    answer = await desk.get("/log/v1/consistency-proof", params={"earlier": earlier, "later": later})
    assert merkle.consistent(earlier, later, hashes(answer), before, after)
    assert hashes(await desk.get("/log/v1/inclusion-proof", params={"index": 0, "size": 1})) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("inclusion-proof?index=0&size=302", 404),
        ("inclusion-proof?index=301&size=301", 400),
        ("inclusion-proof?index=-1&size=301", 400),
        ("inclusion-proof?index=0", 400),
        (f"inclusion-proof?index=0&size={1 << 80}", 400),
        ("consistency-proof?earlier=300&later=302", 404),
        ("consistency-proof?earlier=301&later=300", 400),
        ("consistency-proof?earlier=0&later=300", 400),
    ],
)
async def test_what_cannot_be_proved_is_refused(desk: httpx.AsyncClient, grown: None, path: str, status: int) -> None:
    answer = await desk.get(f"/log/v1/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_open_routes_tell_of_nobody(desk: httpx.AsyncClient, grown: None, person_id: Any) -> None:
    for path in ("checkpoint", "keys", "inclusion-proof?index=5&size=301", "consistency-proof?earlier=5&later=301"):
        answer = await desk.get(f"/log/v1/{path}", headers={"Authorization": ""})
        assert answer.status_code == 200
        assert str(person_id) not in answer.text


async def test_the_entries_are_for_those_who_may_read_the_evidence(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone, grown: None
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, beginning_of(date(2026, 6, 1)))
    assert (await desk.get(f"/desk/v1/evidence/{evidence_id}/log", headers={"Authorization": ""})).status_code == 401
    await sign_in(desk, "officer")
    assert (await desk.get(f"/desk/v1/evidence/{evidence_id}/log")).status_code == 403
