"""Brings a database to the schema of this program: plain SQL files in dbmate's format, applied in order, once, checked.

The tool dbmate applies the same files, so that an operator is never tied to this module.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import asyncpg

LOCK_KEY = 0x706C756D62  # "plumb"
POLL_SECONDS = 0.2
"""Polled: whoever waits inside pg_advisory_lock holds a snapshot and blocks CREATE INDEX CONCURRENTLY for ever."""


UNDER_WAY = "restore_under_way"
"""A table that is there while a backup is being restored: rows may name objects that are not in the store yet."""


class Migration(NamedTuple):
    version: str
    sql: str
    sha256: str


class SchemaMismatch(Exception):
    """The database and this program do not belong together; the message says why and what to do."""


def known() -> list[Migration]:
    """The migrations of this program, oldest first."""
    return sorted(_read())


async def migrate(url: str, *, restoring: bool = False) -> list[str]:
    """Applies what is missing and returns the versions applied. `url` is the owner's. Raises SchemaMismatch."""
    connection = await asyncpg.connect(url)
    try:
        if not restoring:
            await _is_whole(connection)
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK_KEY):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        await connection.execute(
            """
            create table if not exists schema_migrations (
                version varchar(128) primary key,
                sha256  text
            )
            """,
        )
        missing = await _missing(connection)
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "insert into schema_migrations (version, sha256) values ($1, $2)",
                    migration.version,
                    migration.sha256,
                )
        return [migration.version for migration in missing]
    finally:
        await connection.close()


async def pending(url: str) -> list[str]:
    """Versions that the database still lacks. Raises SchemaMismatch where it is newer than the program, or edited."""
    connection = await asyncpg.connect(url)
    try:
        await _is_whole(connection)
        if await connection.fetchval("select to_regclass('schema_migrations') is null"):
            return [migration.version for migration in known()]
        return [migration.version for migration in await _missing(connection)]
    finally:
        await connection.close()


async def _is_whole(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    if await connection.fetchval("select to_regclass($1) is not null", UNDER_WAY):
        raise SchemaMismatch("A restore into this database was not finished. Run the same `plumbline restore` again.")


async def _missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Migration]:
    rows = await connection.fetch("select version, sha256 from schema_migrations")
    applied = {row["version"]: row["sha256"] for row in rows}
    migrations = known()
    if newer := applied.keys() - {migration.version for migration in migrations}:
        raise SchemaMismatch(f"The database has migrations this program does not know: {sorted(newer)}. Upgrade it.")
    for migration in migrations:
        if applied.get(migration.version) not in (None, migration.sha256):
            raise SchemaMismatch(f"Migration {migration.version} was edited after it had been applied.")
    return [migration for migration in migrations if migration.version not in applied]


def _read() -> Iterator[Migration]:
    for file in files(__name__).iterdir():
        if file.name.endswith(".sql"):
            text = file.read_text("utf-8")
            up = text.partition("-- migrate:up")[2].partition("-- migrate:down")[0]
            yield Migration(file.name.partition("_")[0], up, hashlib.sha256(text.encode()).hexdigest())
