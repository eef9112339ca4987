"""`python -m bench.log`: how many custody entries a second the log takes, beside the load that makes them.

Writers are processes of their own and commit as fast as they can, in turns with no worker and with `plumbline worker`;
the database is durable. Behind is how old the oldest entry that waits is, looked at twenty times a second.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg
import msgspec
from rich.console import Console
from rich.table import Table

from bench import meter
from bench.servers import ROOT, Stage, stage
from evidence.custody import Event
from evidence.transparency_log import queries
from evidence.transparency_log.fsck import examine
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline import settings as known_settings
from plumbline.embedded.services import CONNECTIONS
from plumbline.opening import opened

LEAST = 1_500
"""Entries a second that were promised, on two cores."""
MOST_BEHIND = 1.0
WRITERS = 2
ONE_BY_ONE = "an entry a transaction"
LOADS = {ONE_BY_ONE: (8, 1), "a hundred entries a transaction": (2, 100)}
"""Connections of each writer, and entries that each commits at once. The second writes more than any log can take, to
see what it takes then; what was promised of being behind is promised of the first."""


class Turn(NamedTuple):
    """Over the seconds in which writers wrote; `integrated` until the last entry was in, too."""

    written: float
    integrated: float | None
    behind: float
    worker_cpu_us: float
    """For each entry."""


class Measured(NamedTuple):
    turns: dict[str, tuple[list[Turn], list[Turn]]]
    """By load: without and with a worker."""
    leaves: int
    examined: float
    """Leaves a second of `plumbline fsck`."""


async def measure(seconds: float, rounds: int) -> Measured:
    """Raises AssertionError where the log is not whole in the end."""
    async with stage(lambda _: None) as on:
        database = await Database.open(on.settings.database_url, most=2, unless_said=EVERYTHING)
        turns: dict[str, tuple[list[Turn], list[Turn]]] = {load: ([], []) for load in LOADS}
        async with _worker(on):
            await _caught_up(database)
        for _ in range(rounds):
            for load, (without, with_worker) in turns.items():
                without.append(await _turn(on, database, load, seconds, None))
                async with _worker(on) as pid:
                    await _caught_up(database)
                    with_worker.append(await _turn(on, database, load, seconds, pid))
        await database.close()
        async with opened(on.settings, SystemClock()) as custodian:
            begins = time.perf_counter()
            report = await examine(custodian.database, custodian.store, custodian.clock)
            taken = time.perf_counter() - begins
        assert not report.findings, report.findings
        return Measured(turns, report.size, report.size / taken)


async def _turn(on: Stage, database: Database, load: str, seconds: float, worker: int | None) -> Turn:
    connections, at_once = LOADS[load]
    before, cpu = await _entries(database), meter.cpu_seconds(worker) if worker else 0.0
    begins = time.perf_counter()
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.log", "--write", on.settings.database_url,
            f"--seconds={seconds}", f"--connections={connections}", f"--at-once={at_once}", cwd=ROOT,
        )
        for _ in range(WRITERS)
    ]  # fmt: skip
    ended = asyncio.gather(*(writer.wait() for writer in writers))
    behind = await _most_behind(database, ended) if worker else 0.0
    assert set(await ended) == {0}
    written = await _entries(database) - before
    if worker is None:
        return Turn(written / seconds, None, 0.0, 0.0)
    await _caught_up(database)
    taken = time.perf_counter() - begins
    return Turn(written / seconds, written / taken, behind, (meter.cpu_seconds(worker) - cpu) / written * 1e6)


async def _most_behind(database: Database, until: "asyncio.Future[list[int]]") -> float:
    most = 0.0
    while not until.done():
        async with database.connection() as db:
            oldest = await db.fetchval(
                "select min(at) from log_pending join custody_entry on id = entry_id"
                " where entry_id >= (select min(entry_id) from log_pending)"
            )
        if oldest:
            most = max(most, (datetime.now(UTC) - oldest).total_seconds())
        await asyncio.sleep(0.05)
    return most


async def _entries(database: Database) -> int:
    async with database.connection() as db:
        return int(await db.fetchval("select count(*) from custody_entry"))


async def _caught_up(database: Database) -> None:
    async with database.connection() as db:
        while await queries.anything_pending(db):  # noqa: ASYNC110 - another process works on it
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _worker(on: Stage) -> AsyncIterator[int]:
    told = {name: str(getattr(on.settings, name)) for name in (*CONNECTIONS, "data")}
    environ = os.environ | {known_settings.variable(name): value for name, value in told.items()}
    with (on.logs / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "plumbline", "worker", env=environ, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _write(url: str, seconds: float, connections: int, at_once: int) -> None:
    """Commits as fast as it can, each entry as use cases write one: within the statement of what it tells."""

    async def one_after_the_other() -> None:
        db = await asyncpg.connect(url)
        insert = await db.prepare(
            "insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)"
            " select null, $1, null, null, $2, $3::jsonb from generate_series(1, $4)"
        )
        details = msgspec.json.encode({"sha256": "00" * 32, "number": os.getpid()}).decode()
        while time.perf_counter() < ends:
            await insert.fetch(Event.VIEWED, datetime.now(UTC), details, at_once)
        await db.close()

    ends = time.perf_counter() + seconds
    await asyncio.gather(*(one_after_the_other() for _ in range(connections)))


def _shown(found: Measured) -> tuple[Table, bool]:
    table = Table(
        "load", "no worker, entries/s", "with one, entries/s", "integrated/s", "ratio", "behind", "worker CPU"
    )
    met = True
    for load, (without, with_worker) in found.turns.items():
        integrated = statistics.median(turn.integrated or 0 for turn in with_worker)
        behind = max(turn.behind for turn in with_worker)
        ratio = statistics.median(
            with_.written / alone.written for alone, with_ in zip(without, with_worker, strict=True)
        )
        met &= integrated >= LEAST and (behind <= MOST_BEHIND or load != ONE_BY_ONE)
        table.add_row(
            load,
            f"{statistics.median(turn.written for turn in without):,.0f}",
            f"{statistics.median(turn.written for turn in with_worker):,.0f}",
            f"{integrated:,.0f}",
            f"{ratio:.2f}",
            f"≤ {behind:.2f} s",
            f"{statistics.median(turn.worker_cpu_us for turn in with_worker):.0f} µs/entry",
        )
    return table, met


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.log", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--connections", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=1, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.write:
        asyncio.run(_write(chosen.write, chosen.seconds, chosen.connections, chosen.at_once))
        return 0
    found = asyncio.run(measure(chosen.seconds, chosen.rounds))
    table, met = _shown(found)
    out = Console(width=None if sys.stdout.isatty() else 160)
    out.print(table)
    out.print(f"{found.leaves:,} leaves examined, {found.examined:,.0f} a second: nothing wrong", highlight=False)
    out.print(f"{'✓' if met else '✗'} at least {LEAST:,} entries/s integrated, at most {MOST_BEHIND:.0f} s behind")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
