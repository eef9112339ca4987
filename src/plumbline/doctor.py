"""Examines a configuration the way an operator would, and says for each fault how to mend it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import msgspec
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from rich.markup import escape

from agency.queries import working_days
from foundation.civil import day_of
from foundation.working_days import missing_year
from plumbline.embedded import services
from plumbline.embedded.processes import EmbeddedServerError
from plumbline.opening import trusted_by
from plumbline.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from rich.console import Console

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 18
"""Temporal keys (WITHOUT OVERLAPS, PERIOD) came with 18."""
DISK_FREE_BYTES = 2 * 1024**3
"""Below 1 GiB the embedded object store takes no more bytes; a warning must come earlier."""
CLOCK_SKEW_SECONDS = 60
"""S3 refuses requests from clocks more than 15 minutes off; the time of an upload is evidence long before that."""


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at; in order when `wrong` is empty."""

    subject: str
    found: str = ""
    wrong: str = ""
    mend: str = ""


async def examine(load: Callable[[], Settings], console: Console) -> int:
    """Print every finding; 0 when all is in order, else 1. Embedded servers that are not running are started for it."""
    faults = 0
    async for finding in findings(load):
        faults += bool(finding.wrong)
        _print(console, finding)
    console.print("[bold green]Everything is in order.[/]" if not faults else f"[bold red]{faults} to mend.[/]")
    return 1 if faults else 0


async def findings(load: Callable[[], Settings]) -> AsyncIterator[Finding]:
    """Every finding in order; a fault that hides what comes after it ends the examination."""
    try:
        settings = load()
    except SettingsError as error:
        yield Finding("settings", wrong=str(error), mend="Correct or unset the variable.")
        return
    try:
        trusted_by(settings)
    except SettingsError as error:
        yield Finding("settings", wrong=str(error), mend="Name a PEM file or a folder of them, or unset the variable.")
        return
    yield Finding("settings", "every PLUMBLINE_ variable is known and fits")
    yield _python()
    if not (settings.database_url and settings.s3_endpoint):
        for finding in _folder(settings.data):
            yield finding
    try:
        async with services.reached(settings) as filled:
            async for finding in _database(filled):
                yield finding
            for finding in await asyncio.to_thread(lambda: list(_store(filled))):
                yield finding
    except EmbeddedServerError as error:
        yield Finding("embedded servers", wrong=str(error), mend="See the message; the logs are in the data folder.")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", wrong=f"{found} is too old", mend="Use Python 3.11 or newer (PLUMBLINE_PYTHON).")
    return Finding("python", found)


def _folder(data: Path) -> Iterator[Finding]:
    nearest = next(folder for folder in (data, *data.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding(
            "data folder",
            wrong=f"{nearest} may not be written to by user {os.geteuid()}",
            mend="Choose another folder with --data or PLUMBLINE_DATA, or have its owner give you write permission.",
        )
        return
    open_files = [path for path in data.glob("objects/config/*") if path.stat().st_mode & 0o077]
    if open_files:
        yield Finding(
            "data folder",
            wrong=f"others may read {', '.join(map(str, open_files))}",
            mend="chmod 600 these files; if others may have read them, delete the folder's config and start anew.",
        )
    else:
        yield Finding("data folder", str(data))
    free = shutil.disk_usage(nearest).free
    if free < DISK_FREE_BYTES:
        yield Finding(
            "disk",
            wrong=f"only {free / 1024**3:.1f} GiB are free for {data}",
            mend="Free some space, or move the data folder. Below 1 GiB no more evidence is accepted.",
        )
    else:
        yield Finding("disk", f"{free / 1024**3:.0f} GiB free")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        db = await asyncpg.connect(settings.database_url, timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TimeoutError) as error:
        yield Finding("database", wrong=f"not reachable: {_brief(error)}", mend=_how_to_reach(error))
        return
    try:
        version = await db.fetchval("show server_version")
        if db.get_server_version().major < OLDEST_POSTGRESQL:
            yield Finding(
                "database",
                wrong=f"PostgreSQL {version} is too old",
                mend="Use PostgreSQL 18 or newer: verified periods are held by its temporal keys.",
            )
            return
        yield Finding("database", f"PostgreSQL {version}")
        for finding in await _roles(db):
            yield finding
        for finding in await _durability(db):
            yield finding
    finally:
        await db.close()
    applied = await _migrations(settings)
    yield applied
    if not applied.wrong:
        yield await _working_days(settings, datetime.now(UTC))


async def _working_days(settings: Settings, now: datetime) -> Finding:
    """Terms of law end on working days: the holidays of the coming year must be entered in time."""
    db = await asyncpg.connect(settings.database_url, timeout=10)
    try:
        calendar = await working_days(db)
    finally:
        await db.close()
    year = missing_year(calendar, day_of(now))
    if year is None:
        return Finding("working days", f"known for {min(calendar.years)} to {max(calendar.years)}")
    return Finding(
        "working days",
        wrong=f"nobody has entered the holidays and make-up days of {year}",
        mend="As an administrator of the city: POST /desk/v1/working-days with the days of the State Council's notice "
        f"and completes: {year}.",
    )


async def _roles(db: asyncpg.Connection[asyncpg.Record]) -> list[Finding]:
    role, superuser, owns_database, owns_tables, gist = (
        await db.fetchrow(
            """
        select current_user,
               (select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
               (select pg_has_role(current_user, datdba, 'member') from pg_database where datname = current_database()),
               (select count(*) from pg_class
                 where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
                   and pg_has_role(current_user, relowner, 'member')),
               (select count(*) from pg_available_extensions where name = 'btree_gist')
        """
        )
        or (None,) * 5
    )
    found = []
    if superuser:
        found.append(
            Finding(
                "database role",
                wrong=f"{role} is a superuser, so no rule of the database binds the program",
                mend=f"create role plumbline login; and use it in PLUMBLINE_DATABASE_URL instead of {role}.",
            )
        )
    elif owns_database or owns_tables:
        found.append(
            Finding(
                "database role",
                wrong=f"{role} owns the database or its tables, so it could drop the rules that bind it",
                mend="Let a role of its own own them (PLUMBLINE_MIGRATION_DATABASE_URL), and another, owning nothing, "
                "work on them (PLUMBLINE_DATABASE_URL).",
            )
        )
    else:
        found.append(Finding("database role", f"{role} owns nothing and is no superuser"))
    if not gist:
        found.append(
            Finding(
                "btree_gist",
                wrong="the extension is not installed on the database server",
                mend="Install PostgreSQL's contrib package on the server (on Debian it is part of postgresql-18).",
            )
        )
    else:
        found.append(Finding("btree_gist", "available"))
    return found


async def _durability(db: asyncpg.Connection[asyncpg.Record]) -> list[Finding]:
    """What is acknowledged must be on disk."""
    off = [
        name
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if await db.fetchval(f"show {name}") == "off"
    ]
    skew = abs((datetime.now(UTC) - await db.fetchval("select clock_timestamp()")).total_seconds())
    found = [
        Finding("durability", wrong=f"{name} is off: power lost is evidence lost", mend=f"Set {name} = on.")
        for name in off
    ] or [Finding("durability", "commits are on disk before they are acknowledged")]
    return [*found, _clock("database", skew)]


async def _migrations(settings: Settings) -> Finding:
    from plumbline import migrations  # noqa: PLC0415 - the rest of the examination must not depend on it

    try:
        pending = await migrations.pending(settings.owner_url)
    except (OSError, asyncpg.PostgresError) as error:
        return Finding(
            "migrations",
            wrong=f"cannot be looked at as the owner: {_brief(error)}",
            mend="Correct PLUMBLINE_MIGRATION_DATABASE_URL.",
        )
    except migrations.SchemaMismatch as error:
        return Finding(
            "migrations", wrong=str(error), mend="Run the version of Plumbline that made this database, or a newer one."
        )
    if pending:
        return Finding(
            "migrations",
            wrong=f"{len(pending)} not applied: {', '.join(pending)}",
            mend="plumbline migrate (`plumbline run` does it by itself)",
        )
    return Finding("migrations", "all applied")


def _store(settings: Settings) -> Iterator[Finding]:
    endpoint = urlsplit(settings.s3_endpoint)
    if endpoint.scheme not in ("http", "https") or not endpoint.netloc:
        yield Finding(
            "object store",
            wrong=f"{settings.s3_endpoint} is not a URL",
            mend="Set PLUMBLINE_S3_ENDPOINT to something like https://s3.example.org:9000.",
        )
        return
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(10), retries=False)
    try:
        answer = pool.request("GET", settings.s3_endpoint)
    except urllib3.exceptions.HTTPError as error:
        yield Finding(
            "object store",
            wrong=f"{settings.s3_endpoint} does not answer: {_brief(error)}",
            mend="Start the server, or correct PLUMBLINE_S3_ENDPOINT (http or https? which port?).",
        )
        return
    yield Finding("object store", f"{settings.s3_endpoint} answers")
    if date := answer.headers.get("Date"):
        yield _clock("object store", abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()))
    client = Minio(
        endpoint.netloc,
        settings.s3_access_key,
        settings.s3_secret_key,
        secure=endpoint.scheme == "https",
        region=settings.s3_region,
        http_client=pool,
    )
    yield from _bucket(client, settings.s3_bucket)


def _bucket(client: Minio, bucket: str) -> Iterator[Finding]:
    try:  # a GET: answers to HEAD have no body, and so no reason
        versioning = client.get_bucket_versioning(bucket).status
    except S3Error as error:
        yield Finding(
            "bucket", wrong=f"{bucket}: {error.code}", mend=_STORE_MENDS.get(error.code or "", "See the server's log.")
        )
        return
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        yield Finding("bucket", wrong=_brief(error), mend="Is this the S3 port of the server?")
        return
    yield Finding("bucket", bucket)
    if versioning != "Enabled":
        yield Finding(
            "versioning",
            wrong=f"of {bucket} is {versioning or 'off'}",
            mend="Make a new bucket with Object Lock: it needs versioning, and most servers allow neither later.",
        )
    try:
        client.get_object_lock_config(bucket)
    except S3Error as error:
        yield Finding(
            "Object Lock",
            wrong=f"{bucket} has none ({error.code})",
            mend="Make a bucket with Object Lock enabled at its creation, and name it in PLUMBLINE_S3_BUCKET.",
        )
    else:
        yield Finding("Object Lock", "enabled")


_STORE_MENDS = {
    "NoSuchBucket": "Create it with Object Lock, or correct PLUMBLINE_S3_BUCKET.",
    "AccessDenied": "Give the key read, write, list and retention rights on this bucket, never BypassGovernance.",
    "InvalidAccessKeyId": "Correct PLUMBLINE_S3_ACCESS_KEY.",
    "SignatureDoesNotMatch": "Correct PLUMBLINE_S3_SECRET_KEY; a wrong PLUMBLINE_S3_REGION does this too.",
    "AuthorizationHeaderMalformed": "Correct PLUMBLINE_S3_REGION.",
    "RequestTimeTooSkewed": "Set the clocks of both machines (NTP).",
}


def _clock(whose: str, skew: float) -> Finding:
    if skew > CLOCK_SKEW_SECONDS:
        return Finding(
            "clock", wrong=f"{skew:.0f} s apart from the {whose}'s", mend="Set the clocks of both machines (NTP)."
        )
    return Finding("clock", f"agrees with the {whose}'s")


def _how_to_reach(error: BaseException) -> str:
    if isinstance(error, (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)):
        return "Correct the role or password in PLUMBLINE_DATABASE_URL, and look at the server's pg_hba.conf."
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return "Create the database, owned by the role of PLUMBLINE_MIGRATION_DATABASE_URL, or correct its name."
    return "Start the server, or correct PLUMBLINE_DATABASE_URL (postgresql://role:password@host:port/database)."


def _brief(error: BaseException) -> str:
    """One line, and never a URL with a password: drivers do not put one into their messages."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _print(console: Console, finding: Finding) -> None:
    if finding.wrong:
        console.print(f"[bold red]✗ {finding.subject}[/]: {escape(finding.wrong)}", highlight=False, soft_wrap=True)
        console.print(f"  [yellow]→ {escape(finding.mend)}[/]", highlight=False, soft_wrap=True)
    else:
        console.print(f"[green]✓[/] {finding.subject}: {escape(finding.found)}", highlight=False, soft_wrap=True)
