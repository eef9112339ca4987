"""Every collected hostile file, through commitment, upload and submission: judged or refused, kept, and survived.

`pytest -s tests/mobile_api/test_hostile_files.py` shows what became of each.
"""

import base64
import json
import mimetypes
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import hashed
from foundation.database import Database
from tests.builders import LONG_AGO, a_photo
from tests.evidence.real_data import REAL_DATA, files, needs_real_data
from tests.mobile_api.conftest import OCTETS, PASSWORD, SignedIn
from tests.support import FixedClock

HOSTILE_NAMES = REAL_DATA / "hostile" / "crafted_hostile_filenames.json"


class Fate(NamedTuple):
    """What became of a file: its media type by its bytes, the verdict or the problem, and why."""

    file: str
    media_type: str
    verdict: str
    reasons: str
    evidence_id: str = ""


@pytest_asyncio.fixture
async def supervisor(phone: SignedIn, database: Database, unit_id: UUID) -> dict[str, str]:
    """The headers of somebody who may read content back."""
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "监督员", "Supervisor", unit_id)
        await agency.grant(db, person.id, Role.SUPERVISOR, unit_id, LONG_AGO)
        await agency.open_account(db, "supervisor", person.id, hashed(PASSWORD))
    answer = await phone.client.post(
        "/desk/v1/sign-in", json={"sign_in_name": "supervisor", "password": PASSWORD}, headers={"Authorization": ""}
    )
    return {"Authorization": f"Bearer {answer.json()['token']}"}


@needs_real_data
async def test_every_hostile_file_is_judged_or_refused_and_none_is_lost(
    phone: SignedIn, clock: FixedClock, supervisor: dict[str, str], subtests: pytest.Subtests
) -> None:
    phone.client.headers["Accept-Language"] = "en"
    fates = []
    for file in files("hostile"):
        with subtests.test(file.name):
            body = file.read_bytes()
            fate = await fate_of(phone, clock, file.name, body)
            fates.append(fate)
            if fate.evidence_id:
                await reads_back(phone, supervisor, fate.evidence_id, body)
    print("\n" + table(fates))  # noqa: T201 - what -s is for
    assert len(fates) > 50
    assert (await phone.client.get("/ready")).status_code == 200
    fine = await fate_of(phone, clock, "fine.jpg", a_photo(99))
    assert fine[:4] == ("fine.jpg", "image/jpeg", "ADMITTED", "")


@needs_real_data
async def test_hostile_file_names_are_shown_or_refused_and_never_used(
    phone: SignedIn, clock: FixedClock, supervisor: dict[str, str], subtests: pytest.Subtests
) -> None:
    for number, name in enumerate(json.loads(HOSTILE_NAMES.read_text())):
        with subtests.test(name):
            jws = phone.commitment(a_photo(number), clock, file_name=name)
            answer = await phone.client.post("/mobile/v1/commitments", json={"jws": jws})
            if "\0" in name or len(name) > 255:
                assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed"), answer.text
                continue
            assert answer.status_code == 201, answer.text
            url = f"/desk/v1/evidence/{answer.json()['evidence_id']}"
            shown = await phone.client.get(url, headers=supervisor)
            assert shown.json()["facts"]["file_name"] == name
            assert shown.headers["Content-Type"] == "application/json"


async def fate_of(phone: SignedIn, clock: FixedClock, name: str, body: bytes) -> Fate:
    claimed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    jws = phone.commitment(body, clock, media_type=claimed, file_name=name)
    committed = await phone.client.post("/mobile/v1/commitments", json={"jws": jws})
    if committed.status_code != 201:
        return refused(name, committed)
    evidence_id = committed.json()["evidence_id"]
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    headers = OCTETS | {"Upload-Length": str(len(body)), "Upload-Metadata": metadata}
    sent = await phone.client.post("/mobile/v1/uploads", headers=headers, content=body)
    if sent.status_code != 201:
        return refused(name, sent)
    judged = await phone.client.post(f"/mobile/v1/evidence/{evidence_id}/submission")
    assert judged.status_code in (200, 409), judged.text
    assert judged.json()["receipt"] == sent.headers["Plumbline-Receipt"]
    mine = (await phone.client.get(f"/mobile/v1/evidence/{evidence_id}")).json()
    assert (mine["state"] == "ADMITTED") == (judged.status_code == 200)
    reasons = "; ".join(reason["words"] for reason in mine["reasons"])
    return Fate(name, mine["media_type"], mine["state"], reasons, evidence_id)


def refused(name: str, answer: httpx.Response) -> Fate:
    """A clear problem, not a failure."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    return Fate(name, "—", f"refused {answer.status_code}", f"{problem['detail']} ({problem.get('field')})")


async def reads_back(phone: SignedIn, supervisor: dict[str, str], evidence_id: str, body: bytes) -> None:
    content = await phone.client.get(f"/desk/v1/evidence/{evidence_id}/content", headers=supervisor)
    assert content.status_code == 200, content.text
    assert content.content == body
    assert content.headers["Content-Type"] == "application/octet-stream"
    assert content.headers["X-Content-Type-Options"] == "nosniff"


def table(fates: list[Fate]) -> str:
    rows = [Fate("file", "media type", "verdict", "reasons"), Fate("---", "---", "---", "---"), *fates]
    return "\n".join(f"| {' | '.join(row[:4])} |" for row in rows)
