"""The log in PostgreSQL: what waits, what is in, what was signed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Struct

from evidence.custody import Event
from evidence.transparency_log.model import Field, LoggedEntry, Salts
from evidence.transparency_log.rules.merkle import Hashes, Node, Row
from evidence.transparency_log.rules.note import VerifierKey
from foundation.database import Connection

LOCK = 0x6C6F67
"""Of the sequencer ("log"), until its transaction ends."""


class Leaf(Struct, frozen=True):
    index: int
    entry_id: int
    hash: bytes
    salts: Salts


class Signed(NamedTuple):
    """A checkpoint as it was signed."""

    size: int
    root: bytes
    note: str
    at: datetime


async def leaves_of(db: Connection, entry_ids: Collection[int]) -> dict[int, int]:
    """The index of each entry's leaf; an entry that is not integrated yet is left out."""
    rows = await db.fetch("select entry_id, index from log_leaf where entry_id = any ($1)", list(entry_ids))
    return {row["entry_id"]: row["index"] for row in rows}


async def be_the_only_sequencer(db: Connection) -> bool:
    """Until the transaction ends; False where another is at work. Keys of log_leaf hold it even without this lock."""
    return bool(await db.fetchval("select pg_try_advisory_xact_lock($1)", LOCK))


async def origin_of(db: Connection) -> str:
    return str(await db.fetchval("select origin from log_identity"))


async def anything_pending(db: Connection) -> bool:
    return bool(await db.fetchval("select exists (select from log_pending)"))


async def pending(db: Connection, most: int) -> list[LoggedEntry]:
    """Committed entries that are not in the log, by their id. Index: log_pending_pkey."""
    rows = await db.fetch(
        """
        select entry.id, evidence_id, event, actor_id, phone_id, at, details::text
          from (select entry_id from log_pending order by entry_id limit $1) as awaiting
          join custody_entry as entry on entry.id = awaiting.entry_id
         order by entry.id
        """,
        most,
    )
    return [LoggedEntry(*row) for row in rows]


async def size_of(db: Connection) -> int:
    return int(await db.fetchval("select coalesce(max(index) + 1, 0) from log_leaf"))


async def hashes(db: Connection, rows: Iterable[Row]) -> Hashes:
    """Kept hashes, as many of the rows as are there."""
    wanted = list(rows)
    found = await db.fetch(
        """
        with wanted as (
            select * from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as wanted (level, first, last)
        )
        select wanted.level, index, hash
          from wanted
          join log_leaf on index >= first and index < last
         where wanted.level = 0
         union all
        select wanted.level, index, hash
          from wanted
          join log_subtree on log_subtree.level = wanted.level and index >= first and index < last
        """,
        [row.level for row in wanted],
        [row.first for row in wanted],
        [row.last for row in wanted],
    )
    return {Node(level, index): hash_ for level, index, hash_ in found}


async def add_leaves(db: Connection, leaves: Sequence[Leaf]) -> None:
    """Raises UniqueViolationError where another sequencer has been there."""
    await db.copy_records_to_table(
        "log_leaf",
        columns=("index", "entry_id", "hash", "actor_salt", "phone_salt", "details_salt"),
        records=[(leaf.index, leaf.entry_id, leaf.hash, *leaf.salts) for leaf in leaves],
    )


async def add_subtrees(db: Connection, nodes: Sequence[tuple[Node, bytes]]) -> None:
    await db.copy_records_to_table(
        "log_subtree",
        columns=("level", "index", "hash"),
        records=[(node.level, node.index, hash_) for node, hash_ in nodes],
    )


async def no_longer_pending(db: Connection, entries: Sequence[int]) -> None:
    await db.execute("delete from log_pending where entry_id = any($1::bigint[])", entries)


async def add_checkpoint(db: Connection, signed: Signed) -> None:
    await db.execute("insert into log_checkpoint (size, root, note, at) values ($1, $2, $3, $4)", *signed)


async def latest_checkpoint(db: Connection) -> Signed | None:
    row = await db.fetchrow("select size, root, note, at from log_checkpoint order by size desc limit 1")
    return Signed(*row) if row else None


async def latest_witnessed(db: Connection) -> Signed | None:
    row = await db.fetchrow(
        "select size, root, note, at from log_checkpoint where size = (select max(size) from log_cosignature)"
    )
    return Signed(*row) if row else None


async def checkpoint_at(db: Connection, size: int) -> Signed | None:
    row = await db.fetchrow("select size, root, note, at from log_checkpoint where size = $1", size)
    return Signed(*row) if row else None


async def published_size(db: Connection) -> int:
    """Of the newest checkpoint of the log's present name that is known to stand in the object store."""
    return int(
        await db.fetchval(
            """
            select coalesce(max(size), 0) from log_publication
             where size > (select coalesce(max(size), 0) from log_parting)
            """
        )
    )


async def last_publication(db: Connection) -> datetime | None:
    """When a checkpoint went into the object store last."""
    at: datetime | None = await db.fetchval("select published_at from log_publication order by size desc limit 1")
    return at


async def add_publication(db: Connection, size: int, now: datetime) -> None:
    await db.execute(
        "insert into log_publication (size, published_at) values ($1, $2) on conflict (size) do nothing", size, now
    )


async def cosignatures(db: Connection, size: int) -> list[str]:
    rows = await db.fetch("select signature from log_cosignature where size = $1 order by at, witness", size)
    return [row["signature"] for row in rows]


async def time_token(db: Connection, size: int) -> bytes | None:
    """As it came from the authority."""
    token: bytes | None = await db.fetchval(
        "select token from log_time_token where size = $1 order by at limit 1", size
    )
    return token


async def latest_stamped(db: Connection) -> tuple[int, bytes] | None:
    """Size and token of the newest checkpoint that has one."""
    row = await db.fetchrow("select size, token from log_time_token order by size desc, at limit 1")
    return (row["size"], row["token"]) if row else None


class TimeToken(NamedTuple):
    """As it came from the authority, with the note that stands under its size, and the time that was told."""

    size: int
    authority: str
    token: bytes
    at: datetime
    note: str


async def time_tokens_after(db: Connection, size: int, authority: str, most: int) -> list[TimeToken]:
    rows = await db.fetch(
        """
        select token.size, authority, token, token.at, note
          from log_time_token as token
          join log_checkpoint on log_checkpoint.size = token.size
         where (token.size, authority) > ($1, $2)
         order by token.size, authority
         limit $3
        """,
        size,
        authority,
        most,
    )
    return [TimeToken(*row) for row in rows]


async def add_time_token(db: Connection, size: int, authority: str, token: bytes, at: datetime) -> None:
    await db.execute(
        """
        insert into log_time_token (size, authority, token, at) values ($1, $2, $3, $4)
            on conflict (size, authority) do nothing
        """,
        size,
        authority,
        token,
        at,
    )


async def last_cosigned(db: Connection, witness: VerifierKey) -> int:
    """The largest size that the witness has signed of the log's present name, as far as we were told."""
    return int(
        await db.fetchval(
            """
            select coalesce(max(size), 0) from log_cosignature
             where witness = $1 and size > (select coalesce(max(size), 0) from log_parting)
            """,
            str(witness),
        )
    )


async def add_cosignature(db: Connection, size: int, witness: VerifierKey, signature: str, at: datetime) -> None:
    await db.execute(
        """
        insert into log_cosignature (size, witness, signature, at) values ($1, $2, $3, $4)
            on conflict (size, witness) do nothing
        """,
        size,
        str(witness),
        signature,
        at,
    )


async def introduce(db: Connection, keys: Sequence[VerifierKey], now: datetime) -> None:
    """Keeps public keys that are new, and tells of each in the custody chain, so that its coming is in the log."""
    await db.execute(
        """
        with added as (
            insert into log_key (verifier_key, introduced_at)
            select key, $2 from unnest($1::text[]) as key
                on conflict (verifier_key) do nothing
            returning verifier_key
        )
        insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details)
        select null, $3, null, null, $2, jsonb_build_object('verifier_key', verifier_key) from added
        """,
        [str(key) for key in keys],
        now,
        Event.LOG_KEY_INTRODUCED,
    )


async def verifier_keys(db: Connection) -> list[str]:
    """Every key that signs or has signed, oldest first."""
    rows = await db.fetch("select verifier_key from log_key order by introduced_at, verifier_key")
    return [row["verifier_key"] for row in rows]


class LoggedLeaf(NamedTuple):
    """A leaf with its entry as it stands now, None where it is gone, and what was erased of it."""

    leaf: Leaf
    entry: LoggedEntry | None
    erased: dict[Field, bytes]


async def leaves_of_evidence(db: Connection, evidence_ids: Collection[UUID]) -> list[LoggedLeaf]:
    """Of entries that are in the log already, in its order. Index: custody_entry_evidence."""
    rows = await db.fetch(
        f"""
        select {_LOGGED}
          from custody_entry as entry
          join log_leaf as leaf on leaf.entry_id = entry.id
         where entry.evidence_id = any ($1)
         order by leaf.index
        """,  # noqa: S608 - a constant list of columns
        list(evidence_ids),
    )
    return [_logged(row) for row in rows]


async def leaf_of_entry(db: Connection, entry_id: int) -> LoggedLeaf | None:
    """None until it is in the log. Index: log_leaf_entry_id_key."""
    row = await db.fetchrow(
        f"""
        select {_LOGGED}
          from custody_entry as entry
          join log_leaf as leaf on leaf.entry_id = entry.id
         where entry.id = $1
        """,  # noqa: S608 - a constant list of columns
        entry_id,
    )
    return None if row is None else _logged(row)


async def leaves_from(db: Connection, index: int, most: int) -> list[LoggedLeaf]:
    """From that index on, whether or not the next one is there. Index: log_leaf_pkey."""
    rows = await db.fetch(
        f"""
        select {_LOGGED}
          from log_leaf as leaf
          left join custody_entry as entry on entry.id = leaf.entry_id
         where leaf.index >= $1
         order by leaf.index
         limit $2
        """,  # noqa: S608 - a constant list of columns
        index,
        most,
    )
    return [_logged(row) for row in rows]


_LOGGED = """
    leaf.index, leaf.entry_id, leaf.hash, leaf.actor_salt, leaf.phone_salt, leaf.details_salt,
    entry.id, entry.evidence_id, entry.event, entry.actor_id, entry.phone_id, entry.at, entry.details::text,
    (select array_agg(field || ' ' || encode(commitment, 'hex')) from erased_field
      where erased_field.entry_id = leaf.entry_id) as erased
"""


def _logged(row: Record) -> LoggedLeaf:
    index, entry_id, hash_, *rest = row
    erased = dict(one.split() for one in rest[10] or ())
    return LoggedLeaf(
        Leaf(index, entry_id, hash_, Salts(*rest[:3])),
        LoggedEntry(*rest[3:10]) if rest[3] is not None else None,
        {Field(field): bytes.fromhex(commitment) for field, commitment in erased.items()},
    )
