"""Evidence counts if and only if its device was in standing at the moment of capture; else it is held and explained."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from agency.model import PersonKind
from device_registry import record
from device_registry.model import Datum, Device, Place, ServiceChange, ServiceEvent, VoidCause, VoidEvent
from evidence import admission, queries, upload
from evidence.admission import Judged
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.model import Content, Courier
from foundation.civil import beginning_of, end_of
from foundation.database import Database
from tests.builders import OfficerWithPhone, a_device, a_photo, a_sited_device, an_officer, at, in_chunks, verify

MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = date(2026, 1, 10), date(2026, 5, 3)


async def hand_in(
    custodian: Custodian, officer: OfficerWithPhone, captured: datetime, body: bytes | None = None, **facts: Any
) -> tuple[UUID, Judged]:
    body = body or a_photo(seed=uuid4().int % 60000)
    jws = officer.commitment(body, captured, **facts)
    evidence_id = (await commit(custodian, jws, officer.courier)).evidence_id
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    progress = await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
    assert progress.judged is not None
    return evidence_id, progress.judged


def codes(judged: Judged) -> list[str]:
    return [reason.code for reason in judged.verdict.reasons]


async def admissions(database: Database) -> int:
    async with database.connection() as db:
        return int(await db.fetchval("select count(*) from admission"))


@pytest_asyncio.fixture
async def meter(custodian: Custodian, officer: OfficerWithPhone) -> Device:
    return await a_device(custodian.database, custodian.clock, officer.unit_id, verified=(FIRST, LAST))


@pytest.mark.parametrize(
    ("captured", "outcome"),
    [
        (beginning_of(FIRST) - MICROSECOND, "HELD"),
        (beginning_of(FIRST), "ADMITTED"),
        (end_of(LAST) - MICROSECOND, "ADMITTED"),
        (end_of(LAST), "HELD"),
    ],
)
async def test_the_last_valid_day_counts_to_its_last_microsecond(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, captured: datetime, outcome: str
) -> None:
    _, judged = await hand_in(custodian, officer, captured, device_tag=meter.tag)
    assert judged.verdict.outcome == outcome
    assert await admissions(custodian.database) == (outcome == "ADMITTED")


async def test_a_renewal_next_week_heals_no_gap(custodian: Custodian, officer: OfficerWithPhone, meter: Device) -> None:
    captured = end_of(LAST) + timedelta(days=2)
    await verify(custodian.database, custodian.clock, meter, LAST + timedelta(days=8), date(2027, 5, 10))
    _, judged = await hand_in(custodian, officer, captured, device_tag=meter.tag)
    assert judged.verdict.outcome == "HELD"
    assert codes(judged) == ["VERIFICATION_OVERDUE"]


async def test_a_capture_interval_astride_the_last_instant_is_for_a_person_to_decide(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    edge = end_of(LAST)
    _, judged = await hand_in(
        custodian, officer, edge, device_tag=meter.tag,
        captured_earliest=edge - timedelta(minutes=1), captured_latest=edge + timedelta(minutes=1),
    )  # fmt: skip
    assert judged.verdict.outcome == "UNDETERMINED"
    assert await admissions(custodian.database) == 0


async def test_all_reasons_are_told_at_once(custodian: Custodian, unit_id: UUID, meter: Device) -> None:
    expired = await an_officer(custodian.database, unit_id, credential=(date(2020, 1, 1), date(2026, 3, 31)))
    captured = end_of(LAST) + timedelta(days=5)
    event = ServiceEvent(change=ServiceChange.SUSPENDED, occurred_at=end_of(LAST) + timedelta(days=1))
    await record.record_fact(custodian.database, custodian.clock, meter.id, event)
    void = VoidEvent(cause=VoidCause.SEAL_BROKEN, occurred_at=end_of(LAST) - timedelta(days=10))
    await record.record_fact(custodian.database, custodian.clock, meter.id, void)
    place = {"longitude": 213.0, "latitude": 30.0, "datum": "WGS84"}
    _, judged = await hand_in(custodian, expired, captured, b"<svg/>", device_tag=meter.tag, place=place)
    assert set(codes(judged)) >= {
        "CONTENT_NOT_ACCEPTED",
        "PLACE_IMPOSSIBLE",
        "CREDENTIAL_EXPIRED",
        "DEVICE_SUSPENDED",
        "VERIFICATION_OVERDUE",
        "VERIFICATION_VOIDED",
    }


@pytest.mark.parametrize(
    ("facts", "outcome", "code"),
    [
        ({"device_tag": "NOWHERE-1"}, "HELD", "DEVICE_UNKNOWN"),
        ({"place": {"longitude": 0, "latitude": 0, "datum": "WGS84"}}, "UNDETERMINED", "PLACE_UNKNOWN"),
        ({"place": {"longitude": 114.3, "latitude": -90.01, "datum": "WGS84"}}, "HELD", "PLACE_IMPOSSIBLE"),
        (
            {
                "captured_earliest": datetime(1919, 5, 4, tzinfo=UTC),
                "captured_latest": datetime(1919, 5, 4, tzinfo=UTC),
            },
            "HELD",
            "CAPTURED_BEFORE_ENROLMENT",
        ),
        (
            {
                "captured_earliest": datetime(2099, 1, 1, tzinfo=UTC),
                "captured_latest": datetime(2099, 1, 1, tzinfo=UTC),
            },
            "HELD",
            "CAPTURED_IN_THE_FUTURE",
        ),
    ],
)
async def test_claims_that_cannot_be_true_are_held_with_their_reason(
    custodian: Custodian, officer: OfficerWithPhone, facts: dict[str, Any], outcome: str, code: str
) -> None:
    _, judged = await hand_in(custodian, officer, at(custodian.clock), **facts)
    assert (judged.verdict.outcome, code in codes(judged)) == (outcome, True)


async def test_an_auxiliary_cannot_take_evidence(custodian: Custodian, unit_id: UUID) -> None:
    auxiliary = await an_officer(custodian.database, unit_id, kind=PersonKind.AUXILIARY)
    _, judged = await hand_in(custodian, auxiliary, at(custodian.clock))
    assert (judged.verdict.outcome, codes(judged)) == ("HELD", ["NOT_AN_OFFICER"])


async def test_the_verdict_keeps_what_it_rested_on_and_names_no_more_than_there_was(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    _, judged = await hand_in(custodian, officer, end_of(LAST) - MICROSECOND, device_tag=meter.tag)
    device = judged.verdict.inputs["device"]
    assert "JL-20260110" in str(device), "the certificate in force is named"
    assert judged.verdict.rule_version
    assert judged.verdict.inputs["captured_latest"]


async def test_the_same_bytes_under_two_ids_are_both_recorded_and_flagged_though_sent_at_once(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = a_photo(99)
    (one, _), (two, _) = await asyncio.gather(
        hand_in(custodian, officer, at(custodian.clock), body),
        hand_in(custodian, officer, at(custodian.clock, minutes=1), body),
    )
    async with custodian.database.connection() as db:
        flagged = await db.fetch(
            "select evidence_id from custody_entry where event = 'evidence:bytes:same-as-another' order by id"
        )
        objects = await db.fetchval("select count(*) from stored_object")
    assert {row["evidence_id"] for row in flagged} == {one, two}
    assert objects == 1


async def test_concurrent_retries_leave_one_of_everything(custodian: Custodian, officer: OfficerWithPhone) -> None:
    body = a_photo(5)
    evidence_id = (await commit(custodian, officer.commitment(body, at(custodian.clock)), officer.courier)).evidence_id

    async def retry() -> object:
        await upload.begin(custodian, evidence_id, len(body), officer.courier)
        return await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)

    answers = await asyncio.gather(*(retry() for _ in range(6)), return_exceptions=True)
    assert any(isinstance(answer, upload.Progress) for answer in answers)
    async with custodian.database.connection() as db:
        for table in ("evidence", "reception", "verdict", "admission", "stored_object"):
            assert await db.fetchval(f"select count(*) from {table}") == 1, table
        assert await db.fetchval("select count(*) from receipt") == 2
    assert (await upload.settle(custodian, evidence_id, officer.courier)).verdict.outcome == "ADMITTED"


# The database refuses too


async def test_the_applications_own_role_cannot_admit_outside_a_verified_or_service_period(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    overdue, _ = await hand_in(custodian, officer, end_of(LAST) + timedelta(hours=1), device_tag=meter.tag)
    idle = await a_device(
        custodian.database, custodian.clock, officer.unit_id, tag="SLM-002", verified=(FIRST, LAST), in_service=None
    )
    unserved, _ = await hand_in(custodian, officer, end_of(FIRST), device_tag=idle.tag)
    by_phone, _ = await hand_in(custodian, officer, at(custodian.clock), b"not a picture")
    admit = """
        insert into admission (evidence_id, by_device, device_tag, device_id, verification_needed, conclusion_id,
                               captured, verified_during, admitted_at)
        select id, {by_device}, {tag}, {device}, {needed}, null, {captured}, {verified}, now()
          from evidence
         where id = $1
    """
    whole = {
        "by_device": "by_device", "tag": "device_tag", "needed": "true", "captured": "captured", "verified": "captured",
        "device": "(select id from device where tag = device_tag)",
    }  # fmt: skip
    attempts = [
        (overdue, {}, "admission_in_verified_period"),
        (unserved, {}, "admission_in_service_period"),
        (overdue, {"verified": "null"}, "admission_verified_or_concluded"),
        (overdue, {"needed": "false", "verified": "null"}, "admission_verified_or_concluded"),
        (overdue, {"needed": "null"}, "admission_names_its_device"),
        (overdue, {"device": "null", "verified": "null", "needed": "null"}, "admission_names_its_device"),
        (overdue, {"by_device": "false", "tag": "null", "device": "null", "needed": "null", "verified": "null"},
         "admission_of_capture"),
        (overdue, {"captured": "tstzrange('2026-02-01', '2026-02-01', '[]')",
                   "verified": "tstzrange('2026-02-01', '2026-02-01', '[]')"}, "admission_of_capture"),
        (unserved, {"tag": f"'{meter.tag}'", "device": f"'{meter.id}'"}, "admission_of_tag"),
        (unserved, {"device": f"'{meter.id}'"}, "admission_of_device"),
        (by_phone, {"by_device": "true", "tag": f"'{meter.tag}'", "device": f"'{meter.id}'"}, "admission_of_capture"),
    ]  # fmt: skip
    for evidence_id, changes, constraint in attempts:
        async with custodian.database.connection() as db:
            assert await db.fetchval("select current_user") == "plumbline"
            with pytest.raises((asyncpg.ForeignKeyViolationError, asyncpg.CheckViolationError)) as refused:
                await db.execute(admit.format(**whole | changes), evidence_id)
        assert refused.value.constraint_name == constraint, changes
    assert await admissions(custodian.database) == 0


async def test_the_applications_own_role_can_neither_edit_nor_delete_what_happened(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    await hand_in(custodian, officer, at(custodian.clock))
    async with custodian.database.connection() as db:
        for table in ("evidence", "verdict", "custody_entry", "reception", "receipt", "stored_object"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"delete from {table}")
        for change in (
            "verdict set outcome = 'ADMITTED'",
            "evidence set device_tag = null",
            "custody_entry set at = now()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"update {change}")


async def test_a_fact_recorded_between_look_and_insert_cannot_let_evidence_slip_in(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device, database: Database
) -> None:
    """Two connections: one weighs and waits before it admits, the other voids the verification and commits."""
    captured = end_of(FIRST)
    body = a_photo(3)
    done = await commit(custodian, officer.commitment(body, captured, device_tag=meter.tag), officer.courier)
    async with database.connection() as db:
        evidence = await queries.evidence_by_id(db, done.evidence_id)
    assert evidence is not None
    stored = await custodian.store.put_locked(evidence.sha256, body, custodian.clock.now() + custodian.retention)
    async with database.transaction() as first:
        weighed = await admission.weigh(first, evidence, Content("image/jpeg"))
        assert weighed.finding.outcome == "ADMITTED"
        void = VoidEvent(cause=VoidCause.SEAL_BROKEN, occurred_at=beginning_of(FIRST))
        await record.record_fact(custodian.database, custodian.clock, meter.id, void)
        await queries.receive(first, evidence, stored, Content("image/jpeg"), officer.courier, custodian.clock.now())
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await admission.record(first, custodian, evidence, weighed, ordinal=1, cause="RECEIVED")
    courier: Courier = officer.courier
    judged = await admission.admit(custodian, evidence, stored, Content("image/jpeg"), courier)
    assert (judged.verdict.outcome, codes(judged)) == ("HELD", ["VERIFICATION_VOIDED"])
    assert judged.verdict.ordinal == 1


@pytest.mark.parametrize(("longitude", "outcome"), [(114.2991, "ADMITTED"), (114.3091, "HELD")])
async def test_what_a_fixed_device_captures_away_from_its_announced_site_is_held(
    custodian: Custodian, officer: OfficerWithPhone, longitude: float, outcome: str
) -> None:
    site = Place(114.2990, 30.5950, Datum.WGS84)
    device = await a_sited_device(custodian.database, custodian.clock, officer.unit_id, site)
    place = {"longitude": longitude, "latitude": 30.5950, "datum": "CGCS2000", "accuracy_metres": 15}
    captured = at(custodian.clock, days=1)
    evidence_id, judged = await hand_in(custodian, officer, captured, device_tag=device.tag, place=place)
    assert judged.verdict.outcome == outcome
    assert codes(judged) == ([] if outcome == "ADMITTED" else ["LOCATION_MISMATCH"])
    async with custodian.database.connection() as db:
        [verdict] = await queries.verdicts_of(db, evidence_id)
    assert verdict.inputs["device"]["site"]["version"]["address"] == "解放大道", "frozen with the verdict"
    assert len(verdict.inputs["device"]["site"]["reviews"]) == 2
