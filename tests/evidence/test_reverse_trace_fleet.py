"""A fleet of 10,000 devices: what bad findings queue is exactly what SQL finds in the raw facts, however often."""

from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from device_registry import queries as registry
from device_registry.model import (
    CheckSubject,
    Fact,
    InServiceCheck,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
)
from device_registry.problems import FactAlreadyRecorded
from device_registry.record import derive, record_facts
from evidence.custodian import Custodian
from evidence.reassessment import Suspension
from foundation.civil import beginning_of
from tests.builders import OfficerWithPhone
from tests.support import FixedClock

DEVICES, CAPTURES = 10_000, 6
EVERY = 29
"""Of so many devices one is found bad: instruments with and without channels."""
FLEET = """
    insert into device (id, tag, kind, serial_no, model, maker, unit_id, mounting, requirement, registered_at)
    select gen_random_uuid(), 'FLEET-' || n, case n % 10 when 0 then 'GAS_MULTI' else 'SOUND_LEVEL' end, n::text, '—',
           '—', $1, 'HANDHELD', 'MANDATORY', '2020-01-01'
      from generate_series(1, $2::integer) as n;
"""
FACTS = """
    create temporary table fleet as
    select device.id, tag, substring(tag from 7)::integer as n, nullif(channels, '{}') as channels
      from device
      join device_kind on device_kind.code = kind;

    insert into service_event (device_id, change, occurred_at, known_from)
    select id, 'PUT_IN_SERVICE', '2025-05-01 00:00+08', '2025-05-01' from fleet;

    -- whole instruments: verified last year and renewed before that ran out
    insert into verification_certificate (device_id, occasion, certificate_no, issuing_body, verified_on, valid_until,
                                          known_from)
    select id, 'SUBSEQUENT', 'JL-' || n || '-' || renewal, '—', verified_on, verified_on + 364, '2026-02-01'
      from fleet
     cross join generate_series(0, 1) as renewal
     cross join lateral (select date '2025-04-01' + n % 20 + 300 * renewal) as told (verified_on)
     where channels is null;

    -- several channels: each verified on a day of its own
    insert into verification_certificate (device_id, channel, occasion, certificate_no, issuing_body, verified_on,
                                          valid_until, known_from)
    select id, channel, 'INITIAL', 'JL-' || n || channel, '—', verified_on, verified_on + 364, '2026-02-01'
      from fleet
     cross join unnest(channels) with ordinality as told (channel, place)
     cross join lateral (select date '2025-12-01' + n % 20 + 7 * place::integer) as seen (verified_on);

    insert into verified_period (device_id, span, certificates)
    select device_id,
           tstzrange(verified_on::timestamp at time zone 'Asia/Shanghai',
                     coalesce(lead(verified_on) over (partition by device_id order by verified_on), valid_until + 1)
                     ::timestamp at time zone 'Asia/Shanghai'), array[certificate.id]
      from verification_certificate as certificate
      join fleet on fleet.id = device_id
     where channels is null
     union all
    select device_id,
           tstzrange(max(verified_on)::timestamp at time zone 'Asia/Shanghai',
                     (min(valid_until) + 1)::timestamp at time zone 'Asia/Shanghai'),
           array_agg(certificate.id order by array_position(channels, channel))
      from verification_certificate as certificate
      join fleet on fleet.id = device_id
     where channels is not null
     group by device_id;

    insert into service_period (device_id, span)
    select device_id, tstzrange('2025-05-01 00:00+08', max(upper(span))) from verified_period group by device_id;
"""
CAPTURED = """
    insert into stored_object (sha256, size, key, version_id, retained_until, stored_at)
    values (sha256('fleet'), 5, 'fleet', '1', '2099-01-01', '2026-06-01');

    insert into evidence (id, sha256, size, media_type, captured, device_tag, officer_id, phone_id, unit_id,
                          enrolled_at, facts, commitment, algorithm, committed_at)
    select gen_random_uuid(), sha256('fleet'), 5, 'image/jpeg', tstzrange(at, at + interval '90 seconds', '[]'), tag,
           '{officer}', '{phone}', '{unit}', '2020-01-01', '{{}}', '—', 'ES256', '2026-06-12'
      from fleet
     cross join generate_series(1, {captures}) as k
     cross join lateral (
           select case when channels is null then timestamptz '2025-05-02' else '2026-01-25' end
                  + mod(abs(hashint8(n * 10 + k)::bigint), case when channels is null then 580000 else 190000 end)
                  * interval '1 minute') as told (at);

    insert into reception (evidence_id, sha256, media_type, metadata, received_at)
    select id, sha256, media_type, '{{}}', committed_at from evidence;
    insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
    select id, 1, 'ADMITTED', '[]', '{{}}', '—', 'RECEIVED', committed_at from evidence;
    insert into admission (evidence_id, by_device, device_tag, device_id, verification_needed, captured,
                           verified_during, admitted_at)
    select evidence.id, true, device_tag, fleet.id, true, captured, captured, committed_at
      from evidence
      join fleet on fleet.tag = device_tag;
    analyze;
"""
ORACLE = """
    with bad as (
        select id, device_id, channel, known_from, failed_on as day,
               failed_on::timestamp at time zone 'Asia/Shanghai' as before,
               (failed_on + 1)::timestamp at time zone 'Asia/Shanghai' as until
          from verification_failure_notice
         union all
        select id, device_id, null, known_from, (checked_at at time zone 'Asia/Shanghai')::date, checked_at,
               checked_at + interval '1 microsecond'
          from in_service_check
         where not within_tolerance
         union all
        select id, device_id, null, known_from, (occurred_at at time zone 'Asia/Shanghai')::date, occurred_at,
               occurred_at + interval '1 microsecond'
          from void_event
         where cause = 'SEAL_BROKEN'
    ), good as (
        select bad.id, measured.channel, bad.until, bad.device_id, device.tag, greatest(
               (select max(verified_on)::timestamp at time zone 'Asia/Shanghai'
                  from verification_certificate as certificate
                 where certificate.device_id = bad.device_id and certificate.channel = measured.channel
                   and nature = 'VERIFICATION' and verified_on < bad.day and certificate.known_from <= bad.known_from),
               (select max(checked_at)
                  from in_service_check as checked
                 where checked.device_id = bad.device_id and within_tolerance and subject <> 'CLOCK'
                   and cardinality(device_kind.channels) = 0 and checked_at < bad.before
                   and checked.known_from <= bad.known_from)) as since
          from bad
          join device on device.id = bad.device_id
          join device_kind on device_kind.code = device.kind
         cross join unnest(case when cardinality(device_kind.channels) = 0 then array[''] else device_kind.channels end)
               as measured (channel)
         where bad.channel is null or bad.channel = measured.channel
    ), windows as (
        select id, tag, tstzrange(case when bool_and(since is not null) then min(since) end, until) as span
          from good
         group by id, tag, until
    )
    select windows.id, evidence.id
      from windows
      join evidence on device_tag = tag and captured && span
     order by 1, 2
"""
QUEUED = """
    select cause_fact, evidence_id
      from trace_item
      join reverse_trace on reverse_trace.id = trace_id
     order by 1, 2
"""
STANDING = "select evidence_id from admission order by 1"
MUST_STAND = """
    select evidence.id
      from evidence
      join device on tag = device_tag
     where not evidence.id = any ($1::uuid[])
       and not exists (select from verification_failure_notice
                        where device_id = device.id
                          and failed_on::timestamp at time zone 'Asia/Shanghai' <= upper(captured))
       and not exists (select from in_service_check
                        where device_id = device.id and not within_tolerance and checked_at <= upper(captured))
       and not exists (select from void_event where device_id = device.id and occurred_at <= upper(captured))
     order by 1
"""


@pytest_asyncio.fixture
async def fleet(owner_url: str, officer: OfficerWithPhone) -> dict[int, UUID]:
    """Its devices by number, with their captures all admitted. Written straight into the tables."""
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(FLEET, officer.unit_id, DEVICES)
        await owner.execute(FACTS)
        await owner.execute(
            CAPTURED.format(officer=officer.person_id, phone=officer.phone_id, unit=officer.unit_id, captures=CAPTURES)
        )
        return {row["n"]: row["id"] for row in await owner.fetch("select n, id from fleet")}
    finally:
        await owner.close()


def findings(n: int) -> list[Fact]:
    """What becomes known of the device with that number: one of six stories, told by the number alone."""
    day = date(2026, 3, 1) + timedelta(days=n % 80)
    instant = beginning_of(day) + timedelta(hours=9, minutes=n % 60)
    failure = VerificationFailureNotice(
        failed_on=day, notice_no=f"F-{n}", issuing_body="—", channel="" if n % 10 else ("CH4", "H2S", "CO", "O2")[n % 4]
    )
    seal = VoidEvent(cause=VoidCause.SEAL_BROKEN, occurred_at=instant)
    stories: list[list[Fact]] = [
        [failure],
        [seal],
        [_check(instant, good=False)],
        [failure, _check(instant - timedelta(days=25), good=True)],
        [failure, seal, _check(instant - timedelta(days=10), good=False)],
        [seal, VoidEvent(cause=VoidCause.REPAIR, occurred_at=instant + timedelta(hours=3))],
    ]
    return stories[n // EVERY % len(stories)]


def _check(at: datetime, *, good: bool) -> InServiceCheck:
    return InServiceCheck(subject=CheckSubject.REFERENCE, checked_at=at, within_tolerance=good)


async def test_the_queue_is_what_the_raw_facts_say_and_a_second_time_changes_nothing(
    custodian: Custodian, clock: FixedClock, fleet: dict[int, UUID]
) -> None:
    told = [(fleet[n], fact) for n in range(EVERY, DEVICES, EVERY) for fact in findings(n)]
    heard = Suspension(clock)
    async with custodian.database.transaction() as db:
        await record_facts(db, clock, told, on_change=heard)
    oracle, queued, standing = await _answers(custodian)
    assert len({cause for cause, _ in oracle}) > 250
    assert len(oracle) > 500
    assert queued == oracle
    async with custodian.database.connection() as db:
        must = await db.fetch(MUST_STAND, [evidence_id for _, evidence_id in oracle])
    assert standing == [row[0] for row in must]
    assert 0 < DEVICES * CAPTURES - len(standing) < len(told) * CAPTURES

    clock.advance(timedelta(hours=1))
    with pytest.raises(FactAlreadyRecorded):
        async with custodian.database.transaction() as db:
            await record_facts(db, clock, told, on_change=heard)
    late = [(device, _check(beginning_of(date(2026, 2, 25)), good=True)) for device in {device for device, _ in told}]
    async with custodian.database.transaction() as db:
        await record_facts(db, clock, late, on_change=heard)
        devices = await registry.locked_devices(db, fleet.values())
        known = await registry.facts_of_all(db, fleet.values())
        await derive(db, clock, devices, known, known, dict.fromkeys(devices, "again"), on_change=heard)
    assert await _answers(custodian) == (oracle, queued, standing)


Pairs = list[tuple[UUID, UUID]]


async def _answers(custodian: Custodian) -> tuple[Pairs, Pairs, list[UUID]]:
    async with custodian.database.connection() as db:
        oracle = [(row[0], row[1]) for row in await db.fetch(ORACLE)]
        queued = [(row[0], row[1]) for row in await db.fetch(QUEUED)]
        standing = [row[0] for row in await db.fetch(STANDING)]
    return oracle, queued, standing
