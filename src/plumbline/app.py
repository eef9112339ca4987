"""Composition: the slices, given a database, an object store and a clock, become one application."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from agency import http as agency
from agency import supervision_codes, working_days
from agency.enforcement_items import http as enforcement_items
from agency.http import TokenAuthentication
from console import http as console
from device_registry import http as device_registry
from device_registry.annual_report import http as annual_report
from device_registry.calendar_feed import http as calendar_feed
from device_registry.notices import http as notices
from device_registry.working_lists import http as working_lists
from evidence import http as evidence
from evidence.case_file_review import http as case_file_review
from evidence.reassessment import ItemSuspension, Suspension
from evidence.transparency_log import http as transparency_log
from foundation import problem_pages
from foundation.clock import Clock, SystemClock
from foundation.http import MAX_JSON_BYTES, exception_handlers, json_only
from foundation.reach import NOTHING
from inspection import http as inspections_at_desk
from inspection import phones_http as phones
from inspection.documents import http as inspection_documents_at_desk
from inspection.drawing import http as drawing
from inspection.planning import http as planning
from inspection.pulling import Feeds
from inspection.watching import http as watching
from mobile_api import app_files, hand_in, inspection_documents, inspections, offers, offline, thumbnails, uploads
from mobile_api import clock as phone_clock
from mobile_api import http as mobile_api
from mobile_api.standing_list import OfflineStandings
from mobile_api.standings import DeviceStandings
from plumbline import health, metrics, openapi
from plumbline.opening import document_keeper, opened, trusted_by
from plumbline.settings import Settings


def create_app(settings: Settings, clock: Clock | None = None) -> Litestar:
    """The application, not yet connected to anything: its lifespan opens and closes what it needs.

    Raises SettingsError for what can be seen to be wrong before it starts.
    """
    trusted_by(settings)
    clock = clock or SystemClock()
    at_hand: dict[str, Any] = {
        "settings": settings,
        "clock": clock,
        "standing_changed": Suspension(clock),
        "items_changed": ItemSuspension(clock),
    }

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opened(settings, clock, unless_said=NOTHING) as custodian:
            at_hand["custodian"], at_hand["database"] = custodian, custodian.database
            at_hand["receipt_signer"] = custodian.signer
            at_hand["documents"] = document_keeper(settings, custodian)
            at_hand["feeds"] = Feeds(custodian.database)
            at_hand["offline"] = OfflineStandings(custodian.database, clock, custodian.signer)
            at_hand["standings"] = DeviceStandings(custodian.database, clock)
            app.state.update({"database": custodian.database, "clock": clock})
            yield

    return Litestar(
        [
            *agency.ROUTES,
            *working_days.ROUTES,
            *supervision_codes.ROUTES,
            enforcement_items.router,
            device_registry.router,
            device_registry.public_router,
            annual_report.router,
            working_lists.router,
            notices.router,
            calendar_feed.router,
            drawing.router,
            planning.router,
            drawing.public_router,
            evidence.router,
            evidence.receipt_keys,
            case_file_review.router,
            case_file_review.public_router,
            transparency_log.router,
            transparency_log.desk_router,
            mobile_api.router,
            offers.router,
            phone_clock.router,
            hand_in.router,
            thumbnails.router,
            offline.router,
            inspections.router,
            inspections_at_desk.router,
            watching.router,
            phones.router,
            inspection_documents.router,
            inspection_documents_at_desk.router,
            app_files.router,
            uploads.router,
            console.router,
            console.public_router,
            *problem_pages.ROUTES,
            *health.ROUTES,
            *metrics.ROUTES,
            openapi.VIEWER_ROUTER,
        ],
        lifespan=[lifespan],
        # From a closure, not from the state, which Litestar copies for each request: half of a cheap request's time.
        dependencies={
            name: _provided(at_hand, name)
            for name in (
                "settings",
                "clock",
                "standing_changed",
                "items_changed",
                "custodian",
                "receipt_signer",
                "database",
                "documents",
                "standings",
                "offline",
                "feeds",
            )
        },
        middleware=[DefineMiddleware(TokenAuthentication, exclude=["^/openapi", "^/problems"])],
        exception_handlers=exception_handlers(console.answered),
        before_send=[uploads.speak_tus],
        before_request=json_only,
        request_max_body_size=MAX_JSON_BYTES,
        **openapi.configuration(),
    )


def _provided(at_hand: Mapping[str, Any], name: str) -> Provide:
    def provide() -> Any:
        return at_hand[name]

    return Provide(provide, sync_to_thread=False)
