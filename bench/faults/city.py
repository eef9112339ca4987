"""A city to be maltreated: servers, API and jobs as `plumbline run` has them, with wires between that can be cut."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import anyio
from msgspec.structs import asdict, replace

from bench import meter
from bench.faults import wires
from bench.faults.wires import Wire
from plumbline.embedded import processes
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.settings import PREFIX, Settings, variable

API_PROCESSES = 2
DISK_BYTES = 5 << 30
"""Of the disk that becomes full, in memory. SeaweedFS takes 1 GiB free for full; ten minutes write one."""
WHOLE_SECONDS = 120
"""Longer no recovery may take."""
INIT_PAUSE_SECONDS = 0.5
"""Before whoever started `plumbline run`, such as systemd with Restart=always, starts it again."""


class NotWhole(Exception):
    """Something did not come back."""


class City:
    """`api`: its URL. `settings`: past the wires, for who looks at what is there."""

    def __init__(self, settings: Settings, through: Settings, port: int, store: Wire, database: Wire) -> None:
        self.settings, self.store, self.database = settings, store, database
        self.api = f"http://127.0.0.1:{port}"
        self.log = settings.data.parent / "run.log"
        others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        told = asdict(replace(through, port=port, api_processes=API_PROCESSES))
        self._environ = others | {variable(name): str(value) for name, value in told.items() if value != ""}
        self._run: subprocess.Popen[bytes] | None = None
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def kept(self) -> None:
        """As an init system keeps it: started, and started again whenever it dies; until cancelled."""
        try:
            while True:
                self._run = processes.start(
                    [sys.executable, "-m", "plumbline", "run"],
                    log=self.log,
                    when_we_die=signal.SIGTERM,
                    folder=None,
                    environ=self._environ,
                )
                await processes.ended(self._run)
                await asyncio.sleep(INIT_PAUSE_SECONDS)
        finally:
            if self._run is not None:
                await processes.end(self._run, signal.SIGTERM, patience_seconds=30)
            await self._http.close()

    def parent(self) -> list[int]:
        return [self._run.pid] if self._run is not None and self._run.poll() is None else []

    def api_processes(self) -> list[int]:
        return self._children("api")

    def job_workers(self) -> list[int]:
        return self._children("worker")

    def postgresql(self) -> list[int]:
        return list(meter.children_called("postgres"))

    def object_store(self) -> list[int]:
        return list(meter.children_called("weed"))

    async def whole(self) -> bool:
        """Everybody is there, and every API process is ready (they take turns at one socket)."""
        if len(self.api_processes()) < API_PROCESSES or not self.job_workers():
            return False
        for _ in range(2 * API_PROCESSES):
            try:
                async with self._http.get(f"{self.api}/ready", headers={"Connection": "close"}) as answer:
                    if answer.status != 200:
                        return False
            except (aiohttp.ClientError, TimeoutError, OSError):
                return False
        return True

    async def until_whole(self) -> None:
        """Raises NotWhole."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                while not await self.whole():  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotWhole(f"not whole again after {WHOLE_SECONDS} s:\n{processes.last_lines(self.log, 40)}") from None

    async def fill_disk(self, seconds: float) -> None:
        """Not a byte is free for so long."""
        filler = self.settings.data / "filler"
        with filler.open("wb") as file:
            free = shutil.disk_usage(filler).free
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, free)
        try:
            await asyncio.sleep(seconds)
        finally:
            filler.unlink()

    def _children(self, command: str) -> list[int]:
        found = list[int]()
        for parent in self.parent():
            with suppress(OSError):
                children = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
                found += [pid for pid in children if command in processes.command_line(pid)[3:4]]
        return found


@asynccontextmanager
async def city(say: Callable[[str], None]) -> AsyncIterator[tuple[City, str]]:
    """The city, whole; and why its disk cannot be filled, empty where it can."""
    with tempfile.TemporaryDirectory(prefix="plumbline-faults-") as name:
        folder = Path(name)
        os.chmod(folder, 0o711)  # noqa: PTH101 - as root, PostgreSQL runs as another account and must pass through
        data, sockets = folder / "data", folder / "wire"
        data.mkdir(mode=0o711)
        sockets.mkdir(mode=0o700)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        why_not = _small_disk(data)
        try:
            async with (
                running(Settings(data=data), say=say) as settings,
                wires.to_store(settings.s3_endpoint) as (store, endpoint),
                wires.to_database(settings.database_url, sockets) as (database, through),
            ):
                await migrate(settings.owner_url)
                urls = {key: through(getattr(settings, key)) for key in ("database_url", "migration_database_url")}
                one = City(settings, replace(settings, s3_endpoint=endpoint, **urls), port, store, database)
                keeping = asyncio.create_task(one.kept())
                try:
                    await one.until_whole()
                    yield one, why_not
                finally:
                    keeping.cancel()
                    await asyncio.gather(keeping, return_exceptions=True)
        finally:
            if not why_not:
                await anyio.run_process(["umount", "--lazy", str(data)], check=False)


def _small_disk(folder: Path) -> str:
    """Puts the folder on a disk of its own; why that is not possible, or nothing."""
    if os.geteuid() != 0:
        return "only root can mount a small disk"
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=711", "tmpfs", str(folder)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


Harm = Callable[[], Awaitable[None]]


def kill(find: Callable[[], list[int]], choose: Callable[[list[int]], int]) -> Harm:
    """kill -9 of one of those that are found."""

    async def killed() -> None:
        if there := find():
            with suppress(ProcessLookupError):
                os.kill(choose(there), signal.SIGKILL)

    return killed
