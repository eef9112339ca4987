"""The catalogue at the desk: everybody reads it, an administrator keeps that of their own units."""

from typing import Any

import httpx
import pytest

from agency.model import Role
from foundation.database import Database
from tests.agency.builders import City
from tests.agency.enforcement_items.builders import an_item
from tests.agency.test_http import signed_in
from tests.support import FixedClock

ITEMS, GRANTS = "/desk/v1/enforcement-items", "/desk/v1/empowerment-grants"
LISTS, CHECKLISTS = "/desk/v1/no-penalty-list", "/desk/v1/checklists"
TODAY, YESTERDAY = "2026-06-15", "2026-06-14"
"""Of FixedClock, in Beijing."""


def an_item_of(unit_id: object, **other: Any) -> dict[str, Any]:
    return {
        "code": "JC-001",
        "act": "INSPECTION",
        "name_zh": "餐饮  油烟检查",
        "name_en": "Cooking fumes",
        "legal_basis": "《大气污染防治法》第八十一条",
        "unit_id": str(unit_id),
        "begins": "2024-10-31",
    } | other


def a_grant_to(unit_id: object, **other: Any) -> dict[str, Any]:
    return {"unit_id": str(unit_id), "code": "JC-001", "begins": "2026-02-01", "basis": "赋权清单"} | other


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    told = answer.json()
    return answer.status_code, told["type"].removeprefix("/problems/"), told.get("field")


async def administrator(database: Database, desk: httpx.AsyncClient) -> City:
    return await signed_in(database, desk, Role.ADMINISTRATOR)


async def test_an_item_is_published_renamed_and_taken_out_and_every_version_stays(
    database: Database, desk: httpx.AsyncClient
) -> None:
    city = await administrator(database, desk)
    first = await desk.post(ITEMS, json=an_item_of(city.department.id))
    assert (first.status_code, first.json()["name_zh"], first.json()["ends"]) == (201, "餐饮 油烟检查", None)
    await desk.post(ITEMS, json=an_item_of(city.department.id, name_zh="新名称", begins="2026-01-01"))
    end = await desk.post(f"{ITEMS}/JC-001/end", json={"last_day": TODAY, "reason": "取消"})
    assert end.status_code == 204
    item = (await desk.get(f"{ITEMS}/JC-001")).json()
    assert [(one["name_zh"], one["begins"], one["ends"]) for one in item["versions"]] == [
        ("餐饮 油烟检查", "2024-10-31", "2026-01-01"),
        ("新名称", "2026-01-01", "2026-06-16"),
    ]
    assert [one["code"] for one in (await desk.get(ITEMS)).json()["items"]] == ["JC-001"]
    assert (await desk.get(ITEMS, params={"day": "2026-06-16"})).json() == {"items": [], "next": None}
    assert (await desk.get(ITEMS, params={"unit_id": str(city.street.id)})).json()["items"] == []


async def test_a_street_is_empowered_and_no_longer(database: Database, desk: httpx.AsyncClient) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)
    granted = await desk.post(GRANTS, json=a_grant_to(city.street.id))
    assert granted.status_code == 201
    again = await desk.post(GRANTS, json=a_grant_to(city.street.id, begins=TODAY))
    assert problem(again) == (409, "empowerment-overlaps", "begins")
    at = f"{GRANTS}/{granted.json()['id']}/end"
    assert (await desk.post(at, json={"last_day": TODAY, "reason": "评估后收回"})).status_code == 204
    assert problem(await desk.post(at, json={"last_day": TODAY, "reason": "x"})) == (409, "nothing-to-end", "last_day")
    listed = (await desk.get(GRANTS, params={"unit_id": str(city.street.id)})).json()
    assert [(one["code"], one["ends"]) for one in listed["grants"]] == [("JC-001", "2026-06-16")]
    assert (await desk.get(GRANTS, params={"code": "JC-002"})).json()["grants"] == []


async def test_nothing_ends_on_a_day_that_is_over(database: Database, desk: httpx.AsyncClient) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)
    granted = await desk.post(GRANTS, json=a_grant_to(city.street.id))
    end = {"last_day": YESTERDAY, "reason": "迟到的收回"}
    for at in (f"{ITEMS}/JC-001/end", f"{GRANTS}/{granted.json()['id']}/end"):
        assert problem(await desk.post(at, json=end)) == (422, "days-out-of-order", "last_day")


async def test_an_administrator_keeps_the_catalogue_of_their_own_units_only(
    database: Database, desk: httpx.AsyncClient
) -> None:
    city = await administrator(database, desk)  # of the east
    await an_item(database, city.west.id)
    taken_over = await desk.post(ITEMS, json=an_item_of(city.east.id, begins=TODAY))
    assert problem(taken_over) == (422, "unit-out-of-reach", "code")
    assert problem(await desk.post(ITEMS, json=an_item_of(city.west.id))) == (422, "unit-out-of-reach", "unit_id")
    assert problem(await desk.post(GRANTS, json=a_grant_to(city.city.id))) == (422, "unit-out-of-reach", "unit_id")
    end = {"last_day": TODAY, "reason": "x"}
    assert problem(await desk.post(f"{ITEMS}/JC-001/end", json=end)) == (404, "not-found", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"unit": "department"}, (422, "empowered-unit-no-street", "unit_id")),
        ({"code": "JC-404"}, (422, "enforcement-item-unknown", "code")),
        ({"last_day": "2024-12-31"}, (422, "days-out-of-order", "last_day")),
        ({"last_day": "9999-12-31"}, (400, "malformed", "last_day")),
        ({"begins": "0001-01-01"}, (400, "malformed", "begins")),
        ({"code": "../x"}, (400, "malformed", "code")),
    ],
)
async def test_a_grant_that_cannot_be_is_refused_at_its_field(
    database: Database, desk: httpx.AsyncClient, body: dict[str, str], expected: tuple[int, str, str]
) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)
    unit = getattr(city, body.pop("unit", "street"))
    assert problem(await desk.post(GRANTS, json=a_grant_to(unit.id, **body))) == expected


async def test_a_planned_version_is_in_the_way_of_an_earlier_one(database: Database, desk: httpx.AsyncClient) -> None:
    city = await administrator(database, desk)
    await desk.post(ITEMS, json=an_item_of(city.department.id, begins="2027-01-01"))
    earlier = await desk.post(ITEMS, json=an_item_of(city.department.id, begins=TODAY))
    assert problem(earlier) == (409, "later-version-planned", "begins")


async def test_officers_read_the_catalogue_and_keep_nothing(database: Database, desk: httpx.AsyncClient) -> None:
    city = await signed_in(database, desk, Role.FIELD_OFFICER)
    await an_item(database, city.department.id)
    for address in (ITEMS, f"{ITEMS}/unused", f"{ITEMS}/JC-001", GRANTS, LISTS, CHECKLISTS):
        assert (await desk.get(address)).status_code == 200, address
    for address in (ITEMS, f"{ITEMS}/JC-001/end", GRANTS, LISTS, CHECKLISTS):
        assert (await desk.post(address, json={})).status_code == 403, address
    assert problem(await desk.get(f"{ITEMS}/JC-404")) == (404, "not-found", None)


async def test_items_unused_for_five_years_are_listed(
    database: Database, desk: httpx.AsyncClient, clock: FixedClock
) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)  # published since 2020-01-01
    found = (await desk.get(f"{ITEMS}/unused")).json()
    assert (found["since"], [one["item"]["code"] for one in found["items"]]) == ("2021-06-15", ["JC-001"])
    assert (await desk.get(f"{ITEMS}/unused", params={"years": 7})).json()["items"] == []


async def test_a_no_penalty_entry_is_published_and_listed(database: Database, desk: httpx.AsyncClient) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)
    entry = {
        "code": "SW-001",
        "kind": "FIRST_OFFENCE",
        "unit_id": str(city.department.id),
        "item": "JC-001",
        "text": "首次占道",
        "conditions": "责令后当场改正",
        "begins": "2025-01-01",
    }
    assert (await desk.post(LISTS, json=entry)).status_code == 201
    assert [one["conditions"] for one in (await desk.get(LISTS)).json()["entries"]] == ["责令后当场改正"]
    unknown = await desk.post(LISTS, json=entry | {"code": "SW-002", "item": "JC-404"})
    assert problem(unknown) == (422, "enforcement-item-unknown", "item")


async def test_a_checklist_is_published_version_by_version(database: Database, desk: httpx.AsyncClient) -> None:
    city = await administrator(database, desk)
    await an_item(database, city.department.id)
    checklist = {
        "code": "CY",
        "unit_id": str(city.department.id),
        "title": "现场检查",
        "items": [{"code": "F-01", "text": "净化设施", "basis": "第八十一条"}],
        "item_codes": ["JC-001", "JC-001"],
        "begins": "2025-01-01",
    }
    assert (await desk.post(CHECKLISTS, json=checklist)).json()["version"] == 1
    assert (await desk.post(CHECKLISTS, json=checklist | {"begins": TODAY})).json()["version"] == 2
    (listed,) = (await desk.get(CHECKLISTS)).json()["checklists"]
    assert (listed["version"], listed["item_codes"], listed["items"]) == (2, ["JC-001"], checklist["items"])
    twice = checklist | {"items": [*checklist["items"], *checklist["items"]]}
    assert problem(await desk.post(CHECKLISTS, json=twice)) == (422, "checklist-point-twice", "items")
    unknown = checklist | {"item_codes": ["JC-404"], "begins": "2026-07-01"}
    assert problem(await desk.post(CHECKLISTS, json=unknown)) == (422, "enforcement-item-unknown", "item_codes")
