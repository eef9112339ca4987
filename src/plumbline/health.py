"""Is the process alive, and can it do its work: for balancers and for people."""

import asyncio
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from agency.http import OPEN
from evidence.custodian import Custodian
from foundation.http import declared
from foundation.object_store import REACHABLE_SECONDS
from foundation.problem import Problem
from plumbline.migrations import known


class Health(Struct, frozen=True):
    status: Literal["alive"] = "alive"


class Ready(Struct, frozen=True):
    """Each is "ok", or what is wrong in one word."""

    database: str
    store: str
    migrations: str


class NotReady(Problem):
    """Something this process needs is out of reach; `database`, `store` and `migrations` say which."""

    slug, status = "not-ready", 503


@get("/health", opt=OPEN, security=[{}], tags=["operation"], summary="The process answers")
async def health() -> Health:
    return Health()


@get(
    "/ready",
    opt=OPEN,
    security=[{}],
    tags=["operation"],
    summary="Database, object store and migrations are as they should be",
    responses=declared(NotReady),
)
async def ready(custodian: NamedDependency[Custodian]) -> Ready:
    database, migrations = await _database(custodian)
    store = "ok" if await custodian.store.reachable() else "unreachable"
    if (database, store, migrations) != ("ok", "ok", "ok"):
        raise NotReady(members={"database": database, "store": store, "migrations": migrations})
    return Ready(database, store, migrations)


async def _database(custodian: Custodian) -> tuple[str, str]:
    try:
        async with asyncio.timeout(REACHABLE_SECONDS), custodian.database.connection() as db:
            applied = {row["version"] for row in await db.fetch("select version from schema_migrations")}
    except Exception:  # noqa: BLE001 - whatever keeps the database away, the answer is the same
        return "unreachable", "unknown"
    return "ok", "ok" if applied == {migration.version for migration in known()} else "pending"


ROUTES: list[ControllerRouterHandler] = [health, ready]
