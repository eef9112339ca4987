"""The campaign through HTTP: who may do what, in which units, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency.model import Role
from device_registry.model import POINTS, Aspect
from foundation.database import Database
from plumbline.settings import Settings
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.device_registry.cleanup.conftest import Campaigning
from tests.support import FixedClock

SITE: dict[str, Any] = {
    "monitored_items": ["超速行驶"],
    "basis_name": "道路交通安全法",
    "basis_article": "第一百一十四条",
    "basis_level": "LAW",
    "reviews": [
        {
            "aspect": aspect,
            "reviewing_body": "审核单位",
            "document_no": f"补审 {aspect}",
            "reviewed_on": "2026-06-01",
            "opinion": "符合要求",
            "points": [*POINTS[aspect]],
        }
        for aspect in Aspect
    ],
    "announcement": {"announced_on": "2024-01-01", "channel": "政府网站", "content": "解放大道"},
}
KEEP = {"treatment": "KEEP", "necessity": "事故多发", "reasons": "经核查", "site": SITE}


class People:
    """Everybody of the campaign, signed in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._tokens: dict[str, str] = {}

    async def call(self, who: str, method: str, path: str, **keywords: Any) -> httpx.Response:
        if who not in self._tokens:
            signed_in = await self.client.post("/desk/v1/sign-in", json={"sign_in_name": who, "password": PASSWORD})
            self._tokens[who] = signed_in.json()["token"]
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        return await self.client.request(method, f"/desk/v1/cleanup-campaigns{path}", headers=headers, **keywords)


@pytest_asyncio.fixture
async def people(
    services: Settings, database_url: str, clock: FixedClock, campaigning: Campaigning, database: Database
) -> AsyncIterator[People]:
    for name, role in (
        ("manager", Role.DEVICE_MANAGER),
        ("reviewer", Role.LEGAL_REVIEWER),
        ("supervisor", Role.SUPERVISOR),
        ("officer", Role.FIELD_OFFICER),
    ):
        await somebody(database, campaigning.unit_id, name, role)
    async with database.transaction() as db:
        elsewhere: UUID = await db.fetchval("insert into unit default values returning id")
    await somebody(database, elsewhere, "stranger", Role.SUPERVISOR, Role.DEVICE_MANAGER, Role.LEGAL_REVIEWER)
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield People(client)


async def test_a_campaign_from_its_opening_to_the_list_for_the_government(
    people: People, campaigning: Campaigning
) -> None:
    one, ids = f"/{campaigning.campaign.id}", [str(device_id) for device_id in campaigning.ids]
    stop = {"treatment": "STOP", "necessity": "无必要", "reasons": "重复设置"}
    body = {"conclusions": [KEEP | {"device_ids": ids[:2]}, stop | {"device_ids": ids[2:]}]}
    drawn = await people.call("manager", "POST", f"{one}/conclusions", json=body)
    assert drawn.status_code == 201, drawn.text
    page = (await people.call("reviewer", "GET", f"{one}/devices", params={"progress": "PENDING", "most": 2})).json()
    assert [device["tag"] for device in page["devices"]] == ["SRF-0000", "SRF-0001"]
    assert page["devices"][0]["assessment"]["legal_review"] == "HELD"
    assert (await people.call("supervisor", "GET", f"{one}/result")).json()["type"] == "/problems/cleanup-campaign-open"
    incomplete = await people.call("supervisor", "POST", f"{one}/closings")
    assert (incomplete.status_code, incomplete.json()["type"]) == (409, "/problems/cleanup-incomplete")
    confirmed = await people.call("reviewer", "POST", f"{one}/confirmations", json=drawn.json())
    assert confirmed.json() == {"decided": 3}
    closed = await people.call("supervisor", "POST", f"{one}/closings")
    assert closed.status_code == 201, closed.text
    assert closed.json()["units"] == [{"unit_id": str(campaigning.unit_id), "devices": 3, "concluded": 3, "pending": 0}]
    result = (await people.call("supervisor", "GET", f"{one}/result")).json()
    assert result["counts"] == {"KEEP": 2, "RECTIFY": 0, "STOP": 1, "REMOVE": 0}
    table = await people.call("supervisor", "GET", f"{one}/result.xlsx")
    assert (table.status_code, table.content[:2]) == (200, b"PK")
    follow_ups = await people.call("supervisor", "GET", f"{one}/follow-ups")
    assert follow_ups.json() == []


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("manager", "POST", "", {"unit_id": "unit", "name": "x", "basis": "y", "deadline": "2026-12-31"}),
        ("manager", "POST", "/one/confirmations", {"conclusion_ids": ["00000000-0000-4000-8000-000000000000"]}),
        ("reviewer", "POST", "/one/conclusions", {"conclusions": []}),
        ("reviewer", "POST", "/one/closings", None),
        ("officer", "GET", "", None),
    ],
)
async def test_everybody_does_their_own_part(
    people: People, campaigning: Campaigning, who: str, method: str, path: str, body: Any
) -> None:
    if body and "unit_id" in body:
        body["unit_id"] = str(campaigning.unit_id)
    answer = await people.call(who, method, path.replace("one", str(campaigning.campaign.id)), json=body)
    assert answer.status_code in (400, 403), answer.text
    if who != "reviewer" or body is None:
        assert answer.json()["type"] == "/problems/not-allowed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/devices", None),
        ("GET", "/follow-ups", None),
        ("GET", "/result", None),
        ("POST", "/closings", None),
        ("POST", "/confirmations", {"conclusion_ids": ["00000000-0000-4000-8000-000000000000"]}),
        (
            "POST",
            "/conclusions",
            {
                "conclusions": [
                    {
                        "device_ids": ["00000000-0000-4000-8000-000000000000"],
                        "treatment": "STOP",
                        "necessity": "x",
                        "reasons": "y",
                    }
                ]
            },
        ),
    ],
)
async def test_a_campaign_over_other_units_is_none(
    people: People, campaigning: Campaigning, method: str, path: str, body: Any
) -> None:
    answer = await people.call("stranger", method, f"/{campaigning.campaign.id}{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/cleanup-campaign-not-found")
    assert (await people.call("stranger", "GET", "")).json() == []
