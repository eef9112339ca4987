"""From draft to receipt, a route a step: checked, signed off, filed, received, or returned with a reason."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor, Role
from device_registry.annual_report import filing
from device_registry.annual_report.filing import ReceiptSigner
from device_registry.annual_report.http.reaching import (
    Reason,
    known_report,
    must_receive,
    report_to_act_on,
)
from device_registry.annual_report.http.shapes import ReportShown, shown
from device_registry.annual_report.model.workflow import Report, Stage
from device_registry.annual_report.problems import (
    CheckerIsDrafter,
    ReportChangedSinceChecked,
    ReportDoesNotBalance,
    ReportEditedMeanwhile,
    ReportNotFound,
    ReportStepNotAllowed,
    SignerIsChecker,
    UnitDoesNotReport,
)
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType

_STEP = (Malformed, NotSignedIn, NotAllowed, ReportNotFound, ReportStepNotAllowed, UnitDoesNotReport)


class Return(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`stage` is the one the report was read at, so that nobody returns what has just moved on."""

    stage: Stage
    reason: Reason


RETURNED_BY: dict[Stage, tuple[Role, ...]] = {
    Stage.DRAFTED: (Role.DEVICE_MANAGER, Role.ENTITY_HEAD),
    Stage.CHECKED: (Role.ENTITY_HEAD,),
    Stage.SIGNED_OFF: (Role.ENTITY_HEAD,),
}
"""Within the unit; a filed report is the receiving government's to return."""


@post(
    "/annual-reports/{report_id:uuid}/checks",
    guards=[requires(Role.DEVICE_MANAGER, Role.ENTITY_HEAD)],
    summary="Check the draft: by somebody who did not write it",
    responses=declared(*_STEP, ReportDoesNotBalance, ReportEditedMeanwhile, CheckerIsDrafter),
)
async def check_report(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    async with database.connection() as db:
        await report_to_act_on(db, request.user, report_id, (Role.DEVICE_MANAGER, Role.ENTITY_HEAD), clock)
    await filing.check(filing.Desk(database, clock, request.user.person_id), report_id)
    return await _now(request, database, clock, report_id)


@post(
    "/annual-reports/{report_id:uuid}/sign-offs",
    guards=[requires(Role.ENTITY_HEAD)],
    summary="Sign the checked report off: the head of the unit",
    responses=declared(*_STEP, ReportChangedSinceChecked, ReportEditedMeanwhile, SignerIsChecker),
)
async def sign_off_report(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    async with database.connection() as db:
        await report_to_act_on(db, request.user, report_id, (Role.ENTITY_HEAD,), clock)
    await filing.sign_off(filing.Desk(database, clock, request.user.person_id), report_id)
    return await _now(request, database, clock, report_id)


@post(
    "/annual-reports/{report_id:uuid}/filings",
    guards=[requires(Role.DEVICE_MANAGER, Role.ENTITY_HEAD)],
    summary="File the report with the government: freezes it and gives a receipt; late is filed as late",
    responses=declared(*_STEP, ReportChangedSinceChecked, ReportEditedMeanwhile),
)
async def file_report(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    receipt_signer: NamedDependency[ReceiptSigner],
) -> ReportShown:
    async with database.connection() as db:
        await report_to_act_on(db, request.user, report_id, (Role.DEVICE_MANAGER, Role.ENTITY_HEAD), clock)
    await filing.file(filing.Desk(database, clock, request.user.person_id), report_id, receipt_signer)
    return await _now(request, database, clock, report_id)


@post(
    "/annual-reports/{report_id:uuid}/receptions",
    guards=[requires(Role.REPORT_RECEIVER)],
    summary="Receive a filed report for the government: gives a second receipt",
    responses=declared(*_STEP),
)
async def receive_report(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    receipt_signer: NamedDependency[ReceiptSigner],
) -> ReportShown:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
        must_receive(request.user, report.latest)
    await filing.receive(filing.Desk(database, clock, request.user.person_id), report_id, receipt_signer)
    return await _now(request, database, clock, report_id)


@post(
    "/annual-reports/{report_id:uuid}/returns",
    guards=[requires(Role.DEVICE_MANAGER, Role.ENTITY_HEAD, Role.REPORT_RECEIVER)],
    summary="Return the report with a reason; another version follows",
    responses=declared(*_STEP, TooLarge, UnsupportedContentType),
)
async def return_report(
    report_id: FromPath[UUID],
    data: JSONBody[Return],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ReportShown:
    async with database.connection() as db:
        await may_return(db, request.user, report_id, data.stage, clock)
    desk = filing.Desk(database, clock, request.user.person_id)
    await filing.give_back(desk, report_id, data.stage, data.reason.strip())
    return await _now(request, database, clock, report_id)


async def may_return(db: Connection, actor: Actor, report_id: UUID, stage: Stage, clock: Clock) -> Report:
    """Whoever's turn it is. Raises ReportNotFound, NotAllowed."""
    if stage in RETURNED_BY:
        return await report_to_act_on(db, actor, report_id, RETURNED_BY[stage], clock)
    report = await known_report(db, actor, report_id, clock)
    must_receive(actor, report.latest)
    return report


async def _now(request: Request[Actor, Any, State], database: Database, clock: Clock, report_id: UUID) -> ReportShown:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    return await shown(database, report, language_of(request))


ROUTES: list[ControllerRouterHandler] = [
    check_report,
    sign_off_report,
    file_report,
    receive_report,
    return_report,
]
