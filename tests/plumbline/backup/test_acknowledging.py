"""A restore is answered for by a person: until then the log stands still, and afterwards there are two names to see."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace
from tests.builders import a_unit, an_officer
from tests.client import speaking_to
from tests.conftest import a_clone
from tests.evidence.test_admission import hand_in
from tests.plumbline.backup.conftest import Place, backed_up
from tests.plumbline.backup.test_backup import put_back

from evidence.transparency_log import proving, queries
from evidence.transparency_log.findings import Fault, Report
from evidence.transparency_log.fsck import examine
from evidence.transparency_log.published import LogForked, newest_lost, publish
from evidence.transparency_log.rules.note import Note, VerifierKey
from evidence.transparency_log.sequencing import RestoreUnanswered, integrate
from evidence.transparency_log.signing import LogSigner
from evidence.transparency_log.witness import Witness
from foundation.clock import SystemClock
from plumbline.backup import dump
from plumbline.backup.acknowledging import NotAcknowledged, acknowledge
from plumbline.opening import opened
from plumbline.settings import Settings

WHY = "磁盘损坏，恢复到前一日的备份"


async def answered(place: Place, person_id: UUID, *, lost: str | None, forked: bool = False) -> tuple[str, int]:
    signer = LogSigner.load_or_create(place.settings.log_signing_key_file)
    now = SystemClock().now()
    return await acknowledge(
        place.settings.owner_url, signer, person_id, WHY, now, lost_note=lost, forked=forked
    )  # fmt: skip


async def found(place: Place, *outside: str) -> Report:
    custodian = place.custodian
    return await examine(custodian.database, custodian.store, custodian.clock, outside=outside)


async def newest(place: Place) -> str:
    async with place.custodian.database.connection() as db:
        note = await proving.checkpoint(db)
    assert note is not None
    return note


async def witnessed(place: Place, witness: Witness) -> None:
    async with place.custodian.database.connection() as db:
        old = await queries.last_cosigned(db, witness.verifier_key())
        request = await proving.for_a_witness(db, old)
        assert request is not None
        signature = witness.sign(request, SystemClock())
        note = Note(request.note.text, (*request.note.signatures, signature))
        await proving.accept_cosignature(db, note, witness.verifier_key())


async def shown_to_anybody(settings: Settings) -> tuple[object, ...]:
    async with speaking_to(settings, SystemClock()) as anybody:
        history = (await anybody.get("/log/v1/history")).json()
    [parting] = history["partings"]
    return (history["origin"], *(parting[name] for name in ("earlier", "size", "reason", "lost_checkpoint")))


async def test_the_log_stands_still_after_a_restore_and_goes_on_under_another_name_once_somebody_answers(
    city: Place, elsewhere: Settings, tmp_path: Path
) -> None:
    now = SystemClock().now()
    officer = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    await hand_in(city.custodian, officer, now)
    await city.log()
    witness = Witness(tmp_path / "witness")
    witness.begin("auditor")
    async with city.custodian.database.connection() as db:
        for key in await queries.verifier_keys(db):
            witness.trust(VerifierKey.parse(key))
    before = await newest(city)
    backup = await backed_up(city, tmp_path / "backups")
    await hand_in(city.custodian, officer, now)
    await city.log()
    await witnessed(city, witness)
    lost = await newest(city)
    async with city.custodian.database.connection() as db:
        earlier = await queries.origin_of(db)

    settings = replace(elsewhere, log_signing_key=str(city.settings.log_signing_key_file))
    await put_back(settings, backup)
    async with opened(settings, SystemClock()) as custodian:
        there = Place(settings, custodian)
        signer = LogSigner.load_or_create(settings.log_signing_key_file)
        await hand_in(custodian, officer, now)
        with pytest.raises(RestoreUnanswered):
            await integrate(custodian.database, custodian.clock, signer)
        assert [one.fault for one in (await found(there, lost)).findings] == [Fault.CUT]
        later, size = await answered(there, officer.person_id, lost=lost)
        assert later != earlier
        await there.log()
        assert (await found(there, before)).findings == []
        assert [one.fault for one in (await found(there, lost)).findings] == [Fault.OUTSIDE_OF_LOST_HISTORY]
        after = await newest(there)
        assert after.startswith(f"{later}\n")
        assert (await found(there, after)).confirmed > size
        with pytest.raises(NotAcknowledged):
            await answered(there, officer.person_id, lost=None)
        assert await shown_to_anybody(settings) == (later, earlier, size, WHY, lost)
        async with custodian.database.connection() as db:
            told = await db.fetchrow("select actor_id, details from custody_entry where event = 'log:history:parted'")
            assert told is not None
            assert (told["actor_id"], told["details"]["earlier"]) == (officer.person_id, earlier)
            for key in await queries.verifier_keys(db):
                witness.trust(VerifierKey.parse(key))
        await witnessed(there, witness)  # it knows two logs now, and remembers what it signed of the first
        await asyncio.sleep(1)
        once_more = await backed_up(there, tmp_path / "again")
        once_more.verify_files()
        kept = {item.key.split("/")[1] for item in once_more.items() if item.key.startswith("log/")}
        assert kept == {earlier.rpartition("/")[2], later.rpartition("/")[2]}


async def test_rows_restored_beside_a_store_that_went_on_are_a_fork_that_somebody_may_answer_for(
    city: Place, services: Settings, tmp_path: Path
) -> None:
    officer = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    await hand_in(city.custodian, officer, SystemClock().now())
    await city.log()
    assert await newest_lost(city.custodian) is None
    with pytest.raises(NotAcknowledged):
        await answered(city, officer.person_id, lost=None)
    backup = await backed_up(city, tmp_path / "backups")
    await hand_in(city.custodian, officer, SystemClock().now())
    await city.log()
    went_on = await newest(city)
    async with a_clone(services) as name:
        settings = replace(
            city.settings,
            database_url=services.database_url.replace("/plumbline?", f"/{name}?"),
            migration_database_url=services.owner_url.replace("/plumbline?", f"/{name}?"),
        )
        owner = await asyncpg.connect(services.owner_url, database="postgres")
        await owner.execute(f"drop database {name}")
        await owner.execute(f"create database {name}")
        await owner.close()
        await dump.restore(settings.owner_url, backup.place / "database.dump", privileges=True)  # by hand
        async with opened(settings, SystemClock()) as custodian:
            there = Place(settings, custodian)
            with pytest.raises(LogForked):
                await publish(custodian)
            assert await newest_lost(custodian) == went_on
            await answered(there, officer.person_id, lost=went_on, forked=True)
            await there.log()
            assert (await found(there)).findings == []
            assert [one.fault for one in (await found(there, went_on)).findings] == [Fault.OUTSIDE_OF_LOST_HISTORY]
