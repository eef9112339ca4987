"""The embedded servers survive what happens to machines: every kind of kill -9, a second start, a leftover pid file."""

# ruff: noqa: ASYNC220, ASYNC240 - these tests wait for processes and files of others; there is nothing to do meanwhile

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from minio import Minio

from plumbline.embedded import postgresql, processes
from plumbline.embedded.processes import EmbeddedServerError
from plumbline.embedded.services import reached, running
from plumbline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUN = """
import asyncio, msgspec, sys
from pathlib import Path
from plumbline.embedded.services import running
from plumbline.settings import Settings

async def main():
    async with running(Settings(data=Path(sys.argv[1])), say=lambda line: print(line, file=sys.stderr)) as settings:
        known = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
        print(msgspec.json.encode(known).decode(), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        yield Path(folder)


class Run:
    """A whole Plumbline host process with its embedded servers, to be killed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        assert answer, self.process.communicate()[1]
        known: dict[str, Any] = json.loads(answer)
        self.database_url: str = known["database_url"]
        self.owner_url: str = known["migration_database_url"]
        self.store = Minio(
            known["s3_endpoint"].removeprefix("http://"), known["s3_access_key"], known["s3_secret_key"],
            secure=False, region=known["s3_region"],
        )  # fmt: skip
        self.bucket: str = known["s3_bucket"]

    @property
    def postgres(self) -> int:
        pid = processes.pid_in(self.data / "postgresql" / "cluster" / "postmaster.pid")
        assert pid is not None
        return pid

    @property
    def weed(self) -> int:
        pid = processes.pid_in(self.data / "objects" / "weed.pid")
        assert pid is not None
        return pid

    def end(self, how: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)[1]


@pytest.fixture
def start(data: Path) -> Iterator[Callable[[], Run]]:
    runs: list[Run] = []

    def begin() -> Run:
        runs.append(Run(data))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.end()


async def remember(run: Run, what: str) -> None:
    """Acknowledged by both servers."""
    db = await asyncpg.connect(run.owner_url)
    await db.execute("create table if not exists remembered (what text primary key)")
    await db.execute("insert into remembered values ($1)", what)
    await db.close()
    put(run, what)


def put(run: Run, what: str) -> None:
    run.store.put_object(run.bucket, what, io.BytesIO(what.encode()), len(what.encode()))


async def remembered(run: Run) -> tuple[set[str], set[str]]:
    db = await asyncpg.connect(run.owner_url)
    rows = {row[0] for row in await db.fetch("select what from remembered")}
    await db.close()
    names = {one.object_name for one in run.store.list_objects(run.bucket)}
    assert all(run.store.get_object(run.bucket, name).read() == name.encode() for name in names)
    return rows, names


async def test_a_killed_run_takes_its_servers_along_and_a_new_one_has_everything(start: Callable[[], Run]) -> None:
    first = start()
    await remember(first, "acknowledged")
    children = [first.postgres, first.weed]
    first.end(signal.SIGKILL)
    await gone(children)
    assert await remembered(start()) == ({"acknowledged"}, {"acknowledged"})


async def test_a_killed_server_is_restarted_at_the_same_place_and_has_everything(start: Callable[[], Run]) -> None:
    run = start()
    await remember(run, "before")
    for pid in (run.postgres, run.weed):
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: remember(run, "after"))
    assert await remembered(run) == ({"before", "after"}, {"before", "after"})
    said = run.end()
    assert "PostgreSQL ended unexpectedly" in said
    assert "SeaweedFS is ready again" in said


async def test_servers_that_outlived_a_killed_run_are_ended_by_the_next(start: Callable[[], Run]) -> None:
    """Where the kernel does not end them for us: stopped servers cannot act on the signal."""
    first = start()
    await remember(first, "acknowledged")
    leftovers = [first.postgres, first.weed]
    for pid in leftovers:
        os.kill(pid, signal.SIGSTOP)
    first.end(signal.SIGKILL)
    for pid in leftovers[:1]:
        os.kill(pid, signal.SIGCONT)
    second = start()
    await gone(leftovers)
    assert await remembered(second) == ({"acknowledged"}, {"acknowledged"})


async def test_an_ended_run_leaves_no_process_and_no_socket(start: Callable[[], Run]) -> None:
    run = start()
    children = [run.postgres, run.weed]
    sockets = (run.data / "objects" / "weed.pid").read_text().split()[1:]
    run.end(signal.SIGINT)
    await gone(children)
    assert sockets
    assert not [one for one in sockets if Path(one).exists()]


async def test_a_second_run_on_the_same_data_is_refused(start: Callable[[], Run]) -> None:
    run = start()
    with pytest.raises(EmbeddedServerError, match=f"in use by another Plumbline \\(process {run.process.pid}\\)"):
        async with running(Settings(data=run.data)):
            pass


async def test_a_command_beside_a_run_reaches_its_servers(start: Callable[[], Run]) -> None:
    run = start()
    async with reached(Settings(data=run.data)) as settings:
        assert settings.database_url == run.database_url
        assert settings.s3_endpoint


async def test_a_process_that_only_inherited_the_number_is_left_alone(data: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        marks = [f"-dir={data}/volumes"]
        assert not await processes.end_leftover(bystander.pid, marks=marks, wish=signal.SIGTERM, patience_seconds=1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_configured_servers_are_used_and_none_is_started(data: Path) -> None:
    settings = Settings(data=data, database_url="postgresql://elsewhere/x", s3_endpoint="https://elsewhere")
    async with running(settings) as filled:
        assert filled == settings
    assert not list(data.iterdir())


async def test_a_long_path_gets_a_short_socket_of_mode_0700(data: Path) -> None:
    server = postgresql.Postgresql(data / ("long" * 30), durable=False)
    data.chmod(0o711)
    try:
        await server.start()
        sockets = Path(server.place).parent
        assert len(server.place) < postgresql.SOCKET_PATH_BYTES
        assert sockets.stat().st_mode & 0o777 == 0o700
    finally:
        await server.stop()
    assert not sockets.exists()


async def test_postgresql_listens_on_its_socket_only(services: Settings) -> None:
    db = await asyncpg.connect(services.migration_database_url)
    assert await db.fetchval("show listen_addresses") == ""
    assert await db.fetchval("show data_checksums") == "on"
    assert await db.fetchval("show timezone") == "UTC"
    await db.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", 5432), timeout=1)


async def test_the_application_owns_nothing_and_is_no_superuser(services: Settings) -> None:
    db = await asyncpg.connect(services.database_url)
    attributes = await db.fetchrow(
        """
        select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication,
               pg_has_role(current_user, datdba, 'member')
          from pg_roles, pg_database
         where rolname = current_user and datname = 'plumbline'
        """
    )
    assert attributes is not None
    assert tuple(attributes) == (False,) * 6
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("create table mine (i int)")
    await db.close()


async def test_the_owner_may_bring_the_extension(services: Settings, owner_url: str) -> None:
    db = await asyncpg.connect(owner_url)
    await db.execute("create extension if not exists btree_gist")
    assert await db.fetchval("select rolsuper from pg_roles where rolname = current_user") is False
    await db.close()


async def gone(pids: list[int]) -> None:
    for pid in pids:
        for _ in range(200):
            if not processes.command_line(pid):
                break
            await asyncio.sleep(0.05)
        assert not processes.command_line(pid)


async def eventually(attempt: Callable[[], Any]) -> None:
    for _ in range(60):
        try:
            await attempt()
        except Exception:  # noqa: BLE001 - whatever a dying server says
            await asyncio.sleep(0.5)
        else:
            return
    await attempt()
