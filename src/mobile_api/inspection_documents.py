"""The phone's view of an inspection's documents: which have been issued, under which numbers, and their files."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from agency.http import OF_A_PHONE
from agency.model import Actor
from evidence.custodian import Custodian
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotSignedIn, TryLater
from inspection.documents.http import InspectionDocuments, document_to_read, listed
from inspection.documents.problems import InspectionDocumentNotFound


@get(
    "/inspections/{inspection_id:uuid}/documents",
    tags=["inspections"],
    summary="The documents issued in an inspection, oldest first",
    responses=declared(Malformed, NotSignedIn, InspectionDocumentNotFound),
)
async def documents_of_my_inspection(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> InspectionDocuments:
    async with database.connection() as db:
        return await listed(db, clock, request.user, inspection_id, language_of(request))


@get(
    "/inspection-documents/{document_id:uuid}",
    tags=["inspections"],
    summary="A document of an inspection, PDF/A",
    responses=declared(Malformed, NotSignedIn, InspectionDocumentNotFound, TryLater)
    | {200: ResponseSpec(bytes, media_type="application/pdf", generate_examples=False, description="The file")},
)
async def document_of_my_inspection(
    document_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[bytes]:
    return await document_to_read(custodian, request.user, document_id)


router = Router("/mobile/v1", route_handlers=[documents_of_my_inspection, document_of_my_inspection], opt=OF_A_PHONE)
