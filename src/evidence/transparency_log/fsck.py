"""Derives the log anew from entries, and holds it against everything that was signed, locked, or kept elsewhere."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta

from evidence.transparency_log import queries
from evidence.transparency_log.findings import Fault, Finding, Report
from evidence.transparency_log.model import Checkpoint, Field
from evidence.transparency_log.published import HASH_BYTES, checkpoint_key, checkpoints, tile_key
from evidence.transparency_log.queries import LoggedLeaf, Parting, Signed
from evidence.transparency_log.rules.leaf import NOTHING, committed, leaf_bytes, leaf_hash, value_of
from evidence.transparency_log.rules.merkle import WIDTH, Edge, Node, Row
from evidence.transparency_log.rules.note import Note, NoteRefused, VerifierKey, checkpoint_in, checkpoint_text
from evidence.transparency_log.time_tokens import examine_tokens
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.object_store import ObjectStore, StoredObject, StoreRefused

AT_ONCE = 5000
"""Leaves in memory."""
OBJECTS_AT_ONCE = 8
MOST_TOLD = 20
"""Of one fault; who finds twenty leaves changed has seen enough."""
LONG = timedelta(minutes=1)
"""That an entry may wait; the sequencer needs less than a second."""


async def examine(
    database: Database,
    store: ObjectStore,
    clock: Clock,
    *,
    outside: Sequence[str] = (),
    keys: Collection[VerifierKey] = (),
    objects: bool = False,
    trust: str = "",
) -> Report:
    """Everything that is wrong.

    `outside`: notes with checkpoints that were kept where nobody here could change them. `keys`: verifier keys known
    from elsewhere; without any those in the database are believed. `objects`: every byte of evidence is read, too.
    `trust`: file of certificates (PEM) that vouch for time-stamping authorities; without it no token is checked.
    Raises NoteRefused for what is no checkpoint, TryLater and StoreRefused.
    """
    async with database.connection() as db:
        origin, partings = await queries.origin_of(db), await queries.partings(db)
    published = await _newest_published(store, origin, partings)
    async with database.transaction() as db:
        await db.execute("set transaction isolation level repeatable read, read only")
        walk = _Walk(origin, partings, keys or await _known_keys(db))
        if published:
            walk.expect(published, Fault.PUBLISHED_DIFFERS)
        for note in outside:
            walk.expect_outside(Note.parse(note))
        await walk.through(db)
        walk.findings += await _beside_the_log(db, clock)
        if await queries.published_size(db) > (published.size if published else 0):
            walk.findings.append(Finding(Fault.PUBLISHED_GONE, None))
    if published and walk.tree_is_other:
        walk.findings += await _other_leaf(database, store, published)
    if objects:
        walk.findings += await _objects(database, store)
    tokens = await examine_tokens(database, trust)
    walk.findings += tokens.findings
    return Report(
        walk.origin, walk.edge.size, walk.edge.root(), walk.confirmed, walk.findings, tokens.held, tokens.unchecked
    )


class _Walk:
    """One pass over all leaves, in order."""

    def __init__(self, origin: str, partings: Sequence[Parting], keys: Collection[VerifierKey]) -> None:
        self.origin, self.partings, self.keys = origin, partings, keys
        self.edge = Edge(0, {})
        self.findings: list[Finding] = []
        self.confirmed = 0
        self.tree_is_other = False
        self._expected: defaultdict[int, list[tuple[bytes, Fault]]] = defaultdict(list)
        self._signed_so_far = 0
        self._counts: defaultdict[Fault, int] = defaultdict(int)

    def expect_outside(self, note: Note) -> None:
        kept = checkpoint_in(note.text)
        about = f"{kept.origin} {kept.size}"
        ends = {one.earlier: one.size for one in self.partings}
        if kept.origin != self.origin and kept.origin not in ends:
            self._find(Finding(Fault.OUTSIDE_OF_ANOTHER_LOG, None, about))
        if not signed_by_any(note, self.keys):
            self._find(Finding(Fault.OUTSIDE_UNSIGNED, None, about))
        if kept.size > ends.get(kept.origin, kept.size):
            self._find(Finding(Fault.OUTSIDE_OF_LOST_HISTORY, None, about))
            return
        self.expect(kept, Fault.OUTSIDE_DIFFERS)

    def expect(self, kept: Checkpoint, fault: Fault) -> None:
        """The tree must have this root when it has that size."""
        self._expected[kept.size].append((kept.root, fault))

    async def through(self, db: Connection) -> None:
        at, whole = 0, True
        while batch := await queries.leaves_from(db, at, AT_ONCE):
            at = batch[-1].leaf.index + 1
            signed = {one.size: one for one in await queries.checkpoints_between(db, self.edge.size, at)}
            completed = []
            for one in batch:
                if whole and one.leaf.index != self.edge.size:
                    self._find(Finding(Fault.LEAF_GONE, self.edge.size))
                    whole = False
                self._look_at(one)
                if whole:  # behind a gap there is no tree
                    completed += self.edge.add(one.leaf.hash)
                    self._compare(signed.get(self.edge.size))
            there = await queries.hashes(db, [Row(node.level, node.index, node.index + 1) for node, _ in completed])
            for node, hash_ in completed:
                if there.get(node) != hash_:
                    self._find(Finding(Fault.SUBTREE_CHANGED, node.index << node.level, f"level {node.level}"))
        if whole:
            latest = await queries.latest_checkpoint(db)
            self._compare_the_end(latest.size if latest else 0)
        self.tree_is_other |= not whole

    def _compare_the_end(self, signed: int) -> None:
        size = self.edge.size
        most = max(signed, *self._expected, 0)
        if most > size:
            self.tree_is_other = True
            self._find(Finding(Fault.CUT, size, str(most)))
        if signed < size:
            self._find(Finding(Fault.UNSIGNED, signed, until=size))

    def _look_at(self, one: LoggedLeaf) -> None:
        index, entry, salts = one.leaf.index, one.entry, one.leaf.salts
        if entry is None:
            self._find(Finding(Fault.ENTRY_GONE, index, str(one.leaf.entry_id)))
            return
        try:
            content = leaf_bytes(entry, committed(entry, salts, one.erased))
        except KeyError:  # neither a salt nor what it stood for
            content = b""
        if leaf_hash(content) != one.leaf.hash:
            self._find(Finding(Fault.LEAF_CHANGED, index, str(entry.id)))
        for field, salt in zip(Field, salts, strict=True):
            if salt is None and value_of(entry, field) not in NOTHING:
                self._find(Finding(Fault.ERASED_FIELD_FILLED, index, f"{entry.id} {field}"))

    def _compare(self, kept: Signed | None) -> None:
        """The tree as it stands now with the checkpoints of its size."""
        size, before = self.edge.size, self.confirmed
        if kept is None and size not in self._expected:
            return
        root = self.edge.root()
        for expected, fault in self._expected.get(size, ()):
            if expected == root:
                self.confirmed = size
            else:
                self._find(Finding(fault, before, str(size), until=size))
        if kept is None:
            return
        if kept.root != root:
            self._find(Finding(Fault.CHECKPOINT_DIFFERS, self._signed_so_far, str(size), until=size))
        elif not _truly_signed(kept, Checkpoint(self._name_at(size), size, root), self.keys):
            self._find(Finding(Fault.CHECKPOINT_FORGED, None, str(size)))
        else:
            self._signed_so_far = size

    def _name_at(self, size: int) -> str:
        """Under which a checkpoint of that size was signed: before a restore it was another."""
        return next((one.earlier for one in self.partings if size <= one.size), self.origin)

    def _find(self, finding: Finding) -> None:
        self.tree_is_other |= finding.until is not None
        self._counts[finding.fault] += 1
        if self._counts[finding.fault] <= MOST_TOLD:
            self.findings.append(finding)


def signed_by_any(note: Note, keys: Collection[VerifierKey]) -> bool:
    """A false signature counts as none."""
    for key in keys:
        try:
            if note.signed_by(key):
                return True
        except NoteRefused:
            continue
    return False


def _truly_signed(kept: Signed, checkpoint: Checkpoint, keys: Collection[VerifierKey]) -> bool:
    try:
        note = Note.parse(kept.note)
    except NoteRefused:
        return False
    return note.text == checkpoint_text(checkpoint) and signed_by_any(note, keys)


async def _known_keys(db: Connection) -> list[VerifierKey]:
    return [VerifierKey.parse(key) for key in await queries.verifier_keys(db)]


async def _beside_the_log(db: Connection, clock: Clock) -> list[Finding]:
    """Rows that the log ought to know of, and does not, or otherwise."""
    slipped = await queries.entries_outside(db, MOST_TOLD)
    waiting = await queries.waiting_since(db, clock.now() - LONG, MOST_TOLD)
    untold = await queries.rows_untold(db, MOST_TOLD)
    erased = await queries.erasures_untold(db, MOST_TOLD)
    return [
        *(Finding(Fault.ENTRY_SLIPPED_IN, None, str(entry)) for entry in slipped),
        *(Finding(Fault.WAITS_LONG, None, str(entry)) for entry in waiting),
        *(Finding(Fault.ROW_UNTOLD, index, about) for index, about in untold),
        *(Finding(Fault.ERASED_UNTOLD, None, str(entry)) for entry in erased),
    ]


async def _newest_published(store: ObjectStore, origin: str, partings: Sequence[Parting]) -> Checkpoint | None:
    """Of the log's present name; where nothing is published under it yet, of an earlier one what both names share."""
    newest = ""
    async for key in store.keys(checkpoints(origin)):
        newest = key
    for parting in reversed(partings):
        if newest:
            break
        last = checkpoint_key(parting.earlier, parting.size)
        async for key in store.keys(checkpoints(parting.earlier)):
            newest = key if key <= last else newest
    return checkpoint_in(Note.parse((await store.whole(newest) or b"").decode()).text) if newest else None


async def _other_leaf(database: Database, store: ObjectStore, published: Checkpoint) -> list[Finding]:
    """The first leaf that is another here than in the store. None where all that both have is the same."""
    for number in range(-(-published.size // WIDTH)):
        first, last = number * WIDTH, min(published.size, (number + 1) * WIDTH)
        tile = await store.whole(tile_key(published.origin, number, last - first))
        if tile is None or len(tile) != (last - first) * HASH_BYTES:
            return [Finding(Fault.PUBLISHED_GONE, None, str(last))]
        async with database.connection() as db:
            here = await queries.hashes(db, [Row(0, first, last)])
        for index in range(first, last):
            at = (index - first) * HASH_BYTES
            if here.get(Node(0, index)) != tile[at : at + HASH_BYTES]:
                return [Finding(Fault.PUBLISHED_DIFFERS, index)]
    return []


async def _objects(database: Database, store: ObjectStore) -> list[Finding]:
    """Reads every byte of evidence."""
    findings: list[Finding] = []
    after = b""
    while True:
        async with database.connection() as db:
            batch = await queries.objects_after(db, after, OBJECTS_AT_ONCE)
        if not batch:
            return findings
        after = batch[-1].sha256
        for one, fault in zip(batch, await asyncio.gather(*(_fault_of(store, one) for one in batch)), strict=True):
            if fault is not None:
                findings.append(Finding(fault, None, one.sha256.hex()))


async def _fault_of(store: ObjectStore, kept: StoredObject) -> Fault | None:
    digest = hashlib.sha256()
    try:
        async for chunk in store.read(kept.key, kept.version_id):
            digest.update(chunk)
    except StoreRefused as refused:
        if refused.status != 404:
            raise
        return Fault.OBJECT_GONE
    return None if digest.digest() == kept.sha256 else Fault.OBJECT_CHANGED
