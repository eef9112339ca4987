"""A small application with one route for each way a request can fail to fit."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest_asyncio
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from foundation import problem_pages
from foundation.database import Database
from foundation.http import EXCEPTION_HANDLERS, json_only

MOST_BYTES = 2_000_000


class Colour(Enum):
    RED = "RED"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[int, Meta(ge=1, le=5)] = 1
    text: Annotated[str, Meta(min_length=1, max_length=3, pattern="^[a-z]+$")] = "a"


class Body(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner
    items: list[Inner] = []
    pair: tuple[int, int] | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    day: date | None = None
    id: UUID | None = None
    colour: Colour | None = None
    data: bytes = b""
    size: float | None = None
    even: Annotated[int, Meta(multiple_of=2)] = 0
    map: dict[str, int] = {}


@post("/body")
async def body(data: JSONBody[Body]) -> None: ...


@get("/query")
async def query(number: FromQuery[int]) -> int:
    return number


@get("/path/{id:uuid}")
async def path(id: FromPath[UUID]) -> str:  # noqa: A002
    return str(id)


@get("/crash")
async def crash() -> None:
    password = "a secret of a variable"
    raise RuntimeError("a secret of the message" + password[:0])


@get("/text")
async def text(text: FromQuery[str], database: NamedDependency[Database]) -> str:
    async with database.connection() as db:
        return str(await db.fetchval("select $1::text", text))


@post("/json")
async def json(data: JSONBody[dict[str, str]], database: NamedDependency[Database]) -> None:
    async with database.connection() as db:
        await db.execute("select $1::jsonb", data)


@get("/number")
async def number(number: FromQuery[int], database: NamedDependency[Database]) -> int:
    async with database.connection() as db:
        return int(await db.fetchval("select $1::bigint", number))


@get("/sum")
async def sum_(number: FromQuery[int], database: NamedDependency[Database]) -> int:
    async with database.connection() as db:
        return int(await db.fetchval("select $1::bigint + 1", number))


@get("/cut-off")
async def cut_off(database: NamedDependency[Database]) -> None:
    async with database.connection() as db:
        await db.execute("select pg_terminate_backend(pg_backend_pid())")


@get("/not-there")
async def not_there() -> None:
    await asyncpg.connect(host="/no/such/folder", user="plumbline")


@get("/too-slow")
async def too_slow(database: NamedDependency[Database]) -> None:
    async with database.connection() as db:
        await db.execute("select pg_sleep(60)", timeout=0.01)


@get("/cancelled")
async def cancelled(database: NamedDependency[Database]) -> None:
    async with database.transaction() as db:
        await db.execute("set local statement_timeout = 10")
        await db.execute("select pg_sleep(60)")


@get("/our-file")
async def our_file() -> None:
    Path("/no/such/file").read_bytes()  # noqa: ASYNC240


@get("/our-mistake")
async def our_mistake(database: NamedDependency[Database]) -> None:
    async with database.connection() as db:
        await db.fetchval("select $1::bigint", "not a number")


@get("/our-other-mistake")
async def our_other_mistake() -> None:
    b"\xff".decode()


ROUTES: list[ControllerRouterHandler] = [
    body, query, path, crash, text, json, number, sum_, cut_off, not_there, too_slow, cancelled, our_file, our_mistake,
    our_other_mistake, *problem_pages.ROUTES,
]  # fmt: skip


@pytest_asyncio.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        ROUTES,
        dependencies={"database": Provide(lambda: database, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=json_only,
        request_max_body_size=MOST_BYTES,
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://foundation") as client:
        yield client
