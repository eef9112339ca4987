"""A backup holds one instant of rows and objects; restored elsewhere it is the same city. Nothing is overwritten."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.builders import a_unit
from tests.plumbline.backup.conftest import Place, backed_up, silently
from tests.served import served

from evidence.fixity.reading import Fixity, read_back
from evidence.transparency_log import queries as log_queries
from evidence.transparency_log.findings import Report
from evidence.transparency_log.fsck import examine
from foundation.clock import SystemClock
from foundation.object_store import ObjectStore, StoredObject, StoreRefused
from foundation.problem import TryLater
from plumbline.backup.making import make
from plumbline.backup.model import Backup, BackupError
from plumbline.backup.restoring import Restored, restore
from plumbline.migrations import SchemaMismatch, migrate
from plumbline.opening import opened
from plumbline.phone_simulator import officers
from plumbline.phone_simulator.plan import Plan, Trouble
from plumbline.phone_simulator.run import run
from plumbline.phone_simulator.tally import Tally
from plumbline.settings import Settings

A_SHIFT = Plan(
    phones=2, inspections=1, photographs=3, photograph_bytes=20_000, window_seconds=0.3,
    trouble=Trouble(cut=0, lost=0, twice=0, restart=0),
)  # fmt: skip


async def a_shift(place: Place, log: Path, plan: Plan = A_SHIFT) -> Tally:
    clock, database = place.custodian.clock, place.custodian.database
    made = await officers.make(database, clock, await a_unit(database), plan.phones)
    with served(place.settings, log) as url:
        return await run((url,), made, plan)


async def put_back(settings: Settings, backup: Backup) -> Restored:
    async with store_of(settings) as store:
        return await restore(settings.owner_url, store, backup, SystemClock().now(), say=silently)


class store_of:
    def __init__(self, settings: Settings) -> None:
        one = settings
        self.store = ObjectStore.open(
            one.s3_endpoint, one.s3_bucket, one.s3_region, one.s3_access_key, one.s3_secret_key
        )

    async def __aenter__(self) -> ObjectStore:
        return self.store

    async def __aexit__(self, *_: object) -> None:
        await self.store.close()


async def examined(place: Place, *outside: str) -> Report:
    custodian = place.custodian
    return await examine(custodian.database, custodian.store, custodian.clock, outside=outside, objects=True)


async def test_a_city_backed_up_under_load_is_the_same_city_elsewhere(
    city: Place, elsewhere: Settings, tmp_path: Path
) -> None:
    await a_shift(city, tmp_path / "first")
    await city.log()
    working = asyncio.create_task(a_shift(city, tmp_path / "second", replace(A_SHIFT, seed=1, photographs=20)))
    await asyncio.sleep(2.5)
    backup = await backed_up(city, tmp_path / "backups")
    assert not (await working).faults
    kept = backup.manifest
    assert kept.not_copied == []
    assert kept.log_size > 0
    restored = await put_back(elsewhere, backup)
    assert restored == Restored(kept.objects, [], 0)
    async with opened(elsewhere, SystemClock()) as custodian:
        there = Place(elsewhere, custodian)
        checkpoint = backup.checkpoint()
        assert checkpoint is not None
        assert [one for one in (await examined(there, checkpoint)).findings if one.fault != "WAITS_LONG"] == []
        async with custodian.database.connection() as db:
            rows = await db.fetch("select sha256, size, key, version_id, retained_until from stored_object")
            assert len(rows) == kept.objects
            assert len(rows) >= 6
            assert await log_queries.origin_of(db) == kept.origin
        for row in rows:
            stored = StoredObject(*row)
            assert await read_back(custodian.store, stored) is Fixity.SAME
            found = await custodian.store.at(stored.key, stored.version_id)
            assert found is not None
            assert found.retained_until is not None
            assert found.retained_until - SystemClock().now() > timedelta(days=36000)


async def test_what_is_in_the_folder_already_is_not_copied_again_unless_it_was_damaged(
    city: Place, tmp_path: Path
) -> None:
    await a_shift(city, tmp_path / "log")
    first = await backed_up(city, tmp_path / "backups")
    items = [item for item in first.items() if item.key.startswith("sha256/")]
    whole, damaged = (first.path_of(item.key) for item in items[:2])
    before = whole.stat().st_ino
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    await asyncio.sleep(1)  # a backup is named after its second
    second = await backed_up(city, tmp_path / "backups")
    assert whole.stat().st_ino == before
    assert b"xxxx" not in damaged.read_bytes()[:4]
    assert second.place != first.place
    assert Backup.open(tmp_path / "backups", None).place == second.place


async def test_it_restores_only_into_what_is_empty_and_only_what_was_backed_up(
    city: Place, elsewhere: Settings, tmp_path: Path
) -> None:
    await a_shift(city, tmp_path / "log")
    backup = await backed_up(city, tmp_path / "backups")
    with pytest.raises(BackupError, match=r"The database is not empty: .* and 6 pieces of evidence"):
        await put_back(city.settings, backup)
    database_elsewhere = replace(
        elsewhere,
        **{
            name: getattr(city.settings, name)
            for name in ("s3_endpoint", "s3_access_key", "s3_secret_key", "s3_bucket")
        },
    )
    with pytest.raises(BackupError, match=r"The bucket is not empty"):
        await put_back(database_elsewhere, backup)
    dump = backup.place / "database.dump"
    body = dump.read_bytes()
    dump.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(BackupError, match=r"database\.dump is not what was backed up"):
        await put_back(elsewhere, backup)
    dump.write_bytes(body)
    gone, other = [backup.path_of(item.key) for item in backup.items() if item.key.startswith("sha256/")][:2]
    gone.unlink()
    other.write_bytes(b"x" * other.stat().st_size)
    restored = await put_back(elsewhere, backup)
    assert len(restored.faults) == 2
    with pytest.raises(BackupError, match="The database is not empty"):
        await put_back(elsewhere, backup)


async def test_a_restore_that_was_killed_goes_on_and_nothing_starts_on_it_meanwhile(
    city: Place, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_shift(city, tmp_path / "log")
    backup = await backed_up(city, tmp_path / "backups")
    put, so_far = ObjectStore.put_locked, 0

    async def until_killed(self: ObjectStore, *given: object) -> object:
        nonlocal so_far
        so_far += 1
        if so_far > 3:
            raise TryLater
        return await put(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "put_locked", until_killed)
        with pytest.raises(ExceptionGroup):
            await put_back(elsewhere, backup)
    with pytest.raises(SchemaMismatch, match="was not finished"):
        await migrate(elsewhere.owner_url)
    other = await backed_up(city, tmp_path / "others")
    with pytest.raises(BackupError, match="Another backup is being restored"):
        await put_back(elsewhere, other)
    assert await put_back(elsewhere, backup) == Restored(6, [], 0)
    assert await migrate(elsewhere.owner_url) == []


async def test_a_store_that_lost_an_object_is_told_and_all_else_is_kept(city: Place, tmp_path: Path) -> None:
    await a_shift(city, tmp_path / "log")
    await city.as_owner(
        "update stored_object set version_id = 'gone' where sha256 = (select sha256 from stored_object limit 1)"
    )
    backup = await backed_up(city, tmp_path / "backups")
    assert len(backup.manifest.not_copied) == 1


async def test_a_store_that_does_not_answer_stops_a_backup_and_leaves_no_half_one(city: Place, tmp_path: Path) -> None:
    await a_shift(city, tmp_path / "log")
    nobody = ObjectStore.open("http://127.0.0.1:9", "none", "us-east-1", "nobody", "nothing")
    with pytest.raises((TryLater, ExceptionGroup, StoreRefused)):
        await make(city.settings.owner_url, nobody, tmp_path / "backups", SystemClock().now(), say=silently)
    await nobody.close()
    with pytest.raises(BackupError, match="no such whole backup"):
        Backup.open(tmp_path / "backups", None)
