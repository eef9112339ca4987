"""What was announced, for any program: no sign-in, no personal data, nothing that is not on the public pages.

Load is bounded: pages are small and found by their key, answers may be kept for a minute by caches in front and carry a
tag, a search needs two characters and an index finds them, and an unknown number costs one statement.
"""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader, State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agency.http import FOR_ANYBODY
from device_registry import public, queries
from device_registry.cleanup import queries as cleanup
from device_registry.cleanup import result
from device_registry.model import Published
from device_registry.problems import NotPublished
from device_registry.public import PublicCard, PublicDevice
from device_registry.queries import SHORTEST_TEXT
from foundation.cacheable import cacheable
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import checked_instant, declared, language_of
from foundation.problem import Malformed, Spoken

MOST_ON_A_PAGE = 100


class PublicDevicePage(msgspec.Struct, frozen=True):
    """In the order of tags. `next` goes into `after` for the following page; null on the last."""

    devices: list[PublicDevice]
    next: str | None


@get(
    "/devices",
    summary="Announced devices",
    responses=declared(Malformed),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def list_devices(
    request: Request[Any, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    district: Annotated[
        str | None, QueryParameter(max_length=100, description="Chinese name of a district or zone; the city: in none")
    ] = None,
    kind: Annotated[str | None, QueryParameter(max_length=100)] = None,
    text: Annotated[
        str | None,
        QueryParameter(min_length=SHORTEST_TEXT, max_length=100, description="Part of a tag or of the place"),
    ] = None,
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> Response[PublicDevicePage]:
    now = clock.now()
    async with database.connection() as db:
        around = await public.surroundings(db, now, language_of(request))
        found: list[Published] = await queries.published(
            db, now, units=around.within(district), kind=kind, text=text, after=after, most=most + 1
        )
    devices = [around.shown(device, now) for device in found[:most]]
    return _answer(request, PublicDevicePage(devices, devices[-1].tag if len(found) > most else None))


@get(
    "/devices/{tag:str}",
    summary="An announced device, and whether it was in service and verified at an instant",
    responses=declared(Malformed, NotPublished),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def show_device(
    tag: FromPath[str],
    request: Request[Any, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    at: Annotated[datetime | None, QueryParameter(description="Instant with offset, past; left out: now")] = None,
) -> Response[PublicCard]:
    now = clock.now()
    instant = None if at is None else past_instant(at, now)
    async with database.connection() as db:
        return _answer(request, await public.card(db, tag, instant, now, language_of(request)))


class PublicCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A clean-up campaign that is closed, and what became of each device; names of units and kinds in Chinese."""

    name: str
    basis: str
    unit: str
    closed_on: date
    result: list[result.PublicResultRow]


@get(
    "/cleanup-results",
    summary="What became of each device in the clean-up campaigns that are closed",
    responses=declared(),
    response_headers=[ResponseHeader(name="Cache-Control", value="public, max-age=60", documentation_only=True)],
)
async def cleanup_results(
    request: Request[Any, Any, State], database: NamedDependency[Database]
) -> Response[list[PublicCampaign]]:
    return _answer(request, await published_results(database))


async def published_results(database: Database) -> list[PublicCampaign]:
    """Newest first."""
    async with database.connection() as db:
        frozen = [result.read(body) for body in await cleanup.published(db)]
    return [
        PublicCampaign(
            name=one.name, basis=one.basis, unit=one.unit, closed_on=one.closed_on, result=result.public_rows(one)
        )
        for one in frozen
    ]


def past_instant(at: datetime, now: datetime) -> datetime:
    """An instant that can be told about. Raises Malformed for one to come: what will happen is in no register."""
    if checked_instant("at", at) > now:
        raise Malformed(field="at", what=Spoken("public.to-come"))
    return at


def _answer(request: Request[Any, Any, State], content: Any) -> Response[Any]:
    response = Response(content, headers={"Content-Language": language_of(request)})
    return cacheable(request, response, msgspec.json.encode(content), "Accept-Language")


router = Router(
    "/public/v1",
    route_handlers=[list_devices, show_device, cleanup_results],
    opt=FOR_ANYBODY,
    security=[{}],
    tags=["public"],
)
