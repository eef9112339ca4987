"""An officer signed in on a phone, speaking HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest_asyncio
from joserfc.jwk import ECKey
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from agency.sign_in import hashed
from evidence.model import Courier
from foundation.database import Database
from plumbline.settings import Settings
from tests.builders import LONG_AGO, OfficerWithPhone
from tests.client import speaking_to
from tests.support import FixedClock

PASSWORD = "Wuhan-is-on-two-rivers"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}


class SignedIn(NamedTuple):
    """A phone with a token: `client` sends it with every request."""

    client: httpx.AsyncClient
    officer: OfficerWithPhone

    def commitment(self, body: bytes, clock: FixedClock, **facts: Any) -> str:
        return self.officer.commitment(body, clock.now(), **facts)

    async def commit(self, body: bytes, clock: FixedClock, **facts: Any) -> str:
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
    async with database.transaction() as db:
        unit = await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", date(2020, 1, 1), division_code="420100")
    return unit.id


@pytest_asyncio.fixture
async def phone(client: httpx.AsyncClient, database: Database, unit_id: UUID, clock: FixedClock) -> SignedIn:
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.OFFICER, "执法人员甲", "Officer A", unit_id)
        await agency.add_credential(db, person.id, "X-1", "武汉市人民政府", date(2020, 1, 1), date(2035, 12, 31))
        await agency.grant(db, person.id, Role.FIELD_OFFICER, unit_id, LONG_AGO)
        await agency.open_account(db, "officer-a", person.id, hashed(PASSWORD))
    return await sign_in(client, person.id, unit_id)


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
