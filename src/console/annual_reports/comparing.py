"""What differs: between two versions of a report, or between the filed one and the register as it is known now."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor
from console.annual_reports.listing import entries
from console.pages import page
from console.visit import Visit
from device_registry.annual_report import amending
from device_registry.annual_report.files.form import reason_in
from device_registry.annual_report.http.reaching import READERS, known_report
from device_registry.annual_report.model.workflow import Differences, Report
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import NotFound
from foundation.words import catalogue, say


@get("/annual-reports/{report_id:uuid}/differences", guards=[requires(*READERS)])
async def differences_page(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    before, after = (request.query_params.get(name, "") for name in ("before", "after"))
    if not all(number.isdecimal() and len(number) < 5 for number in (before, after)):
        raise NotFound
    report = await _report(request, database, clock, report_id)
    found = await amending.between(database, report, int(before), int(after))
    return await _compared(visit, database, report, found, before=before, after=after)


@get("/annual-reports/{report_id:uuid}/amendment", guards=[requires(*READERS)])
async def amendment_page(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    report = await _report(request, database, clock, report_id)
    found = await amending.proposal(database, clock, report)
    return await _compared(visit, database, report, found, before=str(amending.newest_filed(report).number), after="")


async def _report(request: Request[Actor, Any, State], database: Database, clock: Clock, report_id: UUID) -> Report:
    async with database.connection() as db:
        return await known_report(db, request.user, report_id, clock)


async def _compared(
    visit: Visit, database: Database, report: Report, found: Differences, *, before: str, after: str
) -> Response[str]:
    """`after` empty: the register as it is known now."""
    async with database.connection() as db:
        [entry] = await entries(db, visit, [report])
    return page(
        visit,
        "annual_reports/differences.html",
        report=report,
        entry=entry,
        found=found,
        before=before,
        after=after,
        added=[(row, reason_in(visit.language, row)) for row in found.added],
        removed=[(row, reason_in(visit.language, row)) for row in found.removed],
        summary_words=lambda field: _summary_words(visit, field),
        field_words=lambda field: _field_words(visit, field),
        value_words=_value_words,
    )


def _summary_words(visit: Visit, field: str) -> str:
    """`verification.must` and the like by their own words, in the section they stand in."""
    section, _, name = field.rpartition(".")
    if not section:
        return _known(visit, f"annual-report.summary.{name}", f"page.annual-report.compare.{name}") or field
    where = say(visit.language, f"page.annual-report.compare.{section}")
    return f"{where}：{_known(visit, f'annual-report.verification.{name}') or name}"


def _field_words(visit: Visit, field: str) -> str:
    """The last name of the path that has words of its own; a path without any as it is."""
    for name in reversed(field.split(".")):
        words = _known(
            visit,
            f"page.annual-report.compare.{name}",
            f"annual-report.column.{name}",
            f"annual-report.figures.{name}",
            f"annual-report.foot.{name}",
        )
        if words:
            return words
    return field


def _known(visit: Visit, *keys: str) -> str | None:
    words = catalogue(visit.language)
    return next((words[key] for key in keys if key in words), None)


def _value_words(value: object) -> str:
    """Lists and the like as they stand in the snapshot."""
    if value is None:
        return "—"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


ROUTES = [differences_page, amendment_page]
