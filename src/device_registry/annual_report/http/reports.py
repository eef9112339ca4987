"""Reports: begun, drafted again, written on, and read with the reason for every device."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.identifiers import credit_code
from agency.model import Actor, Role
from agency.queries import reach
from device_registry.annual_report import amending, filing
from device_registry.annual_report.drafting import draft_of
from device_registry.annual_report.files.form import reason_in
from device_registry.annual_report.http.reaching import READERS, inbox, known_report, known_reports, report_to_act_on
from device_registry.annual_report.http.shapes import (
    BreakShown,
    DraftShown,
    NewReport,
    NewVersionOf,
    NewWritten,
    ReportShown,
    RowShown,
    Saved,
    shown,
)
from device_registry.annual_report.model.snapshot import Written
from device_registry.annual_report.model.workflow import Differences
from device_registry.annual_report.problems import (
    AttachmentUnknown,
    CreditCodeUnfit,
    NothingToCompare,
    ReportBegunAlready,
    ReportEditedMeanwhile,
    ReportNotFound,
    ReportPeriodUnfit,
    ReportStepNotAllowed,
    UnitDoesNotReport,
)
from device_registry.annual_report.queries import reports
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotSignedIn,
    TooLarge,
    UnsupportedContentType,
)
from foundation.words import say


@get(
    "/annual-reports",
    guards=[requires(*READERS)],
    summary="Reports of my units, or those made to governments I receive for",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_reports(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    year: Annotated[int | None, QueryParameter(ge=2000, le=9000)] = None,
    received: FromQuery[bool] = False,
) -> list[ReportShown]:
    async with database.connection() as db:
        found = await (inbox if received else known_reports)(db, request.user, year, clock)
    return [await shown(database, report, language_of(request)) for report in found]


@post(
    "/annual-reports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Begin a unit's report of a year: drafted from the register",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, ReportNotFound, UnitDoesNotReport, ReportPeriodUnfit, ReportBegunAlready,
        TooLarge, UnsupportedContentType,
    ),
)  # fmt: skip
async def begin_report(
    data: JSONBody[NewReport],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    async with database.connection() as db:
        if data.unit_id not in await reach(db, request.user, (Role.DEVICE_MANAGER,), day_of(clock.now())):
            raise UnitDoesNotReport(field="unit_id")
    desk = filing.Desk(database, clock, request.user.person_id)
    report_id = await filing.begin(desk, data.unit_id, data.year, data.period_to)
    return await _shown(request, database, clock, report_id)


@get(
    "/annual-reports/{report_id:uuid}",
    guards=[requires(*READERS)],
    summary="A report with its versions and steps",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound),
)
async def read_report(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    return await _shown(request, database, clock, report_id)


@post(
    "/annual-reports/{report_id:uuid}/versions",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Draft another version: after a return, as an amendment, or in place of an unchecked draft",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, ReportNotFound, ReportStepNotAllowed, UnitDoesNotReport, ReportPeriodUnfit,
        TooLarge, UnsupportedContentType,
    ),
)  # fmt: skip
async def draft_version(
    report_id: FromPath[UUID],
    data: JSONBody[NewVersionOf],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    async with database.connection() as db:
        await report_to_act_on(db, request.user, report_id, (Role.DEVICE_MANAGER,), clock)
    desk = filing.Desk(database, clock, request.user.person_id)
    await filing.draft_again(desk, report_id, data.reason.strip(), data.period_to)
    return await _shown(request, database, clock, report_id)


@get(
    "/annual-reports/{report_id:uuid}/draft",
    guards=[requires(*READERS)],
    summary="The newest version as the register fills it: every device with its reason, and what breaks the balance",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, UnitDoesNotReport),
)
async def read_draft(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DraftShown:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
        edits = await reports.edits_of(db, report.latest.id)
    draft = await draft_of(database, report, report.latest)
    language = language_of(request)
    return DraftShown(
        revision=report.latest.revision,
        stage=report.latest.stage,
        body=msgspec.structs.replace(draft.body, rows=()),
        rows=[RowShown(row=row, words=reason_in(language, row)) for row in draft.body.rows],
        breaks=[
            BreakShown(
                device_id=found.device_id,
                tag=found.tag,
                cause=found.cause,
                words=say(language, f"annual-report.break.{found.cause}", expected=found.expected, found=found.found),
            )
            for found in draft.breaks
        ],
        written=edits[-1].written,
        edits=edits,
    )


@put(
    "/annual-reports/{report_id:uuid}/draft",
    guards=[requires(Role.DEVICE_MANAGER, Role.ENTITY_HEAD)],
    summary="Write on the draft: note, telephone, figures, attachments, remarks",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, ReportNotFound, ReportStepNotAllowed, ReportEditedMeanwhile,
        AttachmentUnknown, CreditCodeUnfit, TooLarge, UnsupportedContentType,
    ),
)  # fmt: skip
async def write_draft(
    report_id: FromPath[UUID],
    data: JSONBody[NewWritten],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Saved:
    async with database.connection() as db:
        await report_to_act_on(db, request.user, report_id, (Role.DEVICE_MANAGER, Role.ENTITY_HEAD), clock)
    desk = filing.Desk(database, clock, request.user.person_id)
    return Saved(await filing.write(desk, report_id, data.revision, await written_by(database, data)))


async def written_by(database: Database, data: NewWritten) -> Written:
    """As it is kept, tidied. Raises CreditCodeUnfit, AttachmentUnknown."""
    code = credit_code(data.credit_code) if data.credit_code else None
    if data.credit_code and code is None:
        raise CreditCodeUnfit(field="credit_code")
    async with database.connection() as db:
        kept = await reports.documents_kept(db, {one.sha256 for one in data.attachments})
    for number, one in enumerate(data.attachments):
        if one.sha256 not in kept:
            raise AttachmentUnknown(field=f"attachments[{number}].sha256", sha256=one.sha256)
    plain = msgspec.to_builtins(data)
    remarks = {device: text.strip() for device, text in data.remarks.items() if text.strip()}
    return msgspec.convert(
        {
            **{name: value for name, value in plain.items() if name in Written.__struct_fields__},
            "note": (data.note or "").strip() or None,
            "telephone": (data.telephone or "").strip() or None,
            "credit_code": code,
            "remarks": remarks,
        },
        Written,
    )


@get(
    "/annual-reports/{report_id:uuid}/differences",
    guards=[requires(*READERS)],
    summary="What differs between two versions",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, UnitDoesNotReport),
)
async def read_differences(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    before: Annotated[int, QueryParameter(ge=1, le=9999)],
    after: Annotated[int, QueryParameter(ge=1, le=9999)],
) -> Differences:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    return await amending.between(database, report, before, after)


@get(
    "/annual-reports/{report_id:uuid}/amendment-proposal",
    guards=[requires(*READERS)],
    summary="What an amendment would change: the filed report against the register as it is known now",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, NothingToCompare, UnitDoesNotReport),
)
async def read_proposal(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Differences:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    return await amending.proposal(database, clock, report)


async def _shown(request: Request[Actor, Any, State], database: Database, clock: Clock, report_id: UUID) -> ReportShown:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    return await shown(database, report, language_of(request))


ROUTES: list[ControllerRouterHandler] = [
    list_reports,
    begin_report,
    read_report,
    draft_version,
    read_draft,
    write_draft,
    read_differences,
    read_proposal,
]
