"""The application on real servers, spoken to over ASGI in the event loop that the pools belong to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from foundation.clock import Clock
from plumbline.app import create_app
from plumbline.settings import Settings


@asynccontextmanager
async def speaking_to(settings: Settings, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a started application. Unexpected failures come back as answers, as they do over the wire."""
    app = create_app(settings, clock)
    started, over = asyncio.Event(), asyncio.Event()

    async def alive() -> None:  # a lifespan must end in the task it began in, which a fixture cannot promise
        async with app.lifespan():
            started.set()
            await over.wait()

    running = asyncio.create_task(alive())
    begun = asyncio.create_task(started.wait())
    await asyncio.wait({running, begun}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        begun.cancel()
        await running
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # Litestar's types are stricter
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://plumbline.test") as client:
            yield client
    finally:
        over.set()
        await running
