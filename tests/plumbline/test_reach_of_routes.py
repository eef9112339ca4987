"""Every route, asked by every role: to read, of the unit that has the rows, of the one above it and of one beside it;
to write, of the one beside, which changes nothing.

What they answer stands in docs/api/reach.md. `PLUMBLINE_WRITE_REACH=1 pytest tests/plumbline/test_reach_of_routes.py`
writes it anew.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec.structs import replace
from tests.builders import a_device, a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import PASSWORD, somebody
from tests.evidence.content_review.test_content_review import CAPTURED
from tests.evidence.test_admission import hand_in
from tests.inspection.builders import a_task
from tests.support import FixedClock

from agency import queries as agency
from agency.http import ACROSS_UNITS
from agency.model import Role, UnitKind
from evidence.custodian import Custodian
from plumbline.app import create_app
from plumbline.settings import Settings

TABLE = Path(__file__).parents[2] / "docs/api/reach.md"
HEAD = """\
# Who is shown what

Each route that reads, asked for rows of one unit by people of that unit, of the unit above it, and of a unit beside it,
one for each role. A cell says who is answered how; whom it does not name is refused (403). Ids other than those of a
device, evidence, inspection or case are unknown here. `*`: the route sees rows of every unit, and checks by itself
whose it shows.

Written by `PLUMBLINE_WRITE_REACH=1 pytest tests/plumbline/test_reach_of_routes.py`; a test holds it against the code.

| route | of the unit | from above | from beside |
|---|---|---|---|
"""
WRITING = """
# Who may write

Each route that writes, by the roles that it does not refuse at once (403). Asked with its own example by people of a
unit beside; about a device, evidence, inspection or case of another unit it is never done.

| route | roles |
|---|---|
"""
PLACES = ("of", "above", "beside")
NOT_ROWS = ("/app", "/desk/static", "/openapi", "/problems", "/health", "/ready", "/desk/sign-in")
"""Files, descriptions and the state of the process."""


class Route(NamedTuple):
    path: str
    across: bool


def reading(app: Litestar) -> Iterator[Route]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path_format.startswith(NOT_ROWS):
            for handler in route.route_handlers:
                if "GET" in handler.http_methods:
                    yield Route(route.path_format, ACROSS_UNITS in handler.opt)


def changing(document: dict[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Method, path and example of every operation that writes, but for signing out, which would end the test."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("post", "put", "patch", "delete") and not path.endswith("/sign-in"):
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                yield method, path, content.get("example", {})


async def test_every_route_shows_each_role_what_is_written_down_and_nobody_a_row_of_a_unit_beside(
    services: Settings, database_url: str, custodian: Custodian, clock: FixedClock
) -> None:
    database = custodian.database
    above = await a_unit(database)
    async with database.transaction() as db:
        begins = date(2020, 1, 1)
        of, beside = [
            (await agency.add_unit(db, UnitKind.DEPARTMENT, name, name, begins, parent_id=above)).id
            for name in ("城管局", "环保局")
        ]
    officer = await an_officer(database, of)
    device = await a_device(database, clock, of)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=device.tag)
    inspection = await a_task(database, clock, officer)
    case_id = uuid4()
    async with database.connection() as db:
        await db.execute(
            "insert into case_file values ($1, '1', $2, 'x', '2026-1-5', $3, now())", case_id, of, officer.person_id
        )
    known = {"device_id": device.id, "tag": device.tag, "evidence_id": evidence_id, "case_id": case_id}
    known |= {"inspection_id": inspection.id}
    hidden = [str(id_) for id_ in (device.id, evidence_id, case_id, inspection.id)]
    settings = replace(services, database_url=database_url, retention_days=36500)
    tokens: dict[tuple[str, Role], str] = {}
    rows = []
    writing = []
    async with speaking_to(settings, clock) as client:
        for place, unit_id in zip(PLACES, (of, above, beside), strict=True):
            for role in Role:
                tokens[place, role] = await a_token(client, custodian, unit_id, place, role)
        for route in sorted(set(reading(create_app(settings, clock)))):
            path = route.path.format_map(Known(known))
            answers: dict[str, dict[Role, int]] = {place: {} for place in PLACES}
            for (place, role), token in tokens.items():
                headers = {"Authorization": f"Bearer {token}", "Cookie": f"plumbline_session={token}"}
                answer = await client.get(path, headers=headers)
                answers[place][role] = answer.status_code
                assert answer.status_code < 500, (path, answer.text)
                if place == "beside" and answer.is_success and not route.across:
                    shown = [id_ for id_ in hidden if id_ in answer.text]
                    assert not shown, (path, role, answer.text)
            own, *others = [cell(answers[place]) for place in PLACES]
            cells = " | ".join([own, *("the same" if one == own else one for one in others)])
            rows.append(f"| `{route.path}`{' *' if route.across else ''} | {cells} |\n")
        document = (await client.get("/openapi/openapi.json")).json()
        for method, path, body in sorted(changing(document), key=lambda one: one[:2]):
            address = path.format_map(Known(known))
            statuses: dict[Role, int] = {}
            for role in Role:
                headers = {"Authorization": f"Bearer {tokens['beside', role]}"}
                answer = await client.request(method, address, headers=headers, json=body)
                assert answer.status_code < 500, (method, path, answer.text)
                if any(str(id_) in address for id_ in known.values()):
                    assert not answer.is_success, (method, path, role, answer.text)
                statuses[role] = answer.status_code
            roles = [role for role, status in statuses.items() if status != 403]
            told = "everybody" if len(roles) == len(Role) else " ".join(roles)
            writing.append(f"| `{method.upper()} {path}` | {told or 'nobody'} |\n")
    written = HEAD + "".join(rows) + WRITING + "".join(writing)
    if os.environ.get("PLUMBLINE_WRITE_REACH"):
        TABLE.write_text(written)
    assert TABLE.read_text() == written, __doc__


class Known(dict[str, object]):
    def __missing__(self, name: str) -> object:
        return UUID(int=1) if name.endswith("_id") else "1"


def cell(answers: dict[Role, int]) -> str:
    """By status, roles in their order; 403 is what the table does not name."""
    by_status: dict[int, list[str]] = {}
    for role, status in answers.items():
        by_status.setdefault(status, []).append(role)
    told = [
        f"{status} {'everybody' if len(roles) == len(Role) else ' '.join(roles)}"
        for status, roles in sorted(by_status.items())
        if status != 403
    ]
    return "; ".join(told) or "nobody"


async def a_token(client: httpx.AsyncClient, custodian: Custodian, unit_id: UUID, place: str, role: Role) -> str:
    name = f"{place}-{role}".lower().replace("_", "-")
    await somebody(custodian.database, unit_id, name, role)
    signed_in = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    return str(signed_in.json()["token"])
