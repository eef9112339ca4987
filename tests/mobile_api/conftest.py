"""An officer signed in on a phone, speaking HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from joserfc.jwk import ECKey
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import hashed
from evidence.model import Courier
from foundation.clock import Clock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.settings import Settings
from tests.builders import LONG_AGO, OfficerWithPhone, a_unit
from tests.client import speaking_to
from tests.served import served
from tests.support import FixedClock

PASSWORD = "Wuhan-is-on-two-rivers"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}


class SignedIn(NamedTuple):
    """A phone with a token: `client` sends it with every request."""

    client: httpx.AsyncClient
    officer: OfficerWithPhone

    def commitment(self, body: bytes, clock: Clock, **facts: Any) -> str:
        return self.officer.commitment(body, clock.now(), **facts)

    async def commit(self, body: bytes, clock: Clock, **facts: Any) -> str:
        """The evidence id of a commitment that was acknowledged."""
        answer = await self.client.post("/mobile/v1/commitments", json={"jws": self.commitment(body, clock, **facts)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["evidence_id"])


@pytest_asyncio.fixture
async def client(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


@pytest_asyncio.fixture
async def unit_id(database: Database) -> UUID:
    return await a_unit(database)


@pytest_asyncio.fixture
async def phone(client: httpx.AsyncClient, database: Database, unit_id: UUID, clock: FixedClock) -> SignedIn:
    return await a_phone(client, database, unit_id)


@pytest_asyncio.fixture(scope="session")
async def workers(
    shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str]]:
    """The URLs of two processes that share everything, as behind a balancer."""
    logs = tmp_path_factory.mktemp("workers")
    with served(shared_settings, logs / "1") as one, served(shared_settings, logs / "2") as other:
        yield one, other


@pytest_asyncio.fixture(scope="session")
async def served_phone(shared_settings: Settings, workers: tuple[str, str]) -> AsyncIterator[SignedIn]:
    """A phone signed in at the first worker; its token is good at both."""
    database = await Database.open(shared_settings.database_url, most=2, unless_said=EVERYTHING)
    async with httpx.AsyncClient(base_url=workers[0], timeout=60) as client:
        yield await a_phone(client, database, await a_unit(database))
    await database.close()


async def a_phone(
    client: httpx.AsyncClient, database: Database, unit_id: UUID, name: str = "officer-a", *more: Role
) -> SignedIn:
    """A field officer with an account and a credential, signed in."""
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.OFFICER, "执法人员甲", "Officer A", unit_id)
        await agency.add_credential(db, person.id, f"X-{name}", "武汉市人民政府", date(2020, 1, 1), date(2035, 12, 31))
        for role in (Role.FIELD_OFFICER, *more):
            await agency.grant(db, person.id, role, unit_id, LONG_AGO)
        await agency.open_account(db, name, person.id, hashed(PASSWORD))
    return await sign_in(client, person.id, unit_id, name)


async def sign_in(client: httpx.AsyncClient, person_id: UUID, unit_id: UUID, name: str = "officer-a") -> SignedIn:
    key = ECKey.generate_key("P-256")
    answer = await client.post(
        "/mobile/v1/sign-in",
        json={
            "sign_in_name": name,
            "password": PASSWORD,
            "phone": {"label": "执法终端 3", "public_key": key.as_dict(private=False)},
        },
    )
    assert answer.status_code == 201, answer.text
    phone_id = UUID(answer.json()["phone_id"])
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return SignedIn(client, OfficerWithPhone(person_id, unit_id, phone_id, key, Courier(person_id, phone_id, unit_id)))
