"""`python -m bench.tampering`: a superuser does what it likes to the log of a throw-away city; who notices?

Each attack has a clone of the same city, in which triggers and foreign keys do not hold it up. It is examined twice: by
the database and the object store alone, and with a checkpoint that somebody had kept elsewhere.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.transparency_log import proving
from evidence.transparency_log.findings import Report
from evidence.transparency_log.fsck import examine
from evidence.transparency_log.model import Checkpoint, LoggedEntry, Salts
from evidence.transparency_log.published import publish
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, leaf_hash
from evidence.transparency_log.rules.merkle import Edge
from evidence.transparency_log.rules.note import VerifierKey
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.clock import SystemClock
from plumbline.embedded.postgresql import OWNER, SUPERUSER
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.opening import opened
from plumbline.settings import Settings

OLD, PUBLISHED, KEPT, SIZE = 300, 600, 690, 700
"""Leaves when the old dump was made, when the newest checkpoint was locked in the store, when somebody took a
checkpoint along, and in the end."""


class Log(NamedTuple):
    """What an attack has before it. `signer` holds the true key: who is root on the worker has it, too."""

    db: "asyncpg.Connection[Any]"
    custodian: Custodian
    signer: LogSigner


class Attack(NamedTuple):
    """`at`: one of these leaves is found to be the first bad one. `alone`: noticed without anything kept elsewhere."""

    name: str
    do: Callable[[Log], Awaitable[object]]
    at: range | None
    alone: bool = True


async def edit(log: Log) -> None:
    await log.db.execute("update custody_entry set at = at - interval '1 hour' where id = $1", await _entry(log, 123))


async def edit_who(log: Log) -> None:
    await log.db.execute("update custody_entry set actor_id = $2 where id = $1", await _entry(log, 123), uuid4())


async def edit_and_hash_again(log: Log) -> None:
    await edit(log)
    await rechain(log, 0, None)


async def delete_entry(log: Log) -> None:
    await log.db.execute("delete from custody_entry where id = $1", await _entry(log, 200))


async def delete_entry_and_leaf(log: Log) -> None:
    await delete_entry(log)
    await log.db.execute("delete from log_leaf where index = 200")


async def close_the_gap(log: Log) -> None:
    await delete_entry_and_leaf(log)
    await rechain(log, 200, None)


async def slip_in(log: Log) -> None:
    await log.db.execute(
        "insert into custody_entry (id, evidence_id, event, actor_id, phone_id, at, details) overriding system value"
        " select -1, null, event, null, null, at, details from custody_entry where id = $1",
        await _entry(log, 100),
    )


async def slip_in_and_chain_again(log: Log) -> None:
    await slip_in(log)
    await log.db.execute("update log_leaf set index = index + 1000000 where index >= 100")
    await log.db.execute("update log_leaf set index = index - 999999 where index >= 1000000")
    await log.db.execute(
        "insert into log_leaf select 100, -1, hash, actor_salt, phone_salt, details_salt from log_leaf where index = 99"
    )
    await rechain(log, 100, None)


async def cut_the_tail(log: Log) -> None:
    await cut(log, 650)


async def cut_below_what_is_locked(log: Log) -> None:
    await cut(log, 500)


async def chain_again_with_a_key_of_ones_own(log: Log) -> None:
    await edit(log)
    await log.db.execute("delete from log_key; delete from log_publication")
    await rechain(log, 0, LogSigner([Ed25519PrivateKey.generate()]))


async def chain_the_end_again_with_the_true_key(log: Log) -> None:
    await log.db.execute(
        "update custody_entry set event = 'evidence:record:viewed', details = '{}' where id = $1",
        await _entry(log, 670),
    )
    await rechain(log, 670, log.signer)


async def chain_all_again_with_the_true_key(log: Log) -> None:
    await edit(log)
    await rechain(log, 0, log.signer)


async def restore_an_old_dump(log: Log) -> None:
    await cut(log, OLD)
    await log.db.execute("delete from log_publication where size > $1", OLD)


async def restore_an_old_dump_and_go_on(log: Log) -> None:
    await restore_an_old_dump(log)
    await happen(log.custodian, log.signer, SIZE + 50 - OLD)


async def restore_a_dump_from_after_the_last_lock(log: Log) -> None:
    await cut(log, PUBLISHED + 20)
    await happen(log.custodian, log.signer, SIZE - PUBLISHED)


async def hide_before_it_is_logged(log: Log) -> None:
    async with log.custodian.database.transaction() as db:
        await tell(db, Event.VIEWED, log.custodian.clock.now(), evidence_id=None, actor_id=None)
    await log.db.execute("delete from log_pending")


async def change_a_kept_hash(log: Log) -> None:
    await log.db.execute("update log_subtree set hash = sha256(hash) where level = 8 and index = 1")


async def forge_a_checkpoint(log: Log) -> None:
    await log.db.execute("update log_checkpoint set note = replace(note, ' ', ' x') where size = $1", SIZE)


async def erase_without_telling(log: Log) -> None:
    entry = await _entry(log, 50)
    await log.db.execute(
        "insert into erased_field select entry_id, 'details', sha256(details_salt || convert_to(details::text, 'UTF8'))"
        ", now() from log_leaf join custody_entry on id = entry_id where entry_id = $1", entry,
    )  # fmt: skip
    await log.db.execute("update custody_entry set details = '{}' where id = $1", entry)
    await log.db.execute("update log_leaf set details_salt = null where entry_id = $1", entry)


ATTACKS = (
    Attack("edit an entry", edit, range(123, 124)),
    Attack("say that somebody else did it", edit_who, range(123, 124)),
    Attack("edit an entry and hash everything again", edit_and_hash_again, range(123, 124)),
    Attack("delete an entry", delete_entry, range(200, 201)),
    Attack("delete an entry with its leaf", delete_entry_and_leaf, range(200, 201)),
    Attack("delete an entry and close the gap", close_the_gap, range(200, 201)),
    Attack("slip an entry in", slip_in, None),
    Attack("slip an entry in and chain all after it again", slip_in_and_chain_again, range(100, 101)),
    Attack("cut the tail, below what is locked in the store", cut_below_what_is_locked, range(500, 501)),
    Attack("cut the tail since then", cut_the_tail, range(650, 651), alone=False),
    Attack("chain everything again, with a key of one's own", chain_again_with_a_key_of_ones_own, range(123, 124)),
    Attack("chain everything again, with the stolen key", chain_all_again_with_the_true_key, range(123, 124)),
    Attack(
        "chain the end again, with the stolen key", chain_the_end_again_with_the_true_key, range(600, 690), alone=False
    ),
    Attack("restore an old dump", restore_an_old_dump, range(300, 301)),
    Attack("restore an old dump and go on", restore_an_old_dump_and_go_on, range(300, 301)),
    Attack(
        "restore a dump from after the last lock and go on",
        restore_a_dump_from_after_the_last_lock,
        range(600, 690),
        alone=False,
    ),
    Attack("hide an entry before it is logged", hide_before_it_is_logged, None),
    Attack("change a hash inside the tree", change_a_kept_hash, range(256, 257)),
    Attack("forge a checkpoint", forge_a_checkpoint, None),
    Attack("erase without telling", erase_without_telling, None),
)


async def happen(custodian: Custodian, signer: LogSigner, number: int) -> None:
    """So many entries more, in the log."""
    async with custodian.database.transaction() as db:
        for each in range(number):
            details = {"number": each, "salted": str(uuid4())}
            await tell(db, Event.VIEWED, custodian.clock.now(), evidence_id=None, actor_id=None, details=details)
    while await integrate(custodian.database, custodian.clock, signer, 10):
        pass


async def a_city(custodian: Custodian, signer: LogSigner) -> str:
    """A log of SIZE leaves, published at two sizes; returns the checkpoint that somebody took along."""
    await introduce(custodian.database, custodian.clock, signer)
    await happen(custodian, signer, OLD - 1)
    await publish(custodian)
    await happen(custodian, signer, PUBLISHED - OLD)
    await publish(custodian)
    await happen(custodian, signer, KEPT - PUBLISHED)
    async with custodian.database.connection() as db:
        kept = await proving.checkpoint(db)
    assert kept is not None
    await happen(custodian, signer, SIZE - KEPT)
    return kept


async def cut(log: Log, size: int) -> None:
    """As if nothing had happened after so many leaves."""
    for statement in (
        "delete from custody_entry where id in (select entry_id from log_leaf where index >= $1)",
        "delete from log_leaf where index >= $1",
        "delete from log_subtree where (index + 1) << level > $1",
        "delete from log_checkpoint where size > $1",
    ):
        await log.db.execute(statement, size)


async def rechain(log: Log, begins: int, signer: LogSigner | None) -> None:
    """Hashes everything anew from the entries, leaves no gap, and signs from there on; without a signer, nothing."""
    rows = await log.db.fetch(
        "select entry.id, evidence_id, event, actor_id, phone_id, at, details::text,"
        " actor_salt, phone_salt, details_salt"
        " from log_leaf join custody_entry as entry on entry.id = entry_id order by index"
    )
    origin = await log.db.fetchval("select origin from log_identity")
    sizes = {row["size"]: row["at"] for row in await log.db.fetch("select size, at from log_checkpoint")}
    edge, leaves, nodes, notes = Edge(0, {}), [], [], []
    for row in rows:
        entry, salts = LoggedEntry(*row[:7]), Salts(*row[7:])
        hash_ = leaf_hash(leaf_bytes(entry, committed(entry, salts)))
        leaves.append((edge.size, entry.id, hash_, *salts))
        nodes += [(node.level, node.index, kept) for node, kept in edge.add(hash_)]
        if signer and edge.size > begins and edge.size in sizes:
            note = str(signer.sign(Checkpoint(origin, edge.size, edge.root())))
            notes.append((edge.size, edge.root(), note, sizes[edge.size]))
    await log.db.execute("truncate log_leaf, log_subtree")
    await log.db.copy_records_to_table("log_leaf", records=leaves)
    await log.db.copy_records_to_table("log_subtree", records=nodes)
    await log.db.execute("delete from log_checkpoint where size > $1", begins)
    await log.db.copy_records_to_table("log_checkpoint", records=notes)
    if signer:
        keys = [(str(key), sizes[max(sizes)]) for key in signer.verifier_keys(origin)]
        await log.db.executemany("insert into log_key values ($1, $2) on conflict do nothing", keys)


async def examined(custodian: Custodian, *outside: str, keys: tuple[VerifierKey, ...] = ()) -> Report:
    return await examine(custodian.database, custodian.store, custodian.clock, outside=outside, keys=keys)


async def _entry(log: Log, index: int) -> int:
    return int(await log.db.fetchval("select entry_id from log_leaf where index = $1", index))


@asynccontextmanager
async def attacked(settings: Settings, city: str, signer: LogSigner, attack: Attack) -> AsyncIterator[Custodian]:
    """A clone of the city's database, after the attack."""
    name = f"attacked_{uuid4().hex}"
    there = settings.database_url.replace("/plumbline?", f"/{name}?")
    superuser = settings.migration_database_url.replace(f"{OWNER}@", f"{SUPERUSER}@")
    maker = await asyncpg.connect(superuser, database="postgres")
    try:
        await maker.execute(f"create database {name} template {city}")
        async with opened(replace(settings, database_url=there, database_connections=4), SystemClock()) as custodian:
            db = await asyncpg.connect(superuser, database=name)
            try:
                await db.execute("set session_replication_role = replica")
                await attack.do(Log(db, custodian, signer))
            finally:
                await db.close()
            yield custodian
        await maker.execute(f"drop database {name} with (force)")
    finally:
        await maker.close()


class Outcome(NamedTuple):
    attack: Attack
    alone: Report
    outside: Report

    @property
    def as_expected(self) -> bool:
        found = self.outside.first_bad
        placed = None if found is None or found.index is None else range(found.index, found.until or found.index + 1)
        return (
            bool(self.alone.findings) == self.attack.alone and bool(self.outside.findings) and placed == self.attack.at
        )


async def held(settings: Settings, signer: LogSigner, attacks: tuple[Attack, ...] = ATTACKS) -> list[Outcome]:
    """Every attack on its own clone of a city that is made first. `settings` are of servers that may be thrown away."""
    city = "city_" + uuid4().hex
    owner = await asyncpg.connect(settings.migration_database_url, database="postgres")
    try:
        await owner.execute(f"create database {city} template plumbline")
    finally:
        await owner.close()
    there = replace(settings, database_url=settings.database_url.replace("/plumbline?", f"/{city}?"))
    owner = await asyncpg.connect(settings.migration_database_url, database=city)
    try:
        await owner.execute("update log_identity set origin = 'plumbline/custody/' || gen_random_uuid()")
        origin = await owner.fetchval("select origin from log_identity")
    finally:
        await owner.close()
    async with opened(there, SystemClock()) as custodian:
        kept = await a_city(custodian, signer)
        assert not (await examined(custodian, kept)).findings, "before any attack"
    keys = tuple(signer.verifier_keys(origin))
    outcomes = []
    for attack in attacks:
        async with attacked(settings, city, signer, attack) as custodian:
            outcomes.append(Outcome(attack, await examined(custodian), await examined(custodian, kept, keys=keys)))
    return outcomes


def table(outcomes: list[Outcome]) -> Table:
    shown = Table("attack", "database and store alone", "with a checkpoint kept elsewhere", "first bad leaf", "")
    for one in outcomes:
        found = one.outside.first_bad
        place = "–"
        if found is not None and found.index is not None:
            place = str(found.index) if found.until is None else f"{found.index}–{found.until - 1}"
        shown.add_row(
            one.attack.name,
            ", ".join(dict.fromkeys(each.fault.lower() for each in one.alone.findings)) or "nothing",
            ", ".join(dict.fromkeys(each.fault.lower() for each in one.outside.findings)) or "nothing",
            place,
            "✓" if one.as_expected else "✗",
        )
    return shown


async def measured() -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        settings = Settings(data=Path(folder), retention_days=1)
        async with running(settings, durable=False) as filled:
            await migrate(filled.owner_url)
            return await held(filled, LogSigner.load_or_create(filled.log_signing_key_file))


def main() -> int:
    argparse.ArgumentParser(prog="python -m bench.tampering", description=__doc__).parse_args()
    outcomes = asyncio.run(measured())
    Console(width=None if sys.stdout.isatty() else 180).print(table(outcomes))
    return 0 if all(one.as_expected for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
