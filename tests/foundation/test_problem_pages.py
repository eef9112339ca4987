"""The type of a problem leads to a page that explains it."""

import httpx
import pytest

from foundation.problem import NotFound, TooLarge, known


async def test_every_type_can_be_followed(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/problems")).json()
    assert [problem["type"] for problem in listed] == [f"/problems/{slug}" for slug in known()]
    for problem in listed:
        assert (await client.get(problem["type"])).json() == problem


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "内容过大"), ("en", "Too large")])
async def test_a_problem_is_explained_in_the_readers_language(
    client: httpx.AsyncClient, language: str, title: str
) -> None:
    answer = await client.get(f"/problems/{TooLarge.slug}", headers={"Accept-Language": language})
    assert (answer.json()["title"], answer.json()["status"]) == (title, 413)
    assert "…" in answer.json()["detail"]
    assert "{" not in answer.json()["detail"]
    assert answer.headers["Vary"] == "Accept, Accept-Language"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
        ("garbage", "application/json"),
    ],
)
async def test_browsers_get_a_page_and_programs_json(client: httpx.AsyncClient, accept: str, media_type: str) -> None:
    answer = await client.get("/problems", headers={"Accept": accept})
    assert answer.headers["Content-Type"].partition(";")[0] == media_type


async def test_a_page_says_its_language(client: httpx.AsyncClient) -> None:
    page = (await client.get("/problems", headers={"Accept": "text/html", "Accept-Language": "en"})).text
    assert '<html lang="en">' in page
    assert f'<a href="/problems/{NotFound.slug}">Not found</a>' in page


async def test_there_is_no_page_for_a_problem_that_does_not_exist(client: httpx.AsyncClient) -> None:
    assert (await client.get("/problems/no-such")).json()["type"] == "/problems/not-found"
