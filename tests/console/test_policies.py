"""Numbers of days and authorised bodies, kept by an administrator."""

from agency.model import Role
from foundation.database import Database
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of


async def test_an_administrator_sets_a_number_from_a_day_on(desk: Desk, database: Database) -> None:
    unit = await a_unit(database)
    await somebody(database, unit, "administrator", Role.ADMINISTRATOR)
    await desk.sign_in("administrator")
    source = "粤府〔2025〕12号"
    said = {"unit_id": str(unit), "name": "LEAD_DAYS", "value": "30", "begins": "2026-05-01", "source": source}
    assert (await desk.send("/desk/policies", said)).headers["location"] == "/desk/policies?done=policy"
    words = text_of(await desk.read("/desk/policies"))
    assert "公布后多少天方可使用 武汉市 30 2026-05-01" in words
    assert source in words
    again = await desk.send("/desk/policies", said)
    assert again.status_code == 409
    assert "所填日期内已有登记" in text_of(again)


async def test_a_body_is_listed_with_what_it_may_verify_until_when(desk: Desk, database: Database) -> None:
    await somebody(database, await a_unit(database), "administrator", Role.ADMINISTRATOR)
    await desk.sign_in("administrator")
    said = {"name": "某检定所", "authorisation_no": "授〔2026〕1", "kinds": "SOUND_LEVEL", "until": "2026-12-31"}
    assert (await desk.send("/desk/verification-bodies", said)).status_code == 303
    words = text_of(await desk.read("/desk/policies"))
    assert "某检定所 授〔2026〕1 声级计 一直 – 2026-12-31" in words
    backwards = await desk.send("/desk/verification-bodies", said | {"begins": "2027-01-01"})
    assert backwards.status_code == 400
    assert 'id="error-until"' in backwards.text


async def test_others_do_not_see_it(desk: Desk, database: Database) -> None:
    await somebody(database, await a_unit(database), "manager", Role.DEVICE_MANAGER)
    await desk.sign_in("manager")
    assert (await desk.read("/desk/policies")).status_code == 403
