"""Commands about what must hold: to examine the log and try every guard, to erase a person, to change the log's key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from foundation.clock import SystemClock
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evidence.transparency_log.findings import Report
    from foundation.words import Language
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


@click.command()
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a checkpoint that was kept elsewhere; may be repeated.",
)
@click.option("--key", "keys", multiple=True, help="Verifier key known from elsewhere; may be repeated.")
@click.option("--objects", is_flag=True, help="Read every byte of evidence, too.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@data_option
def fsck(checkpoints: tuple[Path, ...], keys: tuple[str, ...], objects: bool, language: Any, data: Path | None) -> None:
    """Derive the log anew from rows and objects, and say where it is not what was signed; it ends with 1 then."""

    async def work(settings: Settings) -> int:
        from evidence.transparency_log.fsck import examine
        from evidence.transparency_log.rules.note import NoteRefused, VerifierKey
        from plumbline.opening import opened

        try:
            known = [VerifierKey.parse(key) for key in keys]
            async with opened(settings, SystemClock()) as custodian:
                report = await examine(
                    custodian.database,
                    custodian.store,
                    custodian.clock,
                    outside=[file.read_text() for file in checkpoints],
                    keys=known,
                    objects=objects,
                    trust=settings.tsa_trust,
                )
        except NoteRefused as refused:
            raise click.ClickException(str(refused)) from refused
        for line in told(report, language, own_keys=not known):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
        return 1 if report.findings else 0

    end_with(on_servers(settings_of(data=data), work))


@click.command(name="self-proof")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@data_option
def self_proof(language: Any, data: Path | None) -> None:
    """Let a canary try every guard now, as every night; it ends with 1 where one does not hold."""

    async def work(settings: Settings) -> int:
        from evidence.self_proof.cycle import prove
        from foundation.words import say
        from plumbline.opening import opened

        async with opened(settings, SystemClock()) as custodian:
            cycle = await prove(custodian)
        for one in cycle.steps:
            words = say(language, f"self-proof.step.{one.step}")
            line = f"{'✓' if one.held else '✗'} {words} ({one.took_ms} ms)"
            out.print(line, highlight=False, markup=False, soft_wrap=True)
            if not one.held:
                out.print(f"  {one.detail}", highlight=False, markup=False, soft_wrap=True)
        return 1 if cycle.failed else 0

    end_with(on_servers(settings_of(data=data), work))


def told(report: Report, language: Language, *, own_keys: bool) -> Iterator[str]:
    """The report in lines."""
    from foundation.words import say

    for finding in report.findings:
        yield "✗ " + say(language, f"fsck.{finding.fault}", index=finding.index, about=finding.about)
    if first := report.first_bad:
        placed = "placed" if first.until is None else "between"
        yield say(language, f"fsck.{placed}", index=first.index, last=(first.until or 0) - 1)
    if report.tokens:
        yield say(language, "fsck.tokens", count=report.tokens)
    if report.tokens_unchecked:
        yield say(language, "fsck.tokens-unchecked", count=report.tokens_unchecked)
    if not report.findings:
        yield say(language, "fsck.clean", size=report.size, root=report.root.hex())
        if report.confirmed:
            yield say(language, "fsck.confirmed", confirmed=report.confirmed)
        if own_keys:
            yield say(language, "fsck.own-keys")


COMMANDS = (erase_from_custody, add_log_key, fsck, self_proof)
