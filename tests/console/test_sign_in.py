"""Coming in at a desk, leaving, and what the pages refuse."""

from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from litestar.testing import RequestFactory

from agency.model import Role
from console.assets import assets, edition
from console.pages import answered, local
from foundation.database import Database
from foundation.problem import Unexpected
from tests.builders import a_unit
from tests.console.conftest import PASSWORD, Desk, somebody, text_of


@pytest_asyncio.fixture
async def manager(database: Database) -> str:
    await somebody(database, await a_unit(database), "manager", Role.DEVICE_MANAGER)
    return "manager"


async def test_a_stranger_is_led_to_the_sign_in_and_from_there_to_the_page_asked_for(desk: Desk, manager: str) -> None:
    turned_away = await desk.read("/desk", text="声级计")
    assert turned_away.status_code == 303
    assert turned_away.headers["location"].startswith("/desk/sign-in?next=%2Fdesk%3Ftext%3D")
    asked = (await desk.read(turned_away.headers["location"])).text
    assert 'name="next" value="/desk?text=%E5%A3%B0%E7%BA%A7%E8%AE%A1"' in asked
    signed_in = await desk.sign_in(manager, next="/desk?text=%E5%A3%B0")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/desk?text=%E5%A3%B0")
    home = await desk.read("/desk")
    assert home.status_code == 200
    assert "监控设备管理员甲" in text_of(home)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.org/desk",
        "//example.org",
        "/\\example.org",
        "/desk/v1/me",
        "javascript:alert(1)",
        "/desk\n//x",
        "",
    ],
)
def test_no_address_leads_out_of_the_desk(elsewhere: str) -> None:
    assert local(elsewhere) == "/desk"


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(desk: Desk, manager: str) -> None:
    cookies = (await desk.sign_in(manager)).headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("plumbline_session="))
    assert {"HttpOnly", "SameSite=strict", "Path=/desk"} <= set(session.split("; "))
    assert "Secure" not in session.split("; ")


async def test_over_https_the_cookie_stays_on_https(desk: Desk, manager: str) -> None:
    desk.client.base_url = httpx.URL("https://plumbline.test")
    cookies = (await desk.sign_in(manager)).headers.get_list("set-cookie")
    assert "Secure" in next(cookie for cookie in cookies if cookie.startswith("plumbline_session=")).split("; ")


async def test_a_wrong_password_is_said_above_the_form_which_keeps_the_name_and_not_the_password(
    desk: Desk, manager: str
) -> None:
    page = await desk.sign_in(manager, "wrong-password")
    assert page.status_code == 401
    assert "用户名或密码不正确" in page.text
    assert 'value="manager"' in page.text
    assert "wrong-password" not in page.text


async def test_a_form_without_the_token_of_this_browser_is_a_page_that_says_what_to_do(
    desk: Desk, manager: str
) -> None:
    await desk.read("/desk/sign-in")
    fields = {"sign_in_name": manager, "password": PASSWORD}
    for forged in (fields, fields | {"form_token": "of another browser"}):
        page = await desk.client.post("/desk/sign-in", data=forged)
        assert page.status_code == 403
        assert page.headers["content-type"].startswith("text/html")
        assert "没有保存任何内容" in page.text
        assert "plumbline_session" not in page.headers.get("set-cookie", "")


async def test_who_signs_out_is_out_on_every_page(desk: Desk, manager: str) -> None:
    await desk.sign_in(manager)
    session = desk.client.cookies["plumbline_session"]
    assert (await desk.send("/desk/sign-out")).headers["location"] == "/desk/sign-in"
    desk.client.cookies.set("plumbline_session", session, path="/desk")
    assert (await desk.read("/desk")).status_code == 303


async def test_the_cookie_opens_pages_and_nothing_of_the_api(desk: Desk, manager: str) -> None:
    await desk.sign_in(manager)
    answer = await desk.read("/desk/v1/me")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")


async def test_a_bearer_token_opens_the_api_and_no_page(desk: Desk, manager: str) -> None:
    token = (await desk.client.post("/desk/v1/sign-in", json={"sign_in_name": manager, "password": PASSWORD})).json()[
        "token"
    ]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await desk.client.get("/desk/v1/me", headers=bearer)).status_code == 200
    assert (await desk.client.get("/desk", headers=bearer)).status_code == 303


async def test_the_language_is_chosen_once_and_kept(desk: Desk, manager: str) -> None:
    assert '<html lang="zh-CN">' in (await desk.read("/desk/sign-in")).text
    switched = await desk.read("/desk/sign-in", language="en", next="/desk")
    assert (switched.status_code, switched.headers["location"]) == (303, "/desk/sign-in?next=%2Fdesk")
    page = await desk.read("/desk/sign-in")
    assert '<html lang="en">' in page.text
    assert page.headers["content-language"] == "en"
    assert "Sign-in name" in page.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/desk/nowhere", 404), ("PUT", "/desk/sign-in", 405)])
async def test_what_is_not_there_is_a_page_at_the_desk(desk: Desk, method: str, path: str, status: int) -> None:
    page = await desk.client.request(method, path)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="zh-CN">' in page.text


async def test_what_is_not_there_is_a_problem_elsewhere(desk: Desk) -> None:
    answer = await desk.read("/desk/v1/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_every_page_forbids_what_did_not_come_from_here(desk: Desk) -> None:
    for path in ("/desk/sign-in", "/desk/nowhere"):
        headers = (await desk.read(path)).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"


async def test_files_of_a_page_are_kept_for_ever_under_an_address_of_their_content(desk: Desk) -> None:
    for name, content in assets().items():
        kept = await desk.read(f"/desk/static/{edition()}/{name}")
        assert (kept.status_code, kept.content) == (200, content)
        assert "immutable" in kept.headers["cache-control"]
    assert (await desk.read("/desk/static/another/desk.css")).headers["cache-control"] == "no-cache"
    assert (await desk.read(f"/desk/static/{edition()}/../http.py")).status_code == 404
    assert (await desk.read(f"/desk/static/{edition()}/%2e%2e/http.py")).status_code == 404


async def test_who_was_signed_out_while_typing_signs_in_elsewhere_and_sends_the_same_form_again(
    desk: Desk, manager: str
) -> None:
    await desk.sign_in(manager)
    session = desk.client.cookies["plumbline_session"]
    typed = {"column": ["maker"], "query": ""}
    desk.client.cookies.delete("plumbline_session")
    page = await desk.send("/desk/devices/columns", dict(typed))
    assert page.status_code == 401
    assert 'href="/desk/sign-in" target="_blank"' in page.text
    await desk.sign_in(manager)
    assert desk.client.cookies["plumbline_session"] != session
    assert (await desk.send("/desk/devices/columns", dict(typed))).status_code == 303


def test_a_failure_of_ours_is_a_page_with_its_number_and_nothing_else() -> None:
    number = UUID("00000000-0000-4000-8000-000000000007")
    problem = Unexpected(id=number, members={"id": str(number)})
    page = answered(RequestFactory().get("/desk/devices"), problem)
    assert page.status_code == 500
    assert str(number) in page.content
    assert "Traceback" not in page.content
    elsewhere = answered(RequestFactory().get("/desk/v1/devices"), problem)
    assert elsewhere.media_type == "application/problem+json"
