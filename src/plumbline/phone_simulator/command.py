"""The command, and how its result is shown."""

from __future__ import annotations

import secrets
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click
import msgspec
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agency import queries as agency
from agency.sign_in import normalised
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.phone_simulator import officers
from plumbline.phone_simulator.plan import Plan, Trouble
from plumbline.phone_simulator.run import run
from plumbline.phone_simulator.tally import Tally, percentiles
from plumbline.settings import SettingsError
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumbline.settings import Settings

FAULTS_SHOWN = 20
TOLD_EVERY_SECONDS = 30
"""Into a file, where no bar can grow."""
_DEFAULT, _USUAL = Plan(), Trouble()


def _share(name: str, default: float, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(name, type=click.FloatRange(0, 0.5), default=default, show_default=True, help=what)


@click.command(name="phone-simulator")
@click.option("--server", multiple=True, help="URL of a server; several share the phones. Default: that of --data.")
@click.option("--by", default="officer-a", show_default=True, help="Sign-in name; its unit gets the virtual officers.")
@click.option("--phones", type=click.IntRange(1, 5000), default=_DEFAULT.phones, show_default=True)
@click.option(
    "--inspections",
    type=click.IntRange(1, 100),
    default=_DEFAULT.inspections,
    show_default=True,
    help="That each phone leads; the next phone joins in each.",
)
@click.option(
    "--photographs",
    type=click.IntRange(0, 1000),
    default=_DEFAULT.photographs,
    show_default=True,
    help="Of each phone, spread over its inspections.",
)
@click.option(
    "--bytes",
    "size",
    type=click.IntRange(2000, 50_000_000),
    default=_DEFAULT.photograph_bytes,
    show_default=True,
    help="Of a photograph.",
)
@click.option(
    "--window",
    type=click.FloatRange(0),
    default=_DEFAULT.window_seconds,
    show_default=True,
    help="Seconds over which the phones come back into the network, at instants drawn evenly.",
)
@click.option(
    "--pull-every",
    type=click.IntRange(1),
    default=_DEFAULT.photographs_between_pulls,
    show_default=True,
    help="So many photographs sent, a phone asks what changed.",
)
@click.option("--seed", type=int, help="Of pictures and troubles. Default: drawn, and told at the end.")
@_share("--cut", _USUAL.cut, "Requests that break off.")
@_share("--lost", _USUAL.lost, "Answers that do not arrive.")
@_share("--twice", _USUAL.twice, "Requests that arrive twice.")
@_share("--restart", _USUAL.restart, "Answers after which the phone starts anew.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures as JSON, too.")
@data_option
def phone_simulator(
    data: Path | None, server: tuple[str, ...], by: str, report: Path | None, size: int, window: float, phones: int,
    inspections: int, photographs: int, pull_every: int, seed: int | None, **trouble: float,
) -> None:  # fmt: skip
    """Let many virtual phones hand in a shift over a bad network; ends with 1 if anything is lost.

    Every phone works its shift without a network first: it signs what it tells in its inspections and commits to its
    pictures. Then the phones come back, each at an instant of the window, and hand everything in: facts, commitments,
    pictures, asking in between what changed. Requests break off, arrive twice, lose their answers. In the end a calm
    network shows whether each statement is there once, whether what was pulled bit by bit is what is there, and
    whether each picture has a receipt that holds.

    The end of a city's shift, with 60 pictures of 50 kB each: `--phones 1000 --window 600 --report figures.json`.

    Times are the phone's, waiting for the simulator itself included: it says how late it was. Run it on a data folder
    of its own: evidence is locked for years. Never on servers that are in earnest.
    """
    plan = Plan(
        phones=phones, inspections=inspections, photographs=photographs, photograph_bytes=size, window_seconds=window,
        photographs_between_pulls=pull_every, seed=secrets.randbelow(1 << 31) if seed is None else seed,
        trouble=Trouble(**trouble),
    )  # fmt: skip

    settings = settings_of(data=data)

    async def work(filled: Settings) -> int:
        tally = await _simulated(filled, server or (_running_on(filled.data),), by, plan)
        _show(plan, tally)
        if report:
            _write(report, figures(plan, tally))
        return 0 if tally.whole else 1

    end_with(on_servers(settings, work))


async def _simulated(settings: Settings, servers: tuple[str, ...], by: str, plan: Plan) -> Tally:
    clock, database = SystemClock(), await Database.open(settings.database_url, most=2, unless_said=EVERYTHING)
    try:
        async with database.connection() as db:
            actor = await agency.actor_called(db, normalised(by), clock.now())
        if actor is None:
            raise click.BadParameter(f"nobody can sign in as {by}.", param_hint="--by")
        made = await officers.make(database, clock, actor.unit_id, plan.phones)
        try:
            with Progress(
                TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=out
            ) as progress:
                tasks, told_at = {}, monotonic()

                def say(step: str, done: int, total: int) -> None:
                    nonlocal told_at
                    if step not in tasks:
                        tasks[step] = progress.add_task(step, total=total)
                    progress.update(tasks[step], completed=done)
                    if not out.is_terminal and monotonic() - told_at > TOLD_EVERY_SECONDS:
                        told_at = monotonic()
                        out.print(f"{step} {done:,}/{total:,}", highlight=False)

                return await run(servers, made, plan, say)
        finally:
            await officers.dismiss(database, clock, made)
    finally:
        await database.close()


def figures(plan: Plan, tally: Tally) -> dict[str, object]:
    """What a run has come to, for a file; times in seconds."""
    return {
        "plan": plan,
        "facts": tally.facts,
        "photographs": tally.photographs,
        "refused": tally.refused,
        "faults": tally.faults,
        "troubles": dict(tally.troubles),
        "facts_seconds": tally.facts_seconds,
        "facts_of_a_phone": percentiles(tally.facts_of_a_phone)._asdict(),
        "seconds": tally.seconds,
        "late": percentiles(tally.late)._asdict(),
        "requests": {
            kind: {"number": len(times), **percentiles(times)._asdict()} for kind, times in sorted(tally.times.items())
        },
    }


def _write(report: Path, told: dict[str, object]) -> None:
    report.write_bytes(msgspec.json.format(msgspec.json.encode(told)))


def _show(plan: Plan, tally: Tally) -> None:
    table = Table("request", "answered", "p50 ms", "p95 ms", "p99 ms", "longest ms")
    for kind, times in sorted(tally.times.items()):
        table.add_row(kind, f"{len(times):,}", *(f"{time * 1000:,.0f}" for time in percentiles(times)))
    out.print(table)
    facts, late = percentiles(tally.facts_of_a_phone), percentiles(tally.late)
    for line in (
        f"{plan.phones:,} phones, seed {plan.seed}; {tally.facts:,} facts, all in after {tally.facts_seconds:.1f} s",
        f"facts of a phone all in: p50 {facts.p50:.1f} s, p95 {facts.p95:.1f} s after it was back",
        f"{tally.photographs:,} photographs, each with a receipt that holds, all in after {tally.seconds:.1f} s",
        f"photographs a second: {tally.photographs / max(tally.seconds, 0.001):.0f}",
        "troubles: " + (", ".join(f"{name} {number:,}" for name, number in sorted(tally.troubles.items())) or "none"),
        f"the simulator itself was late by p95 {late.p95 * 1000:.0f} ms, at most {late.longest * 1000:.0f} ms",
        f"refused wrongly: {len(tally.refused)}   lost, twice or otherwise wrong: {len(tally.faults)}",
    ):
        out.print(line, highlight=False, soft_wrap=True)
    wrong = [msgspec.json.encode(one).decode() for one in tally.refused] + tally.faults
    for one in wrong[:FAULTS_SHOWN]:
        out.print(f"[bold red]✗[/] {escape(one)}", highlight=False, soft_wrap=True)
    if len(wrong) > FAULTS_SHOWN:
        out.print(f"… and {len(wrong) - FAULTS_SHOWN} more")


def _running_on(data: Path) -> str:
    try:
        return (data / "server.url").read_text().strip()
    except OSError:
        raise SettingsError(
            f"No server is running on {data}. Start `plumbline run`, or name one with --server URL."
        ) from None
