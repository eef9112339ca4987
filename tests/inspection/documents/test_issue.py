"""A document is issued once all have signed: numbered without gaps, locked, told to custody, read within reach only."""

import asyncio
import dataclasses
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import pypdf
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from evidence import upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from foundation.object_store import ObjectStore
from foundation.problem import TryLater
from inspection.documents.issue import issue
from inspection.documents.issuing import issue_when_signed
from inspection.documents.problems import DocumentContentRefused, InspectionDocumentNotFound
from inspection.documents.queries import Issued
from inspection.model import Inspection
from inspection.pushing import push
from plumbline.settings import Settings
from tests.agency.builders import PASSWORD, a_person
from tests.agency.builders import a_unit as another_unit
from tests.builders import OfficerWithPhone, a_unit, an_officer, in_chunks
from tests.client import speaking_to
from tests.inspection.builders import a_task, told
from tests.inspection.documents.builders import a_signature, digest, of_inspection
from tests.support import FixedClock


class Visit(NamedTuple):
    """An inspection by two officers."""

    custodian: Custodian
    task: Inspection
    first: OfficerWithPhone
    second: OfficerWithPhone

    def text(self, **members: Any) -> str:
        return of_inspection(self.task, self.first, self.second, **members)

    async def tell(self, officer: OfficerWithPhone, what: dict[str, Any], **more: Any) -> UUID:
        id_ = uuid4()
        signed = told(officer, self.task.id, what, id=id_, **more)
        [answer] = await push(self.custodian, [signed], officer.courier)
        assert answer.result == "RECORDED", answer.problem
        return id_

    async def read_out(self, text: str, kind: str = "ON_SITE_RECORD") -> None:
        await self.tell(self.first, {"type": "DOCUMENT", "kind": kind, "content": text})

    async def sign(self, officer: OfficerWithPhone, text: str, **more: Any) -> UUID:
        what = {"type": "SIGNATURE", "document_sha256": digest(text), "signer": "OFFICER"} | more
        return await self.tell(officer, what)

    async def refuse(self, text: str) -> None:
        what = {"type": "REFUSAL", "document_sha256": digest(text), "reason": "不愿签名", "witness_name": "见证人己"}
        await self.tell(self.first, what)


@pytest_asyncio.fixture
async def visit(custodian: Custodian) -> Visit:
    unit_id = await a_unit(custodian.database)
    first, second = [await an_officer(custodian.database, unit_id) for _ in range(2)]
    return Visit(custodian, await a_task(custodian.database, custodian.clock, first, second), first, second)


async def receive(custodian: Custodian, officer: OfficerWithPhone, body: bytes, captured: datetime) -> UUID:
    jws = officer.commitment(body, captured, media_type="image/png")
    evidence_id = (await commit(custodian, jws, officer.courier)).evidence_id
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
    return evidence_id


async def file_of(custodian: Custodian, issued: Issued) -> bytes:
    return b"".join([chunk async for chunk in custodian.store.read(issued.stored.key, issued.stored.version_id)])


def text_of(file: bytes) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages))


async def test_it_is_issued_when_every_officer_and_the_party_have_signed_and_not_before(visit: Visit) -> None:
    text, clock = visit.text(), visit.custodian.clock
    await visit.read_out(text)
    assert await issue_when_signed(visit.custodian, visit.task.id) == []
    await visit.sign(visit.first, text)
    await visit.sign(visit.second, text)
    assert await issue_when_signed(visit.custodian, visit.task.id) == []
    picture = a_signature((0, 0, uuid4().int % 200))
    party = await receive(visit.custodian, visit.first, picture, clock.now())
    await visit.sign(visit.first, text, signer="PARTY", name="现场负责人戊", evidence_id=party)
    [issued] = await issue_when_signed(visit.custodian, visit.task.id)
    assert await issue_when_signed(visit.custodian, visit.task.id) == []
    file = await file_of(visit.custodian, issued)
    assert sha256(file).digest() == issued.stored.sha256
    found = text_of(file)
    assert all(word in found for word in (visit.first.key.thumbprint(), "X-0", "X-1", sha256(picture).hexdigest()))
    assert issued.document_sha256.hex() == digest(text)
    async with visit.custodian.database.connection() as db:
        entries = await db.fetch(
            "select actor_id, details from custody_entry where event = 'inspection:document:issued'"
        )
    [(actor, details)] = entries
    assert actor == visit.first.person_id
    assert details["pdf_sha256"] == issued.stored.sha256.hex()
    assert details["number"] == issued.number == "检录〔2026〕0001号"


async def test_a_refusal_stands_for_the_partys_signature_and_for_no_officers(visit: Visit) -> None:
    text = visit.text()
    await visit.read_out(text)
    await visit.refuse(text)
    await visit.sign(visit.first, text)
    await visit.sign(visit.first, text)  # one sign-in never signs for two
    assert await issue_when_signed(visit.custodian, visit.task.id) == []
    await visit.sign(visit.second, text)
    [issued] = await issue_when_signed(visit.custodian, visit.task.id)
    found = text_of(await file_of(visit.custodian, issued))
    assert "当事人拒绝签名" in found
    assert "不愿签名" in found


async def test_a_drawn_signature_is_waited_for_and_nobody_elses_picture_is_printed(visit: Visit) -> None:
    text = visit.text()
    await visit.read_out(text)
    await visit.sign(visit.first, text)
    await visit.sign(visit.second, text)
    stranger = await an_officer(visit.custodian.database, await a_unit(visit.custodian.database))
    taken = await receive(visit.custodian, stranger, a_signature((9, 9, 9)), visit.custodian.clock.now())
    drawn = await visit.sign(visit.first, text, signer="PARTY", evidence_id=taken)
    assert await issue_when_signed(visit.custodian, visit.task.id) == []
    colleagues = await receive(visit.custodian, visit.second, a_signature((8, 8, 8)), visit.custodian.clock.now())
    waiting = {"type": "SIGNATURE", "document_sha256": digest(text), "signer": "PARTY", "evidence_id": colleagues}
    await visit.tell(visit.first, waiting, replaces=[drawn])
    assert len(await issue_when_signed(visit.custodian, visit.task.id)) == 1


async def test_what_was_signed_is_that_text_and_no_other(visit: Visit) -> None:
    old, new = visit.text(), visit.text(statement="后来补充")
    await visit.read_out(old)
    for officer in (visit.first, visit.second):
        await visit.sign(officer, old)
    await visit.read_out(new)
    await visit.refuse(new)
    assert await issue_when_signed(visit.custodian, visit.task.id) == []


async def test_content_that_is_none_or_of_another_inspection_is_left_aside(visit: Visit) -> None:
    other = of_inspection(
        await a_task(visit.custodian.database, visit.custodian.clock, visit.first), visit.first, visit.second
    )
    order = visit.text(which=1)
    good = visit.text()
    for text in ("{}", other, good):
        await visit.read_out(text)
    await visit.read_out(order, "ON_SITE_RECORD")  # says of itself that it is an order
    for text in ("{}", other, order, good):
        await visit.refuse(text)
        for officer in (visit.first, visit.second):
            await visit.sign(officer, text)
    assert [one.document_sha256.hex() for one in await issue_when_signed(visit.custodian, visit.task.id)] == [
        digest(good)
    ]
    with pytest.raises(DocumentContentRefused) as refused:
        await issue(visit.custodian, visit.task.id, other, visit.first.person_id)
    assert "另一次检查" in refused.value.spoken("zh-CN")["detail"]


async def test_an_unknown_inspection_has_no_documents(visit: Visit) -> None:
    unknown = of_inspection(replace(visit.task, id=uuid4()), visit.first, visit.second)
    with pytest.raises(InspectionDocumentNotFound):
        await issue(visit.custodian, UUID(unknown.split('"inspection_id":"')[1][:36]), unknown, visit.first.person_id)


async def test_the_same_content_issued_from_two_connections_at_once_is_one_document(visit: Visit) -> None:
    text = visit.text(which=1)
    both = await asyncio.gather(*(issue(visit.custodian, visit.task.id, text, visit.first.person_id) for _ in range(4)))
    assert len({(one.id, one.number, one.stored.sha256) for one in both}) == 1
    async with visit.custodian.database.connection() as db:
        assert await db.fetchval("select count(*) from inspection_document_file") == 1
        told = "select count(*) from custody_entry where event = 'inspection:document:issued'"
        assert await db.fetchval(told) == 1


async def test_numbers_have_no_gap_however_many_are_issued_at_once_and_whatever_fails(visit: Visit) -> None:
    texts = [visit.text(which=1, facts=f"事实 {number}") for number in range(6)]
    away = replace_store(visit.custodian)
    failed = await asyncio.gather(
        *(issue(away, visit.task.id, text, visit.first.person_id) for text in texts[:2]), return_exceptions=True
    )
    assert all(isinstance(one, TryLater) for one in failed)
    await away.store.close()
    issued = await asyncio.gather(
        *(issue(visit.custodian, visit.task.id, text, visit.first.person_id) for text in texts)
    )
    assert sorted(one.number for one in issued) == [f"责改〔2026〕{number:04d}号" for number in range(1, 7)]
    assert {one.number for one in issued[:2]} == {"责改〔2026〕0001号", "责改〔2026〕0002号"}


def replace_store(custodian: Custodian) -> Custodian:
    """With an object store that nobody answers for."""
    return dataclasses.replace(custodian, store=ObjectStore.open("http://127.0.0.1:9", "b", "r", "a", "s"))


async def test_history_is_refused_to_be_changed(visit: Visit) -> None:
    await issue(visit.custodian, visit.task.id, visit.text(which=1), visit.first.person_id)
    async with visit.custodian.database.connection() as db:
        for statement in (
            "update inspection_document set number = 'x'",
            "delete from inspection_document_file",
            "delete from inspection_document_count",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)


@pytest_asyncio.fixture
async def client(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


async def signed_in(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_it_is_read_by_its_unit_and_by_who_reaches_it_and_by_nobody_else(
    visit: Visit, client: httpx.AsyncClient
) -> None:
    issued = await issue(visit.custodian, visit.task.id, visit.text(which=1), visit.first.person_id)
    async with visit.custodian.database.transaction() as db:
        [own] = await agency.units_by_id(db, {visit.task.unit_id}, visit.custodian.clock.now().date())
        other = await another_unit(db, kind=UnitKind.CITY, division_code="420200")
        for name, unit, role in (
            ("colleague", own, Role.FIELD_OFFICER),
            ("supervisor", own, Role.SUPERVISOR),
            ("stranger", other, Role.SUPERVISOR),
            ("keeper", own, Role.DEVICE_MANAGER),
        ):
            kind = PersonKind.OFFICER if role is Role.FIELD_OFFICER else PersonKind.STAFF
            await a_person(db, unit, kind=kind, roles=(role,), sign_in_name=name)
    lists = [f"/{where}/v1/inspections/{visit.task.id}/documents" for where in ("desk", "mobile")]
    paper = f"/desk/v1/inspection-documents/{issued.id}"
    for name, status in (("colleague", 200), ("supervisor", 200), ("stranger", 404), ("keeper", 403)):
        headers = await signed_in(client, name)
        assert (await client.get(paper, headers=headers)).status_code == status
        assert (await client.get(lists[0], headers=headers)).status_code == status
        assert (await client.get(lists[1], headers=headers)).status_code == (404 if status == 403 else status)
    headers = await signed_in(client, "supervisor")
    for address in lists:
        [listed] = (await client.get(address, headers=headers)).json()["documents"]
        assert listed["number"] == issued.number
        assert listed["kind_words"] == "责令改正通知书"
    file = await client.get(paper, headers=headers)
    assert file.headers["Content-Type"] == "application/pdf"
    assert sha256(file.content).hexdigest() == listed["pdf_sha256"]
    assert (await client.get(paper)).status_code == 401
