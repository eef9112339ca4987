"""The catalogue at the desk: everybody reads it, an administrator publishes, empowers and ends."""

from datetime import date

from agency import queries as agency
from agency.model import Role, UnitKind
from foundation.database import Database
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of

PATH = "/desk/enforcement-items"
ITEM = {
    "code": "JC-001",
    "act": "INSPECTION",
    "name_zh": "餐饮油烟检查",
    "name_en": "Cooking fumes",
    "legal_basis": "《大气污染防治法》第八十一条",
    "begins": "2026-01-01",
}


async def test_an_item_is_published_a_street_empowered_and_both_ended_in_pages(desk: Desk, database: Database) -> None:
    city = await a_unit(database)
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        street = await agency.add_unit(db, UnitKind.STREET, "大智街道", "Dazhi Street", begins, parent_id=city)
    await somebody(database, city, "administrator", Role.ADMINISTRATOR)
    await desk.sign_in("administrator")
    assert "目前没有公布的事项" in text_of(await desk.read(PATH))
    said = ITEM | {"unit_id": str(city)}
    wrong = await desk.send(PATH, said | {"last_day": "2025-12-31"})
    assert (wrong.status_code, 'id="error-last_day"' in wrong.text) == (422, True)
    assert (await desk.send(PATH, said)).headers["location"] == f"{PATH}/JC-001?done=published"
    assert "餐饮油烟检查" in text_of(await desk.read(PATH))
    grant = {"step": "empower", "unit_id": str(street.id), "begins": "2026-02-01", "basis": "赋权清单"}
    assert (await desk.send(f"{PATH}/JC-001", grant)).headers["location"] == f"{PATH}/JC-001?done=empower"
    again = await desk.send(f"{PATH}/JC-001", grant)
    assert (again.status_code, 'id="error-begins"' in again.text) == (409, True)
    page = await desk.read(f"{PATH}/JC-001")
    assert "大智街道 2026-02-01 – 今后" in text_of(page)
    async with database.connection() as db:
        grant_id = str(await db.fetchval("select id from empowerment_grant"))
    ending = {"step": "end-grant", "grant_id": grant_id, "last_day": "2026-05-01", "reason": "评估后收回"}
    assert (await desk.send(f"{PATH}/JC-001", ending)).status_code == 422
    assert (await desk.send(f"{PATH}/JC-001", ending | {"decided_on": "2026-04-28"})).status_code == 303
    assert "大智街道 2026-02-01 – 2026-05-01" in text_of(await desk.read(f"{PATH}/JC-001"))
    over = {"step": "end", "last_day": "2026-06-30", "reason": "取消"}
    assert (await desk.send(f"{PATH}/JC-001", over)).status_code == 303
    assert 'name="reason"' not in (await desk.read(f"{PATH}/JC-001")).text
    assert (await desk.send(f"{PATH}/JC-001", {"step": "x"})).status_code == 400


async def test_others_read_the_catalogue_and_keep_nothing(desk: Desk, database: Database) -> None:
    city = await a_unit(database)
    await somebody(database, city, "administrator", Role.ADMINISTRATOR)
    await somebody(database, city, "head", Role.ENTITY_HEAD)
    await desk.sign_in("administrator")
    await desk.send(PATH, ITEM | {"unit_id": str(city)})
    await desk.sign_in("head")
    for path in (PATH, f"{PATH}/JC-001"):
        page = await desk.read(path)
        assert (page.status_code, 'method="post" action="/desk/enforcement-items' in page.text) == (200, False)
    assert (await desk.send(PATH, ITEM)).status_code == 403
    assert (await desk.send(f"{PATH}/JC-001", {"step": "end"})).status_code == 403
    assert (await desk.read(f"{PATH}/JC-404")).status_code == 404
