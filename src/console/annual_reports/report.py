"""`/desk/annual-reports/<id>`: one report, from its draft to its receipt; every device with its reason."""

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from console.annual_reports.listing import TONES, Entry, entries
from console.forms import Form
from console.pages import page
from console.visit import Visit
from device_registry.annual_report.amending import body_of
from device_registry.annual_report.drafting import draft_of
from device_registry.annual_report.files.form import reason_in
from device_registry.annual_report.http.files import attachment
from device_registry.annual_report.http.reaching import READERS, known_report, receives_for
from device_registry.annual_report.model.movement import sign
from device_registry.annual_report.model.snapshot import Body, Decision, Row, Summary, VerificationCounts
from device_registry.annual_report.model.workflow import Edit, Report, Stage
from device_registry.annual_report.queries import reports
from device_registry.annual_report.rendering import Kind, file_of, limiter_of
from device_registry.annual_report.rules.balance import FLOWS, Break
from device_registry.documents import DocumentKeeper
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import NotFound
from foundation.words import say

ON_A_PAGE = 100
WAY = (Stage.DRAFTED, Stage.CHECKED, Stage.SIGNED_OFF, Stage.FILED, Stage.RECEIVED)
SHOWN = ("included", "apart", "moved", "all")


class May(NamedTuple):
    """What the reader may do with this report, by role and reach; by stage the page decides."""

    manage: bool
    head: bool
    receive: bool


class Opened(NamedTuple):
    """A report as a page needs it."""

    report: Report
    entry: Entry
    body: Body
    breaks: tuple[Break, ...]
    edits: list[Edit]
    may: May


class Asked(msgspec.Struct, frozen=True):
    show: str = "included"
    start: int = 0
    done: str | None = None


@get("/annual-reports/{report_id:uuid}", guards=[requires(*READERS)])
async def report_page(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    opened = await open_report(request.user, visit, database, clock, report_id)
    return shown(visit, opened, Form())


@get("/annual-reports/{report_id:uuid}/files/{kind:str}", guards=[requires(*READERS)])
async def report_file(
    report_id: FromPath[UUID],
    kind: FromPath[str],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    if kind not in set(Kind):
        raise NotFound
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    number = request.query_params.get("version", "")
    wanted = int(number) if number.isdecimal() and len(number) < 5 else None
    file = await file_of(database, report, wanted, Kind(kind), limiter_of(request.app.state))
    return Response(file.content, media_type=file.media_type, headers=file.headers)


@get(
    "/annual-reports/{report_id:uuid}/attachments/{sha256:str}",
    guards=[requires(*READERS)],
    media_type="application/octet-stream",
)
async def attached_file(
    report_id: FromPath[UUID],
    sha256: FromPath[str],
    request: Request[Actor, Any, State],
    documents: NamedDependency[DocumentKeeper],
) -> Stream:
    return await attachment(documents, request.user, report_id, sha256)


async def open_report(actor: Actor, visit: Visit, database: Database, clock: Clock, report_id: UUID) -> Opened:
    """Raises ReportNotFound, also beyond the reader's reach."""
    async with database.connection() as db:
        report = await known_report(db, actor, report_id, clock)
        today = day_of(clock.now())
        may = May(
            report.unit_id in await reach(db, actor, (Role.DEVICE_MANAGER,), today),
            report.unit_id in await reach(db, actor, (Role.ENTITY_HEAD,), today),
            report.latest.receiver_id in receives_for(actor),
        )
        edits = await reports.edits_of(db, report.latest.id)
        [entry] = await entries(db, visit, [report])
    if report.latest.filing is None:
        draft = await draft_of(database, report, report.latest)
        return Opened(report, entry, draft.body, draft.breaks, edits, may)
    return Opened(report, entry, await body_of(database, report, report.latest), (), edits, may)


def shown(visit: Visit, opened: Opened, form: Form, status: int = 200) -> Response[str]:
    asked = _asked(visit)
    rows = _chosen(opened.body.rows, asked.show)
    written = opened.edits[-1].written
    if form.is_empty:
        refusals, form = form.refusals, Form(_as_typed(written))
        form.refusals += refusals
    return page(
        visit,
        "annual_reports/report.html",
        status=status,
        opened=opened,
        report=opened.report,
        version=opened.report.latest,
        body=opened.body,
        may=opened.may,
        form=form,
        written=written,
        way=WAY,
        taken={step.stage: step for step in opened.report.latest.steps},
        wrote_it={opened.report.latest.drafted_by, *(edit.by for edit in opened.edits)},
        tones=TONES,
        balance=balance_lines(visit, opened.body.summary),
        counts=[
            ("verification", opened.body.summary.closing, counts(visit, opened.body.summary.verification)),
            ("stopped", opened.body.summary.stopped, counts(visit, opened.body.summary.stopped_verification)),
        ],
        breaks=[
            (one, say(visit.language, f"annual-report.break.{one.cause}", expected=one.expected, found=one.found))
            for one in opened.breaks
        ],
        asked=asked,
        tabs=[(key, visit.link(show=key, start=None, done=None), _tab(visit, key, opened.body.rows)) for key in SHOWN],
        rows=[(row, reason_in(visit.language, row)) for row in islice(rows, asked.start, asked.start + ON_A_PAGE)],
        total=len(rows),
        following=asked.start + ON_A_PAGE if asked.start + ON_A_PAGE < len(rows) else None,
    )


def balance_lines(visit: Visit, found: Summary) -> list[tuple[str, str, int]]:
    """Sign, words, number: as it is added up."""
    lines = [("", "opening")]
    lines += [("+" if sign(flow) > 0 else "−", name) for name, flow in FLOWS.items()]
    lines.append(("=", "closing"))
    return [
        (how, say(visit.language, f"annual-report.summary.{name}"), int(getattr(found, name))) for how, name in lines
    ]


def counts(visit: Visit, found: VerificationCounts) -> list[tuple[str, int]]:
    return [
        (say(visit.language, f"annual-report.verification.{name}"), int(getattr(found, name)))
        for name in VerificationCounts.__struct_fields__
    ]


def _asked(visit: Visit) -> Asked:
    query = dict(visit.query)
    show, start = query.get("show", ""), query.get("start", "")
    return Asked(
        show if show in SHOWN else SHOWN[0],
        int(start) if start.isdecimal() and len(start) < 8 else 0,
        query.get("done"),
    )


def _chosen(rows: Sequence[Row], show: str) -> list[Row]:
    if show == "included":
        return [row for row in rows if row.decision is Decision.INCLUDED]
    if show == "apart":
        return [row for row in rows if row.decision is Decision.LISTED_APART]
    if show == "moved":
        return [row for row in rows if row.movements]
    return list(rows)


def _tab(visit: Visit, key: str, rows: Sequence[Row]) -> str:
    return say(visit.language, f"page.annual-report.show.{key}", count=len(_chosen(rows, key)))


def _as_typed(written: Any) -> dict[str, Any]:
    typed = {name: getattr(written, name) for name in ("note", "telephone", "credit_code")}
    figures = msgspec.structs.asdict(written.figures)
    typed |= {f"figures.{name}": value for name, value in figures.items()}
    return typed | {f"remarks.{device_id}": text for device_id, text in written.remarks.items()}


ROUTES = [report_page, report_file, attached_file]
