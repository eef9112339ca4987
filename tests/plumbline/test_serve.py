"""Serving inside our own event loop: an application that does not start ends nothing but itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar

from plumbline.app import create_app
from plumbline.serve import StartError, listen, serve
from plumbline.settings import Settings, SettingsError


async def test_an_application_that_does_not_start_is_an_error_and_no_exit() -> None:
    @asynccontextmanager
    async def broken(_: Litestar) -> AsyncIterator[None]:
        raise RuntimeError("the store is away")
        yield

    listening, _ = listen("127.0.0.1", 0)
    with listening, pytest.raises(StartError):
        await serve(Litestar(lifespan=[broken]), listening)


def test_what_is_wrong_with_a_setting_is_said_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match="PLUMBLINE_DCC_TRUST"):
        create_app(Settings(dcc_trust="/nowhere"))
