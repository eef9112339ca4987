"""A small city with a log of its own, and other servers to restore it into."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest_asyncio
from msgspec.structs import replace

from evidence.custodian import Custodian
from evidence.transparency_log.published import publish
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.clock import SystemClock
from foundation.object_store import ObjectStore
from plumbline.backup.making import make
from plumbline.backup.model import Backup
from plumbline.embedded.services import running
from plumbline.opening import opened
from plumbline.settings import Settings


class Place(NamedTuple):
    """A database and a bucket, with everything open."""

    settings: Settings
    custodian: Custodian

    @property
    def store(self) -> ObjectStore:
        return self.custodian.store

    async def log(self) -> None:
        """What a worker does: entries into the log, the log into the store."""
        signer = LogSigner.load_or_create(self.settings.log_signing_key_file)
        clock = self.custodian.clock
        await introduce(self.custodian.database, clock, signer)
        while await integrate(self.custodian.database, clock, signer):
            pass
        await publish(self.custodian)

    async def as_owner(self, statement: str, *values: Any) -> Any:
        owner = await asyncpg.connect(self.settings.owner_url)
        try:
            return await owner.fetchval(statement, *values)
        finally:
            await owner.close()


def silently(*_: object) -> None:
    """No progress bar."""


async def backed_up(place: Place, folder: Path) -> Backup:
    return await make(place.settings.owner_url, place.store, folder, SystemClock().now(), say=silently)


@pytest_asyncio.fixture
async def city(services: Settings, database_name: str, tmp_path: Path) -> AsyncIterator[Place]:
    urls = (services.database_url, services.owner_url)
    database_url, owner_url = (url.replace("/plumbline?", f"/{database_name}?") for url in urls)
    settings = replace(
        services,
        data=tmp_path / "city",
        database_url=database_url,
        migration_database_url=owner_url,
        database_connections=8,
        retention_days=36500,
    )
    settings.data.mkdir()
    async with opened(settings, SystemClock()) as custodian:
        place = Place(settings, custodian)
        await place.as_owner("update log_identity set origin = 'plumbline/custody/' || gen_random_uuid()")
        yield place


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[Settings]:
    """Servers of its own, with an empty database and an empty bucket."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with running(Settings(data=Path(folder), database_connections=8), durable=False) as settings:
            yield settings
