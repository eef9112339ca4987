"""`plumbline backup` and `plumbline restore`; docs/operations.md says how to use them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from foundation.clock import SystemClock
from foundation.object_store import ObjectStore, StoreRefused
from foundation.problem import TryLater
from plumbline.shell import data_option, end_with, on_servers, out, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from plumbline.settings import Settings

FAULTS_SHOWN = 20
_folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--to", "folder", type=_folder, required=True, help="Folder of backups; what is in it stays.")
@click.option("--with-keys", is_flag=True, help="The private signing keys, too: who has them signs as this server.")
@data_option
def backup(folder: Path, with_keys: bool, data: Path | None) -> None:
    """Copy rows, objects and log of one instant into a folder; objects that are there already are not copied again."""

    async def work(settings: Settings) -> int:
        from plumbline.backup.making import make

        keys = [file for file in _key_files(settings).values() if file.exists()] if with_keys else []
        with _words(), _progress() as say:
            store = _store(settings)
            try:
                made = await make(settings.owner_url, store, folder, SystemClock().now(), keys=keys, say=say)
            finally:
                await store.close()
        manifest = made.manifest
        _say(f"✓ {made.place}: {manifest.objects} objects, {manifest.bytes:,} bytes, log of {manifest.log_size} leaves")
        _say(f"  SHA-256 of its manifest: {made.manifest_sha256.hex()}. Note it where nobody here can change it.")
        if with_keys:
            _say("! The private signing keys are in it. Lock it away: who has them can sign receipts and checkpoints.")
        else:
            _say(
                "! The signing keys are not in it (--with-keys): keep them elsewhere, or clocks of phones hold no more."
            )
        return _faults("was not in the object store as it must be; all else is backed up", manifest.not_copied)

    end_with(on_servers(settings_of(data=data), work))


@click.command()
@click.option("--from", "folder", type=_folder, required=True, help="Folder of backups.")
@click.option("--backup", "name", help="Which of them. Default: the newest that is whole.")
@click.option("--manifest", help="SHA-256 that was noted of its manifest.")
@data_option
def restore(folder: Path, name: str | None, manifest: str | None, data: Path | None) -> None:
    """Put a backup into an empty database and an empty bucket, and examine it; killed, the same command goes on."""

    async def work(settings: Settings) -> int:
        from plumbline.backup.model import Backup, BackupError
        from plumbline.backup.restoring import put_back_keys
        from plumbline.backup.restoring import restore as put_back

        with _words(), _progress() as say:
            kept = Backup.open(folder, name)
            if manifest is not None and manifest.lower() != kept.manifest_sha256.hex():
                raise BackupError(f"{kept.place} is not the backup that was noted: its manifest is another.")
            store = _store(settings)
            try:
                restored = await put_back(settings.owner_url, store, kept, SystemClock().now(), say=say)
            finally:
                await store.close()
            missing = put_back_keys(kept, _key_files(settings))
        _say(f"✓ {kept.place.name} is restored: {restored.objects} objects; {restored.uploads} uploads begin anew")
        if missing:
            _say(f"! Not in the backup: {', '.join(missing)}. Put the old keys there, or new ones will be made.")
        status = await _examined(settings, kept.checkpoint(), kept.manifest.made_at)
        _say("Next: `plumbline reconcile`, and `plumbline acknowledge-restore`, before which the log does not grow.")
        return _faults("is not in the backup as it must be", restored.faults) or status

    end_with(on_servers(settings_of(data=data), work))


@click.command()
@data_option
def reconcile(data: Path | None) -> None:
    """List receipts that no bytes stand behind; phones are asked to offer again what they hold. It ends with 1 then.

    Objects that nothing names are listed, too, once they are an hour old; they are never removed.
    """

    async def work(settings: Settings) -> int:
        from evidence.fixity.reconciling import reconcile
        from plumbline.backup.strays import strays
        from plumbline.opening import opened

        number, stray = 0, 0
        with _words():
            async with opened(settings, SystemClock()) as custodian:
                async for one in reconcile(custodian):
                    number += 1
                    receipt = f"receipt of {one.receipt_at:%Y-%m-%dT%H:%M:%SZ}" if one.receipt_at else "no receipt yet"
                    where = "" if one.size is not None else "; a phone holds it, nothing here knows of it"
                    _say(f"✗ {one.evidence_id}  {one.sha256}  {receipt}{where}")
                async for other in strays(settings.owner_url, custodian.store, SystemClock().now()):
                    stray += 1
                    _say(f"? {other.key}  {other.size:,} bytes, stored {other.stored_at}: nothing here names it")
        if number:
            _say(f"{number} receipts are without bytes. Phones are asked to offer them again, as soon as they come.")
        else:
            _say("✓ There are bytes behind every receipt.")
        if stray:
            _say(f"{stray} objects are named by nothing here. They stay as they are.")
        return 1 if number else 0

    end_with(on_servers(settings_of(data=data), work))


@click.command()
@click.option("--from", "folder", type=_folder, required=True, help="Folder of backups.")
@data_option
def repair(folder: Path, data: Path | None) -> None:
    """Put back from backups what readings found missing or changed, as another version; it ends with 1 if any stays."""

    async def work(settings: Settings) -> int:
        from plumbline.backup.repairing import repair
        from plumbline.opening import opened

        stays = 0
        with _words():
            async with opened(settings, SystemClock()) as custodian:
                async for stored, done in repair(custodian, folder):
                    stays += not done
                    _say(
                        f"{'✓' if done else '✗'} {stored.key}" + ("" if done else " is not in the backups, or damaged")
                    )
        return 1 if stays else 0

    end_with(on_servers(settings_of(data=data), work))


@click.command(name="acknowledge-restore")
@click.option("--by", required=True, help="Sign-in name of who answers for it.")
@click.option(
    "--reason", required=True, help="Why; it stays in the log for everybody to read, so it should name nobody."
)
@click.option(
    "--lost",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the newest checkpoint that anybody holds of what was lost.",
)
@data_option
def acknowledge_restore(by: str, reason: str, lost: Path | None, data: Path | None) -> None:
    """Answer for a restore: the log goes on under another name, and everybody can see that there were two histories."""
    kept = lost.read_text() if lost else None

    async def work(settings: Settings) -> int:
        from agency import queries as agency
        from agency.sign_in import normalised
        from evidence.transparency_log.published import newest_lost
        from evidence.transparency_log.signing import LogSigner
        from plumbline.backup.acknowledging import NotAcknowledged, acknowledge
        from plumbline.opening import opened

        now = SystemClock().now()
        with _words():
            async with opened(settings, SystemClock()) as custodian:
                async with custodian.database.connection() as db:
                    actor = await agency.actor_called(db, normalised(by), now)
                if actor is None:
                    raise click.BadParameter(f"nobody can sign in as {by}.", param_hint="--by")
                there = await newest_lost(custodian)
                note = kept or there
                signer = LogSigner.load_or_create(settings.log_signing_key_file)
                try:
                    name, size = await acknowledge(
                        settings.owner_url,
                        signer,
                        actor.person_id,
                        reason,
                        now,
                        lost_note=note,
                        forked=there is not None,
                    )
                except NotAcknowledged as refused:
                    raise click.ClickException(str(refused)) from refused
        _say(f"✓ The log goes on as {name}; its first {size} leaves are those it had before.")
        _say("Tell its name and its keys (/log/v1/keys) to witnesses and auditors; each must trust it anew.")
        return 0

    end_with(on_servers(settings_of(data=data), work))


async def _examined(settings: Settings, checkpoint: str | None, made_at: datetime) -> int:
    """As `plumbline fsck` would have at the instant of the backup: what waited for the log then waits still."""
    from evidence.transparency_log.fsck import examine
    from plumbline.log_commands import told
    from plumbline.opening import opened

    class Then:
        def now(self) -> datetime:
            return made_at

    async with opened(settings, SystemClock()) as custodian:
        outside = [checkpoint] if checkpoint else []
        report = await examine(custodian.database, custodian.store, Then(), outside=outside)
    for line in told(report, "zh-CN", own_keys=True):
        _say(line)
    return 1 if report.findings else 0


def _key_files(settings: Settings) -> dict[str, Path]:
    return {file.name: file for file in (settings.signing_key_file, settings.log_signing_key_file)}


def _store(settings: Settings) -> ObjectStore:
    return ObjectStore.open(
        settings.s3_endpoint, settings.s3_bucket, settings.s3_region, settings.s3_access_key, settings.s3_secret_key
    )


def _faults(what: str, keys: list[str]) -> int:
    for key in keys[:FAULTS_SHOWN]:
        _say(f"✗ {key} {what}")
    if len(keys) > FAULTS_SHOWN:
        _say(f"… and {len(keys) - FAULTS_SHOWN} more")
    return 1 if keys else 0


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        tasks: dict[str, int] = {}

        def say(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done)  # type: ignore[arg-type]

        yield say


@contextmanager
def _words() -> Iterator[None]:
    """What an operator can mend is a sentence, also from among tasks that ended together."""
    try:
        yield
    except Exception as error:
        if (sentence := _sentence(error)) is None:
            raise
        raise click.ClickException(sentence) from error


def _sentence(error: Exception) -> str | None:
    """None for a fault of our own."""
    from plumbline.backup.model import BackupError

    again = "What was done is kept: run the same command again."
    match error:
        case ExceptionGroup():
            return next((found for one in error.exceptions if (found := _sentence(one))), None)
        case BackupError():
            return str(error)
        case TryLater():
            return f"The object store does not answer. {again}"
        case asyncpg.PostgresError() | asyncpg.InterfaceError():
            return f"The database: {error}. {again}"
        case OSError() | StoreRefused():
            return f"{error}. {again}"
    return None


COMMANDS = (backup, restore, reconcile, repair, acknowledge_restore)
