"""The weekly counts in a real database, and who reads the list."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from time import perf_counter
from uuid import UUID

import httpx
import pytest_asyncio
from msgspec.structs import replace

from agency.model import Role
from evidence.anomalies.queries import weekly
from evidence.anomalies.rules import Measure, Series, anomalies
from foundation.civil import BEIJING
from foundation.database import Database
from plumbline.settings import Settings
from tests.builders import OfficerWithPhone, a_device, a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.support import FixedClock

WEEK = date(2026, 6, 8)
"""The last whole week before the tests' present."""


async def captured(
    database: Database, officer: OfficerWithPhone, tag: str, instants: list[datetime], outcome: str
) -> None:
    """Evidence as it stands when it was judged, without its bytes."""
    async with database.transaction() as db:
        await db.execute(
            """
            with taken as (
                insert into evidence (id, sha256, size, media_type, captured, device_tag, officer_id, phone_id, unit_id,
                                      facts, commitment, algorithm, committed_at, enrolled_at)
                select gen_random_uuid(), sha256('x'), 1, 'image/jpeg', tstzrange(at, at, '[]'), $1, $2, $3, $4, '{}',
                       '', 'ES256', at, at
                  from unnest($5::timestamptz[]) as at
                returning id
            )
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            select id, 1, $6, '[]', '{}', '1', 'test', now() from taken
            """,
            tag,
            officer.person_id,
            officer.phone_id,
            officer.unit_id,
            instants,
            outcome,
        )


def in_week(weeks_ago: int, count: int) -> list[datetime]:
    begins = datetime.combine(WEEK - timedelta(weeks=weeks_ago), datetime.min.time(), BEIJING)
    return [begins + timedelta(minutes=number) for number in range(count)]


@pytest_asyncio.fixture
async def unit_id(database: Database, clock: FixedClock) -> UUID:
    """A meter with ten quiet weeks and one that is not."""
    unit_id = await a_unit(database)
    officer = await an_officer(database, unit_id)
    await a_device(database, clock, unit_id)
    past = [instant for back in range(1, 11) for instant in in_week(back, 3 + back % 3)]
    await captured(database, officer, "SLM-001", [*past, *in_week(0, 30)], "ADMITTED")
    await captured(database, officer, "SLM-001", in_week(0, 6), "HELD")
    return unit_id


async def test_weeks_begin_on_monday_in_beijing_and_only_the_latest_verdict_counts(
    database: Database, unit_id: UUID
) -> None:
    async with database.connection() as db:
        [series] = await weekly(db, [unit_id], WEEK)
        assert await weekly(db, [], WEEK) == []
        await db.execute(
            """
            insert into verdict (evidence_id, ordinal, outcome, reasons, inputs, rule_version, cause, judged_at)
            select evidence_id, 2, 'ADMITTED', '[]', '{}', '1', 'again', now()
              from verdict where outcome = 'HELD' limit 1
            """
        )
        [again] = await weekly(db, [unit_id], WEEK)
    assert (series.counts[Measure.CAPTURES][WEEK], series.counts[Measure.HELD][WEEK]) == (36, 6)
    assert again.counts[Measure.HELD][WEEK] == 5
    assert len(series.past(Measure.CAPTURES, WEEK)) == 10
    assert sum(series.past(Measure.CAPTURES, WEEK)) == sum(3 + back % 3 for back in range(1, 11))


@pytest_asyncio.fixture
async def client(
    services: Settings, database_url: str, database: Database, unit_id: UUID, clock: FixedClock
) -> AsyncIterator[httpx.AsyncClient]:
    await somebody(database, unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(database, unit_id, "manager", Role.DEVICE_MANAGER)
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


async def read(client: httpx.AsyncClient, who: str, **query: str) -> httpx.Response:
    signed_in = await client.post("/desk/v1/sign-in", json={"sign_in_name": who, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed_in.json()['token']}"}
    return await client.get("/desk/v1/anomalies", params=query, headers=headers)


async def test_a_supervisor_reads_each_anomaly_in_a_sentence(client: httpx.AsyncClient) -> None:
    answer = (await read(client, "supervisor")).json()
    assert answer["week"] == "2026-06-08"
    assert [row["anomaly"]["measure"] for row in answer["anomalies"]] == ["CAPTURES", "HELD"]
    assert answer["anomalies"][0]["words"].startswith("SLM-001：2026-06-08 起的一周采集 36 条。")
    assert (await read(client, "supervisor", measure="HELD", order="UNIT")).json()["anomalies"] == answer["anomalies"][
        1:
    ]
    assert (await read(client, "supervisor", day="2026-06-03")).json()["anomalies"] == []


async def test_nobody_else_reads_them(client: httpx.AsyncClient) -> None:
    assert (await read(client, "manager")).status_code == 403


def test_a_large_fleet_is_reckoned_in_seconds() -> None:
    weeks = [WEEK - timedelta(weeks=back) for back in range(27)]
    fleet = []
    for number in range(20_000):
        counts = {week: 20 + (number * 7919 + at * 104729) % 15 for at, week in enumerate(weeks)}
        both = {Measure.CAPTURES: counts, Measure.HELD: {WEEK: number % 3}}
        fleet.append(Series(UUID(int=number), f"T{number}", f"K{number % 20}", UUID(int=1), weeks[-1], both))
    begun = perf_counter()
    found = anomalies(fleet, WEEK)
    assert found == []
    assert perf_counter() - begun < 30
