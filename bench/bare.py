"""The yardstick of the standing look-up: one handler, one primary-key SELECT, served exactly as the API is.

`python -m bench.bare open` asks nobody who they are; `python -m bench.bare signed-in` has the API's own sign-in check.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath

from agency.http import OPEN, TokenAuthentication
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline import serve
from plumbline import settings as known_settings
from plumbline.settings import Settings


class Device(msgspec.Struct, frozen=True):
    id: UUID
    tag: str
    kind: str
    serial_no: str


@get("/device/{device_id:uuid}")
async def device(device_id: FromPath[UUID], database: NamedDependency[Database]) -> Device:
    async with database.connection() as db:
        row = await db.fetchrow("select id, tag, kind, serial_no from device where id = $1", device_id)
    assert row is not None
    return Device(*row)


@get("/health", opt=OPEN)
async def health() -> str:
    return "alive"


def create_app(settings: Settings, *, signed_in: bool) -> Litestar:
    opened: list[Database] = []

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        opened.append(
            await Database.open(settings.database_url, most=settings.database_connections, unless_said=EVERYTHING)
        )
        app.state.update({"database": opened[0], "clock": SystemClock()})
        yield
        await opened[0].close()

    return Litestar(
        [device, health],
        lifespan=[lifespan],
        dependencies={"database": Provide(lambda: opened[0], sync_to_thread=False)},
        middleware=[DefineMiddleware(TokenAuthentication)] if signed_in else [],
        openapi_config=None,
    )


async def main() -> int:
    settings = known_settings.load(os.environ)
    listening, taken = serve.listen(settings.host, settings.port)
    assert not taken
    with listening:
        await serve.serve(create_app(settings, signed_in=sys.argv[1] == "signed-in"), listening)
    return 0


if __name__ == "__main__":
    sys.exit(serve.run_until_signal(main()))
