"""Each working list holds the devices it says, the most urgent first, at the instant it is asked for."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency import queries as agency
from agency.model import PersonKind, UnitKind
from device_registry.model import Device
from device_registry.problems import DeviceNotFound
from device_registry.queries import Policy, PolicyName, policy_by_unit, set_policy
from device_registry.record import record_fact
from device_registry.working_lists.model import Item, PlanEntry, PlanStep, WorkingList
from device_registry.working_lists.planning import take_step
from device_registry.working_lists.problems import PlanStepOutOfOrder
from device_registry.working_lists.queries import Within, counted, listed, plan_of
from device_registry.working_lists.rules import may_follow
from foundation.database import Database
from tests.builders import a_device, a_unit, verify
from tests.device_registry.builders import a_fail
from tests.device_registry.working_lists.fleet import a_fleet
from tests.support import FixedClock

TODAY = date(2026, 6, 15)
BODY = "武汉市计量测试检定所"


async def lists_of(database: Database, clock: FixedClock, unit_id: UUID) -> dict[WorkingList, list[Item]]:
    """What is not empty; and the counts say the same."""
    within = Within(signs_since={unit_id: TODAY - timedelta(days=365)})
    async with database.connection() as db:
        counts = await counted(db, within, clock.now())
        found = {name: await listed(db, name, within, clock.now(), most=1000) for name in WorkingList}
    assert counts == {name: len(items) for name, items in found.items()}
    return {name: items for name, items in found.items() if items}


async def a_planner(database: Database, unit_id: UUID) -> UUID:
    async with database.transaction() as db:
        return (await agency.add_person(db, PersonKind.STAFF, "管理员", "Manager", unit_id)).id


async def plan(
    database: Database, clock: FixedClock, planner: UUID, device: Device, step: PlanStep, day: date = TODAY
) -> None:
    entry = PlanEntry(step=step, day=day, body=BODY)
    await take_step(database, clock, [device.id], entry, units=[device.unit_id], recorded_by=planner)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, {WorkingList.PAST_DUE, WorkingList.NO_PLAN, WorkingList.SUSPENDED_BY_ITSELF}),
        (0, {WorkingList.DUE_30, WorkingList.DUE_60, WorkingList.DUE_90, WorkingList.NO_PLAN}),
        (30, {WorkingList.DUE_30, WorkingList.DUE_60, WorkingList.DUE_90, WorkingList.NO_PLAN}),
        (31, {WorkingList.DUE_60, WorkingList.DUE_90, WorkingList.NO_PLAN}),
        (61, {WorkingList.DUE_90, WorkingList.NO_PLAN}),
        (90, {WorkingList.DUE_90, WorkingList.NO_PLAN}),
        (91, set()),
    ],
)
async def test_days_until_the_last_valid_day_decide(
    database: Database, clock: FixedClock, days: int, expected: set[WorkingList]
) -> None:
    unit_id = await a_unit(database)
    last = TODAY + timedelta(days=days)
    await a_device(database, clock, unit_id, verified=(last - timedelta(days=364), last))
    found = await lists_of(database, clock, unit_id)
    assert found.keys() == expected
    assert all(item.days_left == days for name, (item,) in found.items() if name is not WorkingList.SUSPENDED_BY_ITSELF)


async def test_a_list_is_right_tomorrow_without_being_written(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    await a_device(database, clock, unit_id, verified=(date(2025, 6, 17), date(2026, 6, 16)))
    assert WorkingList.PAST_DUE not in await lists_of(database, clock, unit_id)
    clock.advance(timedelta(days=2))
    assert WorkingList.PAST_DUE in await lists_of(database, clock, unit_id)


async def test_never_verified_and_failed_are_told_apart(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    never = await a_device(database, clock, unit_id, tag="N", verified=None)
    failed = await a_device(database, clock, unit_id, tag="F")
    await record_fact(database, clock, failed.id, a_fail("2026-06-01"))
    found = await lists_of(database, clock, unit_id)
    assert [item.device_id for item in found[WorkingList.NEVER_VERIFIED]] == [never.id]
    assert [item.device_id for item in found[WorkingList.FAILED]] == [failed.id]
    assert WorkingList.PAST_DUE not in found


async def test_other_units_and_other_kinds_are_left_out(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    await a_device(database, clock, unit_id, verified=None)
    assert await lists_of(database, clock, uuid4()) == {}
    async with database.connection() as db:
        within = Within(signs_since={unit_id: TODAY}, kind="SPEED_RADAR_FIXED")
        assert set((await counted(db, within, clock.now())).values()) == {0}


async def test_what_is_planned_has_a_plan_until_it_is_verified_anew(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    device = await a_device(database, clock, unit_id, verified=(date(2025, 7, 2), date(2026, 7, 1)))
    planner = await a_planner(database, unit_id)
    await plan(database, clock, planner, device, PlanStep.PLANNED, date(2026, 6, 20))
    assert WorkingList.NO_PLAN not in await lists_of(database, clock, unit_id)
    await verify(database, clock, device, date(2026, 6, 14), date(2026, 9, 1))  # a plan of last time says nothing now
    assert WorkingList.NO_PLAN in await lists_of(database, clock, unit_id)


async def test_what_was_sent_is_at_the_body_until_it_returns(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    device = await a_device(database, clock, unit_id)
    planner = await a_planner(database, unit_id)
    await plan(database, clock, planner, device, PlanStep.SENT, TODAY - timedelta(days=3))
    (item,) = (await lists_of(database, clock, unit_id))[WorkingList.AT_BODY]
    assert (item.days_left, item.plan_body) == (-3, BODY)
    await verify(database, clock, device, date(2026, 6, 14), date(2027, 6, 13))
    assert WorkingList.AT_BODY in await lists_of(database, clock, unit_id)
    await plan(database, clock, planner, device, PlanStep.RETURNED)
    assert await lists_of(database, clock, unit_id) == {}
    async with database.connection() as db:
        assert [entry.step for entry in await plan_of(db, device.id)] == [PlanStep.RETURNED, PlanStep.SENT]


async def test_a_step_is_taken_for_all_devices_or_for_none(database: Database, clock: FixedClock) -> None:
    unit_id = await a_unit(database)
    planner = await a_planner(database, unit_id)
    sent, other = [await a_device(database, clock, unit_id, tag=tag) for tag in ("A", "B")]
    await plan(database, clock, planner, sent, PlanStep.SENT)
    back = PlanEntry(step=PlanStep.RETURNED, day=TODAY)
    with pytest.raises(PlanStepOutOfOrder) as refused:
        await take_step(database, clock, [sent.id, other.id], back, units=[unit_id], recorded_by=planner)
    assert refused.value.members == {"tags": ["B"]}
    with pytest.raises(DeviceNotFound):
        await take_step(database, clock, [sent.id], back, units=[], recorded_by=planner)
    assert WorkingList.AT_BODY in await lists_of(database, clock, unit_id)


@given(st.lists(st.sampled_from(PlanStep), max_size=30))
def test_no_order_of_steps_brings_back_what_was_not_sent(steps: list[PlanStep]) -> None:
    taken: list[PlanStep] = []
    for step in steps:
        if may_follow(taken[-1] if taken else None, step):
            taken.append(step)
    assert taken.count(PlanStep.SENT) - taken.count(PlanStep.RETURNED) in (0, 1)


async def test_the_nearest_government_says_how_old_a_sign_check_may_be(database: Database, clock: FixedClock) -> None:
    city = await a_unit(database)
    async with database.transaction() as db:
        street = await agency.add_unit(
            db, UnitKind.STREET, "大智街道", "Dazhi", date(2020, 1, 1), parent_id=city, division_code="420102002"
        )
        policy = Policy(city, PolicyName.SIGN_CHECK_DAYS, 90, date(2026, 1, 1), None, "武汉市规定")
        await set_policy(db, policy, clock.now(), None)
        assert await policy_by_unit(db, PolicyName.SIGN_CHECK_DAYS, TODAY) == {city: 90, street.id: 90}
        assert await policy_by_unit(db, PolicyName.SIGN_CHECK_DAYS, date(2025, 12, 31)) == {city: 365, street.id: 365}


async def test_pages_of_a_list_follow_each_other_without_gap(
    database: Database, clock: FixedClock, owner_url: str
) -> None:
    units = await a_fleet(owner_url, 3000)
    within = Within(signs_since=dict.fromkeys(units, TODAY))
    async with database.connection() as db:
        counts = await counted(db, within, clock.now())
        assert min(counts[name] for name in WorkingList if name is not WorkingList.NOT_ANNOUNCED) > 0
        for name in WorkingList:
            paged: list[Item] = []
            while page := await listed(db, name, within, clock.now(), after=paged[-1].tag if paged else None, most=400):
                paged += page
            assert paged == await listed(db, name, within, clock.now(), most=3000)
            assert len(paged) == counts[name]
            days = [item.day or date.max for item in paged]
            if name is not WorkingList.SIGN_CHECK_OLD:  # never checked comes first there
                assert days == sorted(days)
