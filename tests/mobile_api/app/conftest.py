"""The demonstration city, served, and phone-sized Chromium in front of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from plumbline.seed import seed
from plumbline.settings import Settings
from tests.conftest import a_clone
from tests.console.browser import ARGUMENTS, chromium
from tests.mobile_api.app.network import Network, network_to
from tests.served import served

PHONE: ViewportSize = {"width": 390, "height": 844}
HARMLESS = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource", "net::ERR_")
"""What a browser says by itself when there is no network."""


class City(NamedTuple):
    """A served program with the demonstration city, and everybody's password."""

    url: str
    passwords: dict[str, str]
    settings: Settings


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def city(services: Settings, tmp_path: Path) -> AsyncIterator[City]:
    """A city of its own for a test, that others do not change."""
    async with a_clone(services) as name:
        urls = (services.database_url, services.migration_database_url)
        database_url, owner_url = (url.replace("/plumbline?", f"/{name}?") for url in urls if url)
        settings = replace(
            services,
            database_url=database_url,
            migration_database_url=owner_url,
            database_connections=8,
        )
        people = (await seed(replace(settings, data=tmp_path))).people
        with served(settings, tmp_path / "log") as url:
            yield City(url, {person.sign_in_name: person.password for person in people}, settings)
        log = (tmp_path / "log").read_text()
        assert "unexpected failure" not in log, log


class PhoneTab(NamedTuple):
    """A phone of somebody's own; `errors` is what went wrong in its page."""

    city: City
    context: BrowserContext
    page: Page
    errors: list[str]

    async def open(self, address: str = "") -> None:
        await self.page.goto(f"{self.city.url}/app/{address}")
        await self.page.locator("[data-ready]").wait_for(state="attached")

    async def sign_in(self, name: str) -> None:
        await self.open()
        await self.page.get_by_label("登录名").fill(name)
        await self.page.get_by_label("密码").fill(self.city.passwords[name])
        await self.page.get_by_role("button", name="登录", exact=True).click()
        await self.page.locator(".tiles").wait_for()
        await self.engine("engine.summary().then(({lastSync}) => lastSync !== null)", until=True)

    async def engine(self, expression: str, until: object = None) -> object:
        """What the engine answers; with `until`, once it answers that."""
        for _ in range(600):
            answer: object = await self.page.evaluate(
                f"import('/app/engine/engine.js').then(async ({{engine}}) => await ({expression}))"
            )
            if until is None or answer == until:
                return answer
            await asyncio.sleep(0.1)
        raise AssertionError(f"{expression}: {answer!r}, not {until!r}")

    async def ready_offline(self) -> None:
        """The service worker has everything, and the phone its inspections and devices."""
        await self.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        await self.engine("engine.reference().then(({colleagues}) => colleagues.length > 0)", until=True)

    async def settled(self) -> None:
        """Everything is verified."""
        await self.engine("engine.summary().then(({safeToWipe}) => safeToWipe)", until=True)


@asynccontextmanager
async def a_phone_tab(
    browser: Browser, city: City, permissions: Sequence[str] = ("geolocation",)
) -> AsyncIterator[PhoneTab]:
    """A phone that stands in Jiang'an. At the end nothing must have gone wrong in its page."""
    context = await browser.new_context(
        viewport=PHONE,
        locale="zh-CN",
        permissions=permissions,
        geolocation={"longitude": 114.3, "latitude": 30.6},
    )
    tab = PhoneTab(city, context, await context.new_page(), [])
    tab.page.on(
        "console",
        lambda said: (
            tab.errors.append(said.text)
            if said.type == "error" and not any(harmless in said.text for harmless in HARMLESS)
            else None
        ),
    )
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    try:
        yield tab
    finally:
        await context.close()
    assert tab.errors == []


@pytest_asyncio.fixture
async def phone(browser: Browser, city: City) -> AsyncIterator[PhoneTab]:
    async with a_phone_tab(browser, city) as tab:
        yield tab


@pytest_asyncio.fixture
async def network(city: City) -> AsyncIterator[Network]:
    async with network_to(city.url) as network:
        yield network


@pytest_asyncio.fixture
async def far(browser: Browser, city: City, network: Network) -> AsyncIterator[PhoneTab]:
    """A phone that reaches the city over the bad network, signed in while it was good."""
    async with a_phone_tab(browser, city._replace(url=network.url)) as tab:
        await tab.sign_in("officer-a")
        await tab.ready_offline()
        yield tab


@pytest.fixture
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, for people to look at."""
    return tmp_path_factory.mktemp("screens")
