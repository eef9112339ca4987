"""What a restore to an older state lost is listed, and phones bring it again: commitments, facts, bytes."""

import ssl
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from uuid import uuid4

import msgspec
from msgspec.structs import replace
from tests.builders import a_unit, an_officer
from tests.evidence.test_admission import hand_in
from tests.plumbline.backup.conftest import Place, backed_up
from tests.plumbline.backup.test_backup import put_back
from tests.served import served

from evidence.fixity.reading import Fixity, read_back
from evidence.fixity.reconciling import Unbacked, reconcile
from foundation.clock import SystemClock
from foundation.object_store import StoredObject
from plumbline.backup.repairing import repair
from plumbline.backup.strays import FRESH, strays
from plumbline.jobs import SCRUB, kinds
from plumbline.opening import opened
from plumbline.phone_simulator import officers, shift
from plumbline.phone_simulator.audit import audit
from plumbline.phone_simulator.phone import Phone
from plumbline.phone_simulator.plan import Plan, Trouble
from plumbline.phone_simulator.tally import Tally
from plumbline.settings import Settings
from plumbline.walkthrough.receipts import ReceiptKeys

PLAN = Plan(
    phones=1, inspections=1, photographs=2, photograph_bytes=20_000, trouble=Trouble(cut=0, lost=0, twice=0, restart=0)
)


def a_phone(officer: officers.SimulatedOfficer, place: Place, url: str, tally: Tally) -> Phone:
    keys = ReceiptKeys({"keys": [place.custodian.signer.public_key()]})
    return Phone(officer, url, ssl.create_default_context(), PLAN, Random(1), keys, tally)


async def unbacked(place: Place) -> list[Unbacked]:
    return [one async for one in reconcile(place.custodian)]


async def test_what_an_older_backup_does_not_know_and_what_it_lost_comes_again_from_the_phone(
    city: Place, elsewhere: Settings, tmp_path: Path
) -> None:
    database, clock, tally = city.custodian.database, city.custodian.clock, Tally()
    [officer] = await officers.make(database, clock, await a_unit(database), 1)
    with served(city.settings, tmp_path / "city-log") as url:
        phone = a_phone(officer, city, url, tally)
        shift.work(officer, phone.store, await phone.anchor(), PLAN, 0)
        await phone.hand_in(lambda: None)
        await city.log()
        backup = await backed_up(city, tmp_path / "backups")
        shift.work(officer, phone.store, await phone.anchor(), PLAN, 1)
        await phone.hand_in(lambda: None)
        await phone.close()
    first, _, lost, _ = phone.store.photographs
    assert all(one.receipt for one in phone.store.photographs)
    backup.path_of(f"sha256/{first.sha256[:2]}/{first.sha256[2:]}").unlink()
    settings = replace(elsewhere, signing_key=str(city.settings.signing_key_file))
    assert len((await put_back(settings, backup)).faults) == 1
    async with opened(settings, SystemClock()) as custodian:
        there = Place(settings, custodian)
        [listed] = await unbacked(there)
        assert (str(listed.evidence_id), listed.sha256, listed.size) == (first.evidence_id, first.sha256, first.size)
        assert listed.receipt_at is not None
        with served(settings, tmp_path / "log") as url:
            after = a_phone(officer, city, url, tally)
            after.store = msgspec.convert(msgspec.to_builtins(phone.store), type(phone.store))
            await after.hand_in(lambda: None)
            assert await audit(after, after.store.told) == []
            again = tally.photographs
            await after.hand_in(lambda: None)
            assert tally.photographs == again
            await after.close()
        assert (tally.faults, tally.refused) == ([], [])
        assert again == 4 + 3
        assert await unbacked(there) == []
        async with custodian.database.connection() as db:
            assert await db.fetchval("select count(*) from reception") == 4
            assert await db.fetchval("select count(*) from object_last_read where outcome <> 'SAME'") == 0
            told = await db.fetch(
                "select event, details from custody_entry where event = any ($1) order by id",
                ["evidence:fixity:failed", "evidence:fixity:repaired", "evidence:receipt:unbacked"],
            )
        events = [row["event"] for row in told]
        assert events.count("evidence:receipt:unbacked") == 3
        assert events.count("evidence:fixity:repaired") == 1
        repaired = next(row["details"] for row in told if row["event"] == "evidence:fixity:repaired")
        assert (repaired["before"], repaired["source"]) == (Fixity.MISSING, "PHONE")
        assert lost.evidence_id in {
            row["details"]["evidence_id"] for row in told if row["event"] == "evidence:receipt:unbacked"
        }


async def test_an_object_that_nothing_names_is_listed_once_it_is_an_hour_old_and_stays(city: Place) -> None:
    body = b"nobody knows why this is here " + uuid4().bytes
    now = SystemClock().now()
    officer = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    await hand_in(city.custodian, officer, now)
    stray = await city.store.put_locked(sha256(body).digest(), body, now + timedelta(days=1))

    async def listed(at: datetime) -> set[str]:
        return {one.key async for one in strays(city.settings.owner_url, city.store, at)}

    async with city.custodian.database.connection() as db:
        key = await db.fetchval("select key from stored_object")
    assert stray.key not in await listed(now)
    later = await listed(now + FRESH + timedelta(minutes=1))
    assert stray.key in later
    assert key not in later
    assert await city.store.at(stray.key, stray.version_id) is not None


async def test_an_object_that_was_changed_is_put_back_from_a_backup_as_another_version(
    city: Place, tmp_path: Path
) -> None:
    now = SystemClock().now()
    officer = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    body = b"%PDF-1.7 " + uuid4().bytes
    evidence_id, _ = await hand_in(city.custodian, officer, now, body, media_type="application/pdf")
    backup = await backed_up(city, tmp_path / "backups")
    other = await city.store.put_again(sha256(body).digest(), body, now + timedelta(days=1))
    await city.as_owner("update stored_object set version_id = 'gone'")
    await city.as_owner("update object_last_read set outcome = 'CHANGED'")
    path = backup.path_of(other.key)
    path.write_bytes(bytes(reversed(body)))
    assert [done async for _, done in repair(city.custodian, tmp_path / "backups")] == [False]
    path.write_bytes(body)
    assert [done async for _, done in repair(city.custodian, tmp_path / "backups")] == [True]
    assert [done async for _, done in repair(city.custodian, tmp_path / "backups")] == []
    async with city.custodian.database.connection() as db:
        row = await db.fetchrow("select sha256, size, key, version_id, retained_until from stored_object")
        event = await db.fetchval(
            "select event from custody_entry where evidence_id = $1 order by id desc limit 1", evidence_id
        )
    assert row is not None
    stored = StoredObject(*row)
    assert stored.version_id not in ("gone", other.version_id)
    assert await read_back(city.store, stored) is Fixity.SAME
    assert event == "evidence:fixity:repaired"


async def test_where_a_folder_of_backups_is_named_what_a_reading_finds_lost_is_put_back_at_once(
    city: Place, tmp_path: Path
) -> None:
    officer = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    body = b"%PDF-1.7 " + uuid4().bytes
    await hand_in(city.custodian, officer, SystemClock().now(), body, media_type="application/pdf")
    await backed_up(city, tmp_path / "backups")
    await city.as_owner("update stored_object set version_id = '0123456789abcdef0123456789abcdef'")
    await city.as_owner("update object_last_read set read_at = '2020-01-01'")
    await kinds()[SCRUB](city.custodian, {})
    async with city.custodian.database.connection() as db:
        assert await db.fetchval("select outcome from object_last_read") != Fixity.SAME
    await city.as_owner("update object_last_read set read_at = '2020-01-01'")
    await kinds(replica=tmp_path / "backups")[SCRUB](city.custodian, {})
    async with city.custodian.database.connection() as db:
        assert await db.fetchval("select outcome from object_last_read") == Fixity.SAME
        row = await db.fetchrow("select sha256, size, key, version_id, retained_until from stored_object")
    assert row is not None
    assert await read_back(city.store, StoredObject(*row)) is Fixity.SAME
