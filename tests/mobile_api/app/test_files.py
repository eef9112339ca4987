"""The app is small, says everything in both languages, and is interactive without a network in a second."""

import re
from importlib.resources import files
from typing import get_args

import httpx
from playwright.async_api import Browser

from foundation.words import Language, catalogue
from inspection.model import Source
from inspection.rules.guard import Code
from mobile_api.app_files import app_files, first_load_bytes
from tests.mobile_api.app.conftest import City, a_phone_tab

SLOW_PHONE = 4
"""Times slower than this machine: what Chromium's developer tools call a mid-range phone."""


def test_the_first_load_is_small() -> None:
    assert first_load_bytes() <= 300_000


def test_every_sentence_that_the_app_says_is_in_the_catalogues() -> None:
    folder = files("mobile_api") / "app"
    sources = [path.read_text() for place in ("engine", "screens", "") for path in (folder / place).iterdir()
               if path.name.endswith(".js")]  # fmt: skip
    said = {key for source in sources for key in re.findall(r"""["'`](app\.[a-z0-9.-]+[a-z])["'`]""", source)}
    assert len(said) > 100
    for language in get_args(Language):
        assert said - catalogue(language).keys() == set()


def test_every_word_made_of_a_value_is_in_the_catalogues() -> None:
    for language in get_args(Language):
        words = catalogue(language)
        for source in Source:
            assert f"app.source.{source}" in words
        for code in Code:
            assert f"gap.{code}" in words


def test_the_service_worker_keeps_every_file_and_changes_with_them() -> None:
    worker = app_files()["service-worker.js"].body.decode()
    assert "%EDITION%" not in worker
    for name in app_files():
        assert name == "service-worker.js" or f'"/app/{name}"' in worker


async def test_what_a_browser_has_is_not_sent_again(city: City) -> None:
    async with httpx.AsyncClient(base_url=city.url) as client:
        first = await client.get("/app/app.js")
        assert first.headers["Content-Encoding"] == "gzip"
        assert "default-src 'self'" in first.headers["Content-Security-Policy"]
        again = await client.get("/app/app.js", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == httpx.codes.NOT_MODIFIED
        assert (await client.get("/app/nothing.js")).status_code == httpx.codes.NOT_FOUND
        assert (await client.get("/app")).headers["Location"] == "/app/"


async def test_it_opens_without_a_network_on_a_slow_phone(browser: Browser, city: City) -> None:
    """Correct, not timed: how long it takes is told by bench."""
    async with a_phone_tab(browser, city) as phone:
        await phone.sign_in("officer-a")
        await phone.ready_offline()
        await phone.context.set_offline(True)
        tools = await phone.context.new_cdp_session(phone.page)
        await tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PHONE})
        await phone.open()
        await phone.page.locator(".tiles").wait_for()
        taken = await phone.page.evaluate("performance.now()")
        print(f"interactive without a network after {taken:.0f} ms on a phone {SLOW_PHONE} times slower")  # noqa: T201
