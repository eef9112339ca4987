"""`plumbline witness`: two offices, and a file between them on a USB stick, so that neither has to believe the other.

The log's office makes a request and accepts the answer; the witness' office signs, on a machine without a network.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foundation.clock import SystemClock
from plumbline.serve import run_until_signal
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from plumbline.settings import Settings

_file = click.Path(dir_okay=False, path_type=Path)
_language = click.option("--language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)


@click.group()
def witness() -> None:
    """Have checkpoints of the log signed by somebody else, or sign those of others."""


@witness.command()
@click.argument("name")
@data_option
def begin(name: str, data: Path | None) -> None:
    """Become a witness of that name, such as sifaju.wuhan.example/witness; prints the key to hand to the logs."""
    from evidence.transparency_log.witness import Witness

    here = Witness(settings_of(data=data).data)
    if here.exists:
        raise click.ClickException("There is a witness here already; its memory must not be lost.")
    if not name or "+" in name or any(sign.isspace() for sign in name):
        raise click.BadParameter("without spaces and plus signs", param_hint="NAME")
    here.begin(name)
    out.print(str(here.verifier_key()), highlight=False, markup=False, soft_wrap=True)


@witness.command()
@click.argument("key")
@data_option
def trust(key: str, data: Path | None) -> None:
    """Know a verifier key of a log, told in another way than with its checkpoints."""
    from evidence.transparency_log.rules.note import NoteRefused, VerifierKey

    try:
        _here(data).trust(VerifierKey.parse(key))
    except NoteRefused as refused:
        raise click.BadParameter(str(refused), param_hint="KEY") from refused


@witness.command()
@click.argument("file", type=_file)
@click.option("--witness", "key", required=True, help="Verifier key of the witness it is for.")
@click.option("--old", type=int, help="Size that the witness has seen last. Default: of the last answer accepted.")
@data_option
def request(file: Path, key: str, old: int | None, data: Path | None) -> None:
    """Write the newest checkpoint, with the proof that it follows what the witness has seen."""

    async def work(settings: Settings) -> int:
        from evidence.transparency_log import proving, queries
        from evidence.transparency_log.rules.note import VerifierKey
        from foundation.database import Database
        from foundation.reach import EVERYTHING

        database = await Database.open(settings.database_url, most=1, unless_said=EVERYTHING)
        try:
            async with database.connection() as db:
                seen = await queries.last_cosigned(db, VerifierKey.parse(key)) if old is None else old
                asked = await proving.for_a_witness(db, seen)
        finally:
            await database.close()
        if asked is None:
            raise click.ClickException("The log has no checkpoint of so many leaves yet.")
        asked_for.append(str(asked))
        return 0

    asked_for: list[str] = []
    _refusing(lambda: run_until_signal(on_servers(settings_of(data=data), work)))
    file.write_text(asked_for[0])


@witness.command()
@click.argument("file", type=_file)
@_language
@data_option
def sign(file: Path, language: Any, data: Path | None) -> None:
    """Sign the checkpoint in the file, if it follows all that was signed here before; the answer goes into the file."""
    from evidence.transparency_log.rules.witnessing import NotWitnessed, Request
    from foundation.words import say

    def signed() -> None:
        asked = Request.parse(file.read_text())
        try:
            signature = _here(data).sign(asked, SystemClock())
        except NotWitnessed as refused:
            raise click.ClickException(say(language, f"witness.{refused.refusal}", seen=refused.seen)) from refused
        file.write_text(f"{asked.note}{signature}")

    _refusing(signed)


@witness.command()
@click.argument("file", type=_file)
@click.option("--witness", "key", required=True, help="Verifier key of the witness.")
@data_option
def accept(file: Path, key: str, data: Path | None) -> None:
    """Keep what a witness signed: it is published with the checkpoint from now on."""
    answer = file.read_text()

    async def work(settings: Settings) -> int:
        from evidence.transparency_log.proving import accept_cosignature
        from evidence.transparency_log.rules.note import Note, VerifierKey
        from foundation.database import Database
        from foundation.reach import EVERYTHING

        database = await Database.open(settings.database_url, most=1, unless_said=EVERYTHING)
        try:
            async with database.connection() as db:
                size = await accept_cosignature(db, Note.parse(answer), VerifierKey.parse(key))
        finally:
            await database.close()
        out.print(f"{size} leaves, witnessed", highlight=False)
        return 0

    _refusing(lambda: end_with(on_servers(settings_of(data=data), work)))


def _here(data: Path | None) -> Any:
    from evidence.transparency_log.witness import Witness

    here = Witness(settings_of(data=data).data)
    if not here.exists:
        raise click.ClickException("There is no witness here: `plumbline witness begin NAME` makes one.")
    return here


def _refusing(work: Any) -> None:
    """What is no note, no key or no request is said in one line."""
    from evidence.transparency_log.rules.note import NoteRefused

    try:
        work()
    except NoteRefused as refused:
        raise click.ClickException(str(refused)) from refused
