"""The desk's sign-in and the guards, through HTTP."""

import httpx
import pytest

from agency import queries, sign_in
from agency.model import PersonKind, Role
from foundation.database import Database
from tests.agency.builders import PASSWORD, City, a_city, a_person

SIGN_IN = "/desk/v1/sign-in"
OFFICER = {"sign_in_name": "officer-a", "password": PASSWORD}


async def signed_in(database: Database, client: httpx.AsyncClient, *roles: Role) -> City:
    """A city with one person, who signs in through the client."""
    city = await a_city(database)
    async with database.transaction() as db:
        await a_person(db, city.east, sign_in_name="officer-a", roles=roles or (Role.FIELD_OFFICER,))
    answer = await client.post(SIGN_IN, json=OFFICER)
    assert answer.status_code == 201, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return city


async def test_who_signs_in_is_told_who_they_are_in_their_language(
    database: Database, agency_client: httpx.AsyncClient
) -> None:
    city = await signed_in(database, agency_client)
    me = (await agency_client.get("/desk/v1/me", headers={"Accept-Language": "en"})).json()
    assert (me["name"], me["kind"], me["unit_name"], me["phone_id"]) == ("Officer A", "OFFICER", "A unit", None)
    assert me["roles"] == [
        {"role": "FIELD_OFFICER", "name": "Field officer", "unit_id": str(city.east.id), "unit_name": "A unit"}
    ]
    assert (await agency_client.get("/desk/v1/me")).json()["roles"][0]["name"] == "执法人员"


async def test_signing_out_ends_the_token(database: Database, agency_client: httpx.AsyncClient) -> None:
    await signed_in(database, agency_client)
    assert (await agency_client.delete(SIGN_IN)).status_code == 204
    assert (await agency_client.delete(SIGN_IN)).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic b2ZmaWNlcg==", "Bearer no-such-token", "Bearer \udcff\udcfe"],
)
async def test_without_a_token_that_holds_nobody_gets_in(
    agency_client: httpx.AsyncClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1", "replace")}
    answer = await agency_client.get("/desk/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_scheme_is_read_whatever_its_capitals(database: Database, agency_client: httpx.AsyncClient) -> None:
    await signed_in(database, agency_client)
    agency_client.headers["Authorization"] = agency_client.headers["Authorization"].replace("Bearer", "bearer")
    assert (await agency_client.get("/desk/v1/me")).status_code == 200


async def test_a_guarded_route_wants_one_of_its_roles(database: Database, agency_client: httpx.AsyncClient) -> None:
    await signed_in(database, agency_client, Role.FIELD_OFFICER)
    refused = await agency_client.get("/supervision")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    assert refused.json()["needed"] == ["行政执法监督员", "系统管理员"]


async def test_a_guarded_route_opens_to_one_of_its_roles(database: Database, agency_client: httpx.AsyncClient) -> None:
    await signed_in(database, agency_client, Role.FIELD_OFFICER, Role.SUPERVISOR)
    assert (await agency_client.get("/supervision")).status_code == 200


async def test_a_refusal_says_the_same_for_a_wrong_password_and_an_unknown_name(
    database: Database, agency_client: httpx.AsyncClient
) -> None:
    await signed_in(database, agency_client)
    wrong, unknown = [
        await agency_client.post(SIGN_IN, json=attempt)
        for attempt in (OFFICER | {"password": "x"}, OFFICER | {"sign_in_name": "nobody"})
    ]
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["type"] == "/problems/sign-in-refused"


async def test_too_many_attempts_say_when_to_come_back(agency_client: httpx.AsyncClient, database: Database) -> None:
    for _ in range(5):
        assert (await agency_client.post(SIGN_IN, json=OFFICER)).status_code == 401
    answer = await agency_client.post(SIGN_IN, json=OFFICER, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "901")
    assert answer.json()["detail"] == "Too many sign-ins have failed; please try again in 16 minutes."
    async with database.connection() as db:
        assert await db.fetchval("select distinct address from sign_in_attempt") == "192.0.2.7"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"sign_in_name": "a\\u0000b", "password": "x"}', None),
        (b'{"sign_in_name": "officer-a", "password": "\\ud800"}', None),
        (b'{"sign_in_name": "officer-a"}', "password"),
        (b'{"sign_in_name": "officer-a", "password": "x", "role": "SUPERVISOR"}', "role"),
        (b'{"sign_in_name": "", "password": "x"}', "sign_in_name"),
        (b'{"sign_in_name": 7, "password": "x"}', "sign_in_name"),
        (b'{"sign_in_name": "a", "password": "' + b"x" * 1001 + b'"}', "password"),
    ],
    ids=["NUL", "lone surrogate", "missing", "unknown", "empty", "wrong type", "long"],
)
async def test_a_body_that_does_not_fit_is_a_400(
    agency_client: httpx.AsyncClient, body: bytes, field: str | None
) -> None:
    answer = await agency_client.post(SIGN_IN, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed"), answer.text
    assert answer.json().get("field") == field


async def test_a_password_may_hold_a_nul_and_any_script(database: Database, agency_client: httpx.AsyncClient) -> None:
    city = await a_city(database)
    async with database.transaction() as db:
        person = await queries.add_person(db, PersonKind.STAFF, "管理员", "Administrator", city.city.id)
        await queries.open_account(db, "odd", person.id, sign_in.hashed("a\0é密码"))
    answer = await agency_client.post(SIGN_IN, json={"sign_in_name": "odd", "password": "a\0é密码"})
    assert answer.status_code == 201


async def test_the_document_tells_every_status_with_an_example(agency_client: httpx.AsyncClient) -> None:
    document = (await agency_client.get("/schema/openapi.json")).json()
    paths = document["paths"]
    assert set(paths[SIGN_IN]["post"]["responses"]) == {"201", "400", "401", "413", "415", "429", "500", "503"}
    refused = paths[SIGN_IN]["post"]["responses"]["401"]["content"]["application/problem+json"]
    assert refused["examples"]["sign-in-refused"]["value"]["type"] == "/problems/sign-in-refused"
    assert document["security"] == [{"token": []}]
    assert paths[SIGN_IN]["post"]["security"] == [{}]
