"""Makes a backup: rows and the list of objects in one snapshot, then the objects that are not here already."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile, rmtree
from typing import BinaryIO

import asyncpg
import msgspec

from evidence.transparency_log.published import log_objects
from foundation.object_store import ObjectStore, StoreRefused
from plumbline.backup import dump
from plumbline.backup.model import (
    CHECKPOINT,
    DUMP,
    FORMAT,
    KEYS,
    LOG,
    MANIFEST,
    OBJECTS,
    Backup,
    Item,
    Manifest,
    digest_of,
    file_of,
    path_of,
)

AT_ONCE = 8
"""Objects under way: memory holds a chunk of each."""
MOST_TOLD = 1000
"""Keys of objects that could not be copied."""

Say = Callable[[str, int, int], None]
"""Which step, how much is done, of how much."""


async def make(
    owner_url: str, store: ObjectStore, folder: Path, now: datetime, *, keys: Iterable[Path] = (), say: Say
) -> Backup:
    """Raises BackupError, TryLater, StoreRefused, OSError, asyncpg.PostgresError; run again it goes on where it was."""
    place = folder / "backups" / now.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    unfinished = place.with_name(place.name + ".unfinished")
    for left in (folder / "backups").glob("*.unfinished"):  # by one that was killed
        rmtree(left)
    unfinished.mkdir(parents=True)
    state = await _snapshot(owner_url, unfinished, say)
    faults: list[str] = []
    with (unfinished / LOG).open("wb") as lines:
        for origin, size in sorted(state.histories, key=_name_of):
            async for key in log_objects(store, origin, size):
                lines.write(msgspec.json.encode(await _log_object(store, folder, key)) + b"\n")
    await _objects(store, folder, unfinished, state, faults, say)
    names = [DUMP, LOG, OBJECTS, *([CHECKPOINT] if state.note else [])]
    for key_file in keys:
        (unfinished / KEYS).mkdir(mode=0o700, exist_ok=True)
        kept = unfinished / KEYS / key_file.name
        kept.touch(mode=0o600)
        copyfile(key_file, kept)
        names.append(f"{KEYS}/{key_file.name}")
    manifest = Manifest(
        format=FORMAT, made_at=state.made_at, origin=state.origin, log_size=state.log_size, migration=state.migration,
        objects=state.objects, bytes=state.bytes, files=[file_of(unfinished, name) for name in names],
        not_copied=faults[:MOST_TOLD],
    )  # fmt: skip
    with (unfinished / MANIFEST).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        os.fsync(file.fileno())
    unfinished.rename(place)
    return Backup(folder, place)


def _name_of(history: tuple[str, int]) -> str:
    """As keys are in order."""
    return history[0].rpartition("/")[2]


class _State(msgspec.Struct):
    """What the snapshot says."""

    made_at: datetime
    origin: str
    log_size: int
    note: str | None
    migration: str
    histories: list[tuple[str, int]] = []
    """Names of the log, and up to which size what is published of each belongs to what is here."""
    objects: int = 0
    bytes: int = 0


async def _snapshot(owner_url: str, place: Path, say: Say) -> _State:
    """The dump, the list of objects and the newest checkpoint, all of one instant."""
    say("database", 0, 1)
    db = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    try:
        async with db.transaction(isolation="repeatable_read", readonly=True):
            row = await db.fetchrow(_STATE)
            assert row is not None
            state = _State(*row)
            state.histories = [(one["origin"], one["size"]) for one in await db.fetch(_HISTORIES)]
            dumping = asyncio.create_task(
                dump.dump(owner_url, await db.fetchval("select pg_export_snapshot()"), place / DUMP)
            )
            try:
                with (place / OBJECTS).open("wb") as lines:
                    async for row in db.cursor(_KNOWN):
                        item = Item(*row)
                        state.objects, state.bytes = state.objects + 1, state.bytes + item.size
                        lines.write(msgspec.json.encode(item) + b"\n")
                await dumping
            finally:
                dumping.cancel()
    finally:
        await db.close()
    if state.note:
        (place / CHECKPOINT).write_text(state.note)
    say("database", 1, 1)
    return state


_STATE = """
select now(),
       (select origin from log_identity),
       (select coalesce(max(size), 0) from log_checkpoint),
       (select note from log_checkpoint order by size desc limit 1),
       (select max(version) from schema_migrations)
"""
_HISTORIES = """
select origin, (select coalesce(max(size), 0) from log_publication) as size from log_identity
 union all
select earlier_origin, size from log_parting
"""
_KNOWN = """
with known as (
    select key, version_id, size, sha256, retained_until from stored_object
     where not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256)
     union all
    select key, version_id, size, sha256, retained_until from document
     union all
    select key, version_id, size, pdf_sha256, retained_until from inspection_document_file
)
select key, max(version_id), size, encode(sha256, 'hex'), max(retained_until)
  from known
 group by key, size, sha256
 order by key collate "C"
"""


async def _objects(store: ObjectStore, folder: Path, place: Path, state: _State, faults: list[str], say: Say) -> None:
    decoder, done, sizes = msgspec.json.Decoder(Item), 0, 0

    async def each(lines: BinaryIO) -> None:
        nonlocal done, sizes
        for line in lines:  # the workers share the file's position: each takes the next line
            item = decoder.decode(line)
            if not await _copied(store, folder, item):
                faults.append(item.key)
            done, sizes = done + 1, sizes + item.size
            say("objects", done, state.objects)

    say("objects", 0, state.objects)
    with (place / OBJECTS).open("rb") as lines:
        async with asyncio.TaskGroup() as together:
            for _ in range(AT_ONCE):
                together.create_task(each(lines))


async def _copied(store: ObjectStore, folder: Path, item: Item) -> bool:
    """False: the store does not have it as it must be."""
    path = path_of(folder, item.key)
    if path.exists() and await asyncio.to_thread(digest_of, path) == (item.sha256, item.size):
        return True
    try:
        return await _fetch(store.read(item.key, item.version_id), path, item.sha256)
    except StoreRefused as refused:
        if refused.status != 404:
            raise
        return False


async def _log_object(store: ObjectStore, folder: Path, key: str) -> Item:
    """Nothing under such a key is ever another, so what is here already is what is there."""
    path = path_of(folder, key)
    found = await store.at(key)
    version = found.version_id if found else ""
    if not path.exists():
        await _fetch(store.read(key, version), path, None)
    digest, size = digest_of(path)
    return Item(key, version, size, digest, found.retained_until if found else None)


async def _fetch(chunks: AsyncIterator[bytes], path: Path, sha256: str | None) -> bool:
    """Into place once it is whole, on disk, and has that digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as file:
            async for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if sha256 is not None and digest.hexdigest() != sha256:
            return False
        part.rename(path)
        return True
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
