"""The stage: embedded PostgreSQL and object store as in production, the API and its yardsticks each a process."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp

from bench import meter
from bench.meter import Pids
from plumbline import settings as known_settings
from plumbline.embedded.services import CONNECTIONS, running
from plumbline.migrations import migrate
from plumbline.seed import SeededPerson, seed
from plumbline.settings import Settings

START_SECONDS = 60
ROOT = Path(__file__).parent.parent


class Server(NamedTuple):
    url: str
    pid: int


class Stage(NamedTuple):
    """What is running for all sections. `people` can sign in."""

    settings: Settings
    people: list[SeededPerson]
    logs: Path
    database_pid: int
    store_pid: int

    def pids(self, server: Server) -> Pids:
        return Pids(server.pid, self.database_pid, self.store_pid)

    def api(self) -> AbstractAsyncContextManager[Server]:
        """The API as `plumbline api` serves it."""
        return _serving(self, "plumbline", "api")

    def bare(self, *, signed_in: bool) -> AbstractAsyncContextManager[Server]:
        """A yardstick: see bench.bare."""
        return _serving(self, "bench.bare", "signed-in" if signed_in else "open")

    def selectinload(self) -> AbstractAsyncContextManager[Server]:
        """Another yardstick: see bench.selectinload."""
        return _serving(self, "bench.selectinload")


@asynccontextmanager
async def stage(say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """PostgreSQL and the object store with a demonstration city, in a temporary folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101 - as root, PostgreSQL runs as another account and must pass through
        async with running(Settings(data=Path(folder) / "data"), durable=True, say=say) as settings:
            await migrate(settings.owner_url)
            people = (await seed(settings)).people
            (database_pid,), (store_pid,) = meter.children_called("postgres"), meter.children_called("weed")
            yield Stage(settings, people, Path(folder), database_pid, store_pid)


@asynccontextmanager
async def _serving(on: Stage, module: str, *arguments: str) -> AsyncIterator[Server]:
    """`python -m module arguments`, told by the environment what an operator would tell it."""
    port = _free_port()
    told = {name: str(getattr(on.settings, name)) for name in (*CONNECTIONS, "data")} | {"port": str(port)}
    environ = os.environ | {known_settings.variable(name): value for name, value in told.items()}
    log = on.logs / f"{'-'.join((module, *arguments))}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env=environ, cwd=ROOT, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await _answering(url, process)
        yield Server(url, process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answering(url: str, process: Process) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(START_SECONDS * 20):
            if process.returncode is not None:
                break
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/health") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
