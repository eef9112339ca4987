"""Commands for the device register: bring in a list that exists, and count who is in standing.

What a command does is done in the name of somebody who can sign in: their reach is what it may touch.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from agency import queries as agency
from agency.model import Actor, Role, Unit
from agency.sign_in import normalised
from device_registry.model import Outcome
from foundation.civil import day_of
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.problem import Problem
from foundation.reach import EVERYTHING
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from device_registry.importing.columns import ImportMapping
    from device_registry.importing.report import Report, Wish
    from device_registry.standings import Standings
    from foundation.words import Language
    from plumbline.settings import Settings

SHOWN = 30
"""Lines of a table of reasons."""
ROWS_SHOWN = 60
"""Characters of the numbers of rows in one line of it."""
_language_option = click.option(
    "--language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True, help="Of reasons."
)


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option(
            "--mapping",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="JSON: columns, constants, values, date_order, sheet, encoding. Default: the known headings.",
        ),
        click.option("--by", required=True, help="Sign-in name of the device manager who does it."),
        click.option("--write", is_flag=True, help="Write it. Without this it is only shown what would be written."),
        click.option("--leave-out-refused", is_flag=True, help="Write the other rows, instead of none."),
        _language_option,
        data_option,
    ):
        command = option(command)
    return command


@click.command(name="import-devices")
@_file_options
@click.option("--unit", help="Id, name or division code of the unit of rows that name none. Default: that of --by.")
def import_devices(unit: str | None, by: str, **asked: Any) -> None:
    """Show what a CSV or XLSX file of devices would come to, or register them."""

    async def imported(acting: Acting, content: bytes, mapping: ImportMapping, wish: Wish) -> Report:
        from device_registry.importing.devices import import_devices, units_by_any_word

        units = units_by_any_word(await acting.reached(Role.DEVICE_MANAGER))
        default = units.get(unit.casefold()) if unit else units.get(str(acting.actor.unit_id))
        if unit and default is None:
            raise click.BadParameter(f"{unit} is no unit whose devices {by} manages.", param_hint="--unit")
        return await import_devices(
            acting.database, acting.clock, content, mapping,
            units=units, default_unit=default, registered_by=acting.actor.person_id, wish=wish,
        )  # fmt: skip

    _import(imported, by=by, **asked)


@click.command(name="import-certificates")
@_file_options
def import_certificates(by: str, **asked: Any) -> None:
    """Show what a CSV or XLSX file of verification certificates and failure notices would come to, or record them."""

    async def imported(acting: Acting, content: bytes, mapping: ImportMapping, wish: Wish) -> Report:
        from device_registry.importing.certificates import import_certificates
        from evidence.reassessment import Suspension

        units = {unit.id for unit in await acting.reached(Role.DEVICE_MANAGER)}
        return await import_certificates(
            acting.database, acting.clock, content, mapping,
            units=units, recorded_by=acting.actor.person_id, wish=wish, on_change=Suspension(acting.clock),
        )  # fmt: skip

    _import(imported, by=by, **asked)


@click.command()
@click.option("--by", required=True, help="Sign-in name of somebody who may read the register.")
@data_option
def standings(data: Path | None, by: str) -> None:
    """Count the devices that are in standing now, and the reasons of those that are not."""

    async def work(settings: Settings) -> int:
        from device_registry.http.reaching import READERS
        from device_registry.standings import standings_at

        async with _acting(settings, by) as acting:
            units = {unit.id for unit in await acting.reached(*READERS)}
            found = await standings_at(acting.database, units, acting.clock.now())
        _print_standings(found)
        return 0

    end_with(on_servers(settings_of(data=data), work))


@click.command()
@click.option("--devices", type=click.IntRange(1, 999_999), default=100_000, show_default=True)
@click.option("--certificates", type=click.IntRange(1, 50), default=5, show_default=True, help="Of each device.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same devices.")
@data_option
def synthesize(data: Path | None, devices: int, certificates: int, seed: int) -> None:
    """Fill the demonstration city with made-up devices, marked synthetic, to try the register at its size."""

    async def work(settings: Settings) -> int:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        from plumbline.migrations import migrate
        from plumbline.synthetic.filling import NoDemonstrationCity, fill

        assert settings.database_url is not None
        await migrate(settings.owner_url)
        with Progress(MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), console=out) as progress:
            task = progress.add_task("", total=devices)
            try:
                added = await fill(
                    settings.database_url, settings.owner_url,
                    devices=devices, certificates=certificates, seed=seed,
                    say=lambda done: progress.update(task, completed=done),
                )  # fmt: skip
            except NoDemonstrationCity as missing:
                raise click.ClickException(
                    f"Nobody can sign in as {missing}: made-up devices go into the demonstration city only, "
                    f"which `plumbline seed` puts into an empty database."
                ) from None
        out.print(f"{added} devices added, tags SYN-000001 to SYN-{devices:06}, each marked synthetic")
        return 0

    end_with(on_servers(settings_of(data=data), work))


@click.command(name="rederive")
@data_option
def rederive_register(data: Path | None) -> None:
    """Derive what is kept of every device (periods, lists) from its facts anew; what changes is judged again."""

    async def work(settings: Settings) -> int:
        from device_registry.rederive import rederive
        from evidence.reassessment import Suspension

        clock = SystemClock()
        database = await Database.open(settings.database_url, most=2, unless_said=EVERYTHING)
        done = 0
        try:
            with out.status("0 devices") as status:
                async for done in rederive(database, clock, on_change=Suspension(clock)):
                    status.update(f"{done:,} devices")
        finally:
            await database.close()
        out.print(f"derived anew: {done:,} devices", highlight=False)
        return 0

    end_with(on_servers(settings_of(data=data), work))


COMMANDS = [import_devices, import_certificates, standings, synthesize, rederive_register]


class Acting(NamedTuple):
    """In whose name a command works, and with what."""

    database: Database
    clock: SystemClock
    actor: Actor

    async def reached(self, *roles: Role) -> list[Unit]:
        """The units that the roles reach today."""
        day = day_of(self.clock.now())
        async with self.database.connection() as db:
            return await agency.units_by_id(db, await agency.reach(db, self.actor, roles, day), day)


@asynccontextmanager
async def _acting(settings: Settings, by: str) -> AsyncIterator[Acting]:
    assert settings.database_url is not None
    clock = SystemClock()
    database = await Database.open(settings.database_url, unless_said=EVERYTHING)
    try:
        async with database.connection() as db:
            actor = await agency.actor_called(db, normalised(by), clock.now())
        if actor is None:
            raise click.BadParameter(f"nobody can sign in as {by}.", param_hint="--by")
        yield Acting(database, clock, actor)
    finally:
        await database.close()


def _import(
    imported: Callable[[Acting, bytes, ImportMapping, Wish], Awaitable[Report]],
    *,
    file: Path,
    mapping: Path | None,
    by: str,
    write: bool,
    leave_out_refused: bool,
    language: Language,
    data: Path | None,
) -> None:
    from device_registry.importing.columns import ImportMapping
    from device_registry.importing.report import Wish

    content = file.read_bytes()
    meant = msgspec.json.decode(mapping.read_bytes(), type=ImportMapping) if mapping else ImportMapping()
    wish = Wish(dry_run=not write, leave_out=leave_out_refused)

    async def work(settings: Settings) -> int:
        async with _acting(settings, by) as acting:
            try:
                report = await imported(acting, content, meant, wish)
            except Problem as problem:
                _print_problem(problem.spoken(language))
                return 1
        _print_report(report.spoken(language))
        return 0

    end_with(on_servers(settings_of(data=data), work))


def _print_problem(told: dict[str, Any]) -> None:
    out.print(f"[bold red]✗[/] {escape(told['title'])}: {escape(told['detail'])}", highlight=False, soft_wrap=True)
    if proposal := told.get("proposal"):
        out.print(escape(msgspec.json.format(msgspec.json.encode(proposal)).decode()), highlight=False, soft_wrap=True)
    _print_reasons(told.get("reasons", []))


def _print_report(told: dict[str, Any]) -> None:
    for note in told["notes"]:
        out.print(f"• {escape(note)}", highlight=False, soft_wrap=True)
    counts = {name: told[name] for name in ("accepted", "refused", "left_out", "duplicates")} | told["effect"]
    for name, value in counts.items():
        out.print(
            f"{name:16} {value if isinstance(value, int) else escape(str(value))}", highlight=False, soft_wrap=True
        )
    _print_reasons(told["reasons"])
    out.print("written" if told["written"] else "nothing written: this was a preview (--write writes)")


def _print_reasons(reasons: list[dict[str, Any]]) -> None:
    table = Table("field", "reason", "rows", "which")
    for one in reasons[:SHOWN]:
        rows = one["rows"] if len(one["rows"]) <= ROWS_SHOWN else f"{one['rows'][:ROWS_SHOWN]} …"
        table.add_row(one["field"], escape(one["reason"]), str(one["count"]), rows)
    if reasons:
        out.print(table)


def _print_standings(found: Standings) -> None:
    out.print(f"{found.devices} devices", highlight=False)
    out.print(f"{found.in_standing:8}  {Outcome.IN_STANDING}", highlight=False)
    for title, counts in (
        (
            "not in standing, by reason (a device may have several)",
            {(reason,): n for reason, n in found.reasons.items()},
        ),
        ("not in standing, by all reasons together", found.together),
    ):
        out.print(f"\n{title}", highlight=False)
        for reasons, count in counts.items():
            out.print(f"{count:8}  {' + '.join(reasons)}", highlight=False, soft_wrap=True)
