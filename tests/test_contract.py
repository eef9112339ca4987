"""The API's description is complete, its viewer needs no other host, and the program does what the description says."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agency.model import Role, UnitKind
from agency.queries import add_unit
from device_registry.model import Datum, Place
from device_registry.notices.model import NewNotice
from device_registry.notices.queries import notify
from foundation.civil import day_of
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.settings import Settings
from tests.builders import a_device, a_sited_device, a_unit, an_officer
from tests.inspection.builders import a_task
from tests.inspection.drawing.builders import a_credit_code
from tests.mobile_api.conftest import TUS, a_phone
from tests.served import served

DESCRIPTION = "/openapi/openapi.json"
CHECKED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MOST_EXAMPLES = 12
"""For each operation, always the same ones."""


class Contract(NamedTuple):
    """A served program, the token of somebody who may do everything, and what the program says of itself."""

    url: str
    token: str
    described: dict[str, Any]
    known: dict[str, str]
    """By the name of a path parameter: something that is there."""

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, item in self.described["paths"].items():
            for method, operation in item.items():
                yield f"{method.upper()} {path}", operation


@pytest_asyncio.fixture(scope="session")
async def contract(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Contract]:
    log = tmp_path_factory.mktemp("contract") / "log"
    database = await Database.open(shared_settings.database_url, most=2, unless_said=EVERYTHING)
    with served(shared_settings, log) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            roles = [role for role in Role if role is not Role.FIELD_OFFICER]
            phone = await a_phone(client, database, await a_unit(database), "everybody", *roles)
            device = await a_device(database, SystemClock(), phone.officer.unit_id, tag="SLM-CONTRACT")
            place = Place(114.3, 30.6, Datum.WGS84)
            await a_sited_device(database, SystemClock(), phone.officer.unit_id, place, tag="SRF-CONTRACT")
            over = {"unit_id": str(phone.officer.unit_id), "name": "清理", "basis": "国发〔2024〕5号"}
            opened = await client.post("/desk/v1/cleanup-campaigns", json=over | {"deadline": "2099-12-31"})
            known = {
                "campaign_id": opened.json()["id"],
                "drawing_id": await _a_drawing(client, database, phone.officer.unit_id),
                "tag": "SRF-CONTRACT",
                "device_id": str(device.id),
                "list_name": "PAST_DUE",
                "notice_id": await _a_notice(database, phone.officer.person_id),
                "inspection_id": str((await a_task(database, SystemClock(), phone.officer)).id),
                "evidence_id": await phone.commit(b"bytes that never come", SystemClock()),
                "sha256": (await client.post("/desk/v1/documents", content=b"%PDF-1.7 of a contract")).json()["sha256"],
                "slug": "malformed",
                "item_code": await _an_item(client, phone.officer.unit_id),
                "uscc": a_credit_code(1),
                "export_id": str(uuid4()),
                "phone_id": str(uuid4()),  # revoking its own would end the session
                "case_id": await _a_case(client, phone.officer.unit_id),
                "review_id": await _a_case_review(client, phone.officer.unit_id, phone.officer.person_id),
                "list_id": str(uuid4()),  # of a disposal: nothing here has outlived its term
                "hold_id": str(uuid4()),
                "watch_id": await _a_watch(client, device.id),
                "clue_id": await _a_clue(client, phone.officer.unit_id),
                **await _a_plan_and_a_merge(client, database, phone.officer.unit_id),
                **await _a_report(client, database, phone.officer.unit_id),
            }
            described = (await client.get(DESCRIPTION)).json()
            yield Contract(url, client.headers["Authorization"], described, known)
    await database.close()
    assert "unexpected failure" not in log.read_text()


async def _a_notice(database: Database, person_id: UUID) -> str:
    told = NewNotice(subject="REVIEW_LATE", details={"tag": "SLM-CONTRACT", "days": 20}, person_id=person_id)
    async with database.transaction() as db:
        await notify(db, [told], SystemClock().now())
        return str(await db.fetchval("select id from notice where person_id = $1", person_id))


async def _a_case(client: httpx.AsyncClient, unit_id: UUID) -> str:
    case = {"number": "2026-1", "unit_id": str(unit_id), "title": "噪声超标", "opened_on": "2026-01-05"}
    return str((await client.post("/desk/v1/cases", json=case)).json()["id"])


async def _a_watch(client: httpx.AsyncClient, device_id: UUID) -> str:
    return str(
        (await client.post("/desk/v1/watches", json={"kind": "DEVICE", "subject_id": str(device_id)})).json()["id"]
    )


async def _a_clue(client: httpx.AsyncClient, unit_id: UUID) -> str:
    clue = {"channel": "WEB", "unit_id": str(unit_id), "received_at": "2026-01-05T08:00:00Z", "text": "反映问题"}
    return str((await client.post("/desk/v1/clues", json=clue | {"reporter_name": "某甲"})).json()["id"])


async def _a_case_review(client: httpx.AsyncClient, unit_id: UUID, person_id: UUID) -> str:
    """Committed to, its period still running."""
    sheet = (await client.get("/desk/v1/case-file-review-sheets")).json()[0]["sha256"]
    terms = {
        "title": "案卷评查",
        "basis": "工作计划",
        "kind": "COMPREHENSIVE",
        "begins": "2026-01-01",
        "ends": "2099-01-01",
    }
    over = {"unit_id": str(unit_id), "units": [str(unit_id)], "reviewers": [str(person_id)], "number": 3}
    return str((await client.post("/desk/v1/case-file-reviews", json=terms | over | {"sheet": sheet})).json()["id"])


async def _an_item(client: httpx.AsyncClient, unit_id: UUID) -> str:
    item = {"code": "JC-CONTRACT", "act": "INSPECTION", "name_zh": "检查", "name_en": "Inspection"}
    published = {"legal_basis": "第八十一条", "unit_id": str(unit_id), "begins": "2024-10-31"}
    return str((await client.post("/desk/v1/enforcement-items", json=item | published)).json()["code"])


async def _a_plan_and_a_merge(client: httpx.AsyncClient, database: Database, city: UUID) -> dict[str, str]:
    """A plan of the city under the item, and the city's proposal to visit together with a unit below it."""
    plan = {"unit_id": str(city), "title": "检查计划", "items": ["JC-CONTRACT"], "counts_why": "日常检查"}
    days = {"begins": "2099-01-01", "ends": "2099-12-31", "published_on": "2098-12-31"}
    target = {"uscc": a_credit_code(1), "name": "餐饮店"}
    filed = await client.post("/desk/v1/inspection-plans", json=plan | days | {"targets": [target]})
    task = {"title": "核查", "source": "COMPLAINT", "due_on": "2099-01-01", "items": ["JC-CONTRACT"]}
    about = task | {"uscc": a_credit_code(1), "enterprise_name": "餐饮店"}
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        below = await add_unit(db, UnitKind.DEPARTMENT, "市生态环境局", "Ecology", begins, parent_id=city)
    made = [
        await client.post("/desk/v1/inspections", json=about | {"unit_id": one}) for one in (str(city), str(below.id))
    ]
    lead, other = [one.json()["id"] for one in made]
    merge = await client.post(f"/desk/v1/inspections/{lead}/visit-merges", json={"other_id": other})
    return {"plan_id": filed.json()["id"], "merge_id": merge.json()["id"]}


async def _a_drawing(client: httpx.AsyncClient, database: Database, unit_id: UUID) -> str:
    """Of one enterprise and two officers, committed to."""
    officers = [str((await an_officer(database, unit_id)).person_id) for _ in range(2)]
    pool = {"enterprises": [{"uscc": a_credit_code(1), "name": "餐饮店"}], "officers": officers}
    made = {"unit_id": str(unit_id), "title": "抽查", "basis": "抽查计划", "numbers": [{"number": 1}]} | pool
    drawing_id: str = (await client.post("/desk/v1/drawings", json=made)).json()["id"]
    await client.post(f"/desk/v1/drawings/{drawing_id}/commitment")
    return drawing_id


async def _a_report(client: httpx.AsyncClient, database: Database, city: UUID) -> dict[str, str]:
    """A bureau's annual report and its city's roll-up."""
    async with database.transaction() as db:
        bureau = await add_unit(db, UnitKind.DEPARTMENT, "市城市管理执法委", "Bureau", date(2020, 1, 1), parent_id=city)
    year = day_of(SystemClock().now()).year
    report = await client.post("/desk/v1/annual-reports", json={"unit_id": str(bureau.id), "year": year})
    roll_up = await client.post("/desk/v1/annual-report-roll-ups", json={"unit_id": str(city), "year": year})
    return {"report_id": report.json()["id"], "roll_up_id": roll_up.json()["id"]}


def test_every_operation_says_what_it_does_and_all_it_can_answer(contract: Contract) -> None:
    incomplete = {name: missing for name, operation in contract.operations() if (missing := _missing(operation))}
    assert incomplete == {}


def _missing(operation: dict[str, Any]) -> list[str]:
    statuses = operation["responses"].keys()
    needs_token = operation.get("security") != [{}]
    missing = [what for what in ("summary", "operationId", "tags") if not operation.get(what)]
    missing += ["401"] if needs_token and "401" not in statuses else []
    missing += ["400"] if operation.keys() & {"parameters", "requestBody"} and "400" not in statuses else []
    missing += ["no success"] if not any(status.startswith("2") for status in statuses) else []
    for where, body in (("request", operation.get("requestBody", {})), *operation["responses"].items()):
        for media_type, content in body.get("content", {}).items():
            empty = content.get("schema", {}).get("type") == "null"
            if not empty and not content.get("example") and not content.get("examples"):
                missing.append(f"example of {where}")
            if where >= "400" and where != "request" and media_type != "application/problem+json":
                missing.append(f"{where} as a problem")
    return missing


def test_every_problem_that_is_described_is_explained(contract: Contract) -> None:
    types = {
        example["value"]["type"]
        for _, operation in contract.operations()
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        for example in (content.get("examples") or {}).values()
    }
    explained = {problem["type"] for problem in httpx.get(f"{contract.url}/problems").json()}
    assert types <= explained
    assert len(types) > 20


class Addresses(HTMLParser):
    """What a browser loads for a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in ("src", "href") and value]


def test_the_viewer_loads_nothing_from_elsewhere(contract: Contract) -> None:
    page = httpx.get(f"{contract.url}/openapi", follow_redirects=True)
    assert page.status_code == 200
    addresses = Addresses(page.text).found
    assert len([address for address in addresses if address.endswith((".js", ".css"))]) >= 2
    for address in addresses:
        if address.startswith("data:"):
            continue
        assert urlsplit(address).netloc == "", address
        answer = httpx.get(f"{contract.url}{address}")
        assert answer.status_code == 200, address
        assert answer.content, address


def test_the_program_answers_as_it_is_described(contract: Contract, subtests: pytest.Subtests) -> None:
    described = schemathesis.openapi.from_url(f"{contract.url}{DESCRIPTION}")
    tried = described.exclude(path_regex="/sign-in$")  # signing out would end the token, guessing would lock the door
    for found in tried.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        known = {name: value for name, value in contract.known.items() if f"{{{name}}}" in operation.path}
        with subtests.test(operation.label):
            _try(operation.as_strategy(path_parameters=known or None), contract)
        with subtests.test(f"{operation.label}, misused"), suppress(Unsatisfiable):  # nothing of it can be misused
            _try(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), contract)


always_the_same = settings(
    max_examples=MOST_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


FRAMING = ("content-length", "transfer-encoding", "connection", "host", "expect")
"""How a message is framed: where that is false, HTTP itself answers, before any route is asked."""


def _try(cases: Any, contract: Contract) -> None:
    @always_the_same
    @given(cases)
    def answers_as_described(case: Case[Any]) -> None:
        for name in [name for name in case.headers or () if name.lower() in FRAMING]:
            del case.headers[name]
        case.call_and_validate(headers={"Authorization": contract.token, **TUS}, checks=CHECKED)

    answers_as_described()
