"""The files of a filed report: JSON as it was frozen, XLSX, PDF/A."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor
from device_registry.annual_report.http.reaching import READERS, known_report
from device_registry.annual_report.problems import NothingToCompare, ReportNotFound
from device_registry.annual_report.queries.reports import attached_document
from device_registry.annual_report.rendering import MEDIA_TYPES, Kind, file_of, limiter_of
from device_registry.documents import DocumentKeeper
from device_registry.http.documents import to_save
from device_registry.problems import DocumentNotFound
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn

Number = Annotated[int | None, QueryParameter(ge=1, le=9999, description="Of the version; left out: the newest filed.")]


def _a_file(kind: Kind) -> dict[int, ResponseSpec]:
    problems = declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, NothingToCompare)
    return problems | {
        200: ResponseSpec(bytes, media_type=MEDIA_TYPES[kind], generate_examples=False, description="The file")
    }


@get(
    "/annual-reports/{report_id:uuid}/snapshot.json",
    guards=[requires(*READERS)],
    summary="The filed snapshot, byte for byte",
    responses=_a_file(Kind.JSON),
)
async def snapshot_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    return await _sent(request, database, clock, report_id, version, Kind.JSON)


@get(
    "/annual-reports/{report_id:uuid}/report.xlsx",
    guards=[requires(*READERS)],
    summary="The filed report as a workbook",
    responses=_a_file(Kind.XLSX),
)
async def xlsx_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    return await _sent(request, database, clock, report_id, version, Kind.XLSX)


@get(
    "/annual-reports/{report_id:uuid}/report.pdf",
    guards=[requires(*READERS)],
    summary="The filed report as PDF/A, in the layout of the paper form",
    responses=_a_file(Kind.PDF),
)
async def pdf_file(
    report_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: Number = None,
) -> Response[bytes]:
    return await _sent(request, database, clock, report_id, version, Kind.PDF)


@get(
    "/annual-reports/{report_id:uuid}/attachments/{sha256:str}",
    guards=[requires(*READERS)],
    summary="The bytes of a document that the report attaches",
    media_type="application/octet-stream",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ReportNotFound, DocumentNotFound),
)
async def attachment_file(
    report_id: FromPath[UUID],
    sha256: FromPath[str],
    request: Request[Actor, Any, State],
    documents: NamedDependency[DocumentKeeper],
) -> Stream:
    return await attachment(documents, request.user, report_id, sha256)


async def attachment(documents: DocumentKeeper, actor: Actor, report_id: UUID, sha256: str) -> Stream:
    """For whoever may read the report: its receiver brought no file. Raises ReportNotFound, DocumentNotFound."""
    async with documents.database.connection() as db:
        report = await known_report(db, actor, report_id, documents.clock)
        found = await attached_document(db, [version.id for version in report.versions], sha256)
    if found is None:
        raise DocumentNotFound
    return await to_save(documents, found)


async def _sent(
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    report_id: UUID,
    number: int | None,
    kind: Kind,
) -> Response[bytes]:
    async with database.connection() as db:
        report = await known_report(db, request.user, report_id, clock)
    file = await file_of(database, report, number, kind, limiter_of(request.app.state))
    return Response(file.content, media_type=file.media_type, headers=file.headers)


ROUTES: list[ControllerRouterHandler] = [snapshot_file, xlsx_file, pdf_file, attachment_file]
