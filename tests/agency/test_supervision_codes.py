"""Supervision codes at the desk: from a day on, for whose administrator the whole city is, one enterprise a code."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import Role, UnitKind
from foundation.database import Database
from plumbline.settings import Settings
from tests.agency.test_working_days import signed_in
from tests.builders import a_unit
from tests.client import speaking_to
from tests.console.conftest import somebody
from tests.inspection.drawing.builders import a_credit_code
from tests.support import FixedClock

PATH = "/desk/v1/supervision-codes"
FIRST, SECOND = a_credit_code(1), a_credit_code(2)


def a_code(code: str = "WH-1", uscc: str = FIRST, begins: str = "2026-01-01", **more: str) -> dict[str, str]:
    return {"code": code, "uscc": uscc, "begins": begins} | more


@pytest_asyncio.fixture
async def desk(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> AsyncIterator[httpx.AsyncClient]:
    city = await a_unit(database)
    async with database.transaction() as db:
        district = await agency.add_unit(
            db, UnitKind.DISTRICT, "江岸区", "Jiangan", date(2020, 1, 1), parent_id=city, division_code="420102"
        )
    await somebody(database, city, "administrator", Role.ADMINISTRATOR)
    await somebody(database, district.id, "of-a-district", Role.ADMINISTRATOR)
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        await signed_in(client, "administrator")
        yield client


async def enter(desk: httpx.AsyncClient, *codes: dict[str, str]) -> httpx.Response:
    return await desk.post(PATH, json={"codes": list(codes)})


async def test_a_code_stands_for_one_enterprise_after_the_other(desk: httpx.AsyncClient, database: Database) -> None:
    address = a_code("https://codes.example/e?code=WH-2")
    assert (await enter(desk, a_code(), address, a_code("WH-3", last_day="2026-03-01"))).status_code == 204
    assert (await enter(desk, a_code(uscc=SECOND, begins="2026-07-01"))).status_code == 204
    today = (await desk.get(PATH)).json()
    assert [(one["code"], one["uscc"]) for one in today["codes"]] == [("WH-1", FIRST), ("WH-2", FIRST)]
    assert today["next"] is None
    later = (await desk.get(PATH, params={"day": "2026-07-01", "after": "WH-0"})).json()["codes"]
    assert {one["code"]: one["uscc"] for one in later} == {"WH-1": SECOND, "WH-2": FIRST}
    days = [date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1)]
    async with database.connection() as db:
        found = await agency.enterprises_under(db, [("WH-1", day) for day in days])
        assert await agency.codes_of_enterprises(db, [SECOND], days[2]) == {"WH-1": SECOND}
    assert [found.get(("WH-1", day)) for day in days] == [None, FIRST, SECOND]


@pytest.mark.parametrize(
    ("codes", "status", "problem"),
    [
        ([a_code(uscc=FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1"))], 422, "supervision-code-refused"),
        ([a_code(FIRST)], 422, "supervision-code-refused"),
        ([a_code(), a_code(uscc=SECOND)], 422, "supervision-code-refused"),
        ([a_code(last_day="2025-01-01")], 400, "malformed"),
        ([a_code("WH-0"), a_code("WH-9", begins="2026-02-01")], 409, "supervision-code-planned"),
    ],
    ids=["check digit", "a credit code", "twice", "backwards", "planned already"],
)
async def test_what_cannot_be_is_refused_and_nothing_of_it_entered(
    desk: httpx.AsyncClient, codes: list[dict[str, str]], status: int, problem: str
) -> None:
    await enter(desk, a_code("WH-9", SECOND, begins="2027-01-01"))
    refused = await enter(desk, *codes)
    assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{problem}")
    assert (await desk.get(PATH)).json()["codes"] == []


async def test_whoever_administers_less_than_the_city_enters_none(desk: httpx.AsyncClient) -> None:
    await signed_in(desk, "of-a-district")
    assert (await enter(desk, a_code())).status_code == 403
    assert (await desk.get(PATH)).status_code == 200
