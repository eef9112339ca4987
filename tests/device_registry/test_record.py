"""Facts and what is derived from them, in a real database."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from device_registry import queries, rules
from device_registry.model import (
    Device,
    Fact,
    Interval,
    Nature,
    Outcome,
    Reason,
    Requirement,
    ServiceChange,
    Span,
    Standing,
    VerifiedPeriod,
)
from device_registry.problems import (
    ChannelUnknown,
    ConclusionDoesNotFit,
    DateNotPlausible,
    DeviceNotFound,
    DeviceRetired,
    FactAlreadyRecorded,
    ValidUntilTooEarly,
)
from device_registry.record import Change, record_fact
from device_registry.register import register_device
from foundation.database import Connection, Database
from foundation.problem import Problem
from tests.device_registry.builders import (
    a_conclusion,
    a_fail,
    a_kept_document,
    a_pass,
    a_registration,
    a_void,
    at,
    beijing,
    in_service,
    service,
)
from tests.support import FixedClock


async def kept(database: Database, device: Device) -> tuple[list[VerifiedPeriod], list[Span]]:
    async with database.connection() as db:
        verified = (await queries.verified_periods_of(db, [device.id]))[device.id]
        served = (await queries.service_periods_of(db, [device.id]))[device.id]
    return verified, served


async def standing_of(database: Database, tag: str, captured: Interval) -> Standing:
    async with database.connection() as db:
        found = await queries.standing_of(db, tag, captured)
    assert found is not None
    return found


async def test_what_is_recorded_is_derived_in_the_same_transaction(
    database: Database, clock: FixedClock, device: Device
) -> None:
    certificate = a_pass("2026-01-10", "2027-01-09")
    await record_fact(database, clock, device.id, certificate)
    await record_fact(database, clock, device.id, in_service("2026-02-01 09:00"))
    verified, served = await kept(database, device)
    assert [(p.begins, p.ends, p.certificates) for p in verified] == [
        (beijing("2026-01-10"), beijing("2027-01-10"), (certificate.id,))
    ]
    assert served == [Span(beijing("2026-02-01 09:00"), beijing("2027-01-10"))], "suspended by itself when it lapses"


async def test_facts_come_back_as_they_were_recorded(database: Database, clock: FixedClock, device: Device) -> None:
    facts: list[Fact] = [
        replace(a_pass("2026-01-10", "2027-01-09", sequence=3), document_sha256=await a_kept_document(database)),
        replace(a_pass("2026-01-11", "2026-02-09"), nature=Nature.CALIBRATION, regulation="JJF 1"),
        replace(a_fail("2026-03-01"), failed_items="示值误差"),
        a_void("2026-04-01 10:00"),
        in_service(),
    ]
    for fact in facts:
        await record_fact(database, clock, device.id, fact)
    async with database.connection() as db:
        known = await queries.facts_of(db, device.id)
    assert {*known.certificates, *known.failure_notices, *known.void_events, *known.service_events} == {*facts}


async def test_a_late_failure_shortens_what_was_kept(database: Database, clock: FixedClock, device: Device) -> None:
    certificate = a_pass("2025-05-04", "2026-05-03")
    await record_fact(database, clock, device.id, certificate)
    await record_fact(database, clock, device.id, a_fail("2025-12-01"))
    verified, _ = await kept(database, device)
    assert [(p.begins, p.ends) for p in verified] == [(beijing("2025-05-04"), beijing("2025-12-01"))]


async def test_listeners_hear_what_was_lost_before_it_is_gone(
    database: Database, clock: FixedClock, device: Device
) -> None:
    heard = []

    async def listen(db: Connection, changes: Sequence[Change]) -> None:
        for one in changes:
            kept = await queries.verified_periods_of(db, [one.device_id])
            heard.append((one.device_id, one.lost, one.gained, one.cause, kept))

    await record_fact(database, clock, device.id, a_pass("2025-05-04", "2026-05-03"), on_change=listen)
    assert heard == [], "not in service, so the certificate changes nothing"
    await record_fact(database, clock, device.id, in_service("2025-06-01 08:00"), on_change=listen)
    await record_fact(database, clock, device.id, a_void("2025-12-01 10:00"), on_change=listen)
    (_, none_lost, gained, _, _), (device_id, lost, none_gained, cause, then) = heard
    assert (none_lost, gained) == ([], [Span(beijing("2025-06-01 08:00"), beijing("2026-05-04"))])
    assert (lost, none_gained) == ([Span(beijing("2025-12-01 10:00"), beijing("2026-05-04"))], [])
    assert (device_id, cause) == (device.id, "VoidEvent")
    assert [period.ends for period in then[device.id]] == [beijing("2026-05-04")], "the period is still kept"


async def test_a_listener_that_fails_takes_the_fact_back(database: Database, clock: FixedClock, device: Device) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    await record_fact(database, clock, device.id, in_service())
    with pytest.raises(RuntimeError):
        await record_fact(database, clock, device.id, a_pass("2025-05-04", "2026-05-03"), on_change=fail)
    async with database.connection() as db:
        assert (await queries.facts_of(db, device.id)).certificates == ()


async def test_two_facts_at_once_end_as_one_after_the_other(database: Database, clock: FixedClock) -> None:
    one, other = a_pass("2025-05-04", "2026-05-03"), a_fail("2025-12-01")
    for number in range(12):
        device = await register_device(database, clock, a_registration(tag=f"RACE-{number}"))
        fresh = [replace(fact, id=uuid4()) for fact in (one, other, in_service(), a_void("2025-11-01"))]
        await asyncio.gather(*(record_fact(database, clock, device.id, fact) for fact in fresh))
        verified, served = await kept(database, device)
        assert [(p.begins, p.ends) for p in verified] == [(beijing("2025-05-04"), beijing("2025-11-01"))]
        assert len(served) == 1


async def test_a_shrink_that_would_strand_an_admission_is_refused_by_the_database(
    owner_url: str, database: Database, clock: FixedClock, device: Device
) -> None:
    """With a table of our own that has the same temporal key as admissions."""
    await record_fact(database, clock, device.id, a_pass("2025-05-04", "2026-05-03"))
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(
            """
            create table stands (device_id uuid, span tstzrange, foreign key (device_id, period span)
                references verified_period (device_id, period span) deferrable initially immediate);
            """
        )
        await owner.execute(
            "insert into stands values ($1, tstzrange($2, $2, '[]'))", device.id, beijing("2025-12-24 10:00")
        )
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await record_fact(database, clock, device.id, a_fail("2025-12-01"))
        await record_fact(database, clock, device.id, a_fail("2025-12-25"))
        await record_fact(database, clock, device.id, a_pass("2025-10-01", "2026-09-30"))
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("fact", "problem", "field"),
    [
        (a_pass("2026-06-16", "2027-06-15"), DateNotPlausible, "verified_on"),
        (a_pass("1899-12-31", "2027-06-15"), DateNotPlausible, "verified_on"),
        (a_pass("2026-06-15", "9999-12-31"), DateNotPlausible, "valid_until"),
        (a_pass("2026-06-15", "9998-12-31"), DateNotPlausible, "valid_until"),
        (a_pass("2026-06-15", "2026-06-14"), ValidUntilTooEarly, "valid_until"),
        (a_pass("2026-06-01", "2027-05-31", channel="CO"), ChannelUnknown, "channel"),
        (a_fail("2026-06-16"), DateNotPlausible, "failed_on"),
        (a_void("2026-06-15 12:01"), DateNotPlausible, "occurred_at"),
        (in_service("2026-06-15 12:01"), DateNotPlausible, "occurred_at"),
        (a_conclusion("2026-06-01"), ConclusionDoesNotFit, "requirement"),
    ],
)
async def test_a_fact_that_cannot_be_one_is_refused_with_its_field(
    database: Database, clock: FixedClock, device: Device, fact: Fact, problem: type[Problem], field: str
) -> None:
    with pytest.raises(problem) as refused:
        await record_fact(database, clock, device.id, fact)
    assert refused.value.field == field
    refused.value.spoken("en")
    assert refused.value.spoken("zh-CN")["status"] == 422


async def test_the_same_document_is_recorded_once(database: Database, clock: FixedClock, device: Device) -> None:
    await record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09"))
    with pytest.raises(FactAlreadyRecorded):
        await record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09"))


async def test_a_fact_about_no_device_is_refused(database: Database, clock: FixedClock) -> None:
    with pytest.raises(DeviceNotFound):
        await record_fact(database, clock, uuid4(), in_service())


async def test_retirement_is_final_but_a_late_fact_from_before_it_is_taken(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await record_fact(database, clock, device.id, service(ServiceChange.RETIRED, "2026-03-01 10:00"))
    await record_fact(database, clock, device.id, in_service("2026-01-01 10:00"))
    with pytest.raises(DeviceRetired):
        await record_fact(database, clock, device.id, service(ServiceChange.RESUMED, "2026-03-01 10:00"))
    assert (await kept(database, device))[1] == [Span(beijing("2026-01-01 10:00"), beijing("2026-03-01 10:00"))]


async def test_a_device_in_standing_is_found_so_with_its_certificate(
    database: Database, clock: FixedClock, device: Device
) -> None:
    certificate = a_pass("2026-01-10", "2027-01-09")
    await record_fact(database, clock, device.id, certificate)
    await record_fact(database, clock, device.id, in_service())
    found = await standing_of(database, "SLM-041", at("2026-06-01 10:00"))
    assert (found.outcome, found.reasons) == (Outcome.IN_STANDING, ())
    assert [passed.id for passed in found.certificates] == [certificate.id]
    async with database.connection() as db:
        assert await queries.standing_of(db, "SLM-042", at("2026-06-01 10:00")) is None


async def test_a_device_that_needs_no_verification_stands_on_its_conclusion(
    database: Database, clock: FixedClock
) -> None:
    camera = await register_device(database, clock, a_registration("CAM-1", "CAMERA_ONLY"))
    await record_fact(database, clock, camera.id, in_service())
    found = await standing_of(database, "CAM-1", at("2026-06-01 10:00"))
    assert [finding.reason for finding in found.reasons] == [Reason.CONCLUSION_MISSING]
    conclusion = a_conclusion("2026-02-01")
    await record_fact(database, clock, camera.id, conclusion)
    found = await standing_of(database, "CAM-1", at("2026-06-01 10:00"))
    assert (found.outcome, found.conclusion_id) == (Outcome.IN_STANDING, conclusion.id)
    early = await standing_of(database, "CAM-1", at("2026-01-31 23:59"))
    assert [finding.reason for finding in early.reasons] == [Reason.CONCLUSION_MISSING]


async def test_a_conclusion_about_something_else_does_not_count_even_if_it_got_in(
    database: Database, clock: FixedClock
) -> None:
    camera = await register_device(database, clock, a_registration("CAM-1", "CAMERA_ONLY"))
    await record_fact(database, clock, camera.id, in_service())
    other = a_conclusion("2026-02-01", Requirement.NO_REGULATION)
    async with database.transaction() as db:
        await queries.add_facts(db, [(camera.id, other)], None, clock.now())
    found = await standing_of(database, "CAM-1", at("2026-06-01 10:00"))
    assert [finding.reason for finding in found.reasons] == [Reason.CONCLUSION_MISSING]


async def test_the_snapshot_freezes_what_the_judgement_rested_on(
    database: Database, clock: FixedClock, device: Device
) -> None:
    certificate = replace(a_pass("2026-01-10", "2027-01-09"), document_sha256=await a_kept_document(database))
    await record_fact(database, clock, device.id, certificate)
    await record_fact(database, clock, device.id, in_service())
    captured = at("2026-06-01 10:00", "2026-06-01 10:01")
    async with database.connection() as db:
        standing = await queries.standing_of(db, "SLM-041", captured)
        assert standing is not None
        frozen = await queries.snapshot(db, standing, captured)
    assert json.loads(json.dumps(frozen)) == frozen
    assert frozen["certificates"][0]["document_sha256"] == "07" * 32
    assert frozen["rule_version"] == rules.RULE_VERSION
    assert frozen["verified_periods"][0]["certificates"] == [str(certificate.id)]


async def test_the_kept_periods_and_the_facts_give_the_same_standing(database: Database, clock: FixedClock) -> None:
    """The quick way (derived periods) and the full one (facts) are two roads to one answer."""
    gas = await register_device(database, clock, a_registration("GAS-1", "GAS_MULTI"))
    meter = await register_device(database, clock, a_registration("SLM-1"))
    camera = await register_device(database, clock, a_registration("CAM-1", "CAMERA_ONLY"))
    facts: list[tuple[Device, Fact]] = [
        (gas, a_pass(f"{year}-05-04", f"{year + 1}-05-03", channel=channel, number=f"{channel}-{year}"))
        for channel in gas.channels
        for year in (2024, 2025)
    ]
    facts += [
        (meter, a_pass("2024-05-04", "2025-05-03")),
        (meter, a_pass("2025-04-20", "2026-12-31")),
        (meter, a_void("2025-08-01 10:00")),
        (meter, a_pass("2025-08-02", "2026-08-01")),
        (camera, a_conclusion("2025-01-01")),
        (camera, replace(a_conclusion("2025-05-04"), document_no="2")),
    ]
    for device in (gas, meter, camera):
        facts += [(device, in_service("2024-06-01 00:00"))]
        facts += [(device, service(ServiceChange.SUSPENDED, "2025-12-01 08:00"))]
    for device, fact in facts:
        await record_fact(database, clock, device.id, fact)
    edges = [
        *(f"{year}-{day} 00:00" for year in (2024, 2025) for day in ("05-04", "06-01", "12-31", "08-02")),
        "2025-01-01 00:00", "2025-04-20 00:00", "2025-08-01 10:00", "2025-12-01 08:00", "2026-05-04 00:00",
    ]  # fmt: skip
    instants: list[datetime] = [beijing(edge) for edge in edges]
    for device in (gas, meter, camera):
        async with database.connection() as db:
            known = await queries.facts_of(db, device.id)
            for earliest in instants:
                for latest in (instant for instant in instants if instant >= earliest):
                    captured = Interval(earliest, latest)
                    quick = await queries.standing_of(db, device.tag, captured)
                    assert quick == rules.standing(device, known, captured), captured


async def test_the_catalogue_is_whole_and_its_multi_gas_meter_has_four_channels(database: Database) -> None:
    async with database.connection() as db:
        kinds = {kind.code: kind for kind in await queries.device_kinds(db)}
    assert len(kinds) == 33
    assert kinds["GAS_MULTI"].channels == ("CH4", "H2S", "CO", "O2")
    assert kinds["ALCOHOL_BREATH"].max_interval_months == 6
    assert all(kind.max_interval_months for kind in kinds.values() if kind.requirement is Requirement.MANDATORY)
    assert all((kind.max_interval_months is None) == (kind.interval_confidence is None) for kind in kinds.values())
