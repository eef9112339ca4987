"""Whatever is kept beside the facts can be made from them again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest

from device_registry import queries, rederive
from device_registry.model import Device, Span
from device_registry.record import Change, record_fact
from device_registry.register import register_device
from foundation.database import Connection, Database
from foundation.reach import EVERYTHING
from plumbline.jobs import KINDS
from plumbline.migrations import known, migrate
from tests.device_registry.builders import A_UNIT, a_pass, a_registration, beijing, in_service
from tests.support import FixedClock


class Heard(list[Change]):
    async def __call__(self, db: Connection, changes: Sequence[Change]) -> None:
        self.extend(changes)


async def kept(owner: "asyncpg.Connection[asyncpg.Record]") -> list[list[tuple[object, ...]]]:
    return [
        [tuple(row) for row in await owner.fetch(f"select * from {table} order by 1, 2")]
        for table in ("device_overview", "verified_period", "service_period")
    ]


async def derived(database: Database, clock: FixedClock, heard: Heard, batch: int = 2) -> list[int]:
    return [done async for done in rederive.rederive(database, clock, on_change=heard, batch=batch)]


async def test_what_was_lost_or_bent_is_derived_again_in_batches_and_a_second_time_changes_nothing(
    owner_url: str, database: Database, clock: FixedClock
) -> None:
    for number in range(5):
        device = await register_device(database, clock, a_registration(tag=f"T-{number}"))
        await record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09"))
        await record_fact(database, clock, device.id, in_service("2026-02-01 09:00"))
    owner = await asyncpg.connect(owner_url)
    try:
        before = await kept(owner)
        heard = Heard()
        assert await derived(database, clock, heard) == [2, 4, 5]
        assert (await kept(owner), heard) == (before, [])
        await owner.execute("delete from device_overview; delete from service_period; delete from verified_period")
        assert await derived(database, clock, heard) == [2, 4, 5]
        assert await kept(owner) == before
        span = Span(beijing("2026-02-01 09:00"), beijing("2027-01-10"))
        assert [(change.lost, change.gained) for change in heard] == [([], [span])] * 5
    finally:
        await owner.close()


async def test_a_fact_recorded_at_the_same_time_is_not_lost(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await record_fact(database, clock, device.id, in_service("2026-02-01 09:00"))
    await asyncio.gather(
        derived(database, clock, Heard()),
        record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09")),
        derived(database, clock, Heard()),
    )
    async with database.connection() as db:
        assert len((await queries.verified_periods_of(db, [device.id]))[device.id]) == 1


OLD = """
insert into unit (id) values ('{unit}') on conflict do nothing;
insert into device (id, tag, kind, serial_no, model, maker, unit_id, mounting, requirement, registered_at)
select ('00000000-0000-4000-8000-0000000000' || number)::uuid, tag, kind, number, 'M', 'X', '{unit}', mounting,
       'MANDATORY', '2025-01-01'
  from (values ('a1', 'HAND-1', 'SOUND_LEVEL', 'HANDHELD'), ('a2', 'POLE-1', 'SPEED_RADAR_FIXED', 'FIXED'),
               ('a3', 'HAND-2', 'SOUND_LEVEL', 'HANDHELD')) as old (number, tag, kind, mounting);
insert into verification_certificate
    (device_id, occasion, certificate_no, issuing_body, verified_on, valid_until, known_from)
select id, 'INITIAL', 'C-' || tag, 'Body', '2026-01-10', '2027-01-09', '2026-01-11' from device where tag <> 'HAND-2';
insert into service_event (device_id, change, occurred_at, known_from)
select id, 'PUT_IN_SERVICE', '2026-02-01T01:00:00Z', '2026-02-01T01:00:00Z' from device where tag <> 'HAND-2';
insert into verified_period (device_id, span, certificates)
select device_id, '[2026-01-09T16:00:00Z, 2027-01-09T16:00:00Z)', array[id] from verification_certificate;
insert into service_period (device_id, span) select device_id, '[2026-02-01T01:00:00Z,)' from service_event;
"""


async def test_a_database_from_before_the_life_cycle_ends_with_right_overviews(
    owner_url: str, database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(
            "drop schema public cascade; create schema public; grant usage on schema public to plumbline"
        )
        everything = known()
        with monkeypatch.context() as then:
            then.setattr("plumbline.migrations.known", lambda: [one for one in everything if one.version <= "0005"])
            await migrate(owner_url)
        await owner.execute(OLD.format(unit=A_UNIT))
        await migrate(owner_url)
        assert [tuple(row) for row in await owner.fetch("select kind from job")] == [(rederive.JOB,)]
        assert rederive.JOB in KINDS
        database = await Database.open(database_url, most=2, unless_said=EVERYTHING)
        heard = Heard()
        try:
            assert await derived(database, clock, heard) == [2, 3]
        finally:
            await database.close()
        rows = await owner.fetch(
            """
            select tag, state, last_result, last_certificate_no, in_service_until, unit_id
              from device_overview
             order by tag
            """
        )
        assert [tuple(row) for row in rows] == [
            ("HAND-1", "IN_SERVICE", "PASS", "C-HAND-1", beijing("2027-01-10"), A_UNIT),
            ("HAND-2", "REGISTERED", "NONE", None, None, A_UNIT),
            ("POLE-1", "IN_SERVICE", "PASS", "C-POLE-1", None, A_UNIT),
        ]
        [pole] = heard
        assert pole.lost == [Span(beijing("2026-02-01 09:00"), beijing("2027-01-10"))], "neither reviewed nor announced"
        assert await owner.fetchval("select upper(span) from service_period") == beijing("2027-01-10"), (
            "not open any more"
        )
    finally:
        await owner.close()


async def test_time_that_passes_alone_changes_no_row(owner_url: str, database: Database, clock: FixedClock) -> None:
    device = await register_device(database, clock, a_registration())
    await record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09"))
    await record_fact(database, clock, device.id, in_service("2026-02-01 09:00"))
    owner = await asyncpg.connect(owner_url)
    try:
        before = await kept(owner)
        clock.advance(timedelta(days=400))
        await derived(database, clock, Heard())
        assert await kept(owner) == before
    finally:
        await owner.close()
