"""Correcting a fact: it stops counting, what it should have said takes its place or nothing does, and both stay."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from console.devices.device_file import DeviceFile, device_file
from console.devices.facts import FACTS
from console.devices.register import LIST
from console.devices.step import Step
from console.devices.step_page import DEPENDENCIES, keep_scans
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper
from device_registry.http.documents import FORM_BYTES
from device_registry.http.facts import fact_of
from device_registry.life_cycle import Desk
from device_registry.model import Correction, Fact
from device_registry.problems import FactNotFound
from device_registry.queries.facts import TABLES
from device_registry.record import correct
from foundation.civil import BEIJING
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

MANAGERS = (Role.DEVICE_MANAGER,)


class Said(msgspec.Struct, frozen=True):
    correction_reason: Annotated[str, Meta(max_length=2000)]
    remove: bool = False
    """Nothing takes its place: it should never have been recorded."""


@get("/devices/{device_id:uuid}/corrections/{fact_id:uuid}", guards=[requires(*MANAGERS)])
async def correction_page(
    device_id: FromPath[UUID],
    fact_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        file = await device_file(db, request.user, MANAGERS, device_id, clock, visit.language)
    fact = _fact(file, fact_id)
    return _page(visit, file, fact, Form(_as_typed(fact)))


@post(
    "/devices/{device_id:uuid}/corrections/{fact_id:uuid}",
    guards=[requires(*MANAGERS)],
    status_code=200,
    request_max_body_size=MAX_DOCUMENT_BYTES + FORM_BYTES,
    dependencies=DEPENDENCIES,
)
async def correct_at_page(
    device_id: FromPath[UUID],
    fact_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    documents: NamedDependency[DocumentKeeper],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    form = await Form.sent(request)
    async with desk.database.connection() as db:
        file = await device_file(db, request.user, MANAGERS, device_id, desk.clock, visit.language)
    fact = _fact(file, fact_id)
    step = _step(fact)
    try:
        said = form.read(Said)
        replacement = None
        if step is not None and not said.remove:
            await keep_scans(step, form, documents, request.user.person_id)
            replacement = fact_of(form.read(step.read))
        await correct(
            desk.database,
            desk.clock,
            device_id,
            Correction(superseded_id=fact_id, replacement=replacement, reason=said.correction_reason),
            recorded_by=desk.person_id,
            on_change=desk.on_change,
        )
    except Problem as problem:
        return _page(visit, file, fact, form.refused(problem, visit.language), int(problem.status))
    return redirect(f"{LIST}/{device_id}", tab="history")


def _fact(file: DeviceFile, fact_id: UUID) -> Fact:
    """Raises FactNotFound, also for one that was corrected before."""
    fact = file.facts.by_id(fact_id)
    if fact is None:
        raise FactNotFound
    return fact


def _step(fact: Fact) -> Step | None:
    """The form of its kind; None: such a fact can only be taken out."""
    return FACTS.get(TABLES[type(fact)])


def _page(visit: Visit, file: DeviceFile, fact: Fact, form: Form, status: int = 200) -> Response[str]:
    return page(
        visit,
        "devices/correction.html",
        status=status,
        file=file,
        device=file.device,
        fact_id=fact.id,
        kind=TABLES[type(fact)],
        step=_step(fact),
        form=form,
    )


def _as_typed(fact: Fact) -> dict[str, Any]:
    """The fact as somebody would have typed it."""
    typed: dict[str, Any] = {}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if isinstance(value, msgspec.Struct):
            typed |= {f"{name}.{inner}": getattr(value, inner) for inner in value.__struct_fields__}
        elif isinstance(value, datetime):
            typed[name] = value.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S")
        elif isinstance(value, bool):
            typed[name] = str(value).lower()
        else:
            typed[name] = value.hex() if isinstance(value, bytes) else value
    return typed


ROUTES = [correction_page, correct_at_page]
