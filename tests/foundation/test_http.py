"""Every failure of a request is a problem in the reader's language, and tells nothing internal."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from foundation.words import catalogue
from tests.foundation.conftest import MOST_BYTES

LANGUAGES = ("zh-CN", "en")
JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
BIGGEST = 2**63 - 1
"""Of PostgreSQL's bigint."""


def a_body(**members: object) -> bytes:
    return json.dumps({"inner": {}} | members).encode()


async def problem(
    client: httpx.AsyncClient, method: str, path: str, language: str = "en", **request: Any
) -> httpx.Response:
    headers = {"Accept-Language": language, **request.pop("headers", JSON)}
    answer = await client.request(method, path, headers=headers, **request)
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    assert answer.headers["Content-Language"] == language
    assert answer.json()["status"] == answer.status_code
    slug = answer.json()["type"].removeprefix("/problems/")
    assert answer.json()["title"] == catalogue(language)[f"problem.{slug}.title"]
    return answer


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("method", "path", "request_", "status", "slug"),
    [
        ("POST", "/body", {"content": b"{"}, 400, "malformed"),
        ("POST", "/body", {"content": b""}, 400, "malformed"),
        ("GET", "/query", {}, 400, "malformed"),
        ("GET", "/nowhere", {}, 404, "not-found"),
        ("GET", "/path/no-uuid", {}, 404, "not-found"),
        ("GET", "/%ff%fe", {}, 404, "not-found"),
        ("GET", "/path/%", {}, 404, "not-found"),
        ("PUT", "/query", {}, 405, "method-not-allowed"),
        ("BREW", "/query", {}, 405, "method-not-allowed"),
        ("POST", "/body", {"content": b" " * (MOST_BYTES + 1)}, 413, "too-large"),
        (
            "POST",
            "/body",
            {"content": b"{}", "headers": TEXT},
            415,
            "unsupported-content-type",
        ),
        ("POST", "/body", {"content": b"{}", "headers": {}}, 415, "unsupported-content-type"),
        ("GET", "/crash", {}, 500, "unexpected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_it_is_a_problem_in_both_languages(
    client: httpx.AsyncClient, language: str, method: str, path: str, request_: dict[str, Any], status: int, slug: str
) -> None:
    answer = await problem(client, method, path, language, **dict(request_))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


async def test_a_method_that_is_not_allowed_comes_with_those_that_are(client: httpx.AsyncClient) -> None:
    assert (await problem(client, "PUT", "/query")).headers["Allow"] == "GET, OPTIONS"


async def test_too_large_says_how_much_is_taken(client: httpx.AsyncClient) -> None:
    answer = await problem(client, "POST", "/body", content=b" " * (MOST_BYTES + 1))
    assert str(MOST_BYTES) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field", "chinese", "english"),
    [
        (b"{", None, "不是有效的 JSON。", "this is not valid JSON."),
        (b"\xff\xfe{}", None, "不是有效的 JSON。", "this is not valid JSON."),
        (b'{"inner":{"text":"\xff"}}', None, "不是有效的 JSON。", "this is not valid JSON."),
        (b'{"inner":{"text":"\\ud800"}}', None, "不是有效的 JSON。", "this is not valid JSON."),
        (b'{"inner":' * 200_000, None, "不是有效的 JSON。", "this is not valid JSON."),
        (b'{"inner":{},"size":NaN}', None, "不是有效的 JSON。", "this is not valid JSON."),
        (b"", None, "缺少必填项。", "a required field is missing."),
        (b"{}", "inner", "缺少必填项。", "a required field is missing."),
        (b"[]", None, "应为对象。", "this must be an object."),
        (a_body(items=None), "items", "应为数组。", "this must be an array."),
        (a_body(more=1), "more", "有不认识的字段。", "there is a field that is not known here."),
        (a_body(items=[{}, {"x": 1}]), "items[1].x", "有不认识的字段。", "there is a field that is not known here."),
        (a_body(inner={"number": "x"}), "inner.number", "应为整数。", "this must be an integer."),
        (a_body(inner={"number": 1.5}), "inner.number", "应为整数。", "this must be an integer."),
        (a_body(inner={"number": 0}), "inner.number", "取值应 ≥ 1。", "the value must be ≥ 1."),
        (a_body(inner={"number": 10**30}), "inner.number", "取值应 ≤ 5。", "the value must be ≤ 5."),
        (a_body(even=1), "even", "应为 2 的倍数。", "this must be a multiple of 2."),
        (a_body(inner={"text": 7}), "inner.text", "应为文本。", "this must be text."),
        (a_body(inner={"text": ""}), "inner.text", "长度或个数应为 ≥ 1。", "the length or number must be ≥ 1."),
        (a_body(inner={"text": "abcd"}), "inner.text", "长度或个数应为 ≤ 3。", "the length or number must be ≤ 3."),
        (a_body(inner={"text": "A"}), "inner.text", "不符合格式 ^[a-z]+$。", "this does not have the form ^[a-z]+$."),
        (a_body(pair=[1]), "pair", "长度或个数应为 2。", "the length or number must be 2."),
        (a_body(at="2026-01-01T00:00:00"), "at", "日期时间应带时区", "the date and time must have a time zone"),
        (a_body(at="yesterday"), "at", "应为 RFC 3339 格式", "this must be a date and time as RFC 3339 writes it"),
        (a_body(day="2026-02-30"), "day", "应为真实存在的日期", "this must be a day that exists"),
        (a_body(id="x"), "id", "应为 UUID。", "this must be a UUID."),
        (a_body(colour="BLUE"), "colour", "“BLUE”不是可选的值。", "“BLUE” is not one of the possible values."),
        (a_body(data="***"), "data", "应为 base64 编码的文本。", "this must be text in base64."),
        (a_body(size="x"), "size", "应为数字。", "this must be a number."),
        (b'{"inner":{},"size":1e999}', None, "数值超出范围。", "a number is out of range."),
        (a_body(map={"a": "x"}), "map", "应为整数。", "this must be an integer."),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_told_in_both_languages(
    client: httpx.AsyncClient, body: bytes, field: str | None, chinese: str, english: str
) -> None:
    for language, words in zip(LANGUAGES, (chinese, english), strict=True):
        answer = await problem(client, "POST", "/body", language, content=body)
        assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text
        assert words in answer.json()["detail"]


async def test_a_parameter_that_does_not_fit_is_named(client: httpx.AsyncClient) -> None:
    assert (await problem(client, "GET", "/query?number=x")).json()["field"] == "number"
    assert (await problem(client, "GET", "/query")).json()["field"] == "number"


async def test_no_more_than_a_little_of_what_came_goes_back(client: httpx.AsyncClient) -> None:
    answer = await problem(client, "POST", "/body", content=a_body(colour="x" * 100_000))
    assert len(answer.content) < 1000


@pytest.mark.parametrize("path", ["/text?text=a%00b", f"/number?number={BIGGEST + 1}", f"/sum?number={BIGGEST}"])
async def test_what_the_database_cannot_hold_is_a_400(client: httpx.AsyncClient, path: str) -> None:
    answer = await problem(client, "GET", path)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed"), answer.text


async def test_a_nul_inside_json_for_the_database_is_a_400(client: httpx.AsyncClient) -> None:
    answer = await problem(client, "POST", "/json", content=b'{"a": "\\u0000"}')
    assert answer.status_code == 400
    assert "U+0000" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/cut-off", "/not-there", "/too-slow", "/cancelled"])
async def test_a_database_out_of_reach_is_for_later_and_does_not_stay_so(client: httpx.AsyncClient, path: str) -> None:
    answer = await problem(client, "GET", path)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/try-later"), answer.text
    assert answer.headers["Retry-After"] == "5"
    assert (await client.get("/text?text=back")).status_code == 200


@pytest.mark.parametrize("path", ["/our-mistake", "/our-other-mistake", "/our-file"])
async def test_a_mistake_of_ours_is_not_blamed_on_the_caller(client: httpx.AsyncClient, path: str) -> None:
    assert (await problem(client, "GET", path)).status_code == 500


async def test_a_crash_tells_the_log_everything_but_variables_and_the_caller_only_where_to_look(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as lines:
        answer = await problem(client, "GET", "/crash")
    assert answer.json().keys() == {"type", "title", "status", "detail", "id"}
    assert "secret" not in answer.text
    assert [line["id"] for line in lines] == [answer.json()["id"]]
    assert "RuntimeError: a secret of the message" in lines[0]["traceback"]
    assert "a secret of a variable" not in str(lines)


async def test_a_caller_who_goes_away_in_mid_body_is_no_failure_of_ours(client: httpx.AsyncClient) -> None:
    app, sent = client._transport.app, []  # type: ignore[attr-defined]
    events: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b'{"inn', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(events)

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    request = client.build_request("POST", "/body", headers=JSON)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/body", "raw_path": b"/body", "root_path": "", "query_string": b"", "client": None, "server": None,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }  # fmt: skip
    with capture_logs() as lines:
        await app(scope, receive, send)
    assert (sent[0]["status"], lines) == (400, [])


async def test_a_gigantic_header_is_only_a_header(client: httpx.AsyncClient) -> None:
    for value in ("x" * 5_000_000, "en;q=0.1," * 200_000):
        answer = await client.get("/query?number=1", headers={"Accept-Language": value})
        assert answer.status_code == 200
