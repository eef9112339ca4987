"""`/desk/devices/{id}`: one device, now and at any instant the reader picks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from console.devices.columns import STATE_TONES
from console.devices.device_file import DeviceFile, device_file
from console.devices.facts import FACTS
from console.devices.history import shown_history
from console.devices.life_cycle import STEPS
from console.devices.time_line import time_line
from console.forms import Form
from console.map import Map, MapSettings, Point, map_of
from console.pages import page
from console.visit import Visit
from device_registry import queries
from device_registry.explanation import why
from device_registry.http.reaching import READERS
from device_registry.model import Aspect, Interval, Standing
from device_registry.problems import DeviceNotFound
from device_registry.rules import standing
from evidence.model import State as EvidenceState
from evidence.queries import counts_of_device
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import checked_instant
from foundation.problem import Problem
from foundation.words import Language
from inspection.watching.model import Kind as Watched
from inspection.watching.queries import watch_of

TABS = ("summary", "facts", "site", "evidence", "history")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    tab: str = "summary"
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """The instant asked about; None: now."""
    known: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """As the register knew it then; None: as it knows now."""
    done: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What the register says of the device at an instant, in sentences."""

    at: datetime
    known: datetime | None
    good: bool
    sentences: list[str]
    certificates: list[tuple[str, Any]]


@get("/devices/{device_id:uuid}", guards=[requires(*READERS)])
async def device_page(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[str]:
    form = Form(dict(visit.query))
    asked, refusal = _asked(form)
    async with database.connection() as db:
        file = await device_file(db, request.user, READERS, device_id, clock, visit.language)
        picked = None
        if refusal is None and (asked.at or asked.known):
            at = Interval(asked.at or file.now, asked.at or file.now)
            found = (
                await queries.standing_as_known(db, file.device.tag, at, asked.known)
                if asked.known
                else standing(file.device, file.facts, at)
            )
            if found is None:
                refusal = DeviceNotFound(field="known")
            else:
                picked = _answer(found, at.earliest, asked.known, visit.language)
        counts = await counts_of_device(db, file.device.tag) if asked.tab == "evidence" else {}
        watched = await watch_of(db, request.user.person_id, Watched.DEVICE, device_id)
        entries = await queries.history_of(db, device_id) if asked.tab == "history" else []
    if refusal is not None:
        form.refused(refusal, visit.language)
    now = Interval(file.now, file.now)
    return page(
        visit,
        "devices/device.html",
        status=200 if refusal is None else int(refusal.status),
        images_from=settings.map_tiles_origin,
        form=form,
        watched=watched,
        asked=asked,
        tabs=TABS,
        file=file,
        device=file.device,
        facts=file.facts,
        aspects=Aspect,
        state_tones=STATE_TONES,
        now=_answer(standing(file.device, file.facts, now), file.now, None, visit.language),
        picked=picked,
        line=time_line(file, visit.language, asked.at) if asked.tab == "summary" else None,
        steps=[step for step in STEPS.values() if visit.may(*step.roles) and step.offered(file)],
        fact_steps={key: step for key, step in FACTS.items() if visit.may(*step.roles) and step.offered(file)},
        map=_map(file, settings) if asked.tab == "site" else None,
        counts=[(state, counts.get(state, 0)) for state in EvidenceState],
        entries=shown_history(entries, visit.language),
    )


def _asked(form: Form) -> tuple[Asked, Problem | None]:
    """What the address asks; of an instant that cannot be one, the page says so beside its field."""
    try:
        asked = form.read(Asked)
        for name, instant in (("at", asked.at), ("known", asked.known)):
            if instant is not None:
                checked_instant(name, instant)
    except Problem as problem:
        return Asked(), problem
    return (asked if asked.tab in TABS else Asked()), None


def _answer(found: Standing, at: datetime, known: datetime | None, language: Language) -> Answer:
    return Answer(
        at,
        known,
        not found.reasons,
        [why(finding, language) for finding in found.reasons],
        [(certificate.certificate_no, certificate) for certificate in found.certificates],
    )


def _map(file: DeviceFile, settings: MapSettings) -> Map:
    """Every version of the site that has a place, the one in force marked; else where it was registered."""
    in_force = file.in_force
    places = [
        Point(f"{file.device.tag} · {version.number}", version.address, version.place, version is in_force)
        for version in file.facts.site_versions
        if version.place
    ]
    if not places and file.device.place:
        places = [Point(file.device.tag, file.device.address or "", file.device.place, True)]
    return map_of(places, settings)


ROUTES = [device_page]
