"""The phone's view of an inspection's documents: which have been issued, under which numbers."""

from typing import Any
from uuid import UUID

from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.model import Actor
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotSignedIn
from inspection.documents.http import InspectionDocuments, listed
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


router = Router("/mobile/v1", route_handlers=[documents_of_my_inspection])
