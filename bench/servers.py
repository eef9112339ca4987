"""The stage: embedded PostgreSQL and object store as in production, the API and its yardsticks each a process."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
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
    """Everything that is running. `people` can sign in."""

    settings: Settings
    people: list[SeededPerson]
    api: Server
    bare: Server
    bare_signed_in: Server
    database_pid: int
    store_pid: int

    def pids(self, server: Server) -> Pids:
        return Pids(server.pid, self.database_pid, self.store_pid)


@asynccontextmanager
async def stage(say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Starts everything in a temporary folder; ends it and removes the folder afterwards."""
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as folder:
        async with running(Settings(data=Path(folder) / "data"), durable=True, say=say) as settings, AsyncExitStack() as stack:
            await migrate(settings.owner_url)
            people = (await seed(settings)).people
            servers = [
                await stack.enter_async_context(_server(settings, Path(folder), *command))
                for command in (
                    ("plumbline", "api"),
                    ("bench.bare", "open"),
                    ("bench.bare", "signed-in"),
                )
            ]
            (database_pid,), (store_pid,) = meter.children_called("postgres"), meter.children_called("weed")
            yield Stage(settings, people, *servers, database_pid, store_pid)


@asynccontextmanager
async def _server(settings: Settings, folder: Path, module: str, argument: str) -> AsyncIterator[Server]:
    """`python -m module argument`, told by the environment what an operator would tell it; its log beside the data."""
    port = _free_port()
    told = {name: str(getattr(settings, name)) for name in (*CONNECTIONS, "data")} | {"port": str(port)}
    environ = os.environ | {known_settings.variable(name): value for name, value in told.items()}
    log = folder / f"{module}-{argument}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, argument, env=environ, cwd=ROOT, stdout=output, stderr=output
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        await _answering(url, process, log)
        yield Server(url, process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answering(url: str, process: Process, log: Path) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(START_SECONDS * 20):
            if process.returncode is not None:
                break
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/health") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
