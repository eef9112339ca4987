"""A whole campaign over HTTP; a stranger reckons its sample; what the database refuses whatever the program does."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import Role, UnitKind
from evidence.case_file_review.sheets import digest_of, standard
from foundation.database import Database
from plumbline.settings import Settings
from tests.client import speaking_to
from tests.console.conftest import somebody
from tests.evidence.case_file_review.builders import City, a_case, a_city, token
from tests.evidence.case_file_review.test_rules import full
from tests.support import FixedClock

PATH = "/desk/v1/case-file-reviews"
ORDERS = "/desk/v1/rectification-orders"
SCRIPT = Path(__file__).parents[3] / "docs" / "case_file_review.py"


class Campaign(NamedTuple):
    client: httpx.AsyncClient
    database: Database
    clock: FixedClock
    city: City
    tokens: dict[str, dict[str, str]]

    async def post(self, who: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.tokens[who])

    async def get(self, who: str, path: str) -> Any:
        return (await self.client.get(path, headers=self.tokens[who])).json()

    async def begun(self, **changes: Any) -> str:
        answer = await self.post("supervisor", PATH, self.city.campaign(digest_of(standard()).hex(), **changes))
        assert answer.status_code == 201, answer.text
        return f"{PATH}/{answer.json()['id']}"

    async def drawn(self, **changes: Any) -> str:
        path = await self.begun(**changes)
        self.clock.advance(timedelta(days=20))
        await self.sign_in()
        answer = await self.post("supervisor", f"{path}/draw", {})
        assert answer.status_code == 201, answer.text
        return path

    async def sign_in(self) -> None:
        for name in self.tokens:
            self.tokens[name] = await token(self.client, name)


@pytest_asyncio.fixture
async def campaign(
    services: Settings, database_url: str, database: Database, clock: FixedClock
) -> AsyncIterator[Campaign]:
    city = await a_city(database, clock)
    async with speaking_to(replace(services, database_url=database_url), clock) as client:
        made = Campaign(client, database, clock, city, {name: {} for name in city.people})
        await made.sign_in()
        yield made


def judged(**lost: int) -> dict[str, Any]:
    return {
        "items": [
            {key: value for key, value in (("code", one.code), ("points", one.points), ("found", one.found),
                                           ("reason", one.reason)) if value is not None}
            for one in full(**lost)
        ]
    }  # fmt: skip


async def test_a_campaign_goes_from_its_commitment_to_the_closing_of_its_orders(  # noqa: PLR0915 - one story
    campaign: Campaign, tmp_path: Path
) -> None:
    path = await campaign.begun()
    public = path.replace("/desk/", "/public/")
    told = (await campaign.client.get(public)).json()
    assert (told["review"]["step"], told["frame"], told["result"]) == ("RUNNING", None, None)
    early = await campaign.post("supervisor", f"{path}/draw", {})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/case-review-out-of-step")
    campaign.clock.advance(timedelta(days=20))
    await campaign.sign_in()
    result = (await campaign.post("other", f"{path}/draw", {})).json()
    assert sha256(bytes.fromhex(result["seed"])).hexdigest() == told["review"]["commitment"]
    assert len(result["files"]) == 3
    again = await campaign.post("other", f"{path}/draw", {})
    assert again.status_code == 409
    (tmp_path / "review.json").write_text((await campaign.client.get(public)).text)
    assert await reckoned(tmp_path) == (0, "the same sample\n")
    steered = json.loads((tmp_path / "review.json").read_text())
    steered["result"]["files"].reverse()
    (tmp_path / "review.json").write_text(json.dumps(steered))
    assert await reckoned(tmp_path) == (1, "ANOTHER SAMPLE\n")

    names = {str(id_): name for name, id_ in campaign.city.people.items()}
    for number, file in enumerate(result["files"]):
        case = f"{path}/files/{file['case']}"
        assert (await campaign.post("supervisor", f"{case}/order", {"demand": "整改"})).status_code == 409
        for reviewer in file["reviewers"]:
            lost = {"V3": 1, "S2": 5} if number == 0 else {}
            answer = await campaign.post(names[reviewer], f"{case}/judgement", judged(**lost))
            assert answer.status_code == 201, answer.text
            assert (await campaign.post(names[reviewer], f"{case}/judgement", judged())).status_code == 409
        spare = next(
            name
            for id_, name in names.items()
            if name in ("other", "reviewer", "supervisor") and id_ not in file["reviewers"]
        )
        assert (await campaign.post(spare, f"{case}/judgement", judged())).status_code == 404
    shown = await campaign.get("supervisor", path)
    marks = {one["case_id"]: (one["mark"]["score"], one["mark"]["grade"]) for one in shown["files"]}
    assert shown["review"]["step"] == "JUDGED"
    first, second = result["files"][0]["case"], result["files"][1]["case"]
    assert (marks[first], marks[second]) == ((95.0, "FAILED"), (100.0, "EXCELLENT"))

    assert (await campaign.post("supervisor", f"{path}/files/{second}/order", {"demand": "整改"})).status_code == 409
    made = await campaign.post("supervisor", f"{path}/files/{first}/order", {"demand": "补正", "working_days": 5})
    order = f"{ORDERS}/{made.json()['order_id']}"
    told = await campaign.get("head", order)
    assert told["order"]["due_on"] == "2026-07-10"  # from Sunday July 5, five working days
    assert [(one["code"], one["lost"]) for one in told["findings"]] == [("V3", 0), ("V3", 0), ("S2", 5), ("S2", 5)]
    assert (await campaign.post("supervisor", f"{order}/replies", {"text": "已整改"})).status_code == 403
    assert (await campaign.post("supervisor", f"{order}/closing")).status_code == 409
    assert (await campaign.post("head", f"{order}/replies", {"text": "已整改"})).json() == {"ordinal": 1}
    assert (await campaign.post("head", f"{order}/replies", {"text": "再次"})).status_code == 409
    without = await campaign.post("supervisor", f"{order}/replies/1/decision", {"accepted": False})
    assert without.status_code == 422
    returned = {"accepted": False, "reason": "缺材料"}
    assert (await campaign.post("supervisor", f"{order}/replies/1/decision", returned)).status_code == 204
    unkept = await campaign.post("head", f"{order}/replies", {"text": "附材料", "documents": ["ab" * 32]})
    assert unkept.status_code == 422
    assert (await campaign.post("head", f"{order}/replies", {"text": "附材料"})).json() == {"ordinal": 2}
    assert (await campaign.post("supervisor", f"{order}/replies/2/decision", {"accepted": True})).status_code == 204
    same = await campaign.post("supervisor", f"{order}/closing")
    assert (same.status_code, same.json()["type"]) == (409, "/problems/case-review-same-person")
    assert (await campaign.get("supervisor", path))["review"]["step"] == "JUDGED"
    assert (await campaign.post("other", f"{order}/closing")).status_code == 204
    assert (await campaign.get("supervisor", path))["review"]["step"] == "SETTLED"
    assert [one["state"] for one in await campaign.get("head", ORDERS)] == ["CLOSED"]
    async with campaign.database.connection() as db:
        told = await db.fetch("select event, count(*) from custody_entry where event like 'case:review:%' group by 1")
    assert {row[0].rpartition(":")[2]: row[1] for row in told} == {
        "committed": 1, "drawn": 1, "judged": 6, "ordered": 1, "replied": 2, "decided": 2, "closed": 1,
    }  # fmt: skip


async def reckoned(folder: Path) -> tuple[int, str]:
    run = [sys.executable, "-I", str(SCRIPT), str(folder / "review.json")]
    done = await asyncio.to_thread(subprocess.run, run, capture_output=True, check=False, text=True)
    return done.returncode, done.stdout


async def test_who_had_a_hand_in_a_case_never_reviews_it_and_too_few_stop_the_draw(campaign: Campaign) -> None:
    people = campaign.city.people
    path = await campaign.begun(reviewers=[str(people[name]) for name in ("insider", "other")])
    campaign.clock.advance(timedelta(days=20))
    await campaign.sign_in()
    short = await campaign.post("supervisor", f"{path}/draw", {})
    assert (short.status_code, len(short.json()["cases"])) == (409, 6)
    more = {"reviewers": [str(people["reviewer"]), str(people["supervisor"])]}
    assert (await campaign.post("supervisor", f"{path}/reviewers", more)).status_code == 204
    conflict = {"unit_id": str(campaign.city.bureau), "reason": "近亲属"}
    assert (await campaign.post("reviewer", f"{path}/conflicts", conflict)).status_code == 204
    for_another = conflict | {"reviewer_id": str(people["other"])}
    assert (await campaign.post("reviewer", f"{path}/conflicts", for_another)).status_code == 404
    result = (await campaign.post("supervisor", f"{path}/draw", {})).json()
    expected = {str(people["supervisor"]), str(people["other"])}
    assert all(set(one["reviewers"]) == expected for one in result["files"])
    public = (await campaign.client.get(path.replace("/desk/", "/public/"))).text
    assert "近亲属" not in public
    assert (await campaign.post("supervisor", f"{path}/reviewers", more)).status_code == 409
    assert (await campaign.post("reviewer", f"{path}/conflicts", conflict)).status_code == 409


async def test_a_campaign_whose_period_is_over_is_refused_and_so_is_one_over_units_out_of_reach(
    campaign: Campaign,
) -> None:
    sheet = digest_of(standard()).hex()
    for changes, status in (
        ({"ends": "2026-06-15"}, 409), ({"ends": "2026-05-01"}, 422), ({"share": 10}, 422), ({"number": None}, 422),
        ({"sheet": "00" * 32}, 422), ({"units": [str(UUID(int=5))]}, 422), ({"reviewers": [str(UUID(int=5))]}, 422),
    ):  # fmt: skip
        answer = await campaign.post("supervisor", PATH, campaign.city.campaign(sheet, **changes))
        assert (answer.status_code, changes) == (status, changes)
    assert (await campaign.post("head", PATH, campaign.city.campaign(sheet))).status_code == 403
    path = await campaign.begun(beacon_source="彩票")
    campaign.clock.advance(timedelta(days=20))
    await campaign.sign_in()
    assert (await campaign.post("supervisor", f"{path}/draw", {})).status_code == 422
    assert (await campaign.post("supervisor", f"{path}/draw", {"beacon": "03 11"})).status_code == 201


async def test_a_version_of_a_sheet_is_published_once_and_never_another(campaign: Campaign) -> None:
    shown = (await campaign.get("reviewer", "/desk/v1/case-file-review-sheets"))[0]["sheet"]
    own = shown | {"code": "OWN", "zh": "本市标准"}
    path = "/desk/v1/case-file-review-sheets"
    first = await campaign.post("supervisor", path, own)
    assert (first.status_code, (await campaign.post("supervisor", path, own)).status_code) == (201, 201)
    other = await campaign.post("supervisor", path, own | {"zh": "改过的"})
    assert (other.status_code, other.json()["field"]) == (422, "version")
    halved = await campaign.post("supervisor", path, own | {"version": 2, "items": own["items"][:-1]})
    assert halved.status_code == 422
    assert len(await campaign.get("reviewer", path)) == 2


async def refuses(database: Database, constraint: str, statement: str, *values: object) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with database.transaction() as db:
            await db.execute(statement, *values)
    assert constraint in (refused.value.constraint_name, refused.value.sqlstate), refused.value


async def test_the_database_refuses_a_late_or_another_seed_whatever_the_program_does(campaign: Campaign) -> None:
    path = await campaign.drawn()
    review_id = UUID(path.rpartition("/")[2])
    database = campaign.database  # as the application's own role
    copied = """
        insert into case_review (id, unit_id, terms, terms_sha256, sheet_sha256, ends_at, seed, commitment,
                                 committed_at, committed_by, custody_entry_id)
        select gen_random_uuid(), unit_id, terms, terms_sha256, sheet_sha256, {ends}, seed, {commitment}, committed_at,
               committed_by, custody_entry_id
          from case_review where id = $1
    """
    never = "case_review_is_in_the_log"
    await refuses(database, never, copied.format(ends="ends_at", commitment="commitment"), review_id)
    async with database.transaction() as db:  # a program that lies in the log, too, still cannot be late
        await db.execute(
            """
            insert into custody_entry (event, at, details)
            select event, $2, details from custody_entry
             where event = 'case:review:committed' and details ->> 'review_id' = $1
            """,
            str(review_id),
            campaign.clock.now(),
        )
    late = """
        insert into case_review (id, unit_id, terms, terms_sha256, sheet_sha256, ends_at, seed, commitment,
                                 committed_at, committed_by, custody_entry_id)
        select id, unit_id, terms, terms_sha256, sheet_sha256, ends_at, seed, commitment, $2, committed_by,
               (select max(id) from custody_entry where event = 'case:review:committed')
          from case_review where id = $1
    """
    await refuses(database, "case_review_committed_before_the_end", late, review_id, campaign.clock.now())
    for table in ("case_review", "case_review_draw", "case_review_assignment", "review_sheet", "case_file_closing"):
        await refuses(database, "42501", f"delete from {table}")
    await refuses(database, "42501", "update case_review set seed = sha256(seed) where id = $1", review_id)


async def test_the_database_refuses_another_seed_to_draw_with_an_early_draw_and_a_reviewer_in_conflict(
    campaign: Campaign, owner_url: str
) -> None:
    review_id = UUID((await campaign.begun()).rpartition("/")[2])
    drawing = """
        insert into case_review_draw (review_id, seed, ends_at, frame, frame_sha256, result, result_sha256, drawn_at,
                                      drawn_by)
        select id, {seed}, ends_at, '', sha256(''), '', sha256(''), {at}, committed_by from case_review where id = $1
    """
    database = campaign.database
    other = drawing.format(seed="sha256(seed)", at="ends_at")
    await refuses(database, "case_review_drawn_with_its_seed", other, review_id)
    early = drawing.format(seed="seed", at="ends_at - interval '1 second'")
    await refuses(database, "case_review_drawn_after_the_end", early, review_id)
    case, officer = campaign.city.cases[0], campaign.city.officer
    barred = (officer, campaign.city.people["insider"])
    async with database.transaction() as db:
        await db.execute(drawing.format(seed="seed", at="ends_at"), review_id)
        await db.execute("insert into case_review_file values ($1, $2, $3)", review_id, case, campaign.city.bureau)
        for person in barred:
            await db.execute("insert into case_review_reviewer values ($1, $2, now(), $2)", review_id, person)
    for person in barred:
        assigned = "insert into case_review_assignment values ($1, $2, $3)"
        await refuses(database, "case_review_without_conflict", assigned, review_id, case, person)
    owner = await asyncpg.connect(owner_url)
    try:
        with pytest.raises(asyncpg.PostgresError, match="never changed"):
            await owner.execute("update case_review set seed = seed")
    finally:
        await owner.close()


async def test_two_who_draw_at_once_draw_one_sample(campaign: Campaign) -> None:
    path = await campaign.begun()
    campaign.clock.advance(timedelta(days=20))
    await campaign.sign_in()
    answers = await asyncio.gather(*(campaign.post(who, f"{path}/draw", {}) for who in ("supervisor", "other")))
    assert sorted(one.status_code for one in answers) == [201, 409]


async def test_only_files_closed_in_the_period_are_drawn(campaign: Campaign) -> None:
    city = campaign.city
    left_open = await a_case(campaign.database, campaign.clock, city.bureau, city.officer, "未结", closed_on=None)
    path = await campaign.drawn(share=100, number=None)
    drawn = {UUID(one["case_id"]) for one in (await campaign.get("supervisor", path))["files"]}
    assert drawn == set(city.cases)
    assert left_open not in drawn


async def test_a_reviewer_from_elsewhere_sees_what_was_drawn_and_nothing_else_of_that_unit(campaign: Campaign) -> None:
    async with campaign.database.transaction() as db:
        day = date(2020, 1, 1)
        elsewhere = (
            await agency.add_unit(db, UnitKind.DISTRICT, "江岸区", "Jiang'an", day, parent_id=campaign.city.city)
        ).id
    guest = await somebody(campaign.database, elsewhere, "guest", Role.LEGAL_REVIEWER)
    campaign.tokens["guest"] = await token(campaign.client, "guest")
    people = [str(guest), str(campaign.city.people["other"])]
    path = await campaign.drawn(reviewers=people)
    shown = await campaign.get("guest", path)
    assert len(shown["files"]) == 3
    case = shown["files"][0]["case_id"]
    assert (await campaign.get("guest", f"/desk/v1/cases/{case}"))["status"] == 404
    assert (await campaign.post("guest", f"{path}/files/{case}/judgement", judged(V3=1))).status_code == 201
