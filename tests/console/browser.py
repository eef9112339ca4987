"""Real Chromium on a served program: where it is found, and a page that keeps what went wrong in it."""

import os
import shutil
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, StorageState

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
NONE = "no Chromium: none of PLUMBLINE_CHROMIUM, " + ", ".join(NAMES) + "; bin/test installs Debian's as root"


def chromium() -> str:
    """Where it is. Without one, tests fail in CI, and are skipped with the reason elsewhere."""
    named = os.environ.get("PLUMBLINE_CHROMIUM")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if named and shutil.which(named):
        return named
    if found is None:
        (pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip)(NONE)
    assert found is not None
    return found


@dataclass
class Tab:
    """A tab of somebody's own. `page` is Playwright's; the lists say what it did that it should not."""

    url: str
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status < 400, f"{answer.status} {path}"

    async def sign_in(self, name: str, password: str) -> None:
        await self.page.goto(f"{self.url}/desk")
        await self.page.fill("[name=sign_in_name]", name)
        await self.page.fill("[name=password]", password)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")


async def a_tab(
    browser: Browser, url: str, *, width: int = 1440, height: int = 900, signed_in: StorageState | None = None
) -> Tab:
    """`signed_in`: the cookies of somebody."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", storage_state=signed_in
    )
    tab = Tab(url, context, await context.new_page())
    tab.page.on("console", lambda said: tab.errors.append(said.text) if said.type in ("error", "warning") else None)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("dialog", lambda dialog: tab.errors.append(f"dialog: {dialog.message}"))

    def watch(request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(f"{url}/"):
            tab.elsewhere.append(request.url)

    tab.page.on("request", watch)
    return tab
