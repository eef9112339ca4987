"""Requests that no phone of ours sends: each a clear problem or a held item with its reason, never our failure."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from foundation.database import Database
from tests.builders import a_photo, an_officer
from tests.mobile_api.conftest import OCTETS, PASSWORD, SignedIn
from tests.support import FixedClock

URL = "/mobile/v1/commitments"
BODY = a_photo(31)


def is_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    problem: dict[str, Any] = answer.json()
    assert "Traceback" not in answer.text
    return problem


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_commitment_that_the_phones_key_did_not_sign_is_refused(
    phone: SignedIn, clock: FixedClock, database: Database, subtests: pytest.Subtests
) -> None:
    good = phone.commitment(BODY, clock)
    head, payload, signature = good.split(".")
    facts = json.loads(base64.urlsafe_b64decode(payload + "=="))
    officer = phone.officer
    protected = {"alg": "ES256", "kid": str(officer.phone_id), "typ": "plumbline-commitment+jws"}
    other = await an_officer(database, officer.unit_id)
    public = OctKey.import_key(json.dumps(officer.key.as_dict(private=False)).encode())
    hmac = jws.serialize_compact(protected | {"alg": "HS256"}, json.dumps(facts).encode(), public, algorithms=["HS256"])
    cases = {
        "empty": "",
        "no JWS": "hello",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.{signature}",
        "only dots": "..",
        "not base64": f"{head}.{payload}.***",
        "not ASCII": f"{head}.{payload}.照片",
        "NUL": good + "\0",
        "white space": f" {good}\n",
        "JSON serialisation": json.dumps({"payload": payload, "protected": head, "signature": signature}),
        "no algorithm": f"{part(protected | {'alg': 'none'})}.{payload}.",
        "public key as a secret": hmac,
        "unknown algorithm": f"{part(protected | {'alg': 'ES512'})}.{payload}.{signature}",
        "algorithm of another type": f"{part(protected | {'alg': 7})}.{payload}.{signature}",
        "header is no object": f"{part([1])}.{payload}.{signature}",
        "header is no JSON": f"{part(b'{')}.{payload}.{signature}",
        "header is deep": f"{part(b'[' * 5000)}.{payload}.{signature}",
        "header is not UTF-8": f"{part(bytes([255, 254]))}.{payload}.{signature}",
        "no kid": officer.sign(facts, kid=""),
        "kid is no UUID": officer.sign(facts, kid="phone 1"),
        "kid of nobody": officer.sign(facts, kid=str(uuid4())),
        "kid of somebody else": officer.sign(facts, kid=str(other.phone_id)),
        "another key": other.sign(facts, kid=str(officer.phone_id)),
        "a fresh key": jws.serialize_compact(protected, json.dumps(facts).encode(), ECKey.generate_key("P-256")),
        "key in the header": other.sign(facts, kid=str(officer.phone_id), jwk=other.key.as_dict(private=False)),
        "another type": officer.sign(facts, typ="JWT"),
        "changed payload": f"{head}.{part(facts | {'note': '改'})}.{signature}",
        "cut signature": good[:-8],
        "zero signature": f"{head}.{payload}.{part(bytes(64))}",
        "payload beside": f"{head}..{signature}",
    }
    for case, text in cases.items():
        with subtests.test(case):
            problem = is_problem(await phone.client.post(URL, json={"jws": text}), 422)
            assert (problem["type"], problem["field"]) == ("/problems/commitment-not-signed", "jws")
    assert (await phone.client.post(URL, json={"jws": good})).status_code == 201


ODD_FACTS: dict[str, dict[str, Any]] = {
    "evidence_id": {"evidence_id": "17"},
    "sha256": {"sha256": "A" * 64},
    "size": {"size": 0},
    "media_type": {"media_type": "image/jpeg\r\nX: y"},
    "captured_earliest": {"captured_earliest": "2026-06-15T12:00:00"},
    "captured_latest": {"captured_latest": 1781496000},
    "device_tag": {"device_tag": ""},
    "place": {"place": [114.3, 30.6]},
    "place.datum": {"place": {"longitude": 114.3, "latitude": 30.6, "datum": "MARS"}},
    "place.longitude": {"place": {"longitude": "114.3", "latitude": 30.6, "datum": "WGS84"}},
    "place.accuracy_metres": {"place": {"longitude": 114.3, "latitude": 30.6, "datum": "WGS84", "accuracy_metres": -1}},
    "file_name": {"file_name": "x" * 256},
    "note": {"note": "长" * 2001},
    "officer_id": {"officer_id": str(uuid4())},
}


async def test_signed_facts_that_do_not_fit_are_refused_by_the_name_of_the_field(
    phone: SignedIn, clock: FixedClock, subtests: pytest.Subtests
) -> None:
    for field, odd in ODD_FACTS.items():
        with subtests.test(field):
            answer = await phone.client.post(URL, json={"jws": phone.commitment(BODY, clock, **odd)})
            problem = is_problem(answer, 400)
            assert (problem["type"], problem["field"]) == ("/problems/malformed", field), problem


PAYLOADS = [b"", b"null", b"[]", b"7", b"{", b"\xff", b"[" * 6000, b'{"a":' * 900, b'"\\ud800"', b'{"a":1e999}']


async def test_a_signed_payload_that_is_no_object_is_refused(phone: SignedIn, subtests: pytest.Subtests) -> None:
    header = {"alg": "ES256", "kid": str(phone.officer.phone_id), "typ": "plumbline-commitment+jws"}
    for payload in PAYLOADS:
        with subtests.test(repr(payload[:20])):
            text = jws.serialize_compact(header, payload, phone.officer.key)
            is_problem(await phone.client.post(URL, json={"jws": text}), 400, 422)


@pytest.mark.parametrize("name", ["device_tag", "file_name", "note"])
async def test_characters_that_cannot_be_kept_are_refused(phone: SignedIn, clock: FixedClock, name: str) -> None:
    facts = json.loads(base64.urlsafe_b64decode(phone.commitment(BODY, clock).split(".")[1] + "=="))
    header = {"alg": "ES256", "kid": str(phone.officer.phone_id), "typ": "plumbline-commitment+jws"}
    for text in ("a\0b", "a\ud800b", "\udfff"):
        payload = json.dumps(facts | {name: text, "evidence_id": str(uuid4())}).encode()
        signed = jws.serialize_compact(header, payload, phone.officer.key)
        assert is_problem(await phone.client.post(URL, json={"jws": signed}), 400)["type"] == "/problems/malformed"


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        ({"captured": "1919-05-04T12:00:00+08:00"}, "HELD", "CAPTURED_BEFORE_ENROLMENT"),
        ({"captured": "2099-12-31T23:59:59+08:00"}, "HELD", "CAPTURED_IN_THE_FUTURE"),
        ({"place": (0, 0)}, "UNDETERMINED", "PLACE_UNKNOWN"),
        ({"place": (114.3, 213)}, "HELD", "PLACE_IMPOSSIBLE"),
        ({"place": (1e308, -1e308)}, "HELD", "PLACE_IMPOSSIBLE"),
    ],
)
async def test_impossible_clocks_and_places_are_held_with_their_reason(
    phone: SignedIn, clock: FixedClock, facts: dict[str, Any], state: str, reason: str
) -> None:
    given: dict[str, Any] = {"device_tag": "SLM-001"}
    if "captured" in facts:
        given |= {"captured_earliest": facts["captured"], "captured_latest": facts["captured"]}
    else:
        longitude, latitude = facts["place"]
        given = {"place": {"longitude": longitude, "latitude": latitude, "datum": "WGS84"}}
    evidence_id = await phone.commit(BODY, clock, **given)
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    headers = OCTETS | {"Upload-Length": str(len(BODY)), "Upload-Metadata": metadata}
    sent = await phone.client.post("/mobile/v1/uploads", headers=headers, content=BODY)
    assert sent.headers["Plumbline-Outcome"] == state, sent.text
    for language in ("zh-CN", "en"):
        answer = await phone.client.post(
            f"/mobile/v1/evidence/{evidence_id}/submission", headers={"Accept-Language": language}
        )
        problem = is_problem(answer, 409)
        assert reason in [found["code"] for found in problem["reasons"]]
        assert all(found["words"] for found in problem["reasons"])
        mine = await phone.client.get(f"/mobile/v1/evidence/{evidence_id}", headers={"Accept-Language": language})
        assert (mine.status_code, mine.json()["state"]) == (200, state)


async def test_instants_beyond_what_can_be_kept_are_refused(phone: SignedIn, clock: FixedClock) -> None:
    for instant in (
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1900-01-01T12:00:00Z",
        "9998-12-31T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "10000-01-01T00:00:00Z",
    ):
        answer = await phone.client.post(
            URL, json={"jws": phone.commitment(BODY, clock, captured_earliest=instant, captured_latest=instant)}
        )
        assert is_problem(answer, 400)["field"] == "captured_earliest"
        asked = await phone.client.get("/mobile/v1/standing", params={"device_tag": "x", "at": instant})
        assert is_problem(asked, 400)["field"] == "at"


async def test_a_reversed_or_endless_capture_interval_is_refused(phone: SignedIn, clock: FixedClock) -> None:
    for field, facts in {
        "captured_latest": {"captured_earliest": clock.now() + timedelta(microseconds=1)},
        "captured_earliest": {"captured_earliest": clock.now() - timedelta(days=3)},
    }.items():
        problem = is_problem(await phone.client.post(URL, json={"jws": phone.commitment(BODY, clock, **facts)}), 422)
        assert (problem["type"], problem["field"]) == ("/problems/capture-time-reversed", field)


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"{", 400),
    "another type": (b"[]", 400),
    "a number": (b'{"jws": 7}', 400),
    "an unknown field": (b'{"jws": "a.b.c", "admin": true}', 400),
    "not UTF-8": (b'{"jws": "\xff\xfe"}', 400),
    "UTF-16": ('{"jws": "a"}'.encode("utf-16"), 400),
    "half a surrogate pair": (b'{"jws": "\\ud800"}', 400),
    "100,000 brackets": (b"[" * 100_000, 400),
    "100,000 objects": (b'{"a":' * 100_000, 400),
    "a deep field": (b'{"jws": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "a number of 100,000 digits": (b'{"jws": ' + b"9" * 100_000 + b"}", 400),
    "ten megabytes": (b'{"jws": "' + b"x" * (10 << 20) + b'"}', 413),
    "a long text": (b'{"jws": "' + b"x" * 100_000 + b'"}', 400),
}


async def test_bodies_that_are_no_commitment_are_problems(phone: SignedIn, subtests: pytest.Subtests) -> None:
    headers = {"Content-Type": "application/json"}
    for case, (body, status) in BODIES.items():
        with subtests.test(case):
            is_problem(await phone.client.post(URL, content=body, headers=headers), status)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "x"):
        with subtests.test(content_type):
            answer = await phone.client.post(URL, content=b'{"jws": "a"}', headers={"Content-Type": content_type})
            is_problem(answer, 415)
    assert (await phone.client.get("/ready")).status_code == 200


async def test_sign_ins_that_do_not_fit_are_problems(phone: SignedIn, subtests: pytest.Subtests) -> None:
    key = ECKey.generate_key("P-256").as_dict(private=False)
    fine = {"sign_in_name": "officer-a", "password": PASSWORD, "phone": {"label": "3", "public_key": key}}
    cases: dict[str, dict[str, Any]] = {
        "NUL in the name": {"sign_in_name": "a\0b"},
        "half a surrogate pair in the name": {"sign_in_name": "a\ud800"},
        "half a surrogate pair in the password": {"password": "a\ud800"},
        "NUL in the label": {"phone": {"label": "a\0b", "public_key": key}},
        "half a surrogate pair in the label": {"phone": {"label": "\udfff", "public_key": key}},
        "no key": {"phone": {"label": "3", "public_key": {}}},
        "a private key": {"phone": {"label": "3", "public_key": ECKey.generate_key("P-256").as_dict(private=True)}},
        "another curve": {"phone": {"label": "3", "public_key": ECKey.generate_key("P-384").as_dict(private=False)}},
        "a point beyond the curve": {"phone": {"label": "3", "public_key": key | {"x": key["y"]}}},
        "a key with odd members": {"phone": {"label": "3", "public_key": key | {"x": 7, "use": []}}},
    }
    for case, odd in cases.items():
        with subtests.test(case):
            body = json.dumps(fine | odd).encode()
            headers = {"Content-Type": "application/json"}
            is_problem(await phone.client.post("/mobile/v1/sign-in", content=body, headers=headers))


PATHS = [
    "/mobile/v1/standing",
    "/mobile/v1/standing?device_tag=",
    "/mobile/v1/standing?device_tag=%00",
    "/mobile/v1/standing?device_tag=x&at=yesterday",
    "/mobile/v1/standing?device_tag=x&at=%00",
    "/mobile/v1/standing?device_tag=x&at=NaN",
    "/mobile/v1/standing?device_tag=" + "x" * 101,
    "/mobile/v1/evidence?most=0",
    "/mobile/v1/evidence?most=-1",
    "/mobile/v1/evidence?most=1e3",
    "/mobile/v1/evidence?most=" + "9" * 40,
    "/mobile/v1/evidence?before=x",
    "/mobile/v1/evidence?before=%00~%00",
    f"/mobile/v1/evidence?before=0001-01-01T00:00:00%2B14:00~{uuid4()}",
    f"/mobile/v1/evidence?before=9999-12-31T23:59:59.999999-14:00~{uuid4()}",
    f"/mobile/v1/evidence?before=2026-01-01T00:00:00~{uuid4()}",
    "/mobile/v1/evidence/x",
    "/mobile/v1/evidence/%00",
    "/mobile/v1/evidence/%zz",
    "/mobile/v1/evidence/%ff%fe",
    "/mobile/v1/evidence/..%2f..%2fetc%2fpasswd",
    f"/mobile/v1/evidence/{uuid4()}",
    f"/mobile/v1/evidence/{uuid4()}%00",
    "/mobile/v1/uploads/%00",
    "/mobile/v1/" + "x" * 8000,
    "/problems/%00",
    "/problems/..%2f..%2f",
    "/openapi-viewer/..%2f..%2f__init__.py",
    "/openapi-viewer/%00",
    "/desk/v1/evidence",
    "/%",
    "/%E0%A4%A",
]


async def test_addresses_that_nobody_wrote_are_problems(phone: SignedIn, subtests: pytest.Subtests) -> None:
    for path in PATHS:
        with subtests.test(path[:80]):
            is_problem(await phone.client.get(path))


async def test_odd_percent_encoding_in_a_query_finds_nothing_and_fails_nothing(phone: SignedIn) -> None:
    for text in ("%", "%zz", "%E0%A4", "%ff", "a%ud800", "%25", "'; drop table device; --", "照片"):
        answer = await phone.client.get(f"/mobile/v1/standing?device_tag={text}")
        assert answer.status_code in (200, 400), answer.text


async def test_odd_headers_fail_nothing(phone: SignedIn, subtests: pytest.Subtests) -> None:
    for name, value in {
        "Authorization": b"Bearer \xff\xfe",
        "authorization": b"Bearer",
        "AUTHORIZATION": b"Basic b2ZmaWNlcjpwYXNz",
        "Accept-Language": b"en;q=x," * 2000,
        "accept-language": b"\xff\xfe;q=0.5",
        "Accept": b"application/xml;q=\xff",
        "Cookie": b"a=" + b"x" * 20_000 + b"; \xff",
        "X-Forwarded-For": b"1.2.3.4, \xff",
        "Host": b"\xff",
        "Content-Length": b"abc",
    }.items():
        with subtests.test(f"{name}: {value[:20]!r}"):
            answer = await phone.client.get("/mobile/v1/evidence", headers={name.encode(): value})
            assert answer.status_code < 500, answer.text
