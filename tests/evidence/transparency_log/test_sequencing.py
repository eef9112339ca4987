"""Every committed entry gets one place in the log: in order, once, whoever is at work and whatever fails."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from evidence.custody import Event, tell
from evidence.transparency_log import queries, signing
from evidence.transparency_log.rules import note
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, leaf_hash
from evidence.transparency_log.rules.note import Note
from evidence.transparency_log.sequencing import integrate, introduce, sequence
from evidence.transparency_log.signing import LogSigner
from foundation.database import Database
from tests.evidence.transparency_log import reference
from tests.evidence.transparency_log.conftest import Told, as_superuser
from tests.support import FixedClock


async def whole(database: Database) -> list[bytes]:
    """The leaf hashes, made anew from the entries; every entry has its place and nothing waits."""
    async with database.connection() as db:
        logged = await queries.leaves_from(db, 0, 1_000_000)
        entries = await db.fetchval("select count(*) from custody_entry")
        assert not await queries.anything_pending(db)
    assert [one.leaf.index for one in logged] == list(range(entries))
    hashes = []
    for one in logged:
        assert one.entry is not None
        hashes.append(leaf_hash(leaf_bytes(one.entry, committed(one.entry, one.leaf.salts))))
        assert hashes[-1] == one.leaf.hash
    return hashes


async def test_entries_become_leaves_in_their_order_under_a_signed_checkpoint(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    await told(5)
    assert await integrate(database, clock, log_signer) == 5
    await told(2)
    assert await integrate(database, clock, log_signer) == 2
    assert await integrate(database, clock, log_signer) == 0
    leaves = await whole(database)
    async with database.connection() as db:
        signed = await queries.latest_checkpoint(db)
        origin = await queries.origin_of(db)
        assert await db.fetchval("select array_agg(size order by size) from log_checkpoint") == [5, 7]
    assert signed is not None
    parsed = Note.parse(signed.note)
    assert parsed.signed_by(log_signer.verifier_keys(origin)[0]) is not None
    assert note.checkpoint_in(parsed.text) == (origin, 7, reference.mth(leaves))


async def test_a_log_of_several_groups_is_the_same_however_it_was_cut_into_batches(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    await told(700)
    for most in (1, 254, 2, 300, 143):
        assert await integrate(database, clock, log_signer, most) == most
    leaves = await whole(database)
    async with database.connection() as db:
        for size, root in await db.fetch("select size, root from log_checkpoint"):
            assert root == reference.mth(leaves[:size])
        assert await db.fetchval("select count(*) from log_subtree") == 2


async def test_an_entry_that_commits_late_is_not_skipped(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    async with database.transaction() as slow:
        await tell(slow, Event.VIEWED, clock.now(), evidence_id=None, actor_id=None)
        await told(3)
        assert await integrate(database, clock, log_signer) == 3
    assert await integrate(database, clock, log_signer) == 1
    await whole(database)


async def test_what_is_rolled_back_never_happened(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    async def told_and_taken_back() -> None:
        async with database.transaction() as db:
            await tell(db, Event.VIEWED, clock.now(), evidence_id=None, actor_id=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await told_and_taken_back()
    await told(1)
    assert await integrate(database, clock, log_signer) == 1
    assert len(await whole(database)) == 1


async def test_many_sequencers_beside_many_writers_leave_nothing_out_and_count_nothing_twice(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    writers = [asyncio.create_task(told(7)) for _ in range(40)]
    counts: list[int] = []

    async def at_work() -> None:
        while not all(writer.done() for writer in writers) or counts[-1:] != [0]:
            counts.append(await integrate(database, clock, log_signer, 11))

    await asyncio.gather(*writers, *(at_work() for _ in range(4)))
    while await integrate(database, clock, log_signer):
        pass
    assert len(await whole(database)) == 280


async def test_one_sequencer_works_at_a_time(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    await told(2)
    async with database.transaction() as other:
        assert await queries.be_the_only_sequencer(other)
        assert await integrate(database, clock, log_signer) == 0
    assert await integrate(database, clock, log_signer) == 2


async def test_no_index_and_no_entry_is_given_twice_even_without_the_lock(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    await told(2)
    await integrate(database, clock, log_signer)
    async with database.connection() as db:
        (first, second) = [one.leaf for one in await queries.leaves_from(db, 0, 2)]
        for again in (replace(second, entry_id=99), replace(first, index=2)):
            with pytest.raises(asyncpg.UniqueViolationError):
                await queries.add_leaves(db, [again])


async def test_the_log_is_less_than_a_second_behind_whatever_else_is_written(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told
) -> None:
    working = asyncio.create_task(sequence(database, clock, log_signer))
    try:
        for _ in range(3):
            await told(20)
            await asyncio.sleep(0.9)
            async with database.connection() as db:
                assert not await queries.anything_pending(db)
    finally:
        working.cancel()
    assert len(await whole(database)) == 61, "sixty, and the coming of the key"


async def test_the_sequencer_goes_on_when_its_connection_is_cut(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told, database_url: str
) -> None:
    beside = await asyncpg.connect(database_url)  # a role may end its own sessions
    working = asyncio.create_task(sequence(database, clock, log_signer))
    try:
        for _ in range(4):
            await told(5)
            await beside.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.9)
    finally:
        working.cancel()
        await beside.close()
    assert len(await whole(database)) == 21


async def test_a_tree_that_was_damaged_stops_the_log_and_nothing_else(
    database: Database, clock: FixedClock, log_signer: LogSigner, told: Told, database_url: str
) -> None:
    await told(300)
    await integrate(database, clock, log_signer)
    async with as_superuser(database_url) as superuser:
        await superuser.execute("delete from log_subtree")
        working = asyncio.create_task(sequence(database, clock, log_signer))
        try:
            await asyncio.sleep(0.7)
            assert not working.done(), "whoever works beside it goes on"
            async with database.connection() as db:
                assert await queries.size_of(db) == 300
            leaves = (await hashes_of(database))[:256]
            await superuser.execute("insert into log_subtree values (8, 0, $1)", reference.mth(leaves))
            await asyncio.sleep(0.9)
        finally:
            working.cancel()
    assert len(await whole(database)) == 301


async def hashes_of(database: Database) -> list[bytes]:
    async with database.connection() as db:
        return [one.leaf.hash for one in await queries.leaves_from(db, 0, 1000)]


async def test_the_coming_of_a_key_is_in_the_log_once(
    database: Database, clock: FixedClock, log_signer: LogSigner
) -> None:
    await introduce(database, clock, log_signer)
    clock.advance(timedelta(days=1))
    await introduce(database, clock, log_signer)
    async with database.connection() as db:
        origin = await queries.origin_of(db)
        assert await queries.verifier_keys(db) == [str(log_signer.verifier_keys(origin)[0])]
        assert await db.fetchval("select count(*) from custody_entry where event = 'log:key:introduced'") == 1


async def test_while_keys_change_both_sign(
    database: Database, clock: FixedClock, log_signer: LogSigner, tmp_path: Path, told: Told
) -> None:
    file = tmp_path / "log-signing-keys.pem"
    signing.add_key(file)
    both = LogSigner.load_or_create(file)
    await told(1)
    await integrate(database, clock, both)
    async with database.connection() as db:
        signed, origin = await queries.latest_checkpoint(db), await queries.origin_of(db)
    assert signed is not None
    parsed = Note.parse(signed.note)
    new, old = both.verifier_keys(origin)
    assert old == log_signer.verifier_keys(origin)[0]
    assert parsed.signed_by(new)
    assert parsed.signed_by(old)
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("statement", "refused_by"),
    [
        ("update custody_entry set event = 'x'", "custody_is_never_changed"),
        ("delete from custody_entry", "custody_is_never_changed"),
        ("update log_leaf set entry_id = 99 where index = 0", "custody_is_never_changed"),
        ("delete from log_leaf where index = 1", "custody_is_never_changed"),
        ("delete from log_checkpoint", "custody_is_never_changed"),
        ("truncate custody_entry cascade", "custody_is_never_changed"),
        ("truncate log_leaf", "custody_is_never_changed"),
        ("insert into log_leaf (index, entry_id, hash) values (9, 999, sha256(''))", "log_leaf_follows"),
    ],
)
async def test_even_the_owner_of_the_tables_changes_nothing_by_mistake(
    database: Database,
    clock: FixedClock,
    log_signer: LogSigner,
    told: Told,
    owner_url: str,
    statement: str,
    refused_by: str,
) -> None:
    await told(2)
    await integrate(database, clock, log_signer)
    owner = await asyncpg.connect(owner_url)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await owner.execute(statement)
        assert refused.value.constraint_name == refused_by
    finally:
        await owner.close()


async def test_the_application_cannot_erase(database: Database, person_id: UUID, told: Told) -> None:
    await told(1)
    async with database.transaction() as db:
        await db.execute("set local plumbline.erasing = 'on'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("update custody_entry set actor_id = null where actor_id = $1", person_id)
