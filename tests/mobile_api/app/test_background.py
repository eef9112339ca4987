"""With no page open a browser that has Background Sync wakes the app's worker, which hands in what waits."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.mobile_api.app.conftest import City, PhoneTab
from tests.mobile_api.app.network import Network
from tests.mobile_api.app.test_bad_networks import asked, capture, whole


async def test_what_waits_is_handed_in_with_no_page_open(far: PhoneTab, network: Network, city: City) -> None:
    network.away = True
    await capture(far, 300_000)
    await far.page.close()
    network.away = False
    elsewhere = await far.context.new_page()
    tools = await far.context.new_cdp_session(elsewhere)
    registrations: dict[str, Any] = {}
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registrations.update({one["scopeURL"]: one for one in told["registrations"]}),
    )
    await tools.send("ServiceWorker.enable")
    scope = f"{network.url}/app/"
    while scope not in registrations:  # noqa: ASYNC110 - told by the browser
        await asyncio.sleep(0.1)
    assert await asked(city, "select count(*) from evidence") == 0
    sync = {"registrationId": registrations[scope]["registrationId"], "tag": "plumbline-hand-in", "lastChance": False}
    await tools.send("ServiceWorker.dispatchSyncEvent", {"origin": network.url, **sync})
    while await asked(city, "select count(*) from reception") < 1:  # noqa: ASYNC110 - others write it
        await asyncio.sleep(0.2)
    await whole(city, 1)
    assert urlsplit(elsewhere.url).scheme == "about"
    again = far._replace(page=elsewhere)
    await again.open("#/queue")
    await again.settled()
