"""A city with a district, two bureaus and a street, the people who make and receive reports, and cameras."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from agency.sign_in import hashed
from device_registry.annual_report import filing
from device_registry.model import (
    Announcement,
    Aspect,
    BasisLevel,
    Device,
    Fact,
    Mounting,
    Notice,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    VerificationCertificate,
)
from device_registry.record import record_facts
from device_registry.register import Registration, register_device
from foundation.database import Database
from plumbline.settings import Settings
from tests.builders import LONG_AGO
from tests.client import speaking_to
from tests.device_registry.builders import beijing
from tests.support import FixedClock

PASSWORD = "Wuhan-is-on-two-rivers"
PASSWORD_HASH = hashed(PASSWORD)


class City(NamedTuple):
    city: UUID
    district: UUID
    bureau: UUID
    other: UUID
    street: UUID
    people: dict[str, UUID]
    """By sign-in name: manager, second, head, otherhead, receiver, cityreceiver, supervisor, reviewer."""


@pytest_asyncio.fixture
async def database(database: Database) -> Database:
    """Without the unit that the register's other tests hang on."""
    return database


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 12, 20, 4, 0, tzinfo=UTC))


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        top = await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", begins, division_code="420100")

        async def unit(kind: UnitKind, zh: str, en: str, above: UUID, code: str | None = None) -> UUID:
            return (await agency.add_unit(db, kind, zh, en, begins, parent_id=above, division_code=code)).id

        district = await unit(UnitKind.DISTRICT, "江岸区", "Jiang'an District", top.id, "420102")
        bureau = await unit(UnitKind.DEPARTMENT, "江岸区城市管理执法局", "Jiang'an Urban Management", district)
        other = await unit(UnitKind.DEPARTMENT, "市交通运输局", "City Transport Bureau", top.id)
        street = await unit(UnitKind.STREET, "大智街道", "Dazhi Street", district, "420102002")
        people = {}
        for name, unit_id, roles in (
            ("manager", bureau, (Role.DEVICE_MANAGER,)),
            ("second", bureau, (Role.DEVICE_MANAGER,)),
            ("head", bureau, (Role.ENTITY_HEAD, Role.DEVICE_MANAGER)),
            ("otherhead", bureau, (Role.ENTITY_HEAD,)),
            ("receiver", district, (Role.REPORT_RECEIVER,)),
            ("cityreceiver", top.id, (Role.REPORT_RECEIVER,)),
            ("supervisor", top.id, (Role.SUPERVISOR,)),
            ("reviewer", district, (Role.LEGAL_REVIEWER,)),
            ("streetmanager", street, (Role.DEVICE_MANAGER, Role.ENTITY_HEAD)),
        ):
            person = await agency.add_person(db, PersonKind.STAFF, f"人员{name}", f"Person {name}", unit_id)
            for role in roles:
                await agency.grant(db, person.id, role, unit_id, LONG_AGO)
            await agency.open_account(db, name, person.id, PASSWORD_HASH)
            people[name] = person.id
    return City(top.id, district, bureau, other, street, people)


class Seal:
    """Signs like the product's signer, as far as its callers can tell."""

    def sign(self, payload: dict[str, Any]) -> str:
        return f"signed:{payload['receipt']}:{payload['snapshot_sha256']}"


Camera = Callable[..., Awaitable[Device]]


@pytest.fixture
def camera(database: Database, city: City, clock: FixedClock) -> Camera:
    """A speed radar of the bureau, reviewed, announced, verified and in service since the given moment (Beijing)."""

    async def make(
        tag: str,
        since: str | None,
        *,
        unit: UUID | None = None,
        valid_until: date = date(2027, 3, 31),
        mounting: Mounting = Mounting.FIXED,
        replaces: UUID | None = None,
        facts: tuple[Fact, ...] = (),
    ) -> Device:
        held_by = unit or city.bureau
        registration = Registration(
            tag=tag, kind="SPEED_RADAR_FIXED", serial_no=f"S-{tag}", model="CSR-IN", maker="演示厂", unit_id=held_by,
            mounting=mounting, replaces=replaces,
        )  # fmt: skip
        device = await register_device(database, clock, registration)
        proposer, reviewer = city.people["manager"], city.people["reviewer"]
        site = a_site(1)
        async with database.transaction() as db:
            await record_facts(db, clock, [(device.id, site)], recorded_by=proposer)
            papers = [*reviews(site, proposer), a_publication(site)]
            await record_facts(db, clock, [(device.id, fact) for fact in papers], recorded_by=reviewer)
            rest: list[Fact] = [
                VerificationCertificate(
                    verified_on=date(2024, 1, 10), valid_until=valid_until, certificate_no=f"JL-{tag}",
                    issuing_body="演示检定机构", regulation="JJG 527-2015",
                )
            ]  # fmt: skip
            if since:
                rest.append(put_in_service(site, since))
            await record_facts(db, clock, [(device.id, fact) for fact in (*rest, *facts)], recorded_by=proposer)
        return device

    return make


def a_site(number: int, address: str = "江岸区解放大道100号") -> SiteVersion:
    return SiteVersion(
        number=number, address=address, monitored_items=("超速",), basis_name="道路交通安全法",
        basis_article="第一百一十四条", basis_level=BasisLevel.LAW, necessity="事故多发", spacing_metres=900,
        funding="区级财政 18 万元", speed_limit=60,
    )  # fmt: skip


def reviews(site: SiteVersion, proposer: UUID) -> list[Fact]:
    return [
        Review(
            site_version_id=site.id, aspect=aspect, outcome=ReviewOutcome.PASSED, reviewing_body="区司法局",
            document_no=f"审-{aspect}", reviewed_on=date(2024, 1, 5), opinion="同意", proposed_by=proposer,
        )
        for aspect in Aspect
    ]  # fmt: skip


def a_publication(site: SiteVersion) -> Announcement:
    return Announcement(
        site_version_id=site.id, notice=Notice.PUBLISHED, announced_on=date(2024, 1, 6), channel="区政府门户网站",
        content="解放大道100号，超速", url="https://www.example.gov.cn/1",
    )  # fmt: skip


def put_in_service(site: SiteVersion, since: str) -> ServiceEvent:
    return ServiceEvent(
        change=ServiceChange.PUT_IN_SERVICE, occurred_at=beijing(since), site_version_id=site.id, document_no="启-1"
    )


def service(change: ServiceChange, at: str) -> ServiceEvent:
    return ServiceEvent(change=change, occurred_at=beijing(at), document_no="令-2")


class Office:
    """People of one unit who take a report through its steps."""

    def __init__(self, database: Database, clock: FixedClock, city: City) -> None:
        self._database, self._clock, self._city = database, clock, city

    def desk(self, name: str) -> filing.Desk:
        return filing.Desk(self._database, self._clock, self._city.people[name])

    async def filed(
        self, unit: UUID, year: int = 2026, *, received: bool = True, period_to: date | None = None
    ) -> UUID:
        report_id = await filing.begin(self.desk("manager"), unit, year, period_to)
        await self.finish(report_id, received=received)
        return report_id

    async def finish(self, report_id: UUID, *, received: bool = True) -> None:
        await filing.check(self.desk("second"), report_id)
        await filing.sign_off(self.desk("head"), report_id)
        await filing.file(self.desk("manager"), report_id, Seal())
        if received:
            await filing.receive(self.desk("receiver"), report_id, Seal())


@pytest.fixture
def office(database: Database, clock: FixedClock, city: City) -> Office:
    return Office(database, clock, city)


class Desks:
    """The API as each person of the city meets it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client, self._tokens = client, dict[str, str]()

    async def __call__(self, name: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if name not in self._tokens:
            answer = await self._client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
            self._tokens[name] = answer.json()["token"]
        headers = {"Authorization": f"Bearer {self._tokens[name]}", **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return await self._client.request(method, f"/desk/v1{path}", headers=headers, **more)


@pytest_asyncio.fixture
async def desks(services: Settings, database_url: str, clock: FixedClock, city: City) -> AsyncIterator[Desks]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield Desks(client)


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """At the same time; what is raised comes back as it is."""
    return await asyncio.gather(*calls, return_exceptions=True)
