"""Devices' lives through HTTP, each step by the person whose it is: the whole way, and every way that is refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind, Role
from device_registry import queries
from device_registry.model import POINTS, Aspect
from foundation.database import Database
from tests.agency.builders import LONG_AGO, City, a_city, a_person
from tests.device_registry.test_http import Desk, Heard, client, heard, is_problem, registry_app, signed_in
from tests.support import FixedClock

__all__ = ["client", "heard", "registry_app"]

PEOPLE = {
    "manager": Role.DEVICE_MANAGER,
    "manager-b": Role.DEVICE_MANAGER,
    "legal": Role.LEGAL_REVIEWER,
    "technical": Role.TECHNICAL_REVIEWER,
    "publicity": Role.PUBLICITY_OFFICER,
    "head": Role.ENTITY_HEAD,
    "supervisor": Role.SUPERVISOR,
    "receiver": Role.REPORT_RECEIVER,
    "administrator": Role.ADMINISTRATOR,
    "officer": Role.FIELD_OFFICER,
}
SITE = {
    "address": "沿江大道 1 号",
    "monitored_items": ["超速行驶"],
    "basis_name": "中华人民共和国道路交通安全法",
    "basis_article": "第一百一十四条",
    "basis_level": "LAW",
    "necessity": "三年内事故 12 起。",
    "speed_limit": 60,
}
CERTIFICATE = {
    "verified_on": "2026-05-04",
    "valid_until": "2027-05-03",
    "certificate_no": "LX2026-0504",
    "issuing_body": "武汉市计量测试检定所",
}
TODAY = "2026-06-15"
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "propose": ("site-versions", SITE),
    "services": ("services", {}),
    "suspend": ("suspensions", {"occurred_at": "2026-06-15T03:59:00Z", "cause": "FAULT", "reason": "故障"}),
    "rectify": ("rectifications", {"document_no": "整-1", "deadline": "2026-07-01", "responsible": "设备科"}),
    "report": ("rectification-reports", {"document_no": "报-1", "reason": "已更换镜头"}),
    "release": ("releases", {"document_no": "复-1"}),
    "retire": ("retirements", {"document_no": "处-1", "reason": "到年限"}),
}


STAGES = [
    "proposed", "approved", "announced", "ready", "in service", "suspended", "rectifying", "reported", "retired",
]  # fmt: skip


class Somebody:
    """Signs in when there is something to do, and again the next day."""

    def __init__(self, client: httpx.AsyncClient, name: str, clock: FixedClock) -> None:
        self._client, self._name, self._clock = client, name, clock
        self._desk: tuple[date, Desk] | None = None

    async def at_the_desk(self) -> Desk:
        today = self._clock.now().date()
        if self._desk is None or self._desk[0] != today:
            self._desk = today, await signed_in(self._client, self._name)
        return self._desk[1]

    async def get(self, path: str) -> httpx.Response:
        return await (await self.at_the_desk()).get(path)

    async def post(self, path: str, *, json: dict[str, Any]) -> httpx.Response:
        return await (await self.at_the_desk()).post(path, json=json)


class Town:
    """A device and everybody who has a part in its life."""

    def __init__(
        self, people: dict[str, Somebody], device: str, city: City, clock: FixedClock, database: Database
    ) -> None:
        self.people, self.device, self.city, self.clock, self.database = people, device, city, clock, database

    async def does(self, name: str, step: str, device: str | None = None, **changes: Any) -> httpx.Response:
        path, body = STEPS[step]
        self.clock.advance(timedelta(seconds=1))
        return await self.people[name].post(f"/devices/{device or self.device}/{path}", json=body | changes)

    async def did(self, name: str, step: str, **changes: Any) -> str:
        answer = await self.does(name, step, **changes)
        assert answer.status_code == 201, (name, step, answer.text)
        found: str = answer.json()["id"]
        return found

    async def reviews(self, name: str, site: str, aspect: Aspect, **changes: Any) -> httpx.Response:
        body = {
            "site_version_id": site, "aspect": aspect, "outcome": "PASSED", "reviewing_body": "区司法局",
            "document_no": f"审-{aspect}-{site[:8]}", "reviewed_on": TODAY, "opinion": "同意",
            "points": [*POINTS[aspect]],
        }  # fmt: skip
        return await self.people[name].post(f"/devices/{self.device}/reviews", json=body | changes)

    async def announces(self, name: str, site: str, notice: str = "PUBLISHED", **changes: Any) -> httpx.Response:
        body = {
            "site_version_id": site, "notice": notice, "announced_on": TODAY, "channel": "区政府网站",
            "content": "沿江大道",
        }  # fmt: skip
        return await self.people[name].post(f"/devices/{self.device}/announcements", json=body | changes)

    async def records(self, path: str, **body: Any) -> httpx.Response:
        return await self.people["manager"].post(f"/devices/{self.device}/{path}", json=body)

    async def state(self) -> str:
        found: str = (await self.people["manager"].get(f"/devices/{self.device}")).json()["state"]
        return found

    async def approved(self, site: str) -> None:
        assert (await self.reviews("legal", site, Aspect.LEGAL)).status_code == 201
        assert (await self.reviews("technical", site, Aspect.TECHNICAL)).status_code == 201

    async def until(self, stage: str) -> str:
        """Brings the device so far, and gives its site version."""
        site = await self.did("manager", "propose")
        for reached in STAGES[: STAGES.index(stage)]:
            match reached:
                case "proposed":
                    await self.approved(site)
                case "approved":
                    assert (await self.announces("publicity", site)).status_code == 201
                case "announced":
                    assert (await self.records("verification-certificates", **CERTIFICATE)).status_code == 201
                    assert (await self.records("sign-checks", checked_on=TODAY, clear=True)).status_code == 201
                case "ready":
                    await self.did("head", "services")
                case "in service":
                    await self.did("manager", "suspend", occurred_at=self.clock.now().isoformat())
                case "suspended":
                    await self.did("manager", "rectify")
                case "rectifying":
                    await self.did("manager", "report")
                case _:
                    assert (await self.announces("publicity", site, "WITHDRAWN")).status_code == 201
                    await self.did("manager", "retire")
        return site


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    async with database.transaction() as db:
        for name, role in PEOPLE.items():
            await a_person(db, city.east, kind=PersonKind.STAFF, sign_in_name=name, roles=(role,))
            await a_person(db, city.west, kind=PersonKind.STAFF, sign_in_name=f"west-{name}", roles=(role,))
    return city


@pytest_asyncio.fixture
async def town(client: httpx.AsyncClient, city: City, clock: FixedClock, database: Database) -> AsyncIterator[Town]:
    people = {name: Somebody(client, name, clock) for name in PEOPLE}
    registered = await people["manager"].post("/devices", json={
        "tag": "SPD-1", "kind": "SPEED_RADAR_FIXED", "serial_no": "1", "model": "M", "maker": "X", "mounting": "FIXED",
        "unit_id": str(city.street.id),
    })  # fmt: skip
    yield Town(people, registered.json()["id"], city, clock, database)


async def test_a_device_from_its_proposal_into_service_in_either_order_of_the_reviews(town: Town, heard: Heard) -> None:
    assert await town.state() == "REGISTERED"
    site = await town.did("manager", "propose")
    assert await town.state() == "PROPOSED"
    assert (await town.reviews("technical", site, Aspect.TECHNICAL)).status_code == 201
    assert await town.state() == "LEGAL_REVIEW"
    assert (await town.reviews("legal", site, Aspect.LEGAL)).status_code == 201
    assert await town.state() == "APPROVED"
    assert (await town.announces("publicity", site)).status_code == 201
    assert await town.state() == "ANNOUNCED"
    is_problem(await town.does("head", "services"), 409, "sign-check-missing")
    assert (await town.records("sign-checks", checked_on=TODAY, clear=True)).status_code == 201
    is_problem(await town.does("head", "services"), 409, "not-verified-now")
    assert (await town.records("verification-certificates", **CERTIFICATE)).status_code == 201
    assert heard == []
    await town.did("head", "services")
    assert await town.state() == "IN_SERVICE"
    assert len(heard) == 1
    standing = (await town.people["supervisor"].get(f"/devices/{town.device}/standing")).json()
    assert standing["outcome"] == "IN_STANDING"


async def test_a_device_from_its_failure_through_rectification_to_its_release_by_another(town: Town) -> None:
    await town.until("in service")
    notice = {"failed_on": TODAY, "notice_no": "TZ-1", "issuing_body": "所", "issued_sequence": 1}
    assert (await town.records("verification-failure-notices", **notice)).status_code == 201
    assert await town.state() == "SUSPENDED", "by itself"
    is_problem(await town.does("head", "release"), 409, "life-cycle-step")
    await town.did("manager", "rectify")
    is_problem(await town.does("head", "release"), 409, "life-cycle-step")
    await town.did("manager", "report")
    is_problem(await town.does("head", "release"), 409, "not-verified-now")
    town.clock.advance(timedelta(days=1))
    renewed = CERTIFICATE | {"verified_on": "2026-06-16", "valid_until": "2027-06-15", "certificate_no": "2"}
    assert (await town.records("verification-certificates", **renewed)).status_code == 201
    assert await town.state() == "RECTIFYING", "being verified again releases nothing"
    await town.did("head", "release")
    assert await town.state() == "IN_SERVICE"


async def test_a_speed_meter_that_moves_is_reviewed_announced_checked_and_verified_again(town: Town) -> None:
    await town.until("in service")
    second = await town.did("manager", "propose", address="解放大道 9 号")
    assert await town.state() == "IN_SERVICE", "at the old place, meanwhile"
    is_problem(await town.does("head", "services"), 409, "life-cycle-step")
    await town.approved(second)
    is_problem(await town.does("head", "services"), 409, "life-cycle-step")
    assert (await town.announces("publicity", second)).status_code == 201
    await town.did("manager", "suspend", occurred_at=town.clock.now().isoformat(), cause="RELOCATION")
    town.clock.advance(timedelta(days=1))
    is_problem(await town.does("head", "services"), 409, "verified-elsewhere")
    void = {"cause": "RELOCATION", "occurred_at": town.clock.now().isoformat()}
    assert (await town.records("void-events", **void)).status_code == 201
    is_problem(await town.does("head", "services"), 409, "not-verified-now")
    town.clock.advance(timedelta(days=1))
    renewed = CERTIFICATE | {"verified_on": "2026-06-17", "valid_until": "2027-06-16", "certificate_no": "2"}
    assert (await town.records("verification-certificates", **renewed)).status_code == 201
    await town.did("head", "services")
    shown = (await town.people["manager"].get(f"/devices/{town.device}")).json()
    assert shown["state"] == "IN_SERVICE"


async def test_the_signs_of_the_old_site_say_nothing_about_the_new_one(town: Town) -> None:
    await town.until("in service")
    town.clock.advance(timedelta(days=1))
    second = await town.did("manager", "propose", speed_limit=40)
    for name, aspect in (("legal", Aspect.LEGAL), ("technical", Aspect.TECHNICAL)):
        assert (await town.reviews(name, second, aspect, reviewed_on="2026-06-16")).status_code == 201
    assert (await town.announces("publicity", second, announced_on="2026-06-16")).status_code == 201
    is_problem(await town.does("head", "services"), 409, "sign-check-missing")
    assert (await town.records("sign-checks", checked_on="2026-06-16", clear=True)).status_code == 201
    await town.did("head", "services")


async def test_signs_last_found_unclear_are_not_clear(town: Town) -> None:
    site = await town.until("announced")
    assert site
    assert (await town.records("verification-certificates", **CERTIFICATE)).status_code == 201
    assert (await town.records("sign-checks", checked_on="2026-06-01", clear=True)).status_code == 201
    assert (await town.records("sign-checks", checked_on="2026-06-10", clear=False)).status_code == 201
    is_problem(await town.does("head", "services"), 409, "sign-check-missing")


WRONG_ORDER: list[tuple[str, str, str, str, int]] = [
    # stage reached, who, step, problem, status
    ("proposed", "manager", "propose", "life-cycle-step", 409),
    ("proposed", "head", "services", "life-cycle-step", 409),
    ("proposed", "manager", "suspend", "life-cycle-step", 409),
    ("proposed", "manager", "rectify", "life-cycle-step", 409),
    ("proposed", "manager", "report", "life-cycle-step", 409),
    ("proposed", "head", "release", "life-cycle-step", 409),
    ("proposed", "manager", "retire", "life-cycle-step", 409),
    ("approved", "head", "services", "life-cycle-step", 409),
    ("announced", "head", "services", "sign-check-missing", 409),
    ("in service", "head", "services", "life-cycle-step", 409),
    ("in service", "manager", "rectify", "life-cycle-step", 409),
    ("in service", "manager", "report", "life-cycle-step", 409),
    ("in service", "head", "release", "life-cycle-step", 409),
    ("in service", "manager", "retire", "life-cycle-step", 409),
    ("suspended", "manager", "suspend", "life-cycle-step", 409),
    ("suspended", "head", "services", "life-cycle-step", 409),
    ("suspended", "manager", "report", "life-cycle-step", 409),
    ("suspended", "head", "release", "life-cycle-step", 409),
    ("suspended", "manager", "retire", "withdrawal-notice-missing", 409),
    ("rectifying", "manager", "rectify", "life-cycle-step", 409),
    ("rectifying", "head", "release", "life-cycle-step", 409),
    ("reported", "manager", "report", "life-cycle-step", 409),
    ("retired", "manager", "propose", "life-cycle-step", 409),
    ("retired", "head", "services", "life-cycle-step", 409),
    ("retired", "manager", "rectify", "life-cycle-step", 409),
    ("retired", "head", "release", "life-cycle-step", 409),
    ("retired", "manager", "retire", "life-cycle-step", 409),
]


@pytest.mark.parametrize("stage", sorted({row[0] for row in WRONG_ORDER}))
async def test_a_step_out_of_its_order_is_refused_and_changes_nothing(town: Town, stage: str) -> None:
    await town.until(stage)
    before = await town.state()
    for _, name, step, problem, status in (row for row in WRONG_ORDER if row[0] == stage):
        is_problem(await town.does(name, step, occurred_at=town.clock.now().isoformat()) if step == "suspend"
                   else await town.does(name, step), status, problem)  # fmt: skip
        assert await town.state() == before


MAY = {
    "propose": {"manager", "manager-b"},
    "services": {"head"},
    "suspend": {"manager", "manager-b", "head", "supervisor"},
    "rectify": {"manager", "manager-b"},
    "report": {"manager", "manager-b"},
    "release": {"head", "supervisor", "technical"},
    "retire": {"manager", "manager-b"},
}


@pytest.mark.parametrize("step", STEPS)
async def test_nobody_takes_a_step_that_is_another_s_nor_one_beyond_their_units(
    town: Town, client: httpx.AsyncClient, step: str
) -> None:
    for name in PEOPLE:
        answer = await town.does(name, step)
        if name in MAY[step]:
            assert answer.status_code != 403, (name, answer.text)
            west = {"": Somebody(client, f"west-{name}", town.clock)}
            stranger = Town(west, town.device, town.city, town.clock, town.database)
            is_problem(await stranger.does("", step), 404, "device-not-found")
        else:
            is_problem(answer, 403, "not-allowed")


async def test_reviews_and_notices_are_for_those_whose_they_are(town: Town) -> None:
    site = await town.did("manager", "propose")
    for name in PEOPLE:
        for aspect, whose in ((Aspect.LEGAL, "legal"), (Aspect.TECHNICAL, "technical")):
            if name != whose:
                answer = await town.reviews(name, site, aspect)
                assert answer.status_code == (404 if name in ("legal", "technical") else 403), (name, answer.text)
        if name != "publicity":
            is_problem(await town.announces(name, site), 403, "not-allowed")
    is_problem(await town.announces("publicity", site), 409, "life-cycle-step")
    is_problem(await town.announces("publicity", str(uuid4())), 404, "site-version-not-found", "site_version_id")
    is_problem(
        await town.reviews("legal", str(uuid4()), Aspect.LEGAL), 404, "site-version-not-found", "site_version_id"
    )


async def test_what_a_review_or_a_proposal_lacks_is_told_at_its_field(town: Town) -> None:
    for level in ("LOCAL_REGULATION", "RULE", "NONE"):
        is_problem(await town.does("manager", "propose", basis_level=level), 422, "legal-basis-too-low", "basis_level")
    is_problem(await town.does("manager", "propose", monitored_items=[]), 400, "malformed", "monitored_items")
    is_problem(await town.does("manager", "propose", necessity="a\0b"), 400, "malformed")
    site = await town.did("manager", "propose")
    short = [*POINTS[Aspect.LEGAL]][1:]
    is_problem(await town.reviews("legal", site, Aspect.LEGAL, points=short), 422, "review-incomplete", "points")
    for day in ("2026-06-16", "2026-06-14", "0001-01-01"):
        refused = await town.reviews("legal", site, Aspect.LEGAL, reviewed_on=day)
        is_problem(refused, 422, "date-not-plausible", "reviewed_on")
    rejected = await town.reviews("legal", site, Aspect.LEGAL, outcome="REJECTED", points=[])
    assert rejected.status_code == 201
    assert await town.state() == "REJECTED"
    is_problem(await town.reviews("technical", site, Aspect.TECHNICAL), 409, "life-cycle-step")
    assert (await town.does("manager", "propose")).status_code == 201, "a better one may follow"


async def test_a_notice_is_not_dated_before_what_it_rests_on(town: Town) -> None:
    site = await town.until("approved")
    for day in ("2026-06-14", "0001-01-01", "2026-06-16"):
        refused = await town.announces("publicity", site, announced_on=day)
        is_problem(refused, 422, "date-not-plausible", "announced_on")
    assert (await town.announces("publicity", site)).status_code == 201
    is_problem(await town.announces("publicity", site, "WITHDRAWN", announced_on="2026-06-14"), 422,
               "date-not-plausible", "announced_on")  # fmt: skip
    is_problem(await town.announces("publicity", site), 409, "life-cycle-step")


async def a_double(town: Town, name: str, *roles: tuple[Role, Any]) -> None:
    """Gives somebody more roles: a small unit has few people."""
    async with town.database.transaction() as db:
        person = await db.fetchval("select person_id from account where sign_in_name = $1", name)
        for role, unit in roles:
            await agency.grant(db, person, role, unit.id, LONG_AGO)


async def test_whoever_proposed_does_not_review_though_both_are_their_roles(town: Town) -> None:
    await a_double(town, "manager", (Role.LEGAL_REVIEWER, town.city.east))
    site = await town.did("manager", "propose")
    is_problem(await town.reviews("manager", site, Aspect.LEGAL), 403, "reviewer-is-proposer")
    assert (await town.reviews("legal", site, Aspect.LEGAL)).status_code == 201


async def test_whoever_reported_does_not_release_not_even_after_another_report(town: Town) -> None:
    await a_double(town, "manager", (Role.ENTITY_HEAD, town.city.east))
    await town.until("reported")
    is_problem(await town.does("manager", "release"), 403, "releaser-is-fixer")
    await town.did("manager-b", "rectify")
    await town.did("manager-b", "report")
    is_problem(await town.does("manager", "release"), 403, "releaser-is-fixer")
    await town.did("head", "release")


async def test_whoever_reported_does_not_let_the_device_out_at_another_site_either(town: Town) -> None:
    await a_double(town, "manager", (Role.ENTITY_HEAD, town.city.east))
    await town.until("reported")
    town.clock.advance(timedelta(days=1))
    second = await town.did("manager-b", "propose", speed_limit=40)
    for name, aspect in (("legal", Aspect.LEGAL), ("technical", Aspect.TECHNICAL)):
        assert (await town.reviews(name, second, aspect, reviewed_on="2026-06-16")).status_code == 201
    assert (await town.announces("publicity", second, announced_on="2026-06-16")).status_code == 201
    assert (await town.records("sign-checks", checked_on="2026-06-16", clear=True)).status_code == 201
    is_problem(await town.does("manager", "services"), 403, "releaser-is-fixer")
    await town.did("head", "services")


async def test_what_the_supervisor_of_the_device_stopped_only_that_supervisor_releases(town: Town) -> None:
    await a_double(town, "head", (Role.SUPERVISOR, town.city.west))
    await town.until("in service")
    await town.did("supervisor", "suspend", occurred_at=town.clock.now().isoformat(), cause="ANOMALY_ORDER")
    await town.did("manager", "rectify")
    await town.did("manager", "report")
    is_problem(await town.does("technical", "release"), 403, "supervisor-must-release")
    is_problem(await town.does("head", "release"), 403, "supervisor-must-release")
    await town.did("supervisor", "release")
    assert await town.state() == "IN_SERVICE"


async def test_a_suspension_from_the_past_holds_over_a_release_that_did_not_know_of_it(town: Town) -> None:
    await town.until("in service")
    began = town.clock.now()
    for name, step in (("manager", "suspend"), ("manager", "rectify"), ("manager", "report"), ("head", "release")):
        await town.did(name, step, **({"occurred_at": town.clock.now().isoformat()} if step == "suspend" else {}))
    await town.did("supervisor", "suspend", occurred_at=began.isoformat(), cause="ANOMALY_ORDER")
    assert await town.state() == "SUSPENDED"
    await town.did("manager", "rectify")
    await town.did("manager", "report")
    is_problem(await town.does("head", "release"), 403, "supervisor-must-release")


async def test_a_site_that_was_in_service_is_not_taken_back_as_if_it_never_had_been(town: Town) -> None:
    first = await town.until("in service")
    second = await town.did("manager", "propose", speed_limit=40)
    await town.approved(second)
    assert (await town.announces("publicity", second)).status_code == 201
    await town.did("head", "services")
    taken_back = {"site_version_id": first, "reason": "误报"}
    is_problem(await town.records("withdrawals", **taken_back), 409, "life-cycle-step")
    third = await town.did("manager", "propose", speed_limit=50)
    assert (await town.records("withdrawals", site_version_id=third, reason="误报")).status_code == 201
    is_problem(await town.records("withdrawals", site_version_id=third, reason="误报"), 409, "life-cycle-step")


async def test_before_a_device_is_retired_the_public_is_told_of_every_site_given_up(town: Town) -> None:
    first = await town.until("in service")
    second = await town.did("manager", "propose", speed_limit=40)
    await town.approved(second)
    assert (await town.announces("publicity", second)).status_code == 201
    await town.did("manager", "suspend", occurred_at=town.clock.now().isoformat())
    for site in (first, second):
        is_problem(await town.does("manager", "retire"), 409, "withdrawal-notice-missing")
        assert (await town.announces("publicity", site, "WITHDRAWN")).status_code == 201
    await town.did("manager", "retire")


@pytest.mark.parametrize("days", [0, 30])
async def test_lead_days_are_those_of_the_nearest_government_that_day_and_frozen(town: Town, days: int) -> None:
    """0 as in Wuhan, 30 as in Guangdong."""
    for unit, value in ((town.city.city, 7), (town.city.east, days)):
        policy = queries.Policy(unit.id, queries.PolicyName.LEAD_DAYS, value, None, None, "粤府〔2025〕12号")
        async with town.database.transaction() as db:
            await queries.set_policy(db, policy, town.clock.now(), None)
    await town.until("ready")
    async with town.database.transaction() as db:
        tomorrow = town.clock.now().date() + timedelta(days=1)
        later = queries.Policy(town.city.east.id, queries.PolicyName.LEAD_DAYS, 99, tomorrow, None, "后来")
        await queries.set_policy(db, later, town.clock.now(), None)
    if days:
        is_problem(await town.does("head", "services"), 409, "not-usable-yet")
        town.clock.advance(timedelta(days=29))
        is_problem(await town.does("head", "services"), 409, "not-usable-yet")
        town.clock.advance(timedelta(days=1))
    await town.did("head", "services")


async def test_a_sign_check_counts_for_as_many_days_as_policy_asks(town: Town) -> None:
    policy = queries.Policy(town.city.city.id, queries.PolicyName.SIGN_CHECK_DAYS, 10, None, None, "某文件")
    async with town.database.transaction() as db:
        await queries.set_policy(db, policy, town.clock.now(), None)
    await town.until("ready")
    town.clock.advance(timedelta(days=11))
    is_problem(await town.does("head", "services"), 409, "sign-check-missing")
    town.clock.advance(timedelta(days=-1))
    await town.did("head", "services")


@pytest.mark.parametrize(
    ("stage", "name", "step"),
    [
        ("", "manager", "propose"),
        ("ready", "head", "services"),
        ("in service", "manager", "suspend"),
        ("suspended", "manager", "rectify"),
        ("rectifying", "manager", "report"),
        ("reported", "head", "release"),
    ],
)
async def test_of_two_people_who_take_a_step_at_once_one_takes_it_and_the_other_is_told(
    town: Town, stage: str, name: str, step: str
) -> None:
    if stage:
        await town.until(stage)
    changes = {"occurred_at": (town.clock.now()).isoformat()} if step == "suspend" else {}
    answers = await asyncio.gather(*(town.does(name, step, **changes) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    is_problem(max(answers, key=lambda answer: answer.status_code), 409, "life-cycle-step")


async def test_of_two_reviews_and_two_notices_at_once_one_is_taken(town: Town) -> None:
    site = await town.did("manager", "propose")
    for step, *asked in (
        (town.reviews, "legal", site, Aspect.LEGAL),
        (town.reviews, "technical", site, Aspect.TECHNICAL),
        (town.announces, "publicity", site),
    ):
        answers = await asyncio.gather(*(step(*asked) for _ in range(2)))  # type: ignore[arg-type]
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_nobody_corrects_away_what_another_decided(town: Town) -> None:
    """A manager's way around a rejection, a supervisor's order, a release by somebody else would be a correction."""
    await town.until("in service")
    order = await town.did("supervisor", "suspend", occurred_at=town.clock.now().isoformat())
    shown = (await town.people["manager"].get(f"/devices/{town.device}")).json()
    assert shown["state"] == "SUSPENDED"
    correction = {"superseded_id": order, "reason": "误录"}
    for name in ("manager", "head", "legal", "technical", "publicity"):
        answer = await town.people[name].post(f"/devices/{town.device}/corrections", json=correction)
        is_problem(answer, 403, "not-allowed")
    done = await town.people["supervisor"].post(f"/devices/{town.device}/corrections", json=correction)
    assert done.status_code == 201, done.text
    assert await town.state() == "IN_SERVICE"
    again = await town.people["supervisor"].post(f"/devices/{town.device}/corrections", json=correction)
    is_problem(again, 404, "fact-not-found", "superseded_id")


async def test_corrections_are_for_those_who_may_tell_the_fact(town: Town) -> None:
    site = await town.did("manager", "propose")
    legal = (await town.reviews("legal", site, Aspect.LEGAL)).json()["id"]
    technical = (await town.reviews("technical", site, Aspect.TECHNICAL)).json()["id"]
    told = (await town.announces("publicity", site)).json()["id"]
    certificate = (await town.records("verification-certificates", **CERTIFICATE)).json()["id"]
    for fact, whose in ((told, "publicity"), (legal, "legal"), (technical, "technical"), (certificate, "manager")):
        correction = {"superseded_id": fact, "reason": "误录"}
        for name in ("manager", "legal", "technical", "publicity", "head", "supervisor"):
            if name != whose:
                answer = await town.people[name].post(f"/devices/{town.device}/corrections", json=correction)
                is_problem(answer, 403, "not-allowed")
        answer = await town.people[whose].post(f"/devices/{town.device}/corrections", json=correction)
        assert answer.status_code == 201, answer.text
    assert await town.state() == "PROPOSED"
    refused = await town.people["manager"].post(
        f"/devices/{town.device}/corrections", json={"superseded_id": site, "reason": "误录"}
    )
    is_problem(refused, 409, "fact-not-correctable", "superseded_id")
    other = {"superseded_id": certificate, "reason": "误录", "sign_check": {"checked_on": TODAY, "clear": True}}
    is_problem(await town.people["manager"].post(f"/devices/{town.device}/corrections", json=other), 404,
               "fact-not-found")  # fmt: skip


async def test_out_of_tolerance_is_told_as_the_check_that_found_it(town: Town) -> None:
    void = {"cause": "OUT_OF_TOLERANCE", "occurred_at": town.clock.now().isoformat()}
    is_problem(await town.records("void-events", **void), 400, "malformed", "cause")


async def test_a_device_that_is_to_move_is_listed_where_it_stands(town: Town) -> None:
    await town.until("in service")
    await town.did("manager", "propose", address="解放大道 9 号")
    async with town.database.connection() as db:
        address = await db.fetchval("select address from device_overview where device_id = $1", UUID(town.device))
    assert address == SITE["address"]
