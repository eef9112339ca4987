"""Start what is not configured, keep it alive, and hand over settings that say where everything is."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from plumbline.embedded.certificates import write_secret
from plumbline.embedded.objects import Objects
from plumbline.embedded.postgresql import APPLICATION, OWNER, Postgresql
from plumbline.embedded.processes import EmbeddedServerError, ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from plumbline.settings import Settings

CONNECTIONS = ("database_url", "migration_database_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
"""Settings that `running` fills in."""
RESTART_PAUSE_SECONDS = 1.0
"""Between the death of a server and its restart; doubled, up to a minute, while restarts fail."""


@asynccontextmanager
async def running(
    settings: Settings, *, durable: bool = True, say: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Settings]:
    """Embedded PostgreSQL and S3, each unless `settings` name a server of the operator's own.

    `durable=False` is for tests: what is written may be lost when the machine loses power.
    `say` gets one line for people about each step and each restart. Raises EmbeddedServerError.
    Must be entered in the main thread, whose end takes the servers along.
    """
    if settings.database_url and settings.s3_endpoint:
        yield settings
        return
    with _sole_use_of(settings.data):
        async with AsyncExitStack() as stack:
            if not settings.database_url:
                postgresql = Postgresql(settings.data / "postgresql", durable=durable)
                await stack.enter_async_context(_kept_alive(postgresql, say))
                settings = msgspec.structs.replace(
                    settings,
                    database_url=postgresql.url(APPLICATION),
                    migration_database_url=postgresql.url(OWNER),
                )
            if not settings.s3_endpoint:
                objects = Objects(settings.data / "objects", bucket=settings.s3_bucket, durable=durable)
                await stack.enter_async_context(_kept_alive(objects, say))
                access_key, secret_key = objects.credentials
                settings = msgspec.structs.replace(
                    settings,
                    s3_endpoint=objects.endpoint,
                    s3_access_key=access_key,
                    s3_secret_key=secret_key,
                )
            connections = settings.data / "connections.json"
            write_secret(connections, msgspec.json.encode({name: getattr(settings, name) for name in CONNECTIONS}))
            stack.callback(connections.unlink, missing_ok=True)
            yield settings


@asynccontextmanager
async def reached(settings: Settings, *, say: Callable[[str], None] = lambda _: None) -> AsyncIterator[Settings]:
    """For a command beside a running `plumbline run`: its servers if it is there, else as `running` does."""
    if not (settings.database_url and settings.s3_endpoint) and _in_use(settings.data):
        try:
            known = msgspec.json.decode((settings.data / "connections.json").read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            message = f"A Plumbline on {settings.data} is just starting or ending; try again in a moment."
            raise EmbeddedServerError(message) from None
        known |= {name: value for name in CONNECTIONS if (value := getattr(settings, name))}
        yield msgspec.structs.replace(settings, **known)
        return
    async with running(settings, say=say) as filled:
        yield filled


def _in_use(data: Path) -> bool:
    try:
        with (data / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _sole_use_of(data: Path) -> Iterator[None]:
    """A lock that the kernel drops with the process, however it ends. Raises EmbeddedServerError."""
    try:
        _make_data_folder(data)
        lock = (data / "lock").open("a+")
    except OSError as error:
        message = f"{data} cannot be used as data folder: {error.strerror}. Choose another with --data DIR."
        raise EmbeddedServerError(message) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            message = (
                f"{data} is in use by another Plumbline (process {holder}). "
                f"Stop that one first, or choose another folder with --data DIR."
            )
            raise EmbeddedServerError(message) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _make_data_folder(data: Path) -> None:
    """0700, but as root 0711: PostgreSQL runs as another account then and must pass through.

    A folder that holds anything stays as it is.
    """
    data.mkdir(parents=True, exist_ok=True)
    if not any(data.iterdir()) and data.stat().st_uid == os.geteuid():
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)


@asynccontextmanager
async def _kept_alive(server: Postgresql | Objects, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Started, restarted on the same socket or port whenever it dies, stopped at the end."""
    say(f"starting {server.name} …")
    try:
        await server.start()
        say(f"{server.name} is ready: {server.place}")
        watch = asyncio.create_task(_restart_when_dead(server, say))
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
    finally:
        await server.stop()


async def _restart_when_dead(server: Postgresql | Objects, say: Callable[[str], None]) -> None:
    pause = RESTART_PAUSE_SECONDS
    while True:
        assert server.process is not None
        status = await ended(server.process)
        say(f"{server.name} ended unexpectedly (status {status}); restarting, log in {server.log}")
        try:
            await server.start()
        except EmbeddedServerError as error:
            say(f"{server.name} could not be restarted; next try in {pause:.0f} s. {error}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60)
        else:
            say(f"{server.name} is ready again: {server.place}")
            pause = RESTART_PAUSE_SECONDS
