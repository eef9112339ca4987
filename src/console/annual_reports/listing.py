"""`/desk/annual-reports`: what my unit has made, what was made to my government, and a report to begin."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach, tree, units_by_id
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.pages import page, redirect
from console.visit import Visit
from device_registry.annual_report import filing
from device_registry.annual_report.http.reaching import OVERSEERS, READERS, inbox, known_reports, receives_for
from device_registry.annual_report.model.workflow import Report, Stage, Version
from device_registry.annual_report.problems import UnitDoesNotReport
from device_registry.annual_report.queries.reports import waiting_for
from device_registry.annual_report.rules.reporting import GOVERNMENTS, REPORTERS
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem

LIST = "/desk/annual-reports"
TONES = {
    Stage.DRAFTED: "info",
    Stage.CHECKED: "info",
    Stage.SIGNED_OFF: "info",
    Stage.FILED: "warn",
    Stage.RECEIVED: "good",
    Stage.RETURNED: "bad",
}


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    unit_id: UUID
    year: int
    period_to: date | None = None


class Entry(NamedTuple):
    report: Report
    version: Version
    unit: str
    receiver: str
    tone: str


@get("/annual-reports", guards=[requires(*READERS)])
async def list_page(
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    form = Form({"year": day_of(clock.now()).year})
    return await _listed(request, visit, database, clock, form)


@post("/annual-reports", guards=[requires(Role.DEVICE_MANAGER)], status_code=200)
async def begin_report(
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        begun = form.read(Begun)
        async with database.connection() as db:
            if begun.unit_id not in await reach(db, request.user, (Role.DEVICE_MANAGER,), day_of(clock.now())):
                raise UnitDoesNotReport(field="unit_id")
        desk = filing.Desk(database, clock, request.user.person_id)
        report_id = await filing.begin(desk, begun.unit_id, begun.year, begun.period_to)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _listed(request, visit, database, clock, refused, int(problem.status))
    return redirect(f"{LIST}/{report_id}")


async def _listed(
    request: Request[Actor, Any, State], visit: Visit, database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        managed = await reach(db, request.user, (Role.DEVICE_MANAGER,), today)
        own = await known_reports(db, request.user, None, clock)
        filed = await inbox(db, request.user, None, clock)
        overseen = await reach(db, request.user, OVERSEERS, today)
        units = await tree(db, today)
        return page(
            visit,
            "annual_reports/list.html",
            status=status,
            form=form,
            inbox=await entries(db, visit, filed),
            own=await entries(db, visit, own),
            units=[(str(one.id), _name(visit, one)) for one in units if one.id in managed and one.kind in REPORTERS],
            governments=[
                (str(one.id), _name(visit, one)) for one in units if one.id in overseen and one.kind in GOVERNMENTS
            ],
            year=today.year,
            today=today.isoformat(),
        )


async def entries(db: Connection, visit: Visit, found: list[Report]) -> list[Entry]:
    """With the names that units have on the closing dates."""
    names: dict[UUID, str] = {}
    for day in {report.latest.period.last for report in found}:  # a closing date a year, not one a report
        asked = [report for report in found if report.latest.period.last == day]
        ids = {report.unit_id for report in asked} | {report.latest.receiver_id for report in asked}
        names |= {unit.id: _name(visit, unit) for unit in await units_by_id(db, ids, day)}
    return [
        Entry(
            report,
            report.latest,
            names.get(report.unit_id, str(report.unit_id)),
            names.get(report.latest.receiver_id, str(report.latest.receiver_id)),
            TONES[report.latest.stage],
        )
        for report in found
    ]


def _name(visit: Visit, unit: Any) -> str:
    return str(unit.name_zh if visit.language == "zh-CN" else unit.name_en)


async def _to_receive(db: Connection, actor: Actor, _: Clock) -> int:
    return await waiting_for(db, receives_for(actor), (Stage.FILED,), received=True)


async def _to_sign_off(db: Connection, actor: Actor, clock: Clock) -> int:
    units = await reach(db, actor, (Role.ENTITY_HEAD,), day_of(clock.now()))
    return await waiting_for(db, units, (Stage.CHECKED,), received=False)


async def _to_go_on_with(db: Connection, actor: Actor, clock: Clock) -> int:
    units = await reach(db, actor, (Role.DEVICE_MANAGER,), day_of(clock.now()))
    stages = (Stage.DRAFTED, Stage.SIGNED_OFF, Stage.RETURNED)
    return await waiting_for(db, units, stages, received=False)


BLOCKS.extend(
    [
        Waiting("report-drafts", frozenset({Role.DEVICE_MANAGER}), LIST, _to_go_on_with),
        Waiting("report-sign-offs", frozenset({Role.ENTITY_HEAD}), LIST, _to_sign_off),
        Waiting("report-receptions", frozenset({Role.REPORT_RECEIVER}), LIST, _to_receive),
    ]
)

ROUTES = [list_page, begin_report]
