"""Before a visit, at the desk: plan, team, approval, cap, and two units' visits made one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio
from asyncpg import InsufficientPrivilegeError
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, Role, UnitKind
from foundation.database import Database
from inspection.current import derive
from inspection.model import Operation, Source, Told
from inspection.planning.model import Visit
from inspection.planning.queries import rows_by_id
from inspection.planning.rules import counted
from inspection.pulling import Feeds
from inspection.queries import Arrived, add_operations
from plumbline.settings import Settings
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.inspection.drawing.builders import a_credit_code
from tests.support import FixedClock

ITEM = "JC-1"


class Planning(NamedTuple):
    client: httpx.AsyncClient
    database: Database
    ours: UUID
    theirs: UUID
    third: UUID
    able: list[OfficerWithPhone]
    tokens: dict[str, str]

    async def post(self, who: str, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return await self.client.post(f"/desk/v1{path}", json=body, headers=headers)

    async def get(self, who: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return (await self.client.get(f"/desk/v1{path}", headers=headers)).json()

    def task(self, unit_id: UUID, **changes: Any) -> dict[str, Any]:
        return {
            "unit_id": str(unit_id),
            "title": "噪声投诉",
            "source": "COMPLAINT",
            "due_on": "2026-06-20",
            "uscc": a_credit_code(1),
            "enterprise_name": "餐饮店",
            "items": [ITEM],
        } | changes

    async def made(self, who: str, unit_id: UUID, **changes: Any) -> str:
        answer = await self.post(who, "/inspections", self.task(unit_id, **changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest_asyncio.fixture
async def planning(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> AsyncIterator[Planning]:
    city = await a_unit(database)
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        ours, theirs, third = [
            (await agency.add_unit(db, UnitKind.DEPARTMENT, name, name, begins, parent_id=city)).id
            for name in ("城管局", "环保局", "交通局")
        ]
    for name, unit_id in (("ours", ours), ("theirs", theirs), ("third", third)):
        await somebody(database, unit_id, name, Role.ENTITY_HEAD)
    await somebody(database, city, "keeper", Role.ADMINISTRATOR)
    able = [await an_officer(database, ours) for _ in range(3)]
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        tokens = {}
        for name in ("ours", "theirs", "third", "keeper"):
            answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
            tokens[name] = answer.json()["token"]
        given = Planning(client, database, ours, theirs, third, able, tokens)
        item = {"code": ITEM, "act": "INSPECTION", "name_zh": "检查", "name_en": "Inspection", "legal_basis": "条例"}
        published = await given.post(
            "keeper", "/enforcement-items", item | {"unit_id": str(city), "begins": "2026-06-15"}
        )
        assert published.status_code == 201, published.text
        yield given


def ids(*officers: OfficerWithPhone) -> list[str]:
    return [str(officer.person_id) for officer in officers]


async def test_a_plan_becomes_tasks_once_and_only_for_a_team_that_may_go(planning: Planning) -> None:
    plan = {
        "unit_id": str(planning.ours),
        "title": "年度计划",
        "begins": "2026-06-15",
        "ends": "2026-12-31",
        "items": [ITEM],
        "published_on": "2026-06-15",
        "counts_why": "日常检查",
        "targets": [{"uscc": a_credit_code(one), "name": f"企业{one}"} for one in range(3)],
    }
    late = await planning.post("ours", "/inspection-plans", plan | {"published_on": "2026-06-16"})
    unknown = await planning.post("ours", "/inspection-plans", plan | {"items": ["JC-NONE"]})
    wrong = await planning.post("ours", "/inspection-plans", plan | {"targets": [{"uscc": "9" * 18, "name": "x"}]})
    assert [one.json()["type"].rpartition("/")[2] for one in (late, unknown, wrong)] == [
        "inspection-plan-days",
        "inspection-item-not-open",
        "inspection-enterprise",
    ]
    filed = await planning.post("ours", "/inspection-plans", plan)
    assert filed.status_code == 201, filed.text
    path = f"/inspection-plans/{filed.json()['id']}/tasks"
    expired = await an_officer(planning.database, planning.ours, credential=(date(2020, 1, 1), date(2026, 6, 19)))
    auxiliary = await an_officer(planning.database, planning.ours, kind=PersonKind.AUXILIARY)
    for second in (expired, auxiliary):
        refused = await planning.post("ours", path, {"due_on": "2026-06-20", "officers": ids(planning.able[0], second)})
        assert refused.json()["type"] == "/problems/inspection-team"
    team = {"due_on": "2026-06-20", "officers": ids(*planning.able[:2], auxiliary)}
    outside = await planning.post("ours", path, team | {"due_on": "2027-01-01"})
    assert (outside.json()["type"], outside.json()["field"]) == ("/problems/inspection-plan-days", "due_on")
    assert len((await planning.post("ours", path, team)).json()) == 3
    assert (await planning.post("ours", path, team)).json() == []
    assert len(await planning.get("ours", "/inspections")) == 3
    assert await planning.get("theirs", "/inspections") == []
    assert [one["title"] for one in await planning.get("ours", "/inspection-plans")] == ["年度计划"]


async def test_whoever_goes_no_more_is_told_so_and_a_head_approves_once(planning: Planning) -> None:
    a, b, c = planning.able
    task = await planning.made("ours", planning.ours, officers=ids(a, b))
    assert (await planning.post("ours", f"/inspections/{task}/team", {"officers": ids(a, c)})).status_code == 204
    feeds = Feeds(planning.database)
    assert f'"gone":["{task}"]'.encode() in await feeds.changes(b.person_id, 0)
    assert f'"id":"{task}"'.encode() in await feeds.changes(c.person_id, 0)
    path = f"/inspections/{task}/approval"
    assert (await planning.post("theirs", path, {})).status_code == 404
    assert (await planning.post("ours", path, {"note": "同意"})).status_code == 204
    assert (await planning.post("ours", path, {})).json()["type"] == "/problems/inspection-already-approved"
    assert b'"approved_at":"2026' in await feeds.changes(c.person_id, 0)


async def test_two_units_visits_are_one_only_when_both_agree_and_may_part(planning: Planning) -> None:
    lead = await planning.made("ours", planning.ours)
    other = await planning.made("theirs", planning.theirs)
    elsewhere = await planning.made("theirs", planning.theirs, uscc=a_credit_code(2))
    found = await planning.get("ours", f"/inspections/{lead}/merge-candidates")
    assert [one["id"] for one in found] == [other]
    path = f"/inspections/{lead}/visit-merges"
    assert (await planning.post("ours", path, {"other_id": elsewhere})).status_code == 409
    merge = (await planning.post("ours", path, {"other_id": other})).json()["id"]
    answer = f"/visit-merges/{merge}/answer"
    assert (await planning.post("ours", answer, {"agreed": True})).status_code == 404
    assert (await planning.get("ours", "/inspections"))[0]["joint_id"] is None
    assert (await planning.post("theirs", answer, {"agreed": True})).status_code == 204
    joint = {(await planning.get(who, "/inspections"))[0]["joint_id"] for who in ("ours", "theirs")}
    assert merge in joint
    assert (await planning.post("theirs", answer, {"agreed": False})).status_code == 409
    assert (await planning.post("ours", f"/visit-merges/{merge}/end", {"reason": "改期"})).status_code == 204
    assert (await planning.get("ours", "/inspections"))[0]["joint_id"] is None
    assert [one["id"] for one in await planning.get("theirs", "/visit-merges")] == [merge]


async def told_of(planning: Planning, clock: FixedClock, task: str, *whats: dict[str, Any]) -> None:
    """The first officer's phone tells this of a task, at the clock's instant."""
    officer, now = planning.able[0], clock.now()
    for what in whats:
        operation = Operation(
            id=uuid4(),
            inspection_id=UUID(task),
            author=officer.person_id,
            phone=officer.phone_id,
            replaces=frozenset(),
            earliest=now,
            latest=now,
            what=msgspec.convert(what, Told),
        )
        async with planning.database.transaction() as db:
            arrived = Arrived(operation, officer.unit_id, "jws", bytes(32))
            await add_operations(db, [arrived], officer.courier, now)
            await derive(db, [UUID(task)], now)


async def test_visits_that_count_reach_the_cap_and_what_an_officer_tells_holds_before_the_default(
    planning: Planning, clock: FixedClock
) -> None:
    cap = {"unit_id": str(planning.ours), "year": 2026, "most": 1, "basis": "年度频次上限公告"}
    assert (await planning.post("ours", "/visit-caps", cap)).status_code == 204
    complaint = await planning.made("ours", planning.ours)
    await told_of(planning, clock, complaint, {"type": "BEGUN", "source": "COMPLAINT"})
    path = f"/enterprises/{a_credit_code(1)}/visits"
    assert [one["counts"] for one in await planning.get("theirs", path)] == [False]
    await told_of(planning, clock, complaint, {"type": "CAP", "counts": True, "reason": "例行检查"})
    assert [one["counts"] for one in await planning.get("theirs", path)] == [True]
    refused = await planning.post("ours", "/inspections", planning.task(planning.ours, source="PLAN"))
    assert refused.json()["type"] == "/problems/inspection-cap-reached"
    await planning.made("ours", planning.ours, source="COMPLAINT")
    assert await planning.get("ours", f"{path}?year=2025") == []
    assert [one["id"] for one in await planning.get("ours", "/inspections?state=UNDER_WAY")] == [complaint]


async def test_what_is_planned_counts_toward_the_cap_before_anybody_goes_even_when_planned_twice_at_once(
    planning: Planning,
) -> None:
    cap = {"unit_id": str(planning.ours), "year": 2026, "most": 1, "basis": "年度频次上限公告"}
    assert (await planning.post("ours", "/visit-caps", cap)).status_code == 204
    both = await asyncio.gather(
        *(planning.post("ours", "/inspections", planning.task(planning.ours, source="PLAN")) for _ in range(2))
    )
    assert sorted(one.status_code for one in both) == [201, 409]
    assert await planning.get("ours", f"/enterprises/{a_credit_code(1)}/visits") != []
    await planning.made("ours", planning.ours, source="PLAN", uscc=a_credit_code(2))
    await planning.made("theirs", planning.theirs, source="PLAN")


async def test_a_drawing_makes_its_own_tasks_and_what_is_urgent_begins_on_the_spot(planning: Planning) -> None:
    for source in ("DOUBLE_RANDOM", "URGENT"):
        refused = await planning.post("ours", "/inspections", planning.task(planning.ours, source=source))
        assert (refused.status_code, refused.json()["field"]) == (400, "source")


async def test_three_units_that_agree_at_once_make_one_visit_of_three(planning: Planning) -> None:
    one, two = await planning.made("ours", planning.ours), await planning.made("theirs", planning.theirs)
    three = await planning.made("third", planning.third)
    merges = [
        (await planning.post("ours", f"/inspections/{one}/visit-merges", {"other_id": other})).json()["id"]
        for other in (two, three)
    ]
    again = await planning.post("theirs", f"/inspections/{two}/visit-merges", {"other_id": one})
    assert again.json()["type"] == "/problems/visit-merge-refused"
    answers = await asyncio.gather(
        planning.post("theirs", f"/visit-merges/{merges[0]}/answer", {"agreed": True}),
        planning.post("third", f"/visit-merges/{merges[1]}/answer", {"agreed": True}),
    )
    assert [answer.status_code for answer in answers] == [204, 204]
    async with planning.database.connection() as db:
        rows = await rows_by_id(db, [UUID(one), UUID(two), UUID(three)])
    assert len({row.joint_id for row in rows.values()}) == 1


async def test_the_applications_role_can_change_nothing_that_was_planned_or_decided(planning: Planning) -> None:
    await planning.made("ours", planning.ours)
    cap = {"unit_id": str(planning.ours), "year": 2026, "most": 4, "basis": "公告"}
    assert (await planning.post("ours", "/visit-caps", cap)).status_code == 204
    for statement in ("update visit_cap set most = 9", "delete from visit_cap"):
        with pytest.raises(InsufficientPrivilegeError):
            async with planning.database.transaction() as db:
                await db.execute(statement)


def test_one_visit_of_several_units_counts_once() -> None:
    joint = UUID(int=9)
    visits = [
        Visit(
            inspection_id=UUID(int=number),
            unit_id=UUID(int=1),
            source=Source.PLAN,
            title="检查",
            joint_id=joint_id,
            due_on=None,
            at=datetime(2026, 6, 15, tzinfo=UTC),
            counts=counts,
        )
        for number, joint_id, counts in ((1, joint, True), (2, joint, True), (3, None, True), (4, None, False))
    ]
    assert counted(visits) == 2
