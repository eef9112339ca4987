"""The working calendar at the desk: who may add to it, and which of two entries holds."""

from datetime import date

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from agency import queries as agency
from agency.model import Role, UnitKind
from foundation.database import Database
from foundation.working_days import is_working_day
from plumbline.settings import Settings
from tests.builders import a_unit
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.support import FixedClock

PATH = "/desk/v1/working-days"
NOTICE = {"source": "通知", "rest": ["2027-01-01"], "work": ["2027-01-03"], "completes": 2027}


async def signed_in(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"


async def test_an_administrator_of_the_city_enters_a_year_and_the_later_word_about_a_day_holds(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> None:
    await somebody(database, await a_unit(database), "administrator", Role.ADMINISTRATOR)
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        await signed_in(client, "administrator")
        shown = (await client.post(PATH, json=NOTICE)).json()
        assert (2027 in shown["years"], "2027-01-03" in shown["work"]) == (True, True)
        await client.post(PATH, json={"source": "更正", "rest": ["2027-01-03"]})
        assert "2027-01-03" in (await client.get(PATH)).json()["rest"]
        twice = await client.post(PATH, json=NOTICE | {"work": ["2027-01-01"]})
        assert (twice.status_code, twice.json()["field"]) == (400, "work")
    async with database.connection() as db:
        calendar = await agency.working_days(db)
    assert [is_working_day(calendar, date(2027, 1, day)) for day in (1, 3, 4)] == [False, False, True]


async def test_neither_an_administrator_of_a_district_nor_the_program_changes_the_citys_calendar(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> None:
    city = await a_unit(database)
    async with database.transaction() as db:
        east = await agency.add_unit(db, UnitKind.DISTRICT, "江岸区", "East", date(2020, 1, 1), parent_id=city)
    await somebody(database, east.id, "district", Role.ADMINISTRATOR)
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        await signed_in(client, "district")
        assert (await client.post(PATH, json=NOTICE)).status_code == 403
    for statement in ("update calendar_day set worked = true", "delete from calendar_year"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as db:
                await db.execute(statement)
