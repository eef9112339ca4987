"""What PostgreSQL shows of the protected tables, whatever a statement asks for."""

import asyncio
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.builders import a_device, a_unit, an_officer
from tests.evidence.content_review.test_content_review import CAPTURED
from tests.evidence.test_admission import hand_in
from tests.inspection.builders import a_task

from agency import queries as agency
from agency.model import UnitKind
from device_registry import record
from device_registry.model import VoidCause, VoidEvent
from evidence.custodian import Custodian
from evidence.queries import states_of
from evidence.reassessment import Suspension
from foundation.clock import Clock
from foundation.database import Connection, Database, seeing_every_unit
from foundation.reach import EVERYTHING, NOTHING, Reach, reaching, units

PROTECTED = ["case_file", "evidence", "inspection", "inspection_plan"]
DAY = date(2026, 6, 15)


class City(NamedTuple):
    """Two bureaus of a city, each with a row in every protected table."""

    city: UUID
    ours: UUID
    theirs: UUID
    evidence: dict[UUID, UUID]
    """By the unit."""


@pytest_asyncio.fixture
async def city(custodian: Custodian) -> City:
    city = await a_unit(custodian.database)
    evidence = {}
    for name in ("城管局", "环保局"):
        async with custodian.database.transaction() as db:
            begins = date(2020, 1, 1)
            bureau = (await agency.add_unit(db, UnitKind.DEPARTMENT, name, name, begins, parent_id=city)).id
        officer = await an_officer(custodian.database, bureau)
        evidence[bureau], _ = await hand_in(custodian, officer, CAPTURED)
        await a_task(custodian.database, custodian.clock, officer)
        async with custodian.database.connection() as db:
            await db.execute(
                "insert into case_file values (gen_random_uuid(), '1', $1, 'x', '2026-1-5', $2, now())",
                bureau,
                officer.person_id,
            )
            await db.execute(
                "insert into inspection_plan values (gen_random_uuid(), $1, 'x', 'PLAN', '2026-7-1', '2026-8-1',"
                " '{x}', '', '2026-6-1', true, 'x', $2, now())",
                bureau,
                officer.person_id,
            )
    ours, theirs = evidence
    return City(city, ours, theirs, evidence)


async def seen(db: Connection, table: str) -> set[UUID]:
    rows = await db.fetch(f"select unit_id from {table}")
    return {row["unit_id"] for row in rows}


async def seen_with(database: Database, reach: Reach) -> list[set[UUID]]:
    with reaching(reach):
        async with database.connection() as db:
            return [await seen(db, table) for table in PROTECTED]


@pytest.mark.parametrize("table", PROTECTED)
async def test_a_statement_without_a_condition_shows_what_is_reached_and_nothing_else(
    database: Database, city: City, table: str
) -> None:
    both = {city.ours, city.theirs}
    for reach, expected in (
        (NOTHING, set()),
        (units([city.ours], DAY), {city.ours}),
        (units([city.city], DAY), both),
        (units([city.ours, city.theirs], DAY), both),
        (units([city.ours], date(2019, 1, 1)), set()),
        (units([uuid4()], DAY), set()),
        (EVERYTHING, both),
    ):
        with reaching(reach):
            async with database.connection() as db:
                assert await seen(db, table) == expected, reach


async def test_a_session_that_was_never_told_shows_nothing(database_url: str, city: City) -> None:
    db = await asyncpg.connect(database_url)
    assert [await seen(db, table) for table in PROTECTED] == [set()] * len(PROTECTED)
    assert await db.fetch("select * from evidence_state") == []
    await db.close()


async def test_work_that_says_nothing_reaches_nothing(database_url: str, city: City) -> None:
    database = await Database.open(database_url, most=1, unless_said=NOTHING)
    async with database.connection() as db:
        assert await seen(db, "evidence") == set()
    await database.close()


async def test_a_connection_reaches_no_further_than_the_work_that_takes_it_next(database_url: str, city: City) -> None:
    database = await Database.open(database_url, most=1, unless_said=NOTHING)
    ours, theirs = units([city.ours], DAY), units([city.theirs], DAY)
    for reach, expected in ((EVERYTHING, 2), (ours, 1), (NOTHING, 0), (theirs, 1), (EVERYTHING, 2)):
        for found in await seen_with(database, reach):
            assert len(found) == expected
    with reaching(ours):
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with database.transaction() as db, seeing_every_unit(db):
                await db.execute("select 1/0")
        async with database.connection() as db:
            assert await seen(db, "evidence") == {city.ours}
            async with seeing_every_unit(db):
                assert await seen(db, "evidence") == {city.ours, city.theirs}
            assert await seen(db, "evidence") == {city.ours}
        with pytest.raises(LookupError):
            async with database.transaction() as db, seeing_every_unit(db):
                raise LookupError
        async with database.transaction() as db:
            assert await seen(db, "evidence") == {city.ours}
    await database.close()


async def test_pieces_of_work_at_the_same_time_reach_each_their_own(database: Database, city: City) -> None:
    async def work(unit_id: UUID) -> None:
        for _ in range(20):
            assert await seen_with(database, units([unit_id], DAY)) == [{unit_id}] * len(PROTECTED)

    await asyncio.gather(*(work(unit_id) for unit_id in (city.ours, city.theirs) * 3))


async def test_nobody_changes_an_inspection_out_of_reach(database: Database, city: City) -> None:
    with reaching(units([city.ours], DAY)):
        async with database.transaction() as db:
            assert await db.execute("update inspection set joint_id = gen_random_uuid()") == "UPDATE 1"


@pytest.mark.parametrize("reach", [NOTHING, EVERYTHING])
async def test_what_the_database_refuses_does_not_hang_on_who_asks(
    database: Database, custodian: Custodian, city: City, reach: Reach
) -> None:
    officer = await an_officer(custodian.database, city.theirs)
    held, _ = await hand_in(custodian, officer, CAPTURED, device_tag="NOWHERE")
    async with custodian.database.connection() as db:
        case_id = await db.fetchval("select id from case_file where unit_id = $1", city.ours)
    with reaching(reach), pytest.raises(asyncpg.PostgresError, match="cannot be attached"):
        async with database.transaction() as db:
            await db.execute("insert into case_evidence values ($1, $2, $3, now())", case_id, held, officer.person_id)
    with reaching(reach):
        async with database.transaction() as db:
            counts = city.evidence[city.theirs]
            await db.execute("insert into case_evidence values ($1, $2, $3, now())", case_id, counts, officer.person_id)


async def test_a_late_fact_of_our_device_takes_away_what_counted_elsewhere(
    custodian: Custodian, clock: Clock, city: City
) -> None:
    device = await a_device(custodian.database, clock, city.ours)
    officer = await an_officer(custodian.database, city.theirs)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=device.tag)
    with reaching(units([city.ours], DAY)):
        event = VoidEvent(cause=VoidCause.REPAIR, occurred_at=CAPTURED - timedelta(days=1))
        await record.record_fact(custodian.database, clock, device.id, event, on_change=Suspension(clock))
        async with custodian.database.connection() as db:
            assert (await states_of(db, [evidence_id]))[evidence_id] == "UNDETERMINED"
    async with custodian.database.connection() as db:
        assert not await db.fetchval("select exists (select from admission where evidence_id = $1)", evidence_id)
        assert await db.fetchval("select exists (select from job where kind = 'judge-again')")
