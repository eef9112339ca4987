"""What stands in the object store, locked: leaf hashes in groups of 256 (C2SP tlog-tiles) and checkpoints over them.

Nobody needs the database to read it, and whoever owns the database cannot change it.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

from evidence.custodian import Custodian
from evidence.transparency_log import queries
from evidence.transparency_log.rules.merkle import WIDTH, Node, Row
from evidence.transparency_log.rules.note import Note, checkpoint_in
from foundation.database import Database
from foundation.object_store import ObjectStore

JOB = "publish-log"

TILES_AT_ONCE = 64
"""Half a megabyte of hashes in memory."""
HASH_BYTES = 32


class LogForked(Exception):
    """The object store holds another log of this name: entries were rewritten here, or an old dump was restored."""


class Tile(NamedTuple):
    """Hashes of the leaves from 256 * number on, one after the other: 256 of them, or fewer at the end of the log."""

    number: int
    hashes: bytes

    @property
    def width(self) -> int:
        return len(self.hashes) // HASH_BYTES


async def publish(custodian: Custodian) -> int:
    """Puts the newest checkpoint and all that it covers into the store; returns its size.

    Harmless when done again, by others at the same time, or after a crash at any point: every object has one content,
    and a checkpoint comes after what it covers. Raises LogForked, TryLater and StoreRefused.
    """
    store, now = custodian.store, custodian.clock.now()
    until = now + custodian.retention
    async with custodian.database.connection() as db:
        origin = await queries.origin_of(db)
        newest, before = await queries.latest_checkpoint(db), await queries.published_size(db)
        shared = max((one.size for one in await queries.partings(db)), default=0)
        if await queries.awaits_acknowledgement(db):
            return before
    await _follows_what_is_there(custodian.database, store, origin, before)
    if newest is None or newest.size in (before, shared):
        return before
    async with aclosing(_tiles(custodian.database, before, newest.size)) as tiles:
        async for tile in tiles:
            key = tile_key(origin, tile.number, tile.width)
            if not await store.put_once(key, tile.hashes, until) and await store.whole(key) != tile.hashes:
                raise LogForked(f"{key} holds other leaves")
    key, text = checkpoint_key(origin, newest.size), Note.parse(newest.note).text
    if not await store.put_once(key, newest.note.encode(), until) and (await _note(store, key)).text != text:
        raise LogForked(f"{key} holds another root")
    async with custodian.database.connection() as db:
        await queries.add_publication(db, newest.size, now)
    return newest.size


def checkpoint_key(origin: str, size: int) -> str:
    """In the order of their sizes."""
    return f"{checkpoints(origin)}{size:020}"


def checkpoints(origin: str) -> str:
    """What keys of the log's checkpoints begin with."""
    return f"{_folder(origin)}checkpoint/"


def tile_key(origin: str, number: int, width: int = WIDTH) -> str:
    """C2SP tlog-tiles: three digits a folder, `x` before all but the last; how wide, where it is not full."""
    digits = str(number).zfill(-(-len(str(number)) // 3) * 3)
    *above, last = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "".join(f"x{part}/" for part in above) + last
    return f"{_folder(origin)}tile/0/{path}" + (f".p/{width}" if width < WIDTH else "")


def time_token_key(origin: str, size: int) -> str:
    return f"{_folder(origin)}time/{size:020}.tsr"


def _folder(origin: str) -> str:
    """Several logs may share a bucket."""
    return f"log/{origin.rpartition('/')[2]}/"


async def log_objects(store: ObjectStore, origin: str, size: int) -> AsyncIterator[str]:
    """Keys of what is in the store of this log up to that published size: tiles, checkpoints, time stamps."""
    folder = _folder(origin)
    async for key in store.keys(folder):
        if _covers(key.removeprefix(folder)) <= size:
            yield key


def _covers(path: str) -> int:
    """The size of the log that what is there belongs to: of a tile the leaf that it ends with."""
    kind, _, rest = path.partition("/")
    if kind != "tile":
        return int(rest.removesuffix(".tsr"))
    number, _, width = rest.removeprefix("0/").partition(".p/")
    return int(number.replace("x", "").replace("/", "")) * WIDTH + int(width or WIDTH)


async def newest_lost(custodian: Custodian) -> str | None:
    """The newest checkpoint of this name in the store that the log does not lead to; None where it leads to all."""
    async with custodian.database.connection() as db:
        origin, newest = await queries.origin_of(db), await queries.latest_checkpoint(db)
    lost = None
    async for key in custodian.store.keys(checkpoints(origin)):
        note = (await custodian.store.whole(key) or b"").decode()
        there = checkpoint_in(Note.parse(note).text)
        async with custodian.database.connection() as db:
            ours = await queries.checkpoint_at(db, there.size)
        if ours.root != there.root if ours else newest is None or there.size > newest.size:
            lost = note
    return lost


async def _follows_what_is_there(database: Database, store: ObjectStore, origin: str, before: int) -> None:
    """Checkpoints beyond the last that is known to be published: left by a crash, or of a history that is lost here."""
    async for key in store.keys(checkpoints(origin), checkpoint_key(origin, before)):
        there = checkpoint_in((await _note(store, key)).text)
        async with database.connection() as db:
            ours = await queries.checkpoint_at(db, there.size)
        if there.origin == origin and (ours is None or ours.root != there.root):
            raise LogForked(f"{key} was signed once, and this log does not lead there")


async def _tiles(database: Database, published: int, size: int) -> AsyncGenerator[Tile, None]:
    """Those that became wider since, each as wide as it is now."""
    for first in range(published // WIDTH, -(-size // WIDTH), TILES_AT_ONCE):
        leaves = range(first * WIDTH, min((first + TILES_AT_ONCE) * WIDTH, size))
        async with database.connection() as db:
            found = await queries.hashes(db, [Row(0, leaves.start, leaves.stop)])
        for begins in range(leaves.start, leaves.stop, WIDTH):
            ends = min(begins + WIDTH, size)
            yield Tile(begins // WIDTH, b"".join(found[Node(0, index)] for index in range(begins, ends)))


async def _note(store: ObjectStore, key: str) -> Note:
    return Note.parse((await store.whole(key) or b"").decode())
