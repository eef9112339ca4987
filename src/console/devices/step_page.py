"""The forms of the device page: each on a page of its own, so that a refusal keeps everything typed."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor, Role
from console.devices.device_file import DeviceFile, device_file
from console.devices.facts import FACTS
from console.devices.life_cycle import STEPS
from console.devices.register import LIST
from console.devices.step import By, Step
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper, keep_document
from device_registry.http.documents import FORM_BYTES, READ_AT_ONCE
from device_registry.http.life_cycle import provide_desk
from device_registry.http.reaching import READERS
from device_registry.life_cycle import Desk
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import NotAllowed, NotFound, Problem, Spoken

ALL = STEPS | FACTS
DEPENDENCIES = {"desk": Provide(provide_desk, sync_to_thread=False)}


@get("/devices/{device_id:uuid}/steps/{key:str}", guards=[requires(*READERS)])
async def step_page(
    device_id: FromPath[UUID],
    key: FromPath[str],
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    step = _step(key, visit)
    async with database.connection() as db:
        file = await device_file(db, request.user, step.roles, device_id, clock, visit.language)
    return _page(visit, step, file, Form(_initially(step, file)))


@post(
    "/devices/{device_id:uuid}/steps/{key:str}",
    guards=[requires(*READERS)],
    status_code=200,
    request_max_body_size=MAX_DOCUMENT_BYTES + FORM_BYTES,
    dependencies=DEPENDENCIES,
)
async def take_step(
    device_id: FromPath[UUID],
    key: FromPath[str],
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    documents: NamedDependency[DocumentKeeper],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    step, form = _step(key, visit), await Form.sent(request)
    for name, value in step.fixed.items():
        form.put(name, value)
    async with desk.database.connection() as db:
        file = await device_file(db, request.user, step.roles, device_id, desk.clock, visit.language)
    try:
        await keep_scans(step, form, documents, request.user.person_id)
        await step.take(By(desk, visit.may(Role.SUPERVISOR)), device_id, form.read(step.read))
    except Problem as problem:
        return _page(visit, step, file, form.refused(problem, visit.language), int(problem.status))
    return redirect(f"{LIST}/{device_id}", done=step.key, **({} if key in STEPS else {"tab": "facts"}))


async def keep_scans(step: Step, form: Form, documents: DocumentKeeper, person_id: UUID) -> None:
    """Keeps the files of a form; from then on the form names them by their digests, whatever else is refused."""
    for field in step.fields:
        file = form.files.get(field.name)
        if field.kind == "file" and file is not None:
            kept = await keep_document(documents, chunks(file), person_id, file.filename)
            form.put(field.name, kept.stored.sha256.hex())


async def chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(READ_AT_ONCE):
        yield chunk


def _step(key: str, visit: Visit) -> Step:
    """Raises NotFound, NotAllowed."""
    if key not in ALL:
        raise NotFound
    step = ALL[key]
    if not visit.may(*step.roles):
        raise NotAllowed(members={"needed": [Spoken(f"role.{role}") for role in step.roles]})
    return step


def _initially(step: Step, file: DeviceFile) -> dict[str, Any]:
    about = getattr(file, step.about) if step.about else None
    return {**step.initial(file), "site_version_id": about.id if about else None}


def _page(visit: Visit, step: Step, file: DeviceFile, form: Form, status: int = 200) -> Response[str]:
    about = getattr(file, step.about) if step.about else None
    return page(
        visit, "devices/step.html", status=status, step=step, file=file, device=file.device, form=form, about=about
    )


ROUTES = [step_page, take_step]
