"""The catalogue in the database: what it says on a day, and what it refuses."""

import asyncio
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from agency.enforcement_items import queries
from agency.enforcement_items.model import Act, Checklist, ItemReason, NoPenaltyEntry, NoPenaltyKind, Point
from agency.enforcement_items.problems import EmpowermentOverlaps, ItemUnknown, NothingToEnd, VersionPlanned
from agency.queries import change_unit
from foundation.civil import beginning_of
from foundation.database import Database
from tests.agency.builders import City, a_city
from tests.agency.enforcement_items.builders import KNOWN, a_grant, a_version, an_item

DAY = date(2026, 5, 4)
NOON = beginning_of(DAY) + timedelta(hours=12)


async def reasons(database: Database, city: City, unit: str, instant: datetime = NOON) -> tuple[ItemReason, ...]:
    async with database.connection() as db:
        found = await queries.item_standings(db, getattr(city, unit).id, ["JC-001"], instant, instant)
    return found["JC-001"].reasons


async def codes_of(database: Database, city: City, unit: str, day: date = DAY, act: Act | None = None) -> list[str]:
    async with database.connection() as db:
        return [item.code for item in await queries.items_of(db, getattr(city, unit).id, day, act)]


async def test_the_rule_and_the_list_say_the_same_of_each_unit(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    await a_grant(database, city.street.id, begins=DAY, ends=DAY + timedelta(days=1))
    for unit, day, expected in (
        ("department", DAY, ()),
        ("street", DAY, ()),
        ("street", DAY + timedelta(days=1), (ItemReason.ITEM_NOT_GRANTED,)),
        ("east", DAY, (ItemReason.ITEM_OF_ANOTHER_UNIT,)),
        ("west", DAY, (ItemReason.ITEM_OF_ANOTHER_UNIT,)),
    ):
        assert await reasons(database, city, unit, beginning_of(day)) == expected, unit
        assert await codes_of(database, city, unit, day) == ([] if expected else ["JC-001"]), unit


async def test_a_street_that_became_a_department_is_judged_as_what_it_was_on_the_day(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.east.id)
    later = replace(city.street, kind=city.department.kind, begins=DAY, division_code=None)
    async with database.transaction() as db:
        await change_unit(db, later)
    assert await reasons(database, city, "street", NOON - timedelta(days=1)) == (ItemReason.ITEM_NOT_GRANTED,)
    assert await reasons(database, city, "street", NOON) == ()


async def test_an_interval_astride_the_midnight_of_the_end_is_partly_without(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id, ends=DAY)
    async with database.connection() as db:
        found = await queries.item_standings(
            db, city.department.id, ["JC-001"], beginning_of(DAY) - timedelta(seconds=1), beginning_of(DAY)
        )
    assert (found["JC-001"].reasons, found["JC-001"].partly) == ((ItemReason.ITEM_NOT_PUBLISHED,), True)


async def test_a_new_version_ends_the_one_that_held_the_day_before(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    await an_item(database, city.department.id, begins=DAY, name_zh="新名称")
    async with database.connection() as db:
        first, second = (await queries.versions_of(db, ["JC-001"]))["JC-001"]
    assert (first.ends, second.begins, second.name_zh) == (DAY, DAY, "新名称")


async def test_no_version_is_pushed_under_a_planned_one(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id, begins=DAY)
    with pytest.raises(VersionPlanned):
        await an_item(database, city.department.id, begins=DAY - timedelta(days=1))


async def test_two_administrators_who_publish_the_same_code_at_once_leave_one_version(database: Database) -> None:
    city = await a_city(database)
    done = await asyncio.gather(
        *(an_item(database, city.department.id, begins=DAY) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(one, VersionPlanned) for one in done) == [False, True]


async def test_an_item_ends_once_and_only_while_it_is_published(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    async with database.transaction() as db:
        await queries.end_version(db, "JC-001", DAY, reason="取消", ended_at=KNOWN, ended_by=None)
    assert await codes_of(database, city, "department", DAY - timedelta(days=1)) == ["JC-001"]
    assert await codes_of(database, city, "department", DAY) == []
    for ends in (DAY, DAY + timedelta(days=1)):
        with pytest.raises(NothingToEnd):
            async with database.transaction() as db:
                await queries.end_version(db, "JC-001", ends, reason="取消", ended_at=KNOWN, ended_by=None)


async def test_grants_of_one_street_and_item_do_not_overlap_and_need_the_item(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    granted = await a_grant(database, city.street.id, begins=DAY, ends=DAY + timedelta(days=9))
    with pytest.raises(EmpowermentOverlaps):
        await a_grant(database, city.street.id, begins=DAY + timedelta(days=8))
    with pytest.raises(ItemUnknown):
        await a_grant(database, city.street.id, "JC-404")
    async with database.transaction() as db:
        ends = DAY + timedelta(days=2)
        await queries.end_grant(db, granted.id, ends, reason="收回", ended_at=KNOWN, ended_by=None)
        assert [grant.ends for grant in await queries.grants(db, unit_id=city.street.id)] == [ends]


async def test_the_kind_of_act_selects(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.east.id)
    await an_item(database, city.east.id, "CF-001", act=Act.PENALTY)
    assert await codes_of(database, city, "department", act=Act.INSPECTION) == ["JC-001"]
    assert await codes_of(database, city, "department") == ["CF-001", "JC-001"]


async def test_the_last_use_only_moves_forward(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    async with database.transaction() as db:
        for day in (DAY, DAY - timedelta(days=30), DAY):
            await queries.item_used(db, "JC-001", city.department.id, day)
        assert await queries.last_used(db, "JC-001") == {city.department.id: DAY}


async def test_items_that_nobody_used_since_a_day_are_listed_the_new_ones_not(database: Database) -> None:
    city = await a_city(database)
    since = date(2021, 5, 4)
    for code, begins in (("USED", "2015"), ("RARE", "2015"), ("NEVER", "2015"), ("NEW", "2022"), ("RENAMED", "2015")):
        await an_item(database, city.department.id, code, begins=date(int(begins), 1, 1))
    await an_item(database, city.department.id, "RENAMED", begins=date(2024, 1, 1))
    await an_item(database, city.department.id, "GONE", begins=date(2015, 1, 1), ends=since)
    async with database.transaction() as db:
        await queries.item_used(db, "USED", city.street.id, since)
        await queries.item_used(db, "RARE", city.department.id, since - timedelta(days=1))
        found = await queries.unused(db, DAY, since, [city.department.id])
        assert await queries.unused(db, DAY, since, [city.west.id]) == []
    assert [(one.item.code, one.last_used_on) for one in found] == [
        ("NEVER", None),
        ("RENAMED", None),
        ("RARE", since - timedelta(days=1)),
    ]


async def test_the_no_penalty_list_is_that_of_the_items_and_the_day(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    entry = NoPenaltyEntry(
        code="SW-1",
        kind=NoPenaltyKind.FIRST_OFFENCE,
        unit_id=city.department.id,
        item="JC-001",
        text="首次占道",
        conditions="当场改正",
        begins=DAY,
    )
    async with database.transaction() as db:
        await queries.add_no_penalty(db, entry, KNOWN, None)
        assert await queries.no_penalty_list(db, ["JC-001"], DAY) == [entry]
        assert await queries.no_penalty_list(db, ["JC-001"], DAY - timedelta(days=1)) == []
        assert await queries.no_penalty_list(db, ["JC-002"], DAY) == []
    with pytest.raises(ItemUnknown):
        async with database.transaction() as db:
            await queries.add_no_penalty(db, replace(entry, code="SW-2", item="JC-404"), KNOWN, None)


async def test_checklists_are_numbered_version_by_version_and_the_old_one_stays(database: Database) -> None:
    city = await a_city(database)
    await an_item(database, city.department.id)
    new = Checklist(
        code="CY",
        version=7,
        unit_id=city.department.id,
        title="现场检查",
        items=(Point("F-01", "净化设施", "第八十一条"),),
        item_codes=("JC-001",),
        begins=date(2025, 1, 1),
    )
    async with database.transaction() as db:
        assert (await queries.add_checklist(db, new, KNOWN, None)).version == 1
        assert (await queries.add_checklist(db, replace(new, begins=DAY, title="新版"), KNOWN, None)).version == 2
        before = await queries.checklists_of(db, ["JC-001", "JC-404"], DAY - timedelta(days=1))
        after = await queries.checklists_of(db, ["JC-001"], DAY)
        assert await queries.checklists_of(db, ["JC-404"], DAY) == []
    assert [(one.version, one.title, one.ends) for one in (*before, *after)] == [
        (1, "现场检查", DAY),
        (2, "新版", None),
    ]
    assert after[0].items == new.items
    with pytest.raises(ItemUnknown):
        async with database.transaction() as db:
            await queries.add_checklist(db, replace(new, code="X", item_codes=("JC-404",)), KNOWN, None)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from enforcement_item_version",
        "delete from empowerment_grant",
        "update enforcement_item_version set name_zh = 'x'",
        "update empowerment_grant set code = 'x'",
        "update checklist set items = '[1]'",
        "delete from no_penalty_entry",
    ],
)
async def test_the_application_can_end_but_neither_edit_nor_delete(database: Database, statement: str) -> None:
    async with database.connection() as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)


async def test_the_catalogue_is_paged_by_code(database: Database) -> None:
    city = await a_city(database)
    for code in ("A", "B", "C"):
        await an_item(database, city.department.id, code)
    async with database.connection() as db:
        first = await queries.catalogue(db, DAY, most=2)
        rest = await queries.catalogue(db, DAY, unit_id=city.department.id, after=first[-1].code)
    assert [item.code for item in (*first, *rest)] == ["A", "B", "C"]
    assert first[0] == a_version("A", city.department.id)
