"""The command, and how its result is shown."""

from __future__ import annotations

import logging
from pathlib import Path
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
_DEFAULT, _USUAL = Plan(), Trouble()


def _share(name: str, default: float, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(name, type=click.FloatRange(0, 0.5), default=default, show_default=True, help=what)


@click.command(name="phone-simulator")
@click.option("--server", multiple=True, help="URL of a server; several share the phones. Default: that of --data.")
@click.option("--by", default="officer-a", show_default=True, help="Sign-in name; its unit gets the virtual officers.")
@click.option("--phones", type=click.IntRange(1, 5000), default=_DEFAULT.phones, show_default=True)
@click.option(
    "--inspections", type=click.IntRange(1, 100), default=_DEFAULT.inspections, show_default=True, help="Each."
)
@click.option(
    "--photographs", type=click.IntRange(0, 1000), default=_DEFAULT.photographs, show_default=True, help="Each."
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
    help="Seconds over which the phones come back into the network.",
)
@click.option("--seed", type=int, default=_DEFAULT.seed, show_default=True, help="Of the troubles.")
@_share("--cut", _USUAL.cut, "Requests that break off.")
@_share("--lost", _USUAL.lost, "Answers that do not arrive.")
@_share("--twice", _USUAL.twice, "Requests that arrive twice.")
@_share("--restart", _USUAL.restart, "Answers after which the phone starts anew.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures as JSON, too.")
@data_option
def phone_simulator(
    data: Path | None, server: tuple[str, ...], by: str, report: Path | None, size: int, window: float, phones: int,
    inspections: int, photographs: int, seed: int, **trouble: float,
) -> None:  # fmt: skip
    """Let many virtual phones hand in a shift over a bad network; ends with 1 if anything is lost.

    Evidence is locked for years: never on servers that are in earnest.
    """
    plan = Plan(
        phones=phones, inspections=inspections, photographs=photographs, photograph_bytes=size, window_seconds=window,
        seed=seed, trouble=Trouble(**trouble),
    )  # fmt: skip

    settings = settings_of(data=data)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request

    async def work(filled: Settings) -> int:
        tally = await _simulated(filled, server or (_running_on(filled.data),), by, plan)
        _show(plan, tally)
        if report:
            _write(report, figures(plan, tally))
        return 0 if tally.whole else 1

    end_with(on_servers(settings, work))


async def _simulated(settings: Settings, servers: tuple[str, ...], by: str, plan: Plan) -> Tally:
    clock, database = SystemClock(), await Database.open(settings.database_url, most=2)
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
                tasks = {}

                def say(step: str, done: int, total: int) -> None:
                    if step not in tasks:
                        tasks[step] = progress.add_task(step, total=total)
                    progress.update(tasks[step], completed=done)

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
        "facts_of_a_phone": percentiles(tally.facts_of_a_phone),
        "seconds": tally.seconds,
        "requests": {
            kind: {"number": len(times), "p50": percentiles(times)[0], "p95": percentiles(times)[1]}
            for kind, times in sorted(tally.times.items())
        },
    }


def _write(report: Path, told: dict[str, object]) -> None:
    report.write_bytes(msgspec.json.format(msgspec.json.encode(told)))


def _show(plan: Plan, tally: Tally) -> None:
    table = Table("request", "answered", "p50 ms", "p95 ms")
    for kind, times in sorted(tally.times.items()):
        half, most = percentiles(times)
        table.add_row(kind, f"{len(times):,}", f"{half * 1000:.0f}", f"{most * 1000:.0f}")
    out.print(table)
    half, most = percentiles(tally.facts_of_a_phone)
    for line in (
        f"{plan.phones} phones; {tally.facts:,} facts, all in after {tally.facts_seconds:.1f} s",
        f"facts of a phone all in: p50 {half:.1f} s, p95 {most:.1f} s after it was back",
        f"{tally.photographs:,} photographs, each with a receipt that holds, all in after {tally.seconds:.1f} s",
        "troubles: " + (", ".join(f"{name} {number:,}" for name, number in sorted(tally.troubles.items())) or "none"),
        f"refused wrongly: {len(tally.refused)}   faults: {len(tally.faults)}",
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
