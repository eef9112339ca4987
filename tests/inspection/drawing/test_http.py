"""A drawing at the desk and before the public: each step once, nothing changed, and a stranger reckons it again."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency.model import PersonKind, Role
from foundation.database import Database
from inspection.drawing import drawing as use_cases
from inspection.drawing import queries
from inspection.drawing.model import Pools, Result
from inspection.model import Source
from inspection.planning.queries import set_cap
from inspection.queries import inspections_by_id, positions_of
from plumbline.settings import Settings
from tests.agency.enforcement_items.builders import an_item
from tests.builders import a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.inspection.builders import AT
from tests.inspection.drawing.builders import a_credit_code
from tests.support import FixedClock

PATH = "/desk/v1/drawings"
SCRIPT = Path(__file__).parents[3] / "docs" / "double_random.py"


class Drawing(NamedTuple):
    client: httpx.AsyncClient
    database: Database
    new: dict[str, Any]
    able: list[str]
    """Officers with a credential."""
    barred: list[str]
    """One whose credential has expired, and an auxiliary."""

    async def made(self, **changes: Any) -> str:
        answer = await self.client.post(PATH, json=self.new | changes)
        assert answer.status_code == 201, answer.text
        return f"{PATH}/{answer.json()['id']}"


@pytest_asyncio.fixture
async def drawing(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> AsyncIterator[Drawing]:
    unit_id = await a_unit(database)
    await somebody(database, unit_id, "head", Role.ENTITY_HEAD)
    able = [str((await an_officer(database, unit_id)).person_id) for _ in range(4)]
    expired = await an_officer(database, unit_id, credential=(date(2020, 1, 1), date(2026, 6, 14)))
    auxiliary = await an_officer(database, unit_id, kind=PersonKind.AUXILIARY)
    barred = [str(expired.person_id), str(auxiliary.person_id)]
    new = {
        "unit_id": str(unit_id),
        "title": "餐饮油烟抽查",
        "basis": "年度抽查计划",
        "numbers": [{"number": 5}],
        "enterprises": [{"uscc": a_credit_code(one), "name": f"餐饮店 {one} 号"} for one in range(20)],
        "officers": able + barred,
        "conflicts": [{"officer": able[0], "uscc": a_credit_code(one), "reason": "亲属"} for one in range(20)],
    }
    settings = replace(services, database_url=database_url)
    async with speaking_to(settings, clock) as client:
        answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": "head", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield Drawing(client, database, new, able, barred)


async def reckoned(folder: Path) -> tuple[int, str]:
    run = [sys.executable, "-I", str(SCRIPT), str(folder / "drawing.json")]
    done = await asyncio.to_thread(subprocess.run, run, capture_output=True, check=False, text=True)
    return done.returncode, done.stdout


async def test_a_stranger_with_python_alone_reckons_a_published_drawing_again(drawing: Drawing, tmp_path: Path) -> None:
    client, path = drawing.client, await drawing.made(beacon_source="福利彩票双色球下一期")
    public = path.replace("/desk/", "/public/")
    assert (await client.get(public)).status_code == 404
    frozen = (await client.post(f"{path}/commitment")).json()
    told = (await client.get(public)).json()
    assert (told["drawing"]["commitment"], told["pools"], told["result"]) == (frozen["commitment"], None, None)
    without = await client.post(f"{path}/result", json={})
    assert (without.status_code, without.json()["type"]) == (422, "/problems/drawing-beacon")
    result = (await client.post(f"{path}/result", json={"beacon": "03 11 17 22 28 31 + 07"})).json()
    assert sha256(bytes.fromhex(result["seed"])).hexdigest() == frozen["commitment"]
    assert {one["officer"]: one["reason"] for one in result["excluded"]} == dict(
        zip(drawing.barred, ("CREDENTIAL_EXPIRED", "NOT_AN_OFFICER"), strict=True)
    )
    assert len(result["teams"]) == 5
    assert all(set(team["officers"]) <= set(drawing.able[1:]) for team in result["teams"])
    assert (await client.get(public)).json()["result"] is None
    assert (await client.post(f"{path}/publication")).status_code == 204
    published = (await client.get(public)).text
    assert "亲属" not in published
    (tmp_path / "drawing.json").write_text(published)
    assert await reckoned(tmp_path) == (0, "the same result\n")
    steered = json.loads(published)
    steered["result"]["teams"].reverse()
    (tmp_path / "drawing.json").write_text(json.dumps(steered))
    assert await reckoned(tmp_path) == (1, "ANOTHER RESULT\n")


async def test_every_step_is_taken_once_and_in_order(drawing: Drawing) -> None:
    client, path = drawing.client, await drawing.made()
    early = [await client.post(f"{path}/result", json={}), await client.post(f"{path}/publication")]
    once = [
        await client.post(f"{path}/commitment"),
        await client.post(f"{path}/result", json={}),
        await client.post(f"{path}/publication"),
    ]
    again = [
        await client.post(f"{path}/commitment"),
        await client.post(f"{path}/result", json={}),
        await client.post(f"{path}/publication"),
    ]
    assert [one.status_code for one in once] == [201, 201, 204]
    assert {(one.status_code, one.json()["type"]) for one in early + again} == {(409, "/problems/drawing-out-of-step")}


async def test_of_two_who_draw_at_the_same_time_one_draws(drawing: Drawing) -> None:
    path = await drawing.made()
    await drawing.client.post(f"{path}/commitment")
    answers = await asyncio.gather(*(drawing.client.post(f"{path}/result", json={}) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


async def published(drawing: Drawing, **changes: Any) -> tuple[str, dict[str, Any]]:
    path = await drawing.made(**changes)
    await drawing.client.post(f"{path}/commitment")
    result = (await drawing.client.post(f"{path}/result", json={})).json()
    await drawing.client.post(f"{path}/publication")
    return path, result


async def an_open_item(drawing: Drawing) -> dict[str, Any]:
    await an_item(drawing.database, UUID(drawing.new["unit_id"]), "JC-1")
    return {"due_on": "2026-06-20", "items": ["JC-1"]}


async def test_the_tasks_of_a_published_drawing_are_made_once_however_often_somebody_asks(drawing: Drawing) -> None:
    wish = await an_open_item(drawing)
    early = await drawing.made()
    assert (await drawing.client.post(f"{early}/tasks", json=wish)).json()["type"] == "/problems/drawing-out-of-step"
    path, result = await published(drawing)
    answers = await asyncio.gather(*(drawing.client.post(f"{path}/tasks", json=wish) for _ in range(3)))
    assert [one.status_code for one in answers] == [201] * 3
    assert sorted(len(one.json()["tasks"]) for one in answers) == [0, 0, 5]
    shown = (await drawing.client.get(path)).json()["tasks"]
    assert {one["state"] for one in shown.values()} == {"PLANNED"}
    async with drawing.database.connection() as db:
        found = await inspections_by_id(db, [UUID(one["inspection_id"]) for one in shown.values()])
    assert {one.source for one in found.values()} == {Source.DOUBLE_RANDOM}
    assert {one.enterprise.uscc: sorted(map(str, one.officers)) for one in found.values()} == {
        team["uscc"]: sorted(team["officers"]) for team in result["teams"]
    }
    officer = UUID(result["teams"][0]["officers"][0])
    async with drawing.database.connection() as db:
        assert await positions_of(db, [officer]) != {}


async def test_who_was_drawn_and_may_not_go_on_that_day_stops_all(drawing: Drawing) -> None:
    wish = await an_open_item(drawing)
    path, _ = await published(drawing)
    refused = await drawing.client.post(f"{path}/tasks", json=wish | {"due_on": "2036-06-20"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/inspection-team")
    unheard = await drawing.client.post(f"{path}/tasks", json=wish | {"items": ["JC-404"]})
    assert (unheard.status_code, unheard.json()["type"]) == (422, "/problems/inspection-item-not-open")
    assert (await drawing.client.get(path)).json()["tasks"] == {}


async def test_an_enterprise_visited_as_often_as_it_may_be_gets_no_task_and_the_others_do(drawing: Drawing) -> None:
    wish = await an_open_item(drawing)
    first, result = await published(drawing)
    assert len((await drawing.client.post(f"{first}/tasks", json=wish)).json()["tasks"]) == 5
    async with drawing.database.transaction() as db:
        await set_cap(db, UUID(drawing.new["unit_id"]), 2026, 1, "年度计划", UUID(drawing.able[0]), AT)
    path, _ = await published(drawing, numbers=[{"number": 20}])
    made = (await drawing.client.post(f"{path}/tasks", json=wish)).json()
    assert (len(made["tasks"]), made["at_cap"]) == (15, sorted(team["uscc"] for team in result["teams"]))


async def test_what_is_drawn_becomes_tasks_of_an_enterprise_and_its_officers(drawing: Drawing) -> None:
    path = await drawing.made()
    await drawing.client.post(f"{path}/commitment")
    result = (await drawing.client.post(f"{path}/result", json={})).json()
    shown = (await drawing.client.get(path)).json()
    tasks = use_cases.tasks_of(msgspec.convert(shown["pools"], Pools), msgspec.convert(shown["result"], Result))
    assert [(one.uscc, [str(officer) for officer in officers]) for one, officers in tasks] == [
        (team["uscc"], team["officers"]) for team in result["teams"]
    ]
    assert [one["reason"] for one in shown["reasons"]] == ["亲属"] * 20


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"enterprises": [{"uscc": "914201000000000000", "name": "店"}] * 2}, "enterprises"),
        ({"enterprises": [{"uscc": a_credit_code(1), "name": "店"}] * 2}, "enterprises"),
        ({"numbers": [{"number": 21}]}, "numbers"),
        ({"numbers": [{"number": 1, "stratum": "高风险"}]}, "numbers"),
        ({"team_size": 7}, "officers"),
        ({"conflicts": [{"officer": str(UUID(int=1)), "uscc": a_credit_code(1), "reason": "—"}]},
         "conflicts"),
    ],
)  # fmt: skip
async def test_pools_that_contradict_themselves_are_refused(
    drawing: Drawing, changes: dict[str, Any], field: str
) -> None:
    refused = await drawing.client.post(PATH, json=drawing.new | changes)
    assert (refused.status_code, refused.json()["type"], refused.json()["field"]) == (
        422,
        "/problems/drawing-pool",
        field,
    )


async def test_officers_of_another_unit_are_in_no_pool(drawing: Drawing) -> None:
    elsewhere = await an_officer(drawing.database, await a_unit(drawing.database))
    pool = [*drawing.able, str(elsewhere.person_id)]
    refused = await drawing.client.post(PATH, json=drawing.new | {"officers": pool})
    assert (refused.status_code, refused.json()["field"]) == (422, "officers")


async def test_where_too_few_are_left_nothing_is_drawn(drawing: Drawing) -> None:
    path = await drawing.made(officers=[*drawing.able[:2], *drawing.barred])
    await drawing.client.post(f"{path}/commitment")
    refused = await drawing.client.post(f"{path}/result", json={})
    assert (refused.status_code, len(refused.json()["left_out"])) == (409, 20)
    assert (await drawing.client.get(path)).json()["drawing"]["step"] == "FROZEN"


async def test_neither_the_program_nor_the_owner_of_the_tables_changes_a_drawing(
    drawing: Drawing, owner_url: str
) -> None:
    path = await drawing.made()
    await drawing.client.post(f"{path}/commitment")
    await drawing.client.post(f"{path}/result", json={})
    owner = await asyncpg.connect(owner_url)
    try:
        for statement in (
            "update drawing set pools = pools",
            "update drawing_commitment set seed = seed",
            "delete from drawing_result",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with drawing.database.transaction() as db:
                    await db.execute(statement)
            with pytest.raises(asyncpg.RaiseError) as refused:
                await owner.execute(statement)
            assert refused.value.constraint_name == "drawing_is_never_changed"
        seed = bytes(32)
        for statement, refusal in (
            ("insert into drawing_result select drawing_id, $1, '', sha256(''), drawn_at, drawn_by from drawing_result",
             asyncpg.UniqueViolationError),
            ("insert into drawing_commitment select id, pools_sha256, sha256('x'), $1, now(), made_by from drawing",
             asyncpg.CheckViolationError),
        ):  # fmt: skip
            with pytest.raises(refusal):
                await owner.execute(statement, seed)
    finally:
        await owner.close()


async def test_somebody_else_unit_sees_no_drawing(drawing: Drawing) -> None:
    path = await drawing.made()
    await somebody(drawing.database, await a_unit(drawing.database), "other", Role.ENTITY_HEAD)
    answer = await drawing.client.post("/desk/v1/sign-in", json={"sign_in_name": "other", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await drawing.client.get(path, headers=headers)).status_code == 404
    assert (await drawing.client.get(PATH, headers=headers)).json() == []
    async with drawing.database.connection() as db:
        assert len(await queries.published(db)) == 0


async def test_no_more_is_drawn_in_all_than_a_thread_reckons_in_seconds(drawing: Drawing) -> None:
    numbers = [{"number": 1000, "stratum": "高"}, {"number": 1, "stratum": "低"}]
    answer = await drawing.client.post(PATH, json=drawing.new | {"numbers": numbers})
    assert (answer.status_code, answer.json()["field"]) == (422, "numbers")
    assert "1001" in answer.json()["detail"]
