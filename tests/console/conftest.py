"""Somebody at a desk: a browser's cookies, without the browser."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import hashed
from foundation.database import Database
from plumbline.settings import Settings
from tests.builders import LONG_AGO
from tests.client import speaking_to
from tests.support import FixedClock

PASSWORD = "Wuhan-is-on-two-rivers"
PASSWORD_HASH = hashed(PASSWORD)


class Desk:
    """Reads pages and sends their forms, as a browser does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def read(self, path: str, **query: str) -> httpx.Response:
        return await self.client.get(path, params=query or None)

    async def send(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """A form with the token that this browser was given."""
        if "plumbline_form" not in self.client.cookies:
            await self.client.get("/desk/sign-in")
        token = self.client.cookies["plumbline_form"]
        return await self.client.post(path, data={"form_token": token, **(fields or {})}, **more)

    async def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.send("/desk/sign-in", {"sign_in_name": name, "password": password, **more})


@pytest_asyncio.fixture
async def desk(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[Desk]:
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield Desk(client)


async def somebody(database: Database, unit_id: UUID, name: str, *roles: Role, words: str = "监控设备管理员甲") -> UUID:
    """A person with an account and these roles for the unit."""
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, words, f"The one called {name}", unit_id)
        for role in roles:
            await agency.grant(db, person.id, role, unit_id, LONG_AGO)
        await agency.open_account(db, name, person.id, PASSWORD_HASH)
    return person.id


def text_of(page: httpx.Response) -> str:
    """What a reader sees of a page, without its mark-up."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
