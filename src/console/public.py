"""`/public` and `/d/{tag}`: what was announced, for anybody who walks by, without a sign-in and without a cookie.

Load is bounded as it is for programs (`device_registry.http.public`): every page may be kept for a minute by caches in
front, lists go by keys in small pages, and the map draws no more than MOST_ON_MAP points. A file is read in batches,
between which no connection is held.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Meta

from agency.http import FOR_ANYBODY
from console.case_file_reviews import PUBLIC_ROUTES as CASE_FILE_REVIEWS
from console.devices.export import csv_text, harmless
from console.drawings import public_drawing_page, public_list_page
from console.forms import Form, before_page
from console.map import MapSettings, Point, map_of
from console.pages import in_path, page
from console.public_results import results_page
from console.visit import Visit, stranger
from device_registry import public, queries
from device_registry.http.public import past_instant
from device_registry.model import Place, Use
from device_registry.public import PublicDevice, Surroundings
from device_registry.queries import SHORTEST_TEXT
from foundation.cacheable import SECONDS, cacheable
from foundation.civil import day_of, spoken
from foundation.clock import Clock
from foundation.database import Database
from foundation.misfit import not_decoded
from foundation.problem import Malformed, Problem, Spoken
from foundation.words import Language, say

ON_A_PAGE = 50
MOST_ON_MAP = 500
BATCH = 500
"""Devices of a file read in one statement."""
COLUMNS = (
    "number", "unit", "tag", "kind", "district", "place", "items", "in-use-since", "valid-until", "use", "channels",
)  # fmt: skip
"""Of the file: the columns of the public list, and of which device each row speaks."""


SiteNumber = Annotated[int, Meta(ge=1, le=10_000)]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    text: Annotated[str, Meta(max_length=100)] | None = None
    district: Annotated[str, Meta(max_length=100)] | None = None
    """By its Chinese name, which stands in the address in either language."""
    kind: Annotated[str, Meta(max_length=100)] | None = None
    after: Annotated[str, Meta(max_length=200)] | None = None

    @property
    def query(self) -> str:
        """The filter alone, for a link to the same devices on another page."""
        given = {"text": self.text, "district": self.district, "kind": self.kind}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"?{query}" if query else ""


class When(msgspec.Struct, frozen=True, kw_only=True):
    at: Annotated[datetime, Meta(tz=True)] | None = None


class Found(NamedTuple):
    """What a filter found; `next`: the tag after which there is more."""

    asked: Asked
    form: Form
    around: Surroundings
    devices: list[PublicDevice]
    next: str | None

    @property
    def status(self) -> int:
        return 400 if self.form.refusals else 200


@get("/public")
async def list_page(
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    found = await _found(visit, database, clock, ON_A_PAGE)
    return _kept(
        request, page(visit, "public/list.html", status=found.status, query=found.asked.query, **_shown(found))
    )


@get("/public/map")
async def map_page(
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[Any]:
    found = await _found(visit, database, clock, MOST_ON_MAP)
    rendered = page(
        visit,
        "public/map.html",
        status=found.status,
        images_from=settings.map_tiles_origin,
        query=found.asked.query,
        map=map_of(_points(found.devices), settings),
        more=found.next is not None,
        most=MOST_ON_MAP,
        **_shown(found),
    )
    return _kept(request, rendered)


@get("/public/devices.csv")
async def list_csv(
    visit: NamedDependency[Visit], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Stream:
    """Raises Malformed for a filter that cannot be asked."""
    asked, now = Form(dict(visit.query)).read(Asked), clock.now()
    _check(asked)
    async with database.connection() as db:
        around = await public.surroundings(db, now, visit.language)

    async def text() -> AsyncIterator[str]:
        yield "\ufeff" + csv_text([[say(visit.language, f"public.column.{key}") for key in COLUMNS]])
        after, number = None, 0
        while True:
            async with database.connection() as db:
                batch = await queries.published(
                    db, now, units=around.within(asked.district), kind=asked.kind, text=asked.text, after=after,
                    most=BATCH,
                )  # fmt: skip
            rows = [
                _row(number, around.shown(device, now), visit.language)
                for number, device in enumerate(batch, number + 1)
            ]
            yield csv_text(rows)
            if len(batch) < BATCH:
                return
            after, number = batch[-1].tag, number + len(batch)

    return Stream(
        text(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="public-devices-{day_of(now)}.csv"',
            "Cache-Control": f"public, max-age={SECONDS}",
            "Vary": "Cookie",
            "X-Content-Type-Options": "nosniff",
        },
    )


@get("/public/notices")
async def notices_page(
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form, now = Form(dict(visit.query)), clock.now()
    before = _mark_read(form.read(Asked).after)
    async with database.connection() as db:
        around = await public.surroundings(db, now, visit.language)
        told = await queries.notices_told(db, day_of(now), before=before, most=ON_A_PAGE + 1)
    notices = [around.notice(one) for one in told[:ON_A_PAGE]]
    following = None
    if len(told) > ON_A_PAGE:
        last = notices[-1]
        following = f"{last.announced_on}/{last.site_number}/{last.tag}"
    return _kept(request, page(visit, "public/notices.html", form=form, notices=notices, next=following))


@get("/d/{tag:path}")
async def card_page(
    tag: FromPath[str],
    request: Request[Any, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Where the label on a device leads. Raises NotPublished."""
    form, now = Form(dict(visit.query)), clock.now()
    at, refusal = None, None
    try:
        asked = form.read(When).at
        at = None if asked is None else past_instant(asked, now)
    except Problem as problem:
        refusal = problem
    async with database.connection() as db:
        card = await public.card(db, tag.removeprefix("/"), at, now, visit.language)
    if refusal is not None:
        form.refused(refusal, visit.language)
    rendered = page(
        visit,
        "public/card.html",
        status=200 if refusal is None else int(refusal.status),
        form=form,
        device=card.device,
        standing=card.standing,
        notices=card.notices,
        picked=card.standing if at else None,
        now=spoken(now)[:16],
        at=spoken(card.standing.at)[:16],
    )
    return _kept(request, rendered)


async def _found(visit: Visit, database: Database, clock: Clock, most: int) -> Found:
    """Raises Malformed where no page of ours asks like that; a search that is too short is said beside its field."""
    form, now = Form(dict(visit.query)), clock.now()
    asked = form.read(Asked)
    try:
        _check(asked)
    except Malformed as problem:
        form.refused(problem, visit.language)
    async with database.connection() as db:
        around = await public.surroundings(db, now, visit.language)
        devices = [] if form.refusals else await queries.published(
            db, now, units=around.within(asked.district), kind=asked.kind, text=asked.text, after=asked.after,
            most=most + 1,
        )  # fmt: skip
    shown = [around.shown(device, now) for device in devices[:most]]
    return Found(asked, form, around, shown, shown[-1].tag if len(devices) > most else None)


def _check(asked: Asked) -> None:
    if asked.text and len(asked.text) < SHORTEST_TEXT:
        raise Malformed(field="text", what=Spoken("public.list.too-short"))


def _points(devices: Iterable[PublicDevice]) -> list[Point]:
    """One for each place: devices at one crossing would cover each other."""
    at: dict[Place, list[PublicDevice]] = {}
    for device in devices:
        if device.place:
            at.setdefault(device.place, []).append(device)
    return [
        Point(
            "、".join(device.tag for device in here),
            here[0].address,
            place,
            any(device.use is Use.IN_SERVICE for device in here),
            f"/d/{in_path(here[0].tag)}" if len(here) == 1 else f"/public?{urlencode({'text': here[0].address})}",
        )
        for place, here in at.items()
    ]


def _shown(found: Found) -> dict[str, Any]:
    return {"form": found.form, "around": found.around, "devices": found.devices, "next": found.next}


def _mark_read(mark: str | None) -> tuple[date, str, int] | None:
    """Where in the notices the reader is. Raises Malformed."""
    if mark is None:
        return None
    day, _, rest = mark.partition("/")
    number, _, tag = rest.partition("/")
    try:
        before: tuple[date, str, int] = msgspec.convert((day, tag, number), tuple[date, str, SiteNumber], strict=False)
    except msgspec.ValidationError as error:
        raise not_decoded(error) from error
    return before


def _row(number: int, device: PublicDevice, language: Language) -> list[str]:
    separator = "、" if language == "zh-CN" else ", "
    validity = say(language, f"public.validity.{device.verification}")
    cells = {
        "number": str(number),
        "unit": device.unit_name,
        "tag": device.tag,
        "kind": device.kind_name,
        "district": device.district,
        "place": f"{device.address}（{device.direction}）" if device.direction else device.address,
        "items": separator.join(device.monitored_items),
        "in-use-since": "" if device.in_use_since is None else device.in_use_since.isoformat(),
        "valid-until": validity if device.valid_until is None else device.valid_until.isoformat(),
        "use": say(language, f"public.use.{device.use}"),
        "channels": " ".join(
            f"{say(language, f'public.purpose.{channel.purpose}')}：{channel.words}" for channel in device.channels
        ),
    }
    return [harmless(cells[key]) for key in COLUMNS]


def _kept(request: Request[Any, Any, Any], rendered: Response[str]) -> Response[Any]:
    """A page for everybody; the language is the one thing that a cookie decides."""
    if rendered.status_code != 200:
        return rendered
    return cacheable(request, rendered, rendered.content.encode(), "Cookie")


router = Router(
    "/",
    route_handlers=[
        list_page,
        map_page,
        list_csv,
        notices_page,
        results_page,
        public_list_page,
        public_drawing_page,
        *CASE_FILE_REVIEWS,
        card_page,
    ],
    opt=FOR_ANYBODY,
    dependencies={"visit": Provide(stranger, sync_to_thread=False)},
    before_request=before_page,
    include_in_schema=False,
)
