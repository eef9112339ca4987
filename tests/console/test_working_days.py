"""The working calendar at the desk: an administrator of the whole city enters a year from its notice."""

from datetime import date

from agency import queries as agency
from agency.model import Role, UnitKind
from foundation.database import Database
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of

PATH = "/desk/working-days"
NOTICE = {"source": "通知", "rest": "2027-01-01\n2027-01-04", "work": "2027-01-03", "completes": "2027"}


async def test_a_year_is_entered_a_day_a_line_and_shown(desk: Desk, database: Database) -> None:
    await somebody(database, await a_unit(database), "administrator", Role.ADMINISTRATOR)
    await desk.sign_in("administrator")
    assert (await desk.send(PATH, NOTICE)).headers["location"] == f"{PATH}?done=entered"
    assert "2027 ● 已登记齐全 2027-01-01 、 2027-01-04 2027-01-03" in text_of(await desk.read(PATH))
    twice = await desk.send(PATH, NOTICE | {"work": "2027-01-01"})
    assert (twice.status_code, 'id="error-work"' in twice.text) == (400, True)
    unread = await desk.send(PATH, NOTICE | {"rest": "元旦"})
    assert (unread.status_code, "元旦" in unread.text) == (400, True)


async def test_whoever_administers_less_than_the_city_enters_nothing(desk: Desk, database: Database) -> None:
    city = await a_unit(database)
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        part = await agency.add_unit(db, UnitKind.DEPARTMENT, "城管局", "Urban", begins, parent_id=city)
    await somebody(database, part.id, "administrator", Role.ADMINISTRATOR)
    await desk.sign_in("administrator")
    assert (await desk.send(PATH, NOTICE)).status_code == 403
