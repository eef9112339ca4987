"""`python -m bench.faults --minutes 10`: processes are killed, wires cut and the disk filled under a throw-away city
while phones hand in. Is anything that was acknowledged lost, anything half admitted, and does it recover without hands?

`--each`: instead, one evidence's life again and again, with a fault at each of its calls in turn.
"""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

import structlog
from rich.console import Console
from rich.table import Table

from bench.faults import life
from bench.faults.city import City, Harm, NotWhole, city, kill
from bench.faults.examined import Examined, examined
from bench.faults.load import Load, load
from foundation.clock import SystemClock
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.settings import Settings

PHONES = 6
CUT_SECONDS, FULL_SECONDS = 3.0, 4.0
MOST_PAUSE_SECONDS = 4.0
"""Between two faults the city is whole for at most so long, or a thirtieth of the whole time."""
HAND_IN_SECONDS = 300
"""That the phones may need once the faults are over."""

console = Console(width=None if sys.stdout.isatty() else 150)


class Outcome(NamedTuple):
    """`recoveries`: seconds from each fault (its end, where it lasts) until everything was whole, by kind."""

    recoveries: dict[str, list[float]]
    left_out: dict[str, str]
    examined: Examined
    wrong: list[str]

    @property
    def holds(self) -> bool:
        return self.examined.whole and not self.wrong


def harms(one: City, random: Random) -> dict[str, Harm]:
    def seconds(most: float) -> float:
        return random.uniform(most / 3, most)

    kills = {
        "kill -9 of an API process": one.api_processes,
        "kill -9 of `plumbline run`, the API's parent": one.parent,
        "kill -9 of the job worker": one.job_workers,
        "kill -9 of PostgreSQL": one.postgresql,
        "kill -9 of the object store": one.object_store,
    }
    return {
        **{name: kill(find, random.choice) for name, find in kills.items()},
        "network to PostgreSQL cut": lambda: one.database.cut(seconds(CUT_SECONDS)),
        "network to PostgreSQL dead": lambda: one.database.stall(seconds(CUT_SECONDS)),
        "network to the object store cut": lambda: one.store.cut(seconds(CUT_SECONDS)),
        "network to the object store dead": lambda: one.store.stall(seconds(CUT_SECONDS)),
        "disk full": lambda: one.fill_disk(seconds(FULL_SECONDS)),
    }


async def maltreated(minutes: float, seed: int, phones: int, say: Callable[[str], None]) -> Outcome:
    random, recoveries, wrong = Random(seed), defaultdict[str, list[float]](list), list[str]()
    async with city(say) as (one, why_not), load(one.settings, one.api, phones, seed) as there:
        chosen, left_out = harms(one, random), {}
        if why_not:
            del chosen["disk full"]
            left_out["disk full"] = why_not
        working = asyncio.create_task(there.work())
        ends, waiting = monotonic() + minutes * 60, list[str]()
        try:
            while monotonic() < ends:
                await asyncio.sleep(random.uniform(0.3, 1) * min(MOST_PAUSE_SECONDS, minutes * 2))
                waiting = waiting or random.sample(sorted(chosen), len(chosen))  # each once before any comes again
                name = waiting.pop()
                say(name)
                await chosen[name]()
                began = monotonic()
                await one.until_whole()
                recoveries[name].append(monotonic() - began)
        except NotWhole as why:
            wrong.append(str(why))
        wrong += await _handed_in(there, working)
        await asyncio.sleep(2)  # the log grows a moment later
        return Outcome(recoveries, left_out, await examined(one.settings, there.phones), wrong + there.tally.faults)


async def _handed_in(there: Load, working: "asyncio.Task[None]") -> list[str]:
    there.stop()
    try:
        async with asyncio.timeout(HAND_IN_SECONDS):
            await working
            return await there.audit()
    except TimeoutError:
        return [f"the phones still have something after {HAND_IN_SECONDS} s"]


def shown(outcome: Outcome) -> None:
    faults = Table("fault", "how often", "recovered after, median s", "longest s")
    for name, times in sorted(outcome.recoveries.items()):
        faults.add_row(name, str(len(times)), f"{sorted(times)[len(times) // 2]:.1f}", f"{max(times):.1f}")
    for name, why in outcome.left_out.items():
        faults.add_row(name, "–", f"left out: {why}", "")
    times = [time for each in outcome.recoveries.values() for time in each]
    faults.add_row("together", str(len(times)), "", f"{max(times, default=0):.1f}", style="bold")
    console.print(faults)
    found = Table("acknowledged", "how many", "found", "")
    for one in outcome.examined.found:
        mark = "✓" if one.acknowledged == one.found else "✗ LOST"
        found.add_row(one.what, f"{one.acknowledged:,}", f"{one.found:,}", mark)
    console.print(found)
    halves = {what: number for what, number in outcome.examined.half_admitted.items() if number}
    console.print(f"half admitted: {halves or 0}")
    console.print(f"plumbline fsck --objects: {outcome.examined.fsck or 'clean'}, {outcome.examined.leaves:,} leaves")
    for line in outcome.wrong:
        console.print(f"✗ {line}", markup=False)


async def each(most: int | None, seed: int) -> int:
    """How many lives ended otherwise than without a fault."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="plumbline-faults-") as name:
        folder = Path(name)
        os.chmod(folder, 0o711)  # noqa: PTH101 - as root, PostgreSQL runs as another account and must pass through
        (folder / "wire").mkdir()
        async with running(Settings(data=folder / "data"), durable=False) as settings:
            await migrate(settings.owner_url)
            async with life.stage(settings, folder / "wire") as on:
                faults = await life.every_fault(on)
                happened = 0
                for fault in life.sample(faults, most or len(faults), seed) if most else faults:
                    result = await life.with_fault(on, fault)
                    happened += bool(result.what)
                    wrong += bool(result.wrong)
                    for line in result.wrong:
                        console.print(f"✗ {fault.life}, call {fault.number}, {fault.kind}: {line}", markup=False)
                findings = await life.clean(on)
    console.print(f"{happened} faults, one a life, at every request and statement; {wrong} lives ended otherwise")
    console.print(f"plumbline fsck --objects: {findings or 'clean'}")
    return wrong + len(findings)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--phones", type=int, default=PHONES)
    parser.add_argument("--seed", type=int, help="of what happens when; default: drawn, and told")
    parser.add_argument("--each", action="store_true", help="a fault at each call of one evidence's life instead")
    parser.add_argument("--quiet", action="store_true", help="the tables alone")
    given = parser.parse_args()
    seed = secrets.randbelow(1 << 31) if given.seed is None else given.seed
    logging.disable(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if given.each:
        return 1 if asyncio.run(each(None, seed)) else 0
    clock, begun = SystemClock(), monotonic()

    def say(line: str) -> None:
        if not given.quiet:
            console.print(f"[dim]{clock.now():%H:%M:%S}[/] {line}", highlight=False)

    outcome = asyncio.run(maltreated(given.minutes, seed, given.phones, say))
    shown(outcome)
    console.print(f"seed {seed}, {given.minutes:g} minutes of faults, {monotonic() - begun:.0f} s altogether")
    console.print("[bold green]nothing acknowledged is lost[/]" if outcome.holds else "[bold red]it does not hold[/]")
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
