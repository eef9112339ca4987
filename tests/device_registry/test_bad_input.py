"""What cannot be meant is answered by a problem with its field, on every route that tells something of a device."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agency.model import PersonKind, Role
from foundation.database import Database
from tests.agency.builders import City, a_person
from tests.device_registry.test_http import (
    CERTIFICATE,
    Desk,
    a_meter,
    city,
    client,
    heard,
    is_problem,
    registry_app,
    signed_in,
)

__all__ = ["city", "client", "heard", "registry_app"]

SITE = "00000000-0000-4000-8000-000000000007"
INSTANT, DAY = "2026-06-01T10:00:00+08:00", "2026-06-01"
DIGEST = "07" * 32
TAKEN: dict[str, dict[str, Any]] = {
    "verification-certificates": CERTIFICATE | {
        "regulation": "JJG 188", "channel": "", "details": {"serial_no": "10041"}},
    "verification-failure-notices": {
        "failed_on": DAY, "notice_no": "1", "issuing_body": "所", "channel": "", "regulation": "—",
        "failed_items": "—"},
    "void-events": {"cause": "REPAIR", "occurred_at": INSTANT, "remark": "—"},
    "written-conclusions": {
        "requirement": "NOT_REQUIRED", "document_no": "1", "conclusion": "—", "concluded_on": DAY},
    "sign-checks": {"checked_on": DAY, "clear": True, "remark": "—"},
    "in-service-checks": {
        "subject": "CLOCK", "checked_at": INSTANT, "within_tolerance": True, "deviation": "1 s", "tolerance": "2 s",
        "reference": "GNSS", "remark": "—"},
    "corrections": {"superseded_id": SITE, "reason": "—"},
    "site-versions": {
        "address": "沿江大道 1 号", "monitored_items": ["超速行驶"], "basis_name": "法", "basis_article": "一",
        "basis_level": "LAW", "necessity": "—", "road": "—", "direction": "—", "lane": "—", "funding": "—"},
    "reviews": {
        "site_version_id": SITE, "aspect": "LEGAL", "outcome": "REJECTED", "reviewing_body": "局", "document_no": "1",
        "reviewed_on": DAY, "opinion": "—", "standards": "—", "type_approval_no": "1"},
    "announcements": {
        "site_version_id": SITE, "notice": "PUBLISHED", "announced_on": DAY, "channel": "网站", "content": "—",
        "url": "https://example.org"},
    "services": {"document_no": "1", "reason": "—"},
    "suspensions": {"occurred_at": INSTANT, "cause": "FAULT", "reason": "—", "document_no": "1"},
    "rectifications": {"document_no": "1", "deadline": "2026-07-01", "responsible": "科", "reason": "—"},
    "rectification-reports": {"document_no": "1", "reason": "—"},
    "releases": {"document_no": "1", "reason": "—"},
    "retirements": {"document_no": "1", "reason": "—"},
    "withdrawals": {"site_version_id": SITE, "reason": "—"},
    "holdings": {"unit_id": SITE, "begins": DAY},
}  # fmt: skip
"""By the last part of the path, a body that is well-formed; every text and every time in it is then bent."""
DAYS = {"verified_on", "valid_until", "failed_on", "concluded_on", "checked_on", "reviewed_on", "announced_on",
        "deadline", "begins"}  # fmt: skip
INSTANTS = {"occurred_at", "checked_at"}
CHOSEN = {"cause", "requirement", "subject", "basis_level", "aspect", "outcome", "notice", "site_version_id",
          "superseded_id", "unit_id"}  # fmt: skip
TEXTS = [
    (path, name)
    for path, body in TAKEN.items()
    for name, value in body.items()
    if isinstance(value, str) and name not in DAYS | INSTANTS | CHOSEN
]
"""Free texts: there the characters are anybody's."""
TIMES = [(path, name) for path, body in TAKEN.items() for name in body if name in DAYS | INSTANTS]


@pytest_asyncio.fixture
async def everybody(client: httpx.AsyncClient, city: City, database: Database) -> Desk:
    """Somebody with every role there is: so that each route is reached."""
    async with database.transaction() as db:
        await a_person(db, city.east, kind=PersonKind.STAFF, sign_in_name="everybody", roles=(*Role,))
    return await signed_in(client, "everybody")


@pytest_asyncio.fixture
async def meter(everybody: Desk, city: City) -> str:
    """Fixed, so that every step can be meant of it."""
    return await a_meter(everybody, city, mounting="FIXED")


def is_refused(answer: httpx.Response, what: object) -> dict[str, Any]:
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/problem+json"), what
    found: dict[str, Any] = answer.json()
    return found


async def test_a_character_that_no_text_can_hold_is_refused_in_every_text(everybody: Desk, meter: str) -> None:
    for path, name in TEXTS:
        for bad in ("\\u0000", "\\ud800"):
            body = _json(TAKEN[path] | {name: "BAD"}).replace("BAD", f"x{bad}")
            answer = await _sent(everybody, meter, path, body)
            is_refused(answer, (path, name, bad))
            assert answer.status_code in (400, 404, 409, 422), (path, name, bad)
            assert "internal" not in answer.text


async def test_no_year_is_too_early_or_too_late_to_be_answered_at_its_field(
    everybody: Desk, meter: str, city: City
) -> None:
    for path, name in TIMES:
        days = ("0001-01-01", "1899-12-31", "9999-12-31")
        for day in days:
            offset = "+14:00" if day == "0001-01-01" else "-12:00"
            value = f"{day}T{'00:00:00' if offset == '+14:00' else '23:59:59'}{offset}" if name in INSTANTS else day
            held = {"unit_id": str(city.street.id)} if path == "holdings" else {}
            answer = await everybody.post(f"/devices/{meter}/{path}", json=TAKEN[path] | {name: value} | held)
            problem = is_refused(answer, (path, name, value))
            if answer.status_code in (400, 422):
                assert problem["field"] == name, (path, name, value, problem)


async def test_a_field_that_nobody_knows_is_refused(everybody: Desk, meter: str) -> None:
    for path, body in TAKEN.items():
        answer = await everybody.post(f"/devices/{meter}/{path}", json=body | {"sereal_no": "1"})
        is_problem(answer, 400, "malformed")
        assert "sereal_no" in answer.text


async def test_a_body_beyond_what_is_read_is_refused(everybody: Desk, meter: str) -> None:
    for path, body in TAKEN.items():
        answer = await everybody.post(f"/devices/{meter}/{path}", json=body | {"reason": "长" * (1 << 20)})
        is_problem(answer, 413, "too-large")


async def test_a_text_of_nearly_a_megabyte_is_too_long_for_any_field(everybody: Desk, meter: str) -> None:
    for path, name in TEXTS:
        answer = await everybody.post(f"/devices/{meter}/{path}", json=TAKEN[path] | {name: "x" * 900_000})
        is_problem(answer, 400, "malformed", name)


async def test_a_certificate_does_not_end_before_it_begins(everybody: Desk, meter: str) -> None:
    body = CERTIFICATE | {"verified_on": "2026-05-04", "valid_until": "2026-05-03"}
    is_problem(
        await everybody.post(f"/devices/{meter}/verification-certificates", json=body),
        422, "valid-until-too-early", "valid_until",
    )  # fmt: skip


async def test_certificates_whose_days_overlap_are_both_taken(everybody: Desk, meter: str) -> None:
    for number, verified_on in (("1", "2026-03-01"), ("2", "2026-05-04")):
        body = CERTIFICATE | {"certificate_no": number, "verified_on": verified_on, "valid_until": "2027-02-28"}
        answer = await everybody.post(f"/devices/{meter}/verification-certificates", json=body)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/verification-bodies", {"name": "所", "authorisation_no": "1", "until": "9999-12-31"}, "until"),
        ("/verification-bodies", {"name": "所", "authorisation_no": "1", "begins": "1899-12-31"}, "begins"),
        ("/policies", {"name": "LEAD_DAYS", "value": 30, "source": "府", "begins": "9999-12-31"}, "begins"),
        ("/policies", {"name": "LEAD_DAYS", "value": 30, "source": "府", "begins": "1899-12-31"}, "begins"),
    ],
)
async def test_what_is_set_for_an_area_is_set_within_the_calendar(
    client: httpx.AsyncClient, everybody: Desk, city: City, path: str, body: dict[str, Any], field: str
) -> None:
    unit = {"unit_id": str(city.east.id)} if path == "/policies" else {}
    is_problem(await everybody.post(path, json=body | unit), 422, "date-not-plausible", field)


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)


async def _sent(desk: Desk, meter: str, path: str, body: str) -> httpx.Response:
    return await desk.post(
        f"/devices/{meter}/{path}", content=body.encode(), headers={"Content-Type": "application/json"}
    )
