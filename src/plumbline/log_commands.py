"""Commands about the log: to erase a person from it, and to change the key that signs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from foundation.clock import SystemClock
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from plumbline.settings import Settings


@click.command(name="erase-from-custody")
@click.argument("person", type=click.UUID)
@click.option("--mentioning", default="", help="Erase details that contain this text, too, such as a name.")
@click.option("--reason", required=True, help="Why; it stays in the log, so it should name nobody.")
@data_option
def erase_from_custody(person: UUID, mentioning: str, reason: str, data: Path | None) -> None:
    """Erase a person from the custody chain for good; the log still verifies."""

    async def work(settings: Settings) -> int:
        from plumbline.erasure import NotErased, erase_from_custody

        try:
            erased = await erase_from_custody(settings.owner_url, person, mentioning, reason, SystemClock().now())
        except NotErased as refused:
            raise click.ClickException(str(refused)) from refused
        out.print(f"{erased} values erased. Backups made before still hold them.", highlight=False)
        return 0

    end_with(on_servers(settings_of(data=data), work))


@click.command(name="add-log-key")
@data_option
def add_log_key(data: Path | None) -> None:
    """Make a new key for the log's checkpoints; the old one goes on signing beside it. Start the workers anew after."""
    from evidence.transparency_log.signing import LogSigner, add_key

    file = settings_of(data=data).log_signing_key_file
    LogSigner.load_or_create(file)
    add_key(file)
    out.print(
        f"{file} begins with the new key. Once everybody who verifies knows it, take the last one out.",
        highlight=False,
        soft_wrap=True,
    )


COMMANDS = (erase_from_custody, add_log_key)
