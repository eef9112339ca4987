"""The sequencer: gives committed entries their place in the log, one transaction a batch, one sequencer at a time."""

import asyncio
import secrets

import asyncpg
import structlog

from evidence.transparency_log import queries
from evidence.transparency_log.model import SALT_BYTES, Checkpoint, LoggedEntry, Salts
from evidence.transparency_log.queries import Leaf, Signed
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, leaf_hash
from evidence.transparency_log.rules.merkle import Edge, Node, edge_rows
from evidence.transparency_log.signing import LogSigner
from foundation.clock import Clock
from foundation.database import Database

MOST_AT_ONCE = 2000
"""Entries a transaction: some 50 ms of work, so that those who come meanwhile wait little longer than for a pause."""
A_TURN = 100
"""Entries hashed without a pause: about 2 ms, in which nobody else has the event loop."""
UNANSWERED_SECONDS = 60
PAUSE_SECONDS = 0.3
"""Between two looks at what waits. Polled: a notification by every writer would make commits wait for each other."""

log = structlog.get_logger("plumbline")


class RestoreUnanswered(Exception):
    """The database came out of a backup, and nobody has answered for it: `plumbline acknowledge-restore`."""


async def sequence(database: Database, clock: Clock, signer: LogSigner) -> None:
    """Integrates what is committed until cancelled; any number of processes may do so."""
    known, told = False, ""
    while True:
        try:
            if not known:
                await introduce(database, clock, signer)
                known = True
            while await integrate(database, clock, signer) == MOST_AT_ONCE:
                pass
            told = ""
        except RestoreUnanswered as why:
            log.warning("the log does not grow", error=str(why))
            await asyncio.sleep(UNANSWERED_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if told != (told := type(error).__name__):  # once, and not three times a second
                log.warning("the log does not grow", error=str(error))
        except Exception:
            # Such as a tree that somebody damaged, which `plumbline fsck` explains; jobs in this process go on.
            log.exception("the log does not grow")
        await asyncio.sleep(PAUSE_SECONDS)


async def introduce(database: Database, clock: Clock, signer: LogSigner) -> None:
    """Makes the signer's public keys known, in the log itself."""
    async with database.transaction() as db:
        await queries.introduce(db, signer.verifier_keys(await queries.origin_of(db)), clock.now())


async def integrate(database: Database, clock: Clock, signer: LogSigner, most: int = MOST_AT_ONCE) -> int:
    """Integrates the next entries and signs the log they make; returns how many, 0 also where another is at it.

    All or nothing: leaves, their checkpoint, and that they no longer wait are one transaction.
    """
    async with database.connection() as db:
        if not await queries.anything_pending(db):
            return 0
    async with database.transaction() as db:
        if not await queries.be_the_only_sequencer(db):
            return 0
        if await queries.awaits_acknowledgement(db):
            raise RestoreUnanswered("the log does not grow until somebody runs `plumbline acknowledge-restore`")
        entries = await queries.pending(db, most)
        if not entries:
            return 0
        size = await queries.size_of(db)
        edge = Edge(size, await queries.hashes(db, edge_rows(size)))
        leaves, completed = await _grown(edge, entries)
        await queries.add_leaves(db, leaves)
        await queries.add_subtrees(db, completed)
        await queries.no_longer_pending(db, [entry.id for entry in entries])
        checkpoint = Checkpoint(await queries.origin_of(db), edge.size, edge.root())
        signed = Signed(checkpoint.size, checkpoint.root, str(signer.sign(checkpoint)), clock.now())
        await queries.add_checkpoint(db, signed)
    return len(entries)


async def _grown(edge: Edge, entries: list[LoggedEntry]) -> tuple[list[Leaf], list[tuple[Node, bytes]]]:
    leaves, completed = [], []
    for number, entry in enumerate(entries, start=1):
        salts = Salts(*(secrets.token_bytes(SALT_BYTES) for _ in range(3)))
        hash_ = leaf_hash(leaf_bytes(entry, committed(entry, salts)))
        leaves.append(Leaf(edge.size, entry.id, hash_, salts))
        completed += edge.add(hash_)
        if number % A_TURN == 0:
            await asyncio.sleep(0)
    return leaves, completed
