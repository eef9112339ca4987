"""A server that lost something is offered it again by the app."""

import asyncpg

from tests.mobile_api.app.conftest import City, PhoneTab
from tests.mobile_api.app.test_bad_networks import asked, capture, whole

LOST = (
    "update stored_object set version_id = 'gone'",
    "update object_last_read set outcome = 'MISSING'",
    "insert into offer_call (cause, at) values ('RECONCILED', now())",
)


async def test_bytes_that_the_server_lost_come_again_by_themselves(phone: PhoneTab, city: City) -> None:
    await phone.sign_in("officer-a")
    await capture(phone, 300_000)
    await phone.settled()
    owner = await asyncpg.connect(city.settings.owner_url)
    for statement in LOST:
        await owner.execute(statement)
    await owner.close()
    await phone.engine("engine.sync()")
    for _ in range(100):
        if await asked(city, "select outcome from object_last_read") == "SAME":
            break
        await phone.page.wait_for_timeout(100)
    await phone.settled()
    await whole(city, 1)
    assert await asked(city, "select version_id from stored_object") != "gone"
    events = "select array_agg(event order by id) from custody_entry where event like 'evidence:%:re%aired'"
    assert await asked(city, events) == ["evidence:fixity:repaired"]
    assert await asked(city, "select count(*) from custody_entry where event = 'evidence:receipt:unbacked'") == 1
