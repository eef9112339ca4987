from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig

from agency.http import ROUTES, SECURITY, SECURITY_COMPONENTS, TokenAuthentication, requires
from agency.model import Role
from foundation.database import Database
from foundation.http import EXCEPTION_HANDLERS
from plumbline.settings import Settings
from tests.support import FixedClock


@get("/supervision", guards=[requires(Role.SUPERVISOR, Role.ADMINISTRATOR)])
async def supervision() -> str:
    return "ok"


@pytest.fixture
def agency_app(database: Database, clock: FixedClock) -> Litestar:
    return Litestar(
        [*ROUTES, supervision],
        middleware=[DefineMiddleware(TokenAuthentication, exclude="^/schema")],
        exception_handlers=EXCEPTION_HANDLERS,
        dependencies={
            "database": Provide(lambda: database, sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "settings": Provide(lambda: Settings(sign_in_hours=12), sync_to_thread=False),
        },
        state=State({"database": database, "clock": clock}),
        openapi_config=OpenAPIConfig("agency", "1", security=SECURITY, components=SECURITY_COMPONENTS),
    )


@pytest_asyncio.fixture
async def agency_client(agency_app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(agency_app, client=("192.0.2.7", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://agency") as client:
        yield client
