"""The routes of the catalogue, with whoever asks signed in."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from agency.enforcement_items.changes import nobody_listens
from agency.enforcement_items.http import router
from agency.http import ROUTES, TokenAuthentication
from foundation.database import Database
from foundation.http import EXCEPTION_HANDLERS
from plumbline.settings import Settings
from tests.support import FixedClock


@pytest_asyncio.fixture
async def desk(database: Database, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        [*ROUTES, router],
        middleware=[DefineMiddleware(TokenAuthentication, exclude="^/schema")],
        exception_handlers=EXCEPTION_HANDLERS,
        dependencies={
            "database": Provide(lambda: database, sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "items_changed": Provide(lambda: nobody_listens, sync_to_thread=False),
            "settings": Provide(lambda: Settings(sign_in_hours=12), sync_to_thread=False),
        },
        state=State({"database": database, "clock": clock}),
    )
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client
