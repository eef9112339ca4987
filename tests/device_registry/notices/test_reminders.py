"""Who is reminded of what, when, and never twice."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from device_registry.model import ServiceChange, ServiceEvent
from device_registry.notices.queries import inbox
from device_registry.notices.reminders import remind
from device_registry.record import record_fact
from foundation.database import Database
from tests.builders import a_device, a_unit
from tests.device_registry.builders import a_fail, a_pass, beijing
from tests.support import FixedClock

LAST_VALID = date(2026, 9, 30)


async def told(database: Database) -> list[tuple[str, str | None]]:
    """Subject and role of every notice, in the order in which they were given."""
    async with database.connection() as db:
        rows = await db.fetch("select subject, role from notice order by id")
    return [(row["subject"], row["role"]) for row in rows]


async def remind_at(database: Database, instant: datetime) -> int:
    async with database.transaction() as db:
        return await remind(db, instant)


async def test_a_device_is_told_of_once_a_stage(database: Database, clock: FixedClock) -> None:
    await a_device(database, clock, await a_unit(database), verified=(date(2025, 10, 1), LAST_VALID))
    days_told = [
        days
        for days in range(-100, 40)
        for hour in ("08:00", "20:00")
        if await remind_at(database, beijing(f"{LAST_VALID + timedelta(days=days)} {hour}"))
    ]
    assert days_told == [-90, -60, -30, -7, 1]
    assert await told(database) == [("VERIFICATION_DUE", "DEVICE_MANAGER")] * 4 + [
        ("VERIFICATION_OVERDUE", "DEVICE_MANAGER")
    ]


async def test_a_missed_stage_is_not_told_beside_the_nearer_one(database: Database, clock: FixedClock) -> None:
    await a_device(database, clock, await a_unit(database), verified=(date(2025, 10, 1), LAST_VALID))
    assert await remind_at(database, beijing("2026-09-20 08:00")) == 1
    assert await remind_at(database, beijing("2026-09-23 08:00")) == 1
    assert len(await told(database)) == 2


async def test_the_next_verification_is_reminded_of_anew(database: Database, clock: FixedClock) -> None:
    device = await a_device(database, clock, await a_unit(database), verified=(date(2025, 10, 1), LAST_VALID))
    assert await remind_at(database, beijing("2026-09-25 08:00")) == 1
    clock.instant = beijing("2026-09-26 09:00")
    await record_fact(database, clock, device.id, a_pass("2026-09-26", "2027-09-25"))
    assert await remind_at(database, beijing("2026-09-27 08:00")) == 0
    assert await remind_at(database, beijing("2027-09-20 08:00")) == 1


async def test_two_workers_at_once_tell_it_once(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    for number in range(40):
        await a_device(database, clock, unit_id, tag=f"S-{number}", verified=(date(2025, 10, 1), LAST_VALID))
    async with database.transaction() as first, database.transaction() as second:
        given = await remind(first, beijing("2026-09-25 08:00"))
        waiting = asyncio.create_task(remind(second, beijing("2026-09-25 08:00")))
        await asyncio.sleep(0.2)
        assert not waiting.done(), "the second has to see what becomes of the first"
        await first.execute("commit and chain")
        assert (given, await waiting) == (40, 0)
    assert len(await told(database)) == 40


async def test_a_failure_is_told_at_once(database: Database, clock: FixedClock) -> None:
    device = await a_device(database, clock, await a_unit(database))
    await record_fact(database, clock, device.id, a_fail("2026-06-10"))
    assert await told(database) == [("VERIFICATION_FAILED", "DEVICE_MANAGER")]
    assert await remind_at(database, clock.now()) == 0


async def test_a_failure_that_was_made_good_since_is_no_news(database: Database, clock: FixedClock) -> None:
    device = await a_device(database, clock, await a_unit(database))
    await record_fact(database, clock, device.id, a_fail("2025-06-10"))
    assert await told(database) == []


async def test_a_rectification_is_told_of_before_and_after_its_deadline(database: Database, clock: FixedClock) -> None:
    device = await a_device(database, clock, await a_unit(database))
    for change, deadline in ((ServiceChange.SUSPENDED, None), (ServiceChange.RECTIFYING, date(2026, 6, 30))):
        event = ServiceEvent(change=change, occurred_at=clock.now(), deadline=deadline)
        await record_fact(database, clock, device.id, event)
        clock.advance(timedelta(minutes=1))
    days_told = [day for day in range(16, 31) if await remind_at(database, beijing(f"2026-06-{day} 08:00"))]
    assert days_told == [23]
    assert await remind_at(database, beijing("2026-07-01 08:00")) == 1
    assert [subject for subject, _ in await told(database)] == ["RECTIFICATION_NEAR", "RECTIFICATION_PAST"]


@pytest.mark.parametrize(("role", "sees"), [(Role.DEVICE_MANAGER, 1), (Role.SUPERVISOR, 0)])
async def test_a_notice_is_for_those_whose_role_reaches_the_unit(
    database: Database, clock: FixedClock, role: Role, sees: int
) -> None:
    city = await a_unit(database)
    async with database.transaction() as db:
        street = await agency.add_unit(
            db, UnitKind.STREET, "大智街道", "Dazhi", date(2020, 1, 1), parent_id=city, division_code="420102002"
        )
        person = await agency.add_person(db, PersonKind.STAFF, "管理员", "Manager", city)
        await agency.grant(db, person.id, role, city, datetime.fromisoformat("2020-01-01T00:00Z"))
    await a_device(database, clock, street.id, verified=(date(2025, 10, 1), LAST_VALID))
    await remind_at(database, beijing("2026-09-25 08:00"))
    assert len(await inbox_of(database, person.id, clock)) == sees


async def inbox_of(database: Database, person_id: UUID, clock: FixedClock) -> list[str]:
    async with database.connection() as db:
        reach = await agency.reach_by_role(db, person_id, clock.now())
        return [notice.subject for notice in await inbox(db, person_id, reach, most=50)]
