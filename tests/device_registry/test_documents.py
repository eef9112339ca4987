"""Scans, kept on a real S3 server: locked, one row however often they come, and read by nobody beyond their reach."""

import asyncio
import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency.model import PersonKind, Role
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper, content_of, keep_document
from device_registry.queries.facts import DOCUMENTS
from device_registry.register import register_device
from evidence.custodian import Custodian
from foundation.media_type import XLSX, XML
from foundation.object_store import ObjectStore
from foundation.problem import TooLarge, TryLater
from plumbline.opening import document_keeper
from plumbline.settings import Settings, SettingsError
from tests.agency.builders import PASSWORD, City, a_city, a_person
from tests.client import speaking_to
from tests.device_registry.builders import a_registration
from tests.device_registry.dcc import a_certificate, a_party, signed
from tests.device_registry.real_data import real_data
from tests.support import FixedClock

PDF = b"%PDF-1.7\n"
ROOT = a_party("Root", authority=True)
LAB = a_party("Laboratory", ROOT)
CERTIFICATE = {
    "verified_on": "2026-05-04",
    "valid_until": "2027-05-03",
    "certificate_no": "LX2026-0504",
    "issuing_body": "武汉市计量测试检定所",
}
NOTICE = {"failed_on": "2026-06-01", "notice_no": "TZ-1", "issuing_body": "所"}


def a_scan(text: str) -> bytes:
    """No two tests have the same bytes: the object store outlives them all, and forgets nothing."""
    return PDF + text.encode() * 100


@pytest_asyncio.fixture
async def city(custodian: Custodian) -> City:
    city = await a_city(custodian.database)
    async with custodian.database.transaction() as db:
        for name, unit, role in (
            ("manager", city.east, Role.DEVICE_MANAGER),
            ("colleague", city.east, Role.DEVICE_MANAGER),
            ("west-manager", city.west, Role.DEVICE_MANAGER),
            ("supervisor", city.city, Role.SUPERVISOR),
            ("administrator", city.city, Role.ADMINISTRATOR),
            ("officer", city.east, Role.FIELD_OFFICER),
        ):
            await a_person(db, unit, kind=PersonKind.STAFF, sign_in_name=name, roles=(role,))
    return city


@pytest_asyncio.fixture
async def desk(
    services: Settings, database_url: str, clock: FixedClock, city: City, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    trust = tmp_path_factory.mktemp("trust") / "root.pem"
    trust.write_bytes(ROOT.pem)
    clock.instant = LAB.certificate.not_valid_before_utc.replace(year=2031)  # after the signing times of this run
    settings = replace(services, database_url=database_url, retention_days=36500, dcc_trust=str(trust))
    async with speaking_to(settings, clock) as client:
        yield client


async def by(client: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """The client, signed in as somebody."""
    client.headers.pop("Authorization", None)
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    client.headers["Accept-Language"] = "en"
    return client


async def added(client: httpx.AsyncClient, content: bytes, **parameters: str) -> str:
    answer = await client.post("/desk/v1/documents", content=content, params=parameters)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["sha256"]
    return found


def is_problem(answer: httpx.Response, status: int, slug: str, field: str | None = None) -> None:
    assert (answer.status_code, answer.json().get("type")) == (status, f"/problems/{slug}"), answer.text
    assert answer.json().get("field") == field


async def rows(custodian: Custodian, table: str = "document") -> list[dict[str, Any]]:
    async with custodian.database.connection() as db:
        return [dict(row) for row in await db.fetch(f"select * from {table}")]


async def a_meter(custodian: Custodian, unit_id: UUID) -> UUID:
    return (await register_device(custodian.database, custodian.clock, a_registration(unit_id=unit_id))).id


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (a_scan("kinds"), "application/pdf"),
        (b"\xff\xd8\xff\xe0 a photograph of a certificate", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n a screen shot", "image/png"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", XLSX),
        (a_certificate("kinds"), XML),
    ],
)
async def test_a_scan_of_every_kind_is_kept_locked_and_comes_back_byte_for_byte(
    desk: httpx.AsyncClient, custodian: Custodian, content: bytes, media_type: str
) -> None:
    client, sha256 = await by(desk, "manager"), hashlib.sha256(content).digest()
    kept = await client.post("/desk/v1/documents", content=content)
    assert kept.json() == {"sha256": sha256.hex(), "size": len(content), "media_type": media_type}
    [row] = await rows(custodian)
    found = await custodian.store.find(sha256)
    assert found is not None
    assert found.retained_until is not None
    assert abs((found.retained_until - row["retained_until"]).total_seconds()) < 1
    read = await client.get(f"/desk/v1/documents/{sha256.hex()}")
    assert (read.status_code, read.content) == (200, content)
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    assert read.headers["Content-Disposition"].startswith("attachment;")
    assert read.headers["Plumbline-Media-Type"] == media_type
    assert read.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "content", [b"", b"<html><script>alert(1)</script>", b"GIF89a", b"PK\x03\x04 a bomb", b"MZ\x90", b"plain text"]
)
async def test_anything_else_is_refused_and_nothing_is_kept(
    desk: httpx.AsyncClient, custodian: Custodian, content: bytes
) -> None:
    client = await by(desk, "manager")
    is_problem(await client.post("/desk/v1/documents", content=content), 422, "document-not-accepted", "file")
    named = {"file": ("certificate.pdf", content, "application/pdf")}
    is_problem(await client.post("/desk/v1/documents", files=named), 422, "document-not-accepted", "file")
    assert await rows(custodian) == []
    assert await custodian.store.find(hashlib.sha256(content).digest()) is None


async def test_a_form_without_its_file_is_malformed(desk: httpx.AsyncClient) -> None:
    client = await by(desk, "manager")
    for form in ({"file": (None, b"%PDF-")}, {"other": ("a.pdf", PDF)}):
        is_problem(await client.post("/desk/v1/documents", files=form), 400, "malformed", "file")


async def test_names_are_shown_without_folders_and_control_characters(
    desk: httpx.AsyncClient, custodian: Custodian
) -> None:
    client = await by(desk, "manager")
    for number, (name, shown) in enumerate(
        (
            ("检定证书 41.pdf", "检定证书 41.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\scans\\a.pdf", "a.pdf"),
            ('a".pdf', 'a".pdf'),
            ("a\r\nSet-Cookie: b=c", "aSet-Cookie: b=c"),
            ("a\0b\u202egpj.exe", "abgpj.exe"),
            ("x" * 999, "x" * 200),
        )
    ):
        sha256 = await added(client, a_scan(f"name {number}"), file_name=name)
        read = await client.get(f"/desk/v1/documents/{sha256}")
        _, _, encoded = read.headers["Content-Disposition"].partition("filename*=UTF-8''")
        assert httpx.QueryParams(f"name={encoded}")["name"] == shown
    form = {"file": ("证书.pdf", a_scan("a form"), "application/pdf")}
    assert (await client.post("/desk/v1/documents", files=form)).status_code == 201
    assert "证书.pdf" in {row["file_name"] for row in await rows(custodian, "document_addition")}
    for name in json.loads(real_data("hostile/crafted_hostile_filenames.json")):
        await added(client, a_scan("hostile names"), file_name=str(name)[:900])


async def test_the_same_file_from_two_people_at_once_is_one_document_which_both_may_read(
    desk: httpx.AsyncClient, custodian: Custodian, city: City
) -> None:
    keeper = DocumentKeeper(custodian.database, custodian.clock, custodian.store, custodian.retention)
    async with custodian.database.connection() as db:
        people = [row[0] for row in await db.fetch("select person_id from account order by person_id limit 4")]
    content = a_scan("from two at once")
    kept = await asyncio.gather(*(keep_document(keeper, in_chunks(content), person) for person in people))
    assert len({(document.stored.key, document.stored.version_id) for document in kept}) == 1
    assert len(await rows(custodian)) == 1
    assert {row["added_by"] for row in await rows(custodian, "document_addition")} == set(people)
    await keep_document(keeper, in_chunks(content), people[0], "again.pdf")
    assert len(await rows(custodian, "document_addition")) == len(people)


async def test_kept_again_later_the_longer_lock_is_entered(
    desk: httpx.AsyncClient, custodian: Custodian, clock: FixedClock
) -> None:
    client = await by(desk, "manager")
    await added(client, a_scan("a longer lock"))
    [first] = await rows(custodian)
    clock.instant = clock.instant.replace(year=2040)
    client = await by(desk, "manager")
    await added(client, a_scan("a longer lock"))
    [second] = await rows(custodian)
    assert second["retained_until"] > first["retained_until"]
    assert second | {"retained_until": None} == first | {"retained_until": None}


async def test_a_document_is_read_by_whoever_brought_it_and_by_whoever_may_read_the_device_of_its_fact(
    desk: httpx.AsyncClient, custodian: Custodian, city: City
) -> None:
    device_id = await a_meter(custodian, city.street.id)
    scans = {path: await added(await by(desk, "manager"), a_scan(path)) for path in FACTS}
    for path, sha256 in scans.items():
        for name in ("colleague", "west-manager", "supervisor", "administrator"):
            client = await by(desk, name)
            is_problem(await client.get(f"/desk/v1/documents/{sha256}"), 404, "document-not-found")
        client = await by(desk, "manager")
        fact = FACTS[path] | {"document_sha256": sha256}
        assert (await client.post(f"/desk/v1/devices/{device_id}/{path}", json=fact)).status_code == 201
        for name, status in (("colleague", 200), ("supervisor", 200), ("west-manager", 404), ("administrator", 404)):
            client = await by(desk, name)
            assert (await client.get(f"/desk/v1/documents/{sha256}")).status_code == status, name
        is_problem(await (await by(desk, "officer")).get(f"/desk/v1/documents/{sha256}"), 403, "not-allowed")


FACTS = {"verification-certificates": CERTIFICATE, "verification-failure-notices": NOTICE}


async def test_an_officer_adds_none_and_everybody_at_a_desk_may(desk: httpx.AsyncClient) -> None:
    client = await by(desk, "officer")
    is_problem(await client.post("/desk/v1/documents", content=a_scan("officer")), 403, "not-allowed")
    for name in ("administrator", "supervisor", "west-manager"):
        await added(await by(desk, name), a_scan("a desk"))


async def test_what_is_no_digest_is_no_document(desk: httpx.AsyncClient) -> None:
    client = await by(desk, "supervisor")
    for sha256 in ("00" * 32, "00" * 31, "x", "%00", "a b"):
        is_problem(await client.get(f"/desk/v1/documents/{sha256}"), 404, "document-not-found")


async def test_a_fact_names_no_document_that_is_not_kept(
    desk: httpx.AsyncClient, custodian: Custodian, city: City
) -> None:
    device_id, client = await a_meter(custodian, city.street.id), await by(desk, "manager")
    for path, fact in FACTS.items():
        address = f"/desk/v1/devices/{device_id}/{path}"
        unknown = fact | {"document_sha256": "07" * 32}
        is_problem(await client.post(address, json=unknown), 422, "document-not-kept", "document_sha256")
        assert (await client.post(address, json=fact)).status_code == 201, "old registers have no files"


async def test_every_kind_of_fact_that_may_come_with_a_document_is_held_to_one_that_is_kept(
    custodian: Custodian,
) -> None:
    async with custodian.database.connection() as db:
        held = await db.fetch("select conrelid::regclass::text from pg_constraint where conname ~ '_document_kept$'")
    assert {row[0] for row in held} == DOCUMENTS.keys()
    assert DOCUMENTS.keys() >= {"verification_certificate", "review", "announcement", "sign_check"}


async def test_a_file_that_is_too_large_is_refused(desk: httpx.AsyncClient, custodian: Custodian) -> None:
    client = await by(desk, "manager")
    answer = await client.post("/desk/v1/documents", content=PDF + bytes(MAX_DOCUMENT_BYTES + (1 << 17)))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    keeper = DocumentKeeper(custodian.database, custodian.clock, custodian.store, custodian.retention)
    with pytest.raises(TooLarge):
        await keep_document(keeper, in_chunks(PDF + bytes(MAX_DOCUMENT_BYTES)), UUID(int=0))
    assert await rows(custodian) == []


async def test_memory_stays_flat_whatever_the_size(custodian: Custodian, city: City) -> None:
    keeper = DocumentKeeper(custodian.database, custodian.clock, custodian.store, custodian.retention)
    async with custodian.database.connection() as db:
        person: UUID = await db.fetchval("select person_id from account limit 1")

    async def large() -> AsyncIterator[bytes]:
        yield PDF
        for number in range(MAX_DOCUMENT_BYTES // 65536 - 1):
            yield number.to_bytes(2) * 32768

    await keep_document(keeper, in_chunks(a_scan("to load what is loaded once")), person)
    tracemalloc.start()
    try:
        kept = await keep_document(keeper, large(), person)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.stored.size > MAX_DOCUMENT_BYTES - 70_000
    assert most < 6 << 20


async def test_while_the_store_is_away_nothing_is_entered_and_a_reader_is_told_to_come_back(
    custodian: Custodian, city: City
) -> None:
    nowhere = ObjectStore.open("http://127.0.0.1:1", "bucket-name", "us-east-1", "key", "secret")
    keeper = DocumentKeeper(custodian.database, custodian.clock, nowhere, custodian.retention)
    try:
        with pytest.raises(TryLater):
            await keep_document(keeper, in_chunks(a_scan("store away")), UUID(int=0))
        assert await rows(custodian) == []
        here = DocumentKeeper(custodian.database, custodian.clock, custodian.store, custodian.retention)
        async with custodian.database.connection() as db:
            person: UUID = await db.fetchval("select person_id from account limit 1")
        kept = await keep_document(here, in_chunks(a_scan("store away")), person)
        with pytest.raises(TryLater):
            await content_of(keeper, kept)
    finally:
        await nowhere.close()


async def test_the_application_can_neither_edit_nor_delete_what_it_entered(
    desk: httpx.AsyncClient, custodian: Custodian
) -> None:
    await added(await by(desk, "manager"), a_scan("for ever"))
    for statement in (
        "delete from document",
        "update document set size = 1",
        "update document set sha256 = decode(repeat('00', 32), 'hex')",
        "delete from document_addition",
        "update document_addition set file_name = 'another'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with custodian.database.connection() as db:
                await db.execute(statement)


async def test_an_xml_file_is_kept_only_if_it_is_a_certificate_that_nobody_changed(
    desk: httpx.AsyncClient, custodian: Custodian
) -> None:
    client, original = await by(desk, "manager"), signed(a_certificate("only if"), LAB)
    changed = original.replace(b"only if", b"or else")
    answer = await client.post("/desk/v1/documents", content=changed)
    is_problem(answer, 422, "digital-certificate-manipulated", "file")
    bomb = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha">]><d>&a;</d>'
    is_problem(await client.post("/desk/v1/documents", content=bomb), 422, "digital-certificate-unreadable", "file")
    assert await rows(custodian) == []
    await added(client, original)


async def test_a_digital_calibration_certificate_is_no_document_of_a_verification(
    desk: httpx.AsyncClient, custodian: Custodian, city: City
) -> None:
    device_id, client = await a_meter(custodian, city.street.id), await by(desk, "manager")
    calibration = {"document_sha256": await added(client, a_certificate("a calibration"))}
    for path, fact in FACTS.items():
        answer = await client.post(f"/desk/v1/devices/{device_id}/{path}", json=fact | calibration)
        is_problem(answer, 422, "calibration-only", "document_sha256")
    certificates = f"/desk/v1/devices/{device_id}/verification-certificates"
    answer = await client.post(certificates, json=CERTIFICATE | calibration | {"nature": "CALIBRATION"})
    assert answer.status_code == 201
    correction = {"superseded_id": answer.json()["id"], "reason": "读错了", "certificate": CERTIFICATE | calibration}
    answer = await client.post(f"/desk/v1/devices/{device_id}/corrections", json=correction)
    is_problem(answer, 422, "calibration-only", "document_sha256")


async def test_a_digital_certificate_is_read_for_the_form_and_set_beside_the_device(
    desk: httpx.AsyncClient, custodian: Custodian, city: City
) -> None:
    device_id, client = await a_meter(custodian, city.street.id), await by(desk, "manager")
    readings = "/desk/v1/digital-certificates/readings"
    certificate = signed(a_certificate("10042"), LAB)
    found = await client.post(readings, content=certificate, params={"device_id": str(device_id)})
    assert found.status_code == 200, found.text
    said = found.json()
    assert (said["nature"], said["signature"]["state"]) == ("CALIBRATION", "TRUSTED")
    assert said["signature"]["words"].startswith("The signature holds")
    [different] = said["differences"]
    assert (different["field"], different["device"], different["certificate"]) == ("serial_no", "10041", ["10042"])
    fits = signed(a_certificate("10041"), LAB)
    form = {"file": ("dcc.xml", fits, "application/xml")}
    answer = await client.post(readings, files=form, params={"device_id": str(device_id)})
    assert answer.json()["differences"] == []
    assert (await client.post(readings, content=fits)).json()["differences"] is None
    changed = certificate.replace(b"10042", b"10041")
    is_problem(await client.post(readings, content=changed), 422, "digital-certificate-manipulated", "file")
    is_problem(await client.post(readings, content=PDF), 422, "digital-certificate-unreadable", "file")
    stranger = await by(desk, "west-manager")
    unreached = await stranger.post(readings, content=fits, params={"device_id": str(device_id)})
    is_problem(unreached, 404, "device-not-found")
    assert await rows(custodian) == [], "reading keeps nothing"


async def test_the_keeper_of_the_program_knows_whom_to_trust_or_says_what_is_wrong(
    custodian: Custodian, services: Settings
) -> None:
    assert document_keeper(services, custodian).trust == b""
    with pytest.raises(SettingsError, match="PLUMBLINE_DCC_TRUST"):
        document_keeper(replace(services, dcc_trust="/nowhere"), custodian)


async def in_chunks(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 65536):
        yield content[at : at + 65536]
