"""The files of a filed report, made of its snapshot whenever somebody asks, off the event loop."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from anyio import CapacityLimiter, to_process, to_thread
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor
from device_registry.annual_report import amending
from device_registry.annual_report.files.pdf import pdf
from device_registry.annual_report.files.xlsx import xlsx
from device_registry.annual_report.http.reaching import READERS, known_report
from device_registry.annual_report.model.workflow import Version
from device_registry.annual_report.problems import NothingToCompare, ReportNotFound
from device_registry.annual_report.queries.steps import filed_bytes
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn

JSON, PDF = "application/json", "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RENDERED_AT_ONCE = 2
"""Each may take a core for seconds and some hundred megabytes."""

Number = Annotated[int | None, QueryParameter(ge=1, le=9999, description="Of the version; left out: the newest filed.")]


def _a_file(media_type: str) -> dict[int, ResponseSpec]:
    problems = declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, NothingToCompare)
    return problems | {200: ResponseSpec(bytes, media_type=media_type, generate_examples=False, description="The file")}


@get(
    "/annual-reports/{report_id:uuid}/snapshot.json",
    guards=[requires(*READERS)],
    summary="The filed snapshot, byte for byte",
    responses=_a_file(JSON),
)
async def snapshot_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    number, filed = await _filed(request, database, clock, report_id, version)
    return _sent(filed, JSON, number, "json")


@get(
    "/annual-reports/{report_id:uuid}/report.xlsx",
    guards=[requires(*READERS)],
    summary="The filed report as a workbook",
    responses=_a_file(XLSX),
)
async def xlsx_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    number, filed = await _filed(request, database, clock, report_id, version)
    return _sent(await to_process.run_sync(xlsx, filed, limiter=_limiter(request)), XLSX, number, "xlsx")


@get(
    "/annual-reports/{report_id:uuid}/report.pdf",
    guards=[requires(*READERS)],
    summary="The filed report as PDF/A, in the layout of the paper form",
    responses=_a_file(PDF),
)
async def pdf_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    number, filed = await _filed(request, database, clock, report_id, version)
    return _sent(await to_thread.run_sync(pdf, filed, limiter=_limiter(request)), PDF, number, "pdf")


async def _filed(
    request: Request[Actor, Any, State], database: Database, clock: Clock, report_id: UUID, number: int | None
) -> tuple[str, bytes]:
    """The filing number and the bytes. Raises ReportNotFound, NothingToCompare."""
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
        version: Version = amending.newest_filed(report) if number is None else amending.version_of(report, number)
        filed = await filed_bytes(db, version.id)
    if filed is None or version.filing is None:
        raise NothingToCompare
    return version.filing.number, filed


def _limiter(request: Request[Any, Any, State]) -> CapacityLimiter:
    """The application's one: a limiter belongs to the event loop it was made in."""
    state = request.app.state
    if "annual_report_files" not in state:
        state["annual_report_files"] = CapacityLimiter(RENDERED_AT_ONCE)
    found: CapacityLimiter = state["annual_report_files"]
    return found


def _sent(content: bytes, media_type: str, number: str, suffix: str) -> Response[bytes]:
    name = quote(f"{number}.{suffix}")
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"},
    )


ROUTES: list[ControllerRouterHandler] = [snapshot_file, xlsx_file, pdf_file]
