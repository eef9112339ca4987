"""Composition: the slices, given a database, an object store and a clock, become one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from agency import http as agency
from agency.http import TokenAuthentication
from device_registry import http as device_registry
from evidence import http as evidence
from evidence.custodian import Custodian
from evidence.reassessment import Suspension
from foundation import problem_pages
from foundation.clock import Clock, SystemClock
from foundation.database import Database
from foundation.http import EXCEPTION_HANDLERS, MAX_JSON_BYTES, json_only
from mobile_api import http as mobile_api
from mobile_api import uploads
from plumbline import health, openapi
from plumbline.opening import opened
from plumbline.settings import Settings


def create_app(settings: Settings, clock: Clock | None = None) -> Litestar:
    """The application, not yet connected to anything: its lifespan opens and closes what it needs."""
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opened(settings, clock) as custodian:
            app.state.update({"custodian": custodian, "database": custodian.database, "clock": clock})
            yield

    return Litestar(
        [
            *agency.ROUTES,
            device_registry.router,
            evidence.router,
            evidence.receipt_keys,
            mobile_api.router,
            uploads.router,
            *problem_pages.ROUTES,
            *health.ROUTES,
            openapi.VIEWER_ROUTER,
        ],
        lifespan=[lifespan],
        state=State({"settings": settings}),
        dependencies={
            "settings": Provide(_settings, sync_to_thread=False),
            "clock": Provide(_clock, sync_to_thread=False),
            "database": Provide(_database, sync_to_thread=False),
            "custodian": Provide(_custodian, sync_to_thread=False),
            "standing_changed": Provide(_standing_changed, sync_to_thread=False),
        },
        middleware=[DefineMiddleware(TokenAuthentication, exclude=["^/openapi", "^/problems"])],
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[uploads.speak_tus],
        before_request=json_only,
        request_max_body_size=MAX_JSON_BYTES,
        **openapi.configuration(),
    )


def _settings(state: State) -> Settings:
    return state.settings  # type: ignore[no-any-return]


def _clock(state: State) -> Clock:
    return state.clock  # type: ignore[no-any-return]


def _database(state: State) -> Database:
    return state.database  # type: ignore[no-any-return]


def _custodian(state: State) -> Custodian:
    return state.custodian  # type: ignore[no-any-return]


def _standing_changed(state: State) -> Suspension:
    return Suspension(state.clock)
