"""What a unit may carry out is recorded late: evidence is judged again, and admissions go with what took them away."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from agency import queries as agency
from agency.enforcement_items import keeping, queries
from agency.enforcement_items.model import ItemVersion
from agency.enforcement_items.problems import DaysOutOfOrder
from agency.model import Actor, PersonKind, Role, RoleGrant
from evidence.custodian import Custodian
from evidence.explanation import explain
from evidence.reassessment import ItemSuspension
from foundation.civil import beginning_of, day_of
from plumbline.jobs import do_due
from tests.agency.enforcement_items.builders import a_grant, a_version, an_item
from tests.builders import OfficerWithPhone, an_officer
from tests.evidence.test_admission import hand_in
from tests.evidence.test_item import DAY, NOON, a_street
from tests.evidence.test_reassessment import admitted, story, verdicts


async def an_administrator(custodian: Custodian, unit_id: UUID) -> Actor:
    async with custodian.database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "管理员", "Administrator", unit_id)
    return Actor(person.id, PersonKind.STAFF, unit_id, None, (RoleGrant(Role.ADMINISTRATOR, unit_id),))


async def a_street_officer(custodian: Custodian, unit_id: UUID) -> OfficerWithPhone:
    return await an_officer(custodian.database, await a_street(custodian.database, unit_id))


async def empower(custodian: Custodian, officer: OfficerWithPhone, by: Actor, begins: date = DAY) -> UUID:
    heard = ItemSuspension(custodian.clock)
    granted = await keeping.empower(
        custodian.database, custodian.clock, by, officer.unit_id, "JC-001", begins, None, "赋权清单", heard
    )
    return granted.id


async def end(custodian: Custodian, grant_id: UUID, by: Actor, last_day: date, decided_on: date | None = None) -> None:
    ending = keeping.Ending(last_day, "收回", decided_on)
    heard = ItemSuspension(custodian.clock)
    await keeping.end_empowerment(custodian.database, custodian.clock, by, grant_id, ending, heard)


async def test_a_grant_recorded_late_lets_what_was_held_count_on_its_days(custodian: Custodian, unit_id: UUID) -> None:
    officer, by = await a_street_officer(custodian, unit_id), await an_administrator(custodian, unit_id)
    await an_item(custodian.database, unit_id)
    before, _ = await hand_in(custodian, officer, NOON - timedelta(days=1), item="JC-001")
    evidence_id, judged = await hand_in(custodian, officer, NOON, item="JC-001")
    assert judged.verdict.outcome == "HELD"
    await empower(custodian, officer, by)
    await do_due(custodian)
    assert story(await verdicts(custodian, evidence_id)) == [("HELD", ["ITEM_NOT_GRANTED"]), ("ADMITTED", [])]
    assert story(await verdicts(custodian, before)) == [("HELD", ["ITEM_NOT_GRANTED"])]
    assert await admitted(custodian) == [evidence_id]
    async with custodian.database.connection() as db:
        assert await queries.last_used(db, "JC-001") == {officer.unit_id: DAY}


async def test_an_item_published_late_lets_what_was_captured_under_it_count(
    custodian: Custodian, officer: OfficerWithPhone, unit_id: UUID
) -> None:
    by = await an_administrator(custodian, unit_id)
    evidence_id, judged = await hand_in(custodian, officer, NOON, item="JC-001")
    assert judged.verdict.outcome == "HELD"
    version = a_version("JC-001", unit_id, begins=DAY)
    heard = ItemSuspension(custodian.clock)
    await keeping.publish_item(custodian.database, custodian.clock, by, version, heard)
    await do_due(custodian)
    assert story(await verdicts(custodian, evidence_id)) == [("HELD", ["ITEM_UNKNOWN"]), ("ADMITTED", [])]


async def test_a_grant_that_ended_before_it_was_recorded_takes_admissions_away_at_once(
    custodian: Custodian, unit_id: UUID
) -> None:
    officer, by = await a_street_officer(custodian, unit_id), await an_administrator(custodian, unit_id)
    other = await a_street_officer(custodian, unit_id)
    await an_item(custodian.database, unit_id)
    await a_grant(custodian.database, other.unit_id)
    grant_id = await empower(custodian, officer, by)
    lawful, _ = await hand_in(custodian, officer, NOON, item="JC-001")
    after, _ = await hand_in(custodian, officer, NOON + timedelta(days=1), item="JC-001")
    theirs, _ = await hand_in(custodian, other, NOON + timedelta(days=1), item="JC-001")
    await end(custodian, grant_id, by, last_day=DAY, decided_on=DAY)
    assert await admitted(custodian) == sorted([lawful, theirs])
    suspended = (await verdicts(custodian, after))[-1]
    assert (suspended.outcome, [reason.code for reason in suspended.reasons]) == ("UNDETERMINED", ["ITEM_CHANGED"])
    assert "JC-001" in explain(suspended.reasons[0], "zh-CN")
    await do_due(custodian)
    assert [outcome for outcome, _ in story(await verdicts(custodian, after))] == ["ADMITTED", "UNDETERMINED", "HELD"]
    assert [outcome for outcome, _ in story(await verdicts(custodian, lawful))] == ["ADMITTED"]
    assert [outcome for outcome, _ in story(await verdicts(custodian, theirs))] == ["ADMITTED"]
    async with custodian.database.connection() as db:
        assert await db.fetchval("select end_decided_on from empowerment_grant where id = $1", grant_id) == DAY


async def test_nothing_ends_before_it_was_decided(custodian: Custodian, unit_id: UUID) -> None:
    officer, by = await a_street_officer(custodian, unit_id), await an_administrator(custodian, unit_id)
    await an_item(custodian.database, unit_id)
    grant_id = await empower(custodian, officer, by)
    today = day_of(custodian.clock.now())
    for last_day, decided_on, field in (
        (DAY, DAY + timedelta(days=1), "last_day"),
        (today - timedelta(days=1), None, "last_day"),
        (today + timedelta(days=2), today + timedelta(days=1), "decided_on"),
    ):
        with pytest.raises(DaysOutOfOrder) as refused:
            await end(custodian, grant_id, by, last_day, decided_on)
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("changed", "stays"),
    [({"name_zh": "新名称"}, True), ({"ends": DAY}, False), ({"unit": "street"}, False)],
    ids=["renamed", "with an end", "another unit's"],
)
async def test_a_version_published_late_takes_away_what_it_does_not_carry(
    custodian: Custodian, officer: OfficerWithPhone, unit_id: UUID, changed: dict[str, object], stays: bool
) -> None:
    by = await an_administrator(custodian, unit_id)
    await an_item(custodian.database, unit_id)
    evidence_id, _ = await hand_in(custodian, officer, NOON, item="JC-001")
    street = await a_street(custodian.database, unit_id)
    owner = street if changed.pop("unit", None) else unit_id
    version: ItemVersion = a_version("JC-001", owner, **({"begins": DAY - timedelta(days=3)} | changed))
    heard = ItemSuspension(custodian.clock)
    await keeping.publish_item(custodian.database, custodian.clock, by, version, heard)
    assert (await admitted(custodian) == [evidence_id]) is stays
    await do_due(custodian)
    assert (await admitted(custodian) == [evidence_id]) is stays


async def test_what_is_being_judged_holds_the_item_it_rests_on(
    custodian: Custodian, officer: OfficerWithPhone, unit_id: UUID
) -> None:
    """Two connections. A change written beside the judgement could be heard before there is anything to judge again."""
    by = await an_administrator(custodian, unit_id)
    await an_item(custodian.database, unit_id)
    async with custodian.database.transaction() as judging:
        await queries.hold_item(judging, "JC-001")
        ending = keeping.Ending(day_of(custodian.clock.now()), "取消")
        heard = ItemSuspension(custodian.clock)
        changing = asyncio.create_task(
            keeping.end_item(custodian.database, custodian.clock, by, "JC-001", ending, heard)
        )
        await asyncio.sleep(0.5)
        assert not changing.done()
    await changing
    async with custodian.database.transaction() as changing_now:
        await queries.change_item(changing_now, "JC-001")
        handing_in = asyncio.create_task(hand_in(custodian, officer, beginning_of(DAY), item="JC-001"))
        await asyncio.sleep(1)
        assert not handing_in.done()
    await handing_in
