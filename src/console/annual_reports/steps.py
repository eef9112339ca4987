"""The forms of a report: written on, checked, signed off, filed, received, returned, drafted again."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor, Role
from console.annual_reports.listing import LIST
from console.annual_reports.report import open_report, shown
from console.devices.step_page import chunks
from console.forms import Form
from console.pages import redirect
from console.visit import Visit
from device_registry.annual_report import filing
from device_registry.annual_report.filing import Desk, ReceiptSigner
from device_registry.annual_report.http.reaching import Reason, known_report, must_receive, report_to_act_on
from device_registry.annual_report.http.reports import written_by
from device_registry.annual_report.http.shapes import NewAttachment, NewFigures, NewWritten
from device_registry.annual_report.http.steps import may_return
from device_registry.annual_report.model.snapshot import Attachment
from device_registry.annual_report.model.workflow import Stage
from device_registry.annual_report.queries import reports
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper, keep_document
from device_registry.http.documents import FORM_BYTES
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, NotFound, Problem, Spoken

UNIT = (Role.DEVICE_MANAGER, Role.ENTITY_HEAD)


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    stage: Stage
    return_reason: Reason


class Again(msgspec.Struct, frozen=True, kw_only=True):
    again_reason: Reason
    period_to: date | None = None


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed on the draft; attachments have a form of their own."""

    revision: int
    note: str | None = None
    telephone: str | None = None
    credit_code: str | None = None
    figures: NewFigures = NewFigures()
    remarks: dict[str, str] = {}


class Act:
    """One form of one report, with all that a step may need."""

    def __init__(self, request: Request[Actor, Any, State], desk: Desk, report_id: UUID, form: Form) -> None:
        self.request, self.desk, self.report_id, self.form = request, desk, report_id, form

    async def as_unit(self, *roles: Role) -> None:
        """Raises ReportNotFound, NotAllowed."""
        async with self.desk.database.connection() as db:
            await report_to_act_on(db, self.request.user, self.report_id, roles, self.desk.clock)


async def _check(act: Act, _: ReceiptSigner) -> None:
    await act.as_unit(*UNIT)
    await filing.check(act.desk, act.report_id)


async def _sign_off(act: Act, _: ReceiptSigner) -> None:
    await act.as_unit(Role.ENTITY_HEAD)
    await filing.sign_off(act.desk, act.report_id)


async def _file(act: Act, signer: ReceiptSigner) -> None:
    await act.as_unit(*UNIT)
    await filing.file(act.desk, act.report_id, signer)


async def _receive(act: Act, signer: ReceiptSigner) -> None:
    async with act.desk.database.connection() as db:
        must_receive(act.request.user, (await known_report(db, act.request.user, act.report_id, act.desk.clock)).latest)
    await filing.receive(act.desk, act.report_id, signer)


async def _give_back(act: Act, _: ReceiptSigner) -> None:
    returned = act.form.read(Returned)
    async with act.desk.database.connection() as db:
        await may_return(db, act.request.user, act.report_id, returned.stage, act.desk.clock)
    await filing.give_back(act.desk, act.report_id, returned.stage, returned.return_reason.strip())


async def _draft_again(act: Act, _: ReceiptSigner) -> None:
    await act.as_unit(Role.DEVICE_MANAGER)
    again = act.form.read(Again)
    await filing.draft_again(act.desk, act.report_id, again.again_reason.strip(), again.period_to)


async def _write(act: Act, _: ReceiptSigner) -> None:
    await act.as_unit(*UNIT)
    typed = act.form.read(Typed)
    async with act.desk.database.connection() as db:
        report = await known_report(db, act.request.user, act.report_id, act.desk.clock)
        kept = await reports.written_on(db, report.latest.id)
    new = NewWritten(
        **msgspec.structs.asdict(typed),
        attachments=[NewAttachment(name=one.name, sha256=one.sha256) for one in kept.attachments],
    )
    written = await written_by(act.desk.database, new)
    await filing.write(act.desk, act.report_id, typed.revision, written)


STEPS: dict[str, Callable[[Act, ReceiptSigner], Awaitable[None]]] = {
    "checks": _check,
    "sign-offs": _sign_off,
    "filings": _file,
    "receptions": _receive,
    "returns": _give_back,
    "versions": _draft_again,
    "draft": _write,
}


@post(
    "/annual-reports/{report_id:uuid}/{step:str}",
    guards=[requires(*UNIT, Role.REPORT_RECEIVER)],
    status_code=200,
)
async def take_step(
    report_id: FromPath[UUID],
    step: FromPath[str],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    receipt_signer: NamedDependency[ReceiptSigner],
) -> Response[Any]:
    if step not in STEPS:
        raise NotFound
    form = await Form.sent(request)
    act = Act(request, Desk(database, clock, request.user.person_id), report_id, form)
    try:
        await STEPS[step](act, receipt_signer)
    except Problem as problem:
        opened = await open_report(request.user, visit, database, clock, report_id)
        return shown(visit, opened, form.refused(problem, visit.language), int(problem.status))
    return redirect(f"{LIST}/{report_id}", done=step)


@post(
    "/annual-reports/{report_id:uuid}/attachments",
    guards=[requires(*UNIT)],
    status_code=200,
    request_max_body_size=MAX_DOCUMENT_BYTES + FORM_BYTES,
)
async def attach(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    documents: NamedDependency[DocumentKeeper],
) -> Response[Any]:
    """A file brought, or with `remove` one taken off again; it stays kept either way."""
    form = await Form.sent(request)
    act = Act(request, Desk(database, clock, request.user.person_id), report_id, form)
    try:
        await act.as_unit(*UNIT)
        revision = form.value("revision")
        if not revision.isdecimal():
            raise Malformed(field="revision", what=Spoken("malformed.missing"))
        async with database.connection() as db:
            report = await known_report(db, request.user, report_id, clock)
            written = await reports.written_on(db, report.latest.id)
        kept = [one for one in written.attachments if one.sha256 != form.value("remove")]
        file = form.files.get("file")
        if file is not None:
            stored = await keep_document(documents, chunks(file), request.user.person_id, file.filename)
            digest = stored.stored.sha256.hex()
            kept = [one for one in kept if one.sha256 != digest]
            kept.append(Attachment(name=file.filename[:200], sha256=digest))
        elif not form.value("remove"):
            raise Malformed(field="file", what=Spoken("malformed.missing"))
        changed = msgspec.structs.replace(written, attachments=tuple(kept))
        await filing.write(act.desk, report_id, int(revision), changed)
    except Problem as problem:
        opened = await open_report(request.user, visit, database, clock, report_id)
        refused = Form().refused(problem, visit.language)
        return shown(visit, opened, refused, int(problem.status))
    return redirect(f"{LIST}/{report_id}", done="attachments")


ROUTES = [take_step, attach]
