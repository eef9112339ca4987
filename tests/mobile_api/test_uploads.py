"""tus 1.0 as its specification says it: headers, extensions, and every malformed request told as a problem."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, UnitKind
from agency.sign_in import hashed
from evidence import upload
from evidence.upload_writer import PART_BYTES
from foundation.database import Database
from plumbline.opening import opened
from plumbline.settings import Settings
from tests.builders import a_photo
from tests.mobile_api.conftest import OCTETS, PASSWORD, TUS, SignedIn, sign_in
from tests.support import FixedClock

URL = "/mobile/v1/uploads"
BODY = a_photo(23)
KNOWN_CHECKSUMS = ["sha1", "sha256", "md5"]


def metadata(evidence_id: str) -> str:
    return "filename cGhvdG8uanBn,evidence_id " + base64.b64encode(evidence_id.encode()).decode()


def raw(headers: dict[str, str], **more: bytes | None) -> dict[bytes, bytes]:
    """Headers of which some are bytes that no client of ours would send; without those that are None."""
    odd = {name.replace("_", "-"): value for name, value in more.items() if value is not None}
    return {name.encode(): value.encode() for name, value in headers.items()} | {
        name.encode(): value for name, value in odd.items()
    }


def checksum(body: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = hashlib.new(algorithm, body, usedforsecurity=False).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def at(offset: int) -> dict[str, str]:
    return OCTETS | {"Upload-Offset": str(offset)}


async def begin(phone: SignedIn, evidence_id: str, size: int = len(BODY)) -> str:
    """The address of a new upload."""
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(evidence_id)}
    answer = await phone.client.post(URL, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


async def offset_of(phone: SignedIn, url: str) -> int:
    return int((await phone.client.head(url, headers=TUS)).headers["Upload-Offset"])


def is_problem(answer: httpx.Response, status: int, slug: str, field: str | None = None) -> None:
    """Every refusal is a problem that names the header it is about, and speaks tus."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert (problem["type"], problem["status"], problem.get("field")) == (f"/problems/{slug}", status, field)
    assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest_asyncio.fixture
async def evidence_id(phone: SignedIn, clock: FixedClock) -> str:
    return await phone.commit(BODY, clock)


@pytest_asyncio.fixture
async def url(phone: SignedIn, evidence_id: str) -> str:
    return await begin(phone, evidence_id)


async def test_what_the_server_can_do_is_told_without_a_token_or_a_version(client: httpx.AsyncClient) -> None:
    answer = await client.options(URL)
    assert answer.status_code == 204
    told = {name: value for name, value in answer.headers.items() if name.startswith("tus-")}
    assert told == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,termination,expiration,checksum",
        "tus-checksum-algorithm": "sha1,sha256,md5",
        "tus-max-size": str(4 << 30),
    }


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "HEAD", "overridden"])
async def test_another_version_of_tus_is_refused_and_ours_is_named(
    phone: SignedIn, evidence_id: str, url: str, method: str, subtests: pytest.Subtests
) -> None:
    created = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    asked = {
        "POST": phone.client.build_request("POST", URL, headers=created, content=BODY),
        "PATCH": phone.client.build_request("PATCH", url, headers=at(0), content=BODY),
        "DELETE": phone.client.build_request("DELETE", url),
        "HEAD": phone.client.build_request("HEAD", url),
        "overridden": phone.client.build_request("POST", url, headers={"X-HTTP-Method-Override": "DELETE"}),
    }[method]
    for version in (None, "0.2.2", "1.0.1", "", "1.0.0, 1.0.0"):
        with subtests.test(version):
            asked.headers.pop("Tus-Resumable", None)
            asked.headers.update({"Tus-Resumable": version} if version is not None else {})
            answer = await phone.client.send(asked)
            assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
            if method != "HEAD":
                is_problem(answer, 412, "tus-version-not-supported", "Tus-Resumable")
    assert await offset_of(phone, url) == 0


async def test_a_length_that_is_no_number_of_bytes_is_refused(
    phone: SignedIn, evidence_id: str, subtests: pytest.Subtests
) -> None:
    for length in (None, "", "abc", "-5", "+5", "1.5", "0x10", "1e3", "٣", "9" * 19, "9" * 5000):
        said = {"Upload-Metadata": metadata(evidence_id)}
        headers = raw(TUS | said, Upload_Length=None if length is None else length.encode())
        with subtests.test(length):
            is_problem(await phone.client.post(URL, headers=headers), 400, "malformed", "Upload-Length")


async def test_another_length_than_committed_is_refused(phone: SignedIn, evidence_id: str) -> None:
    for length in (0, len(BODY) - 1, len(BODY) + 1, 10**17):
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata(evidence_id)}
        is_problem(await phone.client.post(URL, headers=headers), 409, "length-differs", "Upload-Length")


async def test_a_deferred_length_is_refused_because_the_commitment_states_it(phone: SignedIn, evidence_id: str) -> None:
    headers = TUS | {"Upload-Defer-Length": "1", "Upload-Metadata": metadata(evidence_id)}
    for more in ({}, {"Upload-Length": str(len(BODY))}):
        is_problem(await phone.client.post(URL, headers=headers | more), 400, "malformed", "Upload-Defer-Length")


def of_id(text: bytes) -> bytes:
    return b"evidence_id " + base64.b64encode(text)


NO_ID = "Upload-Metadata.evidence_id"


NO_EVIDENCE: list[tuple[bytes | None, str]] = [
    (None, NO_ID),
    (b"", NO_ID),
    (b"filename cGhvdG8uanBn", NO_ID),
    (b"evidence_id", NO_ID),
    (b"evidence_id ", NO_ID),
    (of_id(b"17"), NO_ID),
    (of_id(b"1 or 1=1;--"), NO_ID),
    (b",".join(b"k%d Zm9v" % key for key in range(5000)), NO_ID),
    (b"evidence_id not*base64", "Upload-Metadata"),
    (b"evidence_id \xff\xfe", "Upload-Metadata"),
    (b"evidence_id Zm9", "Upload-Metadata"),
    (of_id(b"\xff\xfe"), "Upload-Metadata"),
    (of_id(str(uuid4()).encode()) + b"," + of_id(str(uuid4()).encode()), "Upload-Metadata"),
    (b"filename cGhvdG8uanBn,filename cGhvdG8uanBn," + of_id(str(uuid4()).encode()), "Upload-Metadata"),
]


async def test_metadata_that_names_no_evidence_is_refused(phone: SignedIn, subtests: pytest.Subtests) -> None:
    for said, field in NO_EVIDENCE:
        headers = raw(TUS | {"Upload-Length": "10"}, Upload_Metadata=said)
        with subtests.test(repr(said)[:80]):
            is_problem(await phone.client.post(URL, headers=headers), 400, "malformed", field)


async def test_evidence_that_nobody_committed_to_cannot_be_uploaded(phone: SignedIn) -> None:
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": metadata(str(uuid4()))}
    is_problem(await phone.client.post(URL, headers=headers), 404, "not-committed", "evidence_id")
    nowhere = f"{URL}/{uuid4()}"
    is_problem(await phone.client.patch(nowhere, headers=at(0), content=b"x"), 404, "not-committed", "evidence_id")
    is_problem(await phone.client.delete(nowhere, headers=TUS), 404, "not-committed", "evidence_id")
    assert (await phone.client.head(nowhere, headers=TUS)).status_code == 404


async def test_what_is_no_upload_address_is_told_as_a_problem_that_speaks_tus(phone: SignedIn, url: str) -> None:
    is_problem(await phone.client.patch(f"{URL}/not-a-uuid", headers=at(0)), 404, "not-found")
    is_problem(await phone.client.put(url, headers=at(0)), 405, "method-not-allowed")
    phone.client.headers.pop("Authorization")
    is_problem(await phone.client.patch(url, headers=at(0)), 401, "not-signed-in")


async def test_bytes_under_another_content_type_are_refused(
    phone: SignedIn, evidence_id: str, url: str, subtests: pytest.Subtests
) -> None:
    created = {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    for content_type in (None, "", "application/octet-stream", "image/jpeg", "application/json"):
        headers = {name: value for name, value in at(0).items() if name != "Content-Type"}
        headers |= {"Content-Type": content_type} if content_type is not None else {}
        with subtests.test(content_type):
            appended = await phone.client.patch(url, headers=headers, content=BODY)
            is_problem(appended, 415, "unsupported-content-type", "Content-Type")
            made = await phone.client.post(URL, headers=headers | created, content=BODY)
            is_problem(made, 415, "unsupported-content-type", "Content-Type")
    assert await offset_of(phone, url) == 0


async def test_an_offset_that_is_no_number_of_bytes_is_refused(
    phone: SignedIn, url: str, subtests: pytest.Subtests
) -> None:
    for offset in (None, "", "abc", "-1", "9" * 19):
        headers = OCTETS | ({"Upload-Offset": offset} if offset is not None else {})
        with subtests.test(offset):
            answer = await phone.client.patch(url, headers=headers, content=BODY)
            is_problem(answer, 400, "malformed", "Upload-Offset")


async def test_an_offset_where_the_upload_does_not_stand_is_refused(
    phone: SignedIn, url: str, subtests: pytest.Subtests
) -> None:
    for offset in (1, len(BODY), len(BODY) + 1, 10**17):
        with subtests.test(str(offset)):
            answer = await phone.client.patch(url, headers=at(offset), content=b"x")
            is_problem(answer, 409, "offset-differs", "Upload-Offset")
            assert answer.headers["Upload-Offset"] == "0"
    assert await offset_of(phone, url) == 0


@pytest.mark.parametrize("algorithm", KNOWN_CHECKSUMS)
async def test_bytes_with_a_wrong_checksum_are_refused_and_taken_with_the_right_one(
    phone: SignedIn, url: str, algorithm: str
) -> None:
    wrong = at(0) | checksum(b"other bytes", algorithm)
    refused = await phone.client.patch(url, headers=wrong, content=BODY[:50])
    is_problem(refused, 460, "checksum-mismatch", "Upload-Checksum")
    assert await offset_of(phone, url) == 0
    half = await phone.client.patch(url, headers=at(0) | checksum(BODY[:50], algorithm), content=BODY[:50])
    assert (half.status_code, half.headers["Upload-Offset"]) == (204, "50")
    rest = await phone.client.patch(url, headers=at(50) | checksum(BODY[50:], algorithm), content=BODY[50:])
    assert rest.headers["Plumbline-Outcome"] == "ADMITTED"


NO_CHECKSUM = [
    (b"crc32 AAAAAA==", "checksum-unknown"),
    (b"SHA-1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "checksum-unknown"),
    (b"", "checksum-unknown"),
    (b"sha1", "malformed"),
    (b"sha1 ", "malformed"),
    (b"sha1 not*base64", "malformed"),
    (b"sha1 \xe9\xe9", "malformed"),
    (b"sha1 Zm9v", "malformed"),
    (b"sha256 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "malformed"),
]


async def test_a_checksum_that_cannot_be_compared_is_refused_before_anything_happens(
    phone: SignedIn, evidence_id: str, subtests: pytest.Subtests
) -> None:
    created = {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    for said, slug in NO_CHECKSUM:
        headers = raw(at(0), Upload_Checksum=said)
        with subtests.test(repr(said)):
            made = await phone.client.post(URL, headers=headers | raw(created), content=BODY)
            is_problem(made, 400, slug, "Upload-Checksum")
            appended = await phone.client.patch(f"{URL}/{evidence_id}", headers=headers, content=BODY)
            is_problem(appended, 400, slug, "Upload-Checksum")
    assert (await phone.client.head(f"{URL}/{evidence_id}", headers=TUS)).status_code == 404


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_chunked_body_without_a_length_is_taken(phone: SignedIn, url: str) -> None:
    answer = await phone.client.patch(url, headers=at(0), content=chunked(BODY[:9], BODY[9:]))
    assert (answer.status_code, answer.headers["Plumbline-Outcome"]) == (204, "ADMITTED")


async def test_more_bytes_than_announced_are_refused_however_they_come(phone: SignedIn, evidence_id: str) -> None:
    created = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    url = f"{URL}/{evidence_id}"
    for answer in (
        await phone.client.post(URL, headers=created, content=chunked(BODY, b"x")),
        await phone.client.patch(url, headers=at(0), content=chunked(BODY, b"x" * 90)),
        await phone.client.patch(url, headers=at(0), content=BODY + b"x"),
    ):
        is_problem(answer, 413, "longer-than-committed")
    assert await offset_of(phone, url) == 0
    await phone.client.patch(url, headers=at(0), content=BODY[:60])
    is_problem(await phone.client.patch(url, headers=at(60), content=BODY), 413, "longer-than-committed")
    assert await offset_of(phone, url) == 60


async def test_an_empty_patch_moves_nothing(phone: SignedIn, url: str) -> None:
    answer = await phone.client.patch(url, headers=at(0), content=b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "0")


async def test_a_file_of_no_bytes_is_refused_before_it_can_be_uploaded(phone: SignedIn, clock: FixedClock) -> None:
    answer = await phone.client.post("/mobile/v1/commitments", json={"jws": phone.commitment(b"", clock)})
    assert (answer.status_code, answer.json()["type"], answer.json()["field"]) == (400, "/problems/malformed", "size")


async def test_the_state_of_an_upload_is_never_cached(phone: SignedIn, url: str) -> None:
    await phone.client.patch(url, headers=at(0), content=BODY[:77])
    answer = await phone.client.head(url, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Upload-Offset"] == "77"
    assert answer.headers["Upload-Length"] == str(len(BODY))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert "Plumbline-Receipt" not in answer.headers


async def test_a_terminated_upload_is_gone_and_may_begin_again(phone: SignedIn, evidence_id: str, url: str) -> None:
    await phone.client.patch(url, headers=at(0), content=BODY[:50])
    ended = await phone.client.delete(url, headers=TUS)
    assert (ended.status_code, ended.headers["Tus-Resumable"], ended.content) == (204, "1.0.0", b"")
    assert (await phone.client.head(url, headers=TUS)).status_code == 404
    is_problem(await phone.client.delete(url, headers=TUS), 404, "no-such-upload")
    is_problem(await phone.client.patch(url, headers=at(50), content=BODY[50:]), 404, "no-such-upload")
    assert await offset_of(phone, await begin(phone, evidence_id)) == 0


async def test_an_upload_says_when_it_expires_and_is_gone_then(
    phone: SignedIn, url: str, clock: FixedClock, services: Settings, database_url: str
) -> None:
    answer = await phone.client.patch(url, headers=at(0), content=BODY[:50])
    expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert expires > clock.now()
    settings = replace(services, database_url=database_url)
    async with opened(settings, clock) as custodian:
        assert await upload.drop_expired(custodian) == 0
        clock.instant = expires + timedelta(seconds=1)
        assert await upload.drop_expired(custodian) == 1
    await sign_in(phone.client, phone.officer.person_id, phone.officer.unit_id)
    assert (await phone.client.head(url, headers=TUS)).status_code == 404
    is_problem(await phone.client.patch(url, headers=at(50), content=BODY[50:]), 404, "no-such-upload")


async def test_networks_that_let_only_post_pass_may_override_the_method(phone: SignedIn, url: str) -> None:
    for method in ("PUT", "patch", ""):
        answer = await phone.client.post(url, headers=at(0) | {"X-HTTP-Method-Override": method}, content=BODY)
        is_problem(answer, 400, "malformed", "X-HTTP-Method-Override")
    is_problem(await phone.client.post(url, headers=at(0), content=BODY), 400, "malformed", "X-HTTP-Method-Override")
    sent = await phone.client.post(url, headers=at(0) | {"X-HTTP-Method-Override": "PATCH"}, content=BODY[:50])
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "50")
    assert (await phone.client.post(url, headers=TUS | {"X-HTTP-Method-Override": "DELETE"})).status_code == 204
    assert (await phone.client.head(url, headers=TUS)).status_code == 404


async def test_an_upload_asked_for_twice_is_the_same_upload(phone: SignedIn, evidence_id: str, url: str) -> None:
    await phone.client.patch(url, headers=at(0), content=BODY[:50])
    headers = TUS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    again = await phone.client.post(URL, headers=headers)
    assert (again.status_code, again.headers["Location"], again.headers["Upload-Offset"]) == (201, url, "50")


async def test_a_part_of_the_file_may_come_with_the_creation(phone: SignedIn, evidence_id: str) -> None:
    headers = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    made = await phone.client.post(URL, headers=headers | checksum(BODY[:50]), content=BODY[:50])
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "50")
    again = await phone.client.post(URL, headers=headers, content=BODY[:50])
    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (made.headers["Location"], "50")
    rest = await phone.client.patch(made.headers["Location"], headers=at(50), content=BODY[50:])
    assert rest.headers["Plumbline-Outcome"] == "ADMITTED"


async def test_who_lost_the_last_answer_finds_outcome_and_receipt_again(
    phone: SignedIn, evidence_id: str, url: str
) -> None:
    lost = await phone.client.patch(url, headers=at(0), content=BODY)
    found = await phone.client.head(url, headers=TUS)
    assert found.headers["Upload-Offset"] == str(len(BODY))
    sent_again = await phone.client.patch(url, headers=at(len(BODY)), content=b"")
    headers = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(evidence_id)}
    created_again = await phone.client.post(URL, headers=headers, content=BODY)
    for answer in (found, sent_again, created_again):
        for name in ("Plumbline-Outcome", "Plumbline-Receipt"):
            assert answer.headers[name] == lost.headers[name]
    is_problem(await phone.client.delete(url, headers=TUS), 404, "no-such-upload")


async def test_other_bytes_than_committed_are_told_and_the_upload_begins_anew(
    phone: SignedIn, evidence_id: str, url: str
) -> None:
    tampered = BODY[:-1] + bytes([BODY[-1] ^ 1])
    is_problem(await phone.client.patch(url, headers=at(0), content=tampered), 422, "digest-mismatch")
    assert (await phone.client.head(url, headers=TUS)).status_code == 404
    answer = await phone.client.patch(await begin(phone, evidence_id), headers=at(0), content=BODY)
    assert answer.headers["Plumbline-Outcome"] == "ADMITTED"


async def test_a_range_sent_again_with_other_bytes_is_told(phone: SignedIn, url: str) -> None:
    await phone.client.patch(url, headers=at(0), content=BODY[:50])
    same = await phone.client.patch(url, headers=at(0), content=BODY)
    is_problem(same, 409, "offset-differs", "Upload-Offset")
    other = await phone.client.patch(url, headers=at(0), content=b"x" * len(BODY))
    is_problem(other, 409, "range-differs")


async def test_a_part_of_several_megabytes_survives_a_restart_of_the_phone(phone: SignedIn, clock: FixedClock) -> None:
    body = a_photo(5) + bytes(PART_BYTES)
    url = await begin(phone, await phone.commit(body, clock), len(body))
    for begins in range(0, len(body), 3 << 20):
        assert await offset_of(phone, url) == begins
        answer = await phone.client.patch(url, headers=at(begins), content=body[begins : begins + (3 << 20)])
        assert answer.status_code == 204, answer.text
    assert answer.headers["Plumbline-Outcome"] == "ADMITTED"


async def test_somebody_of_another_unit_learns_nothing_of_an_upload(
    phone: SignedIn, url: str, database: Database
) -> None:
    async with database.transaction() as db:
        elsewhere = await agency.add_unit(db, UnitKind.CITY, "襄阳市", "Xiangyang", date(2020, 1, 1))
        stranger = await agency.add_person(db, PersonKind.OFFICER, "执法人员乙", "Officer B", elsewhere.id)
        await agency.open_account(db, "officer-b", stranger.id, hashed(PASSWORD))
    await sign_in(phone.client, stranger.id, elsewhere.id, "officer-b")
    is_problem(await phone.client.patch(url, headers=at(0), content=BODY), 404, "not-committed", "evidence_id")
    is_problem(await phone.client.delete(url, headers=TUS), 404, "not-committed", "evidence_id")
    assert (await phone.client.head(url, headers=TUS)).status_code == 404
