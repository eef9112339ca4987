"""Puts a backup into an empty database and an empty bucket; killed at any point, the same command goes on.

What is under way is known by two tables of the owner's, which are dropped in the transaction that ends the restore.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from shutil import copyfile

import asyncpg
import msgspec

from evidence.custody import Event
from foundation.object_store import ObjectStore, Part, key_of
from plumbline.backup import dump
from plumbline.backup.model import CHUNK, DUMP, KEYS, Backup, BackupError, Item
from plumbline.migrations import UNDER_WAY, migrate

AT_ONCE = 4
BATCH = 64
"""Objects whose new places are written down together."""
SMALL_BYTES = PART_BYTES = 8 << 20
"""As uploads: small ones go in one request that locks them, of larger ones one part is in memory."""
SHORTEST_LOCK = timedelta(days=1)
"""Of what had come to the end of its lock: a lock cannot end before it begins."""
MOST_TOLD = 20

Say = Callable[[str, int, int], None]


class Restored(msgspec.Struct, frozen=True):
    """`faults`: objects that are not in the backup as they must be; `uploads` were cut off and begin anew."""

    objects: int
    faults: list[str]
    uploads: int


async def restore(owner_url: str, store: ObjectStore, backup: Backup, now: datetime, *, say: Say) -> Restored:
    """Raises BackupError, TryLater, StoreRefused, OSError, asyncpg.PostgresError."""
    say("files", 0, 1)
    await asyncio.to_thread(backup.verify_files)
    say("files", 1, 1)
    db = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    try:
        rows_are_here = await _rows_are_here(db, backup)
        await _nothing_else_in(store, backup)
        if not rows_are_here:
            say("database", 0, 1)
            await _begin(db, backup)
            known = await db.fetchval("select exists (select from pg_roles where rolname = 'plumbline')")
            await dump.restore(owner_url, backup.place / DUMP, privileges=known)
        await migrate(owner_url, restoring=True)
        say("database", 1, 1)
        faults = await _objects(db, store, backup, now, say)
        uploads = await _end(db, backup, now)
        return Restored(backup.manifest.objects, faults, uploads)
    finally:
        await db.close()


def put_back_keys(backup: Backup, files: dict[str, Path]) -> list[str]:
    """The backup's signing keys, where there are none yet; returns the names of those that the backup does not have.

    Raises BackupError where another key is there.
    """
    missing = []
    for name, target in files.items():
        kept = backup.place / KEYS / name
        if not kept.exists():
            missing.append(name)
        elif target.exists() and target.read_bytes() != kept.read_bytes():
            raise BackupError(f"{target} holds another key than the backup. Move it away, or restore without keys.")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch(mode=0o600)
            copyfile(kept, target)
    return missing


async def _rows_are_here(db: "asyncpg.Connection[asyncpg.Record]", backup: Backup) -> bool:
    """Whether an earlier run of this very restore came so far. Raises BackupError where something else is there."""
    tables = {row["relname"] for row in await db.fetch(_RELATIONS)}
    if not tables:
        return False
    if UNDER_WAY not in tables:
        told = ""
        if "evidence" in tables:
            number = await db.fetchval("select count(*) from evidence")
            told = f", and {number} pieces of evidence"
        raise BackupError(
            f"The database is not empty: there are {len(tables)} tables and views in it{told}. "
            f"Restore into an empty one; nothing was changed."
        )
    if await db.fetchval("select manifest_sha256 from restore_under_way") != backup.manifest_sha256:
        raise BackupError("Another backup is being restored into this database. Go on with that one, or empty it.")
    return "evidence" in tables


_RELATIONS = """
select relname from pg_class
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
"""


async def _begin(db: "asyncpg.Connection[asyncpg.Record]", backup: Backup) -> None:
    async with db.transaction():
        await db.execute("create table if not exists restore_under_way (manifest_sha256 bytea not null)")
        await db.execute(
            "create table if not exists restored_object "
            "(sha256 bytea primary key, version_id text not null, retained_until timestamptz not null)"
        )
        if not await db.fetchval("select exists (select from restore_under_way)"):
            await db.execute("insert into restore_under_way values ($1)", backup.manifest_sha256)


async def _nothing_else_in(store: ObjectStore, backup: Backup) -> None:
    """Only what this backup brings may be in the bucket, from an earlier run. Both are in the order of keys."""
    others: list[str] = []
    items = backup.items()
    item = next(items, None)
    async for key in store.keys(""):
        while item is not None and item.key < key:
            item = next(items, None)
        if item is None or item.key != key:
            others.append(key)
        if len(others) > MOST_TOLD:
            break
    if others:
        number = f"more than {MOST_TOLD}" if len(others) > MOST_TOLD else str(len(others))
        raise BackupError(
            f"The bucket is not empty: {number} objects in it are not of this backup, the first is {others[0]}. "
            f"Restore into an empty one; nothing was changed."
        )


async def _objects(
    db: "asyncpg.Connection[asyncpg.Record]", store: ObjectStore, backup: Backup, now: datetime, say: Say
) -> list[str]:
    """Puts back what is not there yet, and remembers where; returns the keys of what could not be put back."""
    faults: list[str] = []
    done, total = 0, backup.manifest.objects
    items = backup.items()
    while batch := list(islice(items, BATCH)):
        there = {
            row["sha256"].hex()
            for row in await db.fetch(
                "select sha256 from restored_object where sha256 = any ($1)",
                [bytes.fromhex(item.sha256) for item in batch],
            )
        }
        wanted = iter([item for item in batch if item.sha256 not in there or not _is_digest(item)])
        placed: list[tuple[bytes, str, datetime]] = []
        async with asyncio.TaskGroup() as together:
            for _ in range(AT_ONCE):
                together.create_task(_each(store, backup, wanted, now, placed, faults))
        await db.executemany("insert into restored_object values ($1, $2, $3) on conflict do nothing", placed)
        done += sum(map(_is_digest, batch))
        say("objects", done, total)
    return faults


async def _each(
    store: ObjectStore, backup: Backup, wanted: Iterator[Item], now: datetime,
    placed: list[tuple[bytes, str, datetime]], faults: list[str],
) -> None:  # fmt: skip
    for item in wanted:
        path = backup.path_of(item.key)
        until = max(item.retained_until or now, now + SHORTEST_LOCK)
        if not path.exists() or path.stat().st_size != item.size:
            faults.append(item.key)
        elif not _is_digest(item):
            if not await _put_of_log(store, item, path, until):
                faults.append(item.key)
        elif version := await put_file(store, item, path, until):
            placed.append((bytes.fromhex(item.sha256), version, until))
        else:
            faults.append(item.key)


def _is_digest(item: Item) -> bool:
    """Bytes under their own digest; anything else is of the log."""
    return item.key == key_of(bytes.fromhex(item.sha256))


async def _put_of_log(store: ObjectStore, item: Item, path: Path, until: datetime) -> bool:
    body = await asyncio.to_thread(path.read_bytes)
    if hashlib.sha256(body).hexdigest() != item.sha256:
        return False
    return await store.put_once(item.key, body, until) or await store.whole(item.key) == body


async def put_file(store: ObjectStore, item: Item, path: Path, until: datetime, *, again: bool = False) -> str | None:
    """The version that is locked now; None where the file is not what it must be.

    `again`: another version, whatever stands there. Nothing is locked before its digest is known to be right.
    """
    sha256 = bytes.fromhex(item.sha256)
    if item.size <= SMALL_BYTES:
        body = await asyncio.to_thread(path.read_bytes)
        if hashlib.sha256(body).digest() != sha256:
            return None
        return (await (store.put_again if again else store.put_locked)(sha256, body, until)).version_id
    found = None if again else await store.find(sha256)
    if found is None or found.retained_until is None:  # locked is only what was compared
        upload, digest = await store.begin_parts(item.key), hashlib.sha256()
        parts: list[Part] = []
        with path.open("rb") as file:
            while part := file.read(PART_BYTES):
                digest.update(part)
                slices = [part[at : at + CHUNK] for at in range(0, len(part), CHUNK)]
                parts.append(await store.put_part(item.key, upload, len(parts) + 1, slices))
        if digest.digest() != sha256:
            await store.abort_parts(item.key, upload)
            return None
        await store.complete_parts(item.key, upload, parts, again=again)
    stored = await store.adopt(sha256, item.size, until)
    return stored.version_id if stored else None


async def _end(db: "asyncpg.Connection[asyncpg.Record]", backup: Backup, now: datetime) -> int:
    """The rows say where the objects are now; uploads whose parts were only in the old store begin anew."""
    async with db.transaction():
        for table, digest in (
            ("stored_object", "sha256"), ("document", "sha256"), ("inspection_document_file", "pdf_sha256"),
        ):  # fmt: skip
            await db.execute(
                f"""
                update {table}
                   set version_id = restored_object.version_id, retained_until = restored_object.retained_until
                  from restored_object
                 where restored_object.sha256 = {table}.{digest}
                """  # noqa: S608 - names from above
            )
        uploads = await db.fetchval(_CUT_OFF, now, Event.UPLOAD_TERMINATED)
        await db.execute(
            "insert into log_restoration (manifest_sha256, backup_made_at, restored_at) values ($1, $2, $3)",
            backup.manifest_sha256, backup.manifest.made_at, now,
        )  # fmt: skip
        await db.execute("insert into offer_call (cause, at) values ('RESTORED', $1)", now)
        await db.execute("drop table restore_under_way, restored_object")
    return int(uploads)


_CUT_OFF = """
with gone as (
    delete from upload
     where multipart_id is not null
       and not exists (select from reception where reception.evidence_id = upload.evidence_id)
    returning evidence_id, at
), told as (
    insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
    select evidence_id, $2, null, null, $1, jsonb_build_object('at', gone.at, 'cause', 'RESTORED') from gone
)
select count(*) from gone
"""
