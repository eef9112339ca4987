"""Thumbnails over HTTP: kept of what was committed to, looked at until the original is here, and never evidence."""

import io
from datetime import date
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import hashed
from evidence.custodian import Custodian
from evidence.thumbnail import MAX_BYTES
from foundation.database import Database
from inspection.pushing import push
from tests.builders import a_photo, a_unit
from tests.console.conftest import Desk, desk, somebody, text_of  # noqa: F401 - a fixture
from tests.inspection.builders import a_task, told
from tests.mobile_api.conftest import OCTETS, PASSWORD, SignedIn, sign_in
from tests.mobile_api.test_hand_in import prove
from tests.mobile_api.test_uploads import metadata
from tests.support import FixedClock

BODY = a_photo(41)
SMALL = a_photo(42, (24, 18))
LABEL = "终端自制的缩略图，未经核验，不是证据"


async def put(phone: SignedIn, evidence_id: object, picture: bytes = SMALL) -> httpx.Response:
    return await phone.client.put(f"/mobile/v1/evidence/{evidence_id}/thumbnail", content=picture)


async def kept(database: Database, evidence_id: str) -> bytes | None:
    async with database.connection() as db:
        picture: bytes | None = await db.fetchval(
            "select picture from evidence_thumbnail where evidence_id = $1", UUID(evidence_id)
        )
    return picture


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def upload(phone: SignedIn, evidence_id: str) -> None:
    headers = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    answer = await phone.client.post("/mobile/v1/uploads", headers=headers, content=BODY)
    assert answer.headers["Plumbline-Receipt"]


async def test_the_first_is_kept_and_again_changes_nothing(
    phone: SignedIn, clock: FixedClock, database: Database
) -> None:
    evidence_id = await phone.commit(BODY, clock)
    for picture in (SMALL, SMALL, a_photo(43, (24, 18))):
        answer = await put(phone, evidence_id, picture)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await kept(database, evidence_id) == SMALL


async def test_without_a_commitment_there_is_none(phone: SignedIn) -> None:
    assert refusal(await put(phone, uuid4())) == (404, "not-committed")


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (SMALL + bytes(MAX_BYTES + 1 - len(SMALL)), (413, "too-large")),
        (b"", (422, "thumbnail-refused")),
        (b"\x89PNG\r\n\x1a\n", (422, "thumbnail-refused")),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", (422, "thumbnail-refused")),
    ],
    ids=["too large", "nothing", "PNG", "SVG"],
)
async def test_what_is_no_small_jpeg_is_refused(
    phone: SignedIn, clock: FixedClock, database: Database, picture: bytes, expected: tuple[int, str]
) -> None:
    evidence_id = await phone.commit(BODY, clock)
    assert refusal(await put(phone, evidence_id, picture)) == expected
    assert await kept(database, evidence_id) is None


async def test_the_largest_is_taken(phone: SignedIn, clock: FixedClock, database: Database) -> None:
    largest = SMALL + bytes(MAX_BYTES - len(SMALL))
    evidence_id = await phone.commit(BODY, clock)
    assert (await put(phone, evidence_id, largest)).status_code == 204
    assert await kept(database, evidence_id) == largest


async def test_a_phone_of_another_unit_learns_nothing_of_it(
    phone: SignedIn, clock: FixedClock, database: Database
) -> None:
    evidence_id = await phone.commit(BODY, clock)
    elsewhere = await a_unit(database)
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.OFFICER, "执法人员乙", "Officer B", elsewhere)
        await agency.add_credential(db, person.id, "X-B", "武汉市人民政府", date(2020, 1, 1), date(2035, 12, 31))
        await agency.open_account(db, "officer-b", person.id, hashed(PASSWORD))
    stranger = await sign_in(phone.client, person.id, elsewhere, "officer-b")
    assert refusal(await put(stranger, evidence_id)) == (404, "not-committed")
    assert await kept(database, evidence_id) is None


async def test_a_revoked_phone_brings_those_of_what_its_key_signed(
    phone: SignedIn, clock: FixedClock, database: Database
) -> None:
    evidence_id = await phone.commit(BODY, clock)
    async with database.transaction() as db:
        await agency.revoke_phone(db, phone.officer.phone_id, clock.now())
    assert refusal(await put(phone, evidence_id)) == (401, "not-signed-in")
    phone.client.headers["Authorization"] = f"Bearer {await prove(phone)}"
    assert (await put(phone, evidence_id)).status_code == 204


async def test_the_desk_sees_it_made_anew_until_the_original_is_here(
    phone: SignedIn,
    desk: Desk,  # noqa: F811
    custodian: Custodian,
    clock: FixedClock,
) -> None:
    officer = phone.officer
    task = await a_task(custodian.database, clock, officer)
    evidence_id = await phone.commit(BODY, clock, inspection_id=task.id)
    listed = {"type": "EVIDENCE", "evidence_id": evidence_id, "sha256": "a" * 64, "size": len(BODY)}
    await push(custodian, [told(officer, task.id, listed | {"media_type": "image/jpeg"})], officer.courier)
    await put(phone, evidence_id, SMALL + b"<script>")
    await somebody(custodian.database, officer.unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(custodian.database, officer.unit_id, "head", Role.ENTITY_HEAD)
    await somebody(custodian.database, await a_unit(custodian.database), "stranger", Role.SUPERVISOR)
    pages = [f"/desk/inspections/{task.id}", f"/desk/evidence/{evidence_id}"]
    address = f"/desk/evidence/{evidence_id}/thumbnail"

    await desk.sign_in("stranger")
    assert (await desk.read(address)).status_code == 404
    await desk.sign_in("head")  # who sees inspections, and no evidence
    assert (await desk.read(address)).status_code == 403
    assert address not in (await desk.read(pages[0])).text
    await desk.sign_in("supervisor")
    for page in pages:
        seen = await desk.read(page)
        assert f'src="{address}"' in seen.text
        assert LABEL in text_of(seen)
    shown = await desk.read(address)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(shown.content)).size == (24, 18)
    assert b"<script>" not in shown.content

    await upload(phone, evidence_id)
    for page in pages:
        assert address not in (await desk.read(page)).text
    assert (await desk.read(address)).status_code == 404
    assert (await put(phone, evidence_id)).status_code == 204


async def test_none_is_kept_once_the_original_is_here(phone: SignedIn, clock: FixedClock, database: Database) -> None:
    evidence_id = await phone.commit(BODY, clock)
    await upload(phone, evidence_id)
    assert (await put(phone, evidence_id)).status_code == 204
    assert await kept(database, evidence_id) is None
