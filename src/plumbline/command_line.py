"""The command `plumbline`: every way to start, prepare and examine the program."""

from __future__ import annotations

import asyncio
import logging
import shlex
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import click
import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plumbline import backup_commands, log_commands
from plumbline import serve as serving
from plumbline import settings as known_settings
from plumbline.embedded import services
from plumbline.embedded.postgresql import APPLICATION
from plumbline.embedded.processes import EmbeddedServerError
from plumbline.migrations import SchemaMismatch, migrate
from plumbline.phone_simulator.command import phone_simulator
from plumbline.register_commands import COMMANDS
from plumbline.settings import Settings, SettingsError
from plumbline.shell import data_option, end_with, on_servers, out, settings_of
from plumbline.supervised import supervised
from plumbline.witness_commands import witness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLEAR = (SettingsError, EmbeddedServerError, serving.StartError, SchemaMismatch)
"""Errors whose message tells an operator what to do."""
OUT_OF_REACH = (
    ConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.CannotConnectNowError,
)
"""Errors of configured servers; `plumbline doctor` knows more."""
JOBS_PAUSE_SECONDS = 5
"""Before jobs are taken up again after their worker failed as a whole, as when the database is restarting."""


def main() -> None:
    """Entry point: an error that an operator can mend is one clear line, not a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        message = _clear_message(error)
        if message is None:
            raise
        Console(stderr=True).print(f"[bold red]✗[/] {escape(message)}", highlight=False, soft_wrap=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plumbline", message="%(prog)s %(version)s")
def cli() -> None:
    """Plumbline 准绳: whether a piece of enforcement evidence hangs true."""


@cli.command()
@data_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; if taken, a free one is used.")
@click.option("--api-processes", type=click.IntRange(1, 64), help="Serve the API with so many processes.")
def run(data: Path | None, host: str | None, port: int | None, api_processes: int | None) -> None:
    """Start everything here: servers, migrations, demonstration city, API, jobs."""
    end_with(_run(settings_of(data=data, host=host, port=port, api_processes=api_processes)))


@cli.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--listening", type=int, hidden=True, help="File descriptor of a socket that listens already.")
def api(host: str | None, port: int | None, listening: int | None) -> None:
    """Serve the API on configured servers; start as many as you want."""
    end_with(_api(_configured(settings_of(host=host, port=port)), listening))


@cli.command()
def worker() -> None:
    """Do jobs on configured servers; start as many as you want."""
    end_with(_jobs(_configured(settings_of())))


@cli.command(name="migrate")
@data_option
def migrate_database(data: Path | None) -> None:
    """Bring the database to this program's version."""
    end_with(on_servers(settings_of(data=data), _migrate))


@cli.command(name="seed")
@data_option
def seed_database(data: Path | None) -> None:
    """Migrate, and put a demonstration city into an empty database."""
    end_with(on_servers(settings_of(data=data), _seed))


@cli.command()
@click.option("--server", help="URL of the server. Default: the one running on the data folder.")
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of photographs.")
@data_option
@click.option(
    "--passwords",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with the passwords of the demonstration. Default: the one in the data folder.",
)
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the table as a picture, too.")
def walkthrough(
    server: str | None, photos: Path | None, data: Path | None, passwords: Path | None, language: Any, svg: Path | None
) -> None:
    """Play an officer's shift through the API and check every verdict."""
    settings = settings_of(data=data)
    server = server or _running_server(settings)
    from plumbline import walkthrough as shift
    from plumbline.seed import PASSWORDS

    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request
    sys.exit(shift.run(server, photos, passwords or settings.data / PASSWORDS, language=language, svg=svg))


@cli.command()
@data_option
def doctor(data: Path | None) -> None:
    """Say what is wrong with this configuration, and how to mend it."""
    from plumbline.doctor import examine

    end_with(examine(lambda: settings_of(data=data), out))


@cli.command(name="settings")
def printsettings_of() -> None:
    """Print every setting with its value, meaning and default."""
    for one in known_settings.describe(settings_of()):
        default = "" if one.value == one.default else f"   [dim]default: {escape(one.default) or '(empty)'}[/]"
        value = escape(one.value) or "[dim](empty)[/]"
        out.print(f"[bold]{one.variable}[/] = {value}{default}", highlight=False, soft_wrap=True)
        out.print(f"    {escape(one.sentence)}", highlight=False, soft_wrap=True)


for command in (*COMMANDS, *log_commands.COMMANDS, *backup_commands.COMMANDS, phone_simulator, witness):
    cli.add_command(command)


async def _run(settings: Settings) -> int:
    listening, port_was_taken = serving.listen(settings.host, settings.port)
    with listening:
        url = serving.address(listening)
        if port_was_taken:
            _say(f"port {settings.port} is taken; using {listening.getsockname()[1]} instead")
        async with services.running(settings, say=_say) as filled:
            from plumbline.app import create_app
            from plumbline.seed import seed

            for version in await migrate(filled.owner_url):
                _say(f"migration {version} applied")
            people: Sequence[tuple[str, str, str]] = ()
            if settings.database_url:  # never known passwords in a database of the operator's own, unless asked for
                _say("no demonstration city: the database is your own (`plumbline seed` puts one there)")
            else:
                report = await seed(filled)
                _say("demonstration city seeded" if report.created else "the database has data; nothing seeded")
                people = report.people

            def ready() -> None:
                _print_what_is_running(filled, url, people)

            with _announced(filled.data, url):
                if filled.api_processes > 1:
                    ready()
                    await supervised(filled, listening, _say)
                async with asyncio.TaskGroup() as together:
                    together.create_task(serving.serve(create_app(filled), listening, ready=ready))
                    together.create_task(_jobs(filled))
    return 0


async def _api(settings: Settings, inherited: int | None) -> int:
    from plumbline.app import create_app

    if inherited is not None:
        with socket.socket(fileno=inherited) as listening:
            await serving.serve(create_app(settings), listening)
        return 0
    listening, port_was_taken = serving.listen(settings.host, settings.port)
    with listening:
        if port_was_taken:  # behind a balancer a surprising port is worse than none
            raise SettingsError(f"Port {settings.port} of {settings.host} is taken; choose another with --port.")
        structlog.get_logger().info("serving", url=serving.address(listening))
        await serving.serve(create_app(settings), listening)
    return 0


async def _jobs(settings: Settings) -> int:
    """Never returns: a worker that fails as a whole takes its jobs up again."""
    from plumbline.jobs import work

    while True:
        try:
            await work(settings)
        except Exception as error:  # noqa: BLE001 - whatever it was, evidence waits for the jobs
            structlog.get_logger().error("jobs stopped", error=repr(error), again_in_seconds=JOBS_PAUSE_SECONDS)
            await asyncio.sleep(JOBS_PAUSE_SECONDS)


async def _migrate(settings: Settings) -> int:
    versions = await migrate(settings.owner_url)
    out.print(f"applied: {', '.join(versions)}" if versions else "nothing to migrate", highlight=False)
    return 0


async def _seed(settings: Settings) -> int:
    from plumbline.seed import seed

    await _migrate(settings)
    report = await seed(settings)
    out.print("demonstration city seeded" if report.created else "the database has data; nothing seeded")
    _print_people(report.people)
    return 0


def _configured(settings: Settings) -> Settings:
    for name in ("database_url", "s3_endpoint"):
        if not getattr(settings, name):
            raise SettingsError(
                f"{known_settings.variable(name)} is not set. This command works on servers of your own; "
                f"`plumbline run` brings its own servers."
            )
    return settings


@contextmanager
def _announced(data: Path, url: str) -> Iterator[None]:
    """`server.url` in the data folder for as long as we serve, so that `plumbline walkthrough` finds us."""
    file = data / "server.url"
    data.mkdir(parents=True, exist_ok=True)
    file.write_text(url + "\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _running_server(settings: Settings) -> str:
    try:
        return (settings.data / "server.url").read_text().strip()
    except OSError:
        raise SettingsError(
            f"No server is running on {settings.data}. Start `plumbline run`, or name one with --server URL."
        ) from None


def _say(line: str) -> None:
    out.print(f"[dim]•[/] {escape(line)}", highlight=False, soft_wrap=True)


def _print_what_is_running(settings: Settings, url: str, people: Sequence[tuple[str, str, str]]) -> None:
    out.print()
    for what, place in (
        ("执法终端 phone", f"{url}/app/"),
        ("办公页面 desk", f"{url}/desk"),
        ("公示 public", f"{url}/public"),
        ("API to read and try", f"{url}/openapi"),
        ("alive? ready?", f"{url}/health   {url}/ready"),
        ("PostgreSQL", _place(settings.database_url)),
        ("object store", f"{settings.s3_endpoint}   bucket {settings.s3_bucket}"),
        ("data", str(settings.data)),
    ):
        padding = " " * (22 - len(what) - sum(ord(one) > 0x2E80 for one in what))
        out.print(f"[bold]{what}[/]{padding}{escape(place)}", highlight=False, soft_wrap=True)
    out.print()
    _print_people(people)
    out.print("\n[bold]Next[/], in another terminal: an officer's shift, played through the API")
    where = "" if settings.data == Settings().data else f" --data {shlex.quote(str(settings.data))}"
    out.print(f"  {escape(_this_program())} walkthrough{escape(where)}", highlight=False, soft_wrap=True)
    out.print("[dim]Ctrl-C ends everything; the next start resumes on the same data.[/]")


def _place(database_url: str) -> str:
    """What psql takes, or without its password and options where there may be one."""
    embedded = database_url.startswith(f"postgresql://{APPLICATION}@/")
    return database_url if embedded else database_url.rpartition("@")[2].partition("?")[0]


def _print_people(people: Sequence[tuple[str, str, str]]) -> None:
    table = Table("sign-in name", "password", "who", title="Who can sign in, for the demonstration only")
    for name, password, words in people:
        table.add_row(escape(name), escape(password), escape(words))
    if people:
        out.print(table)


def _this_program() -> str:
    """As the reader has to type it in the folder where we were started."""
    program = Path(sys.argv[0])
    if program.name != "plumbline":
        return f"{sys.executable} -m plumbline"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def _clear_message(error: Exception) -> str | None:
    """The first clear error, also among those that ended together; None for a fault of our own."""
    if isinstance(error, ExceptionGroup):
        return next((message for one in error.exceptions if (message := _clear_message(one))), None)
    if isinstance(error, OUT_OF_REACH):
        return f"{error}. `plumbline doctor` examines the configuration."
    return str(error) if isinstance(error, CLEAR) else None
