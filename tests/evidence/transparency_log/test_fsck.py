"""An examination finds nothing where all is well, and each fault where it is."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from evidence.custodian import Custodian
from evidence.transparency_log import proving
from evidence.transparency_log.findings import Fault, Finding, Report
from evidence.transparency_log.fsck import examine
from evidence.transparency_log.published import publish
from evidence.transparency_log.rules.note import Note, NoteRefused
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from plumbline.erasure import erase_from_custody
from plumbline.log_commands import told as told_in_words
from tests.builders import OfficerWithPhone, a_device
from tests.evidence.test_admission import hand_in
from tests.evidence.transparency_log.conftest import Told, as_superuser

CAPTURED = beginning_of(date(2026, 6, 1))
ADMISSION_OF_WHAT_IS_HELD = (
    "insert into admission (evidence_id, by_device, captured, admitted_at)"
    " select id, false, captured, now() from evidence where id <> $1"
)
ANOTHER_VERDICT = (
    "insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)"
    " select evidence_id, 2, outcome, reasons, inputs, rule_version, cause, judged_at"
    " from verdict where evidence_id = $1"
)


async def log(custodian: Custodian, signer: LogSigner) -> None:
    await introduce(custodian.database, custodian.clock, signer)
    while await integrate(custodian.database, custodian.clock, signer):
        pass


async def examined(custodian: Custodian, *outside: str, objects: bool = True) -> Report:
    return await examine(custodian.database, custodian.store, custodian.clock, outside=outside, objects=objects)


async def faults(custodian: Custodian, *outside: str) -> list[tuple[Fault, int | None]]:
    return [(one.fault, one.index) for one in (await examined(custodian, *outside)).findings]


@pytest.fixture
async def evidence_id(custodian: Custodian, officer: OfficerWithPhone, log_signer: LogSigner) -> UUID:
    """Admitted; another piece is held. All is in the log."""
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, verified=None)
    admitted, _ = await hand_in(custodian, officer, CAPTURED)
    await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await log(custodian, log_signer)
    return admitted


async def test_nothing_is_found_where_nothing_is_wrong(
    custodian: Custodian, evidence_id: UUID, log_signer: LogSigner, told: Told
) -> None:
    await publish(custodian)
    async with custodian.database.connection() as db:
        kept = await proving.checkpoint(db)
    assert kept is not None
    await told(600)
    await log(custodian, log_signer)
    report = await examined(custodian, kept)
    assert report.findings == []
    assert report.confirmed == report.size - 600
    assert report.first_bad is None
    assert [line[0] for line in told_in_words(report, "en", own_keys=True)] == ["✓", " ", " "]


async def test_an_empty_log_is_well(custodian: Custodian) -> None:
    assert await faults(custodian) == []


async def test_after_erasing_a_person_nothing_is_wrong(
    custodian: Custodian, evidence_id: UUID, officer: OfficerWithPhone, log_signer: LogSigner, owner_url: str
) -> None:
    await erase_from_custody(owner_url, officer.person_id, "", "本人申请", custodian.clock.now())
    await log(custodian, log_signer)
    assert await faults(custodian) == []


async def test_what_was_erased_cannot_be_filled_with_something_else(
    custodian: Custodian, evidence_id: UUID, officer: OfficerWithPhone, log_signer: LogSigner, owner_url: str,
    database_url: str, person_id: UUID,
) -> None:  # fmt: skip
    await erase_from_custody(owner_url, officer.person_id, "", "本人申请", custodian.clock.now())
    async with as_superuser(database_url) as db:
        entry = await db.fetchval("select min(entry_id) from erased_field where field = 'actor'")
        await db.execute("update custody_entry set actor_id = $2 where id = $1", entry, person_id)
    assert Fault.ERASED_FIELD_FILLED in {fault for fault, _ in await faults(custodian)}


@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("update evidence set sha256 = sha256(sha256) where id = $1", "evidence"),
        ("update reception set sha256 = sha256(sha256) where evidence_id = $1", "reception"),
        ("update verdict set outcome = 'HELD' where evidence_id = $1", "verdict"),
        ("update verdict set inputs = '{}' where evidence_id = $1", "verdict"),
        ("update verdict set reasons = '[{\"code\": \"NO_FIX\"}]' where evidence_id = $1", "verdict"),
        (ANOTHER_VERDICT, "verdict"),
        ("delete from verdict where evidence_id = $1", "verdict"),
        (ADMISSION_OF_WHAT_IS_HELD, "admission"),
    ],
)  # fmt: skip
async def test_a_row_that_says_otherwise_than_its_entry_is_found(
    custodian: Custodian, evidence_id: UUID, database_url: str, statement: str, about: str
) -> None:
    async with as_superuser(database_url) as db:
        await db.execute(statement, evidence_id)
    found = [one for one in (await examined(custodian)).findings if one.fault is Fault.ROW_UNTOLD]
    assert about in {one.about.split()[0] for one in found}


async def test_bytes_that_are_gone_or_changed_are_found(
    custodian: Custodian, evidence_id: UUID, database_url: str
) -> None:
    async with as_superuser(database_url) as db:
        await db.execute(
            "insert into stored_object select sha256('gone'), size, key || 'x', version_id, retained_until, stored_at"
            " from stored_object limit 1"
        )
        await db.execute(
            "insert into stored_object select sha256('changed'), size, key, version_id, retained_until, stored_at"
            " from stored_object where key not like '%x' limit 1"
        )
    found = {fault for fault, _ in await faults(custodian)}
    assert found == {Fault.OBJECT_GONE, Fault.OBJECT_CHANGED}
    assert (await examined(custodian, objects=False)).findings == []


async def test_an_entry_that_waits_too_long_is_told(custodian: Custodian, told: Told) -> None:
    await told(1)
    assert await faults(custodian) == []
    custodian.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert [fault for fault, _ in await faults(custodian)] == [Fault.WAITS_LONG]


async def test_a_checkpoint_of_another_log_and_one_that_nobody_signed_are_told(
    custodian: Custodian, evidence_id: UUID
) -> None:
    async with custodian.database.connection() as db:
        kept = await proving.checkpoint(db)
    assert kept is not None
    other = kept.replace("plumbline/custody/", "plumbline/custody/x", 1)
    assert {fault for fault, _ in await faults(custodian, other)} == {
        Fault.OUTSIDE_OF_ANOTHER_LOG,
        Fault.OUTSIDE_UNSIGNED,
    }
    parsed = Note.parse(kept)
    altered = str(parsed._replace(signatures=(parsed.signatures[0]._replace(blob=bytes(64)),)))
    assert await faults(custodian, altered) == [(Fault.OUTSIDE_UNSIGNED, None)]
    with pytest.raises(NoteRefused):
        await examined(custodian, "not a checkpoint")


@pytest.mark.parametrize(
    ("findings", "first"),
    [
        ([], None),
        ([Finding(Fault.ENTRY_SLIPPED_IN, None)], None),
        ([Finding(Fault.LEAF_CHANGED, 9), Finding(Fault.LEAF_CHANGED, 7)], 7),
        ([Finding(Fault.UNSIGNED, 0, until=20), Finding(Fault.PUBLISHED_DIFFERS, 7)], 7),
        ([Finding(Fault.CHECKPOINT_DIFFERS, 2, until=5), Finding(Fault.LEAF_CHANGED, 7)], 2),
    ],
)
def test_the_first_bad_leaf_is_where_the_findings_agree_that_it_must_be(
    findings: list[Finding], first: int | None
) -> None:
    found = Report("origin", 20, b"", 0, findings).first_bad
    assert (found and found.index) == first
