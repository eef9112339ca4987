"""The documents of an inspection at a desk: what there is, and the PDFs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence.custodian import Custodian
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, TryLater, UnsupportedContentType
from foundation.words import Language, say
from inspection.documents import queries
from inspection.documents.content import Kind
from inspection.documents.notices import NewNotice, issue_notice
from inspection.documents.problems import DocumentContentRefused, InspectionDocumentNotFound
from inspection.documents.queries import Issued
from inspection.queries import inspections_by_id

READERS = (Role.FIELD_OFFICER, Role.LEGAL_REVIEWER, Role.ENTITY_HEAD, Role.SUPERVISOR)
ISSUERS = (Role.LEGAL_REVIEWER, Role.ENTITY_HEAD)
"""Who writes notices at a desk."""


class InspectionDocument(Struct, frozen=True):
    """`document_sha256` is of the content, which signatures name; `pdf_sha256` of the file."""

    id: UUID
    kind: Kind
    kind_words: str
    number: str
    document_sha256: str
    pdf_sha256: str
    size: int
    issued_at: datetime


class InspectionDocuments(Struct, frozen=True):
    """Oldest first."""

    documents: list[InspectionDocument]


@get(
    "/inspections/{inspection_id:uuid}/documents",
    guards=[requires(*READERS)],
    tags=["inspections"],
    summary="The documents of an inspection, oldest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed, InspectionDocumentNotFound),
)
async def inspection_documents(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> InspectionDocuments:
    async with database.connection() as db:
        return await listed(db, clock, request.user, inspection_id, language_of(request))


@post(
    "/inspections/{inspection_id:uuid}/documents",
    guards=[requires(*ISSUERS)],
    tags=["inspections"],
    summary="Issue a notice: before the visit, or that nothing is fined",
    description="Officers, party, items and their basis are added. The same content again is the same document.",
    responses=declared(
        Malformed,
        NotSignedIn,
        NotAllowed,
        InspectionDocumentNotFound,
        DocumentContentRefused,
        TooLarge,
        UnsupportedContentType,
        TryLater,
    ),
)
async def issue_at_desk(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewNotice],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> InspectionDocument:
    async with custodian.database.connection() as db:
        inspection = (await inspections_by_id(db, [inspection_id])).get(inspection_id)
        units = await reach(db, request.user, ISSUERS, day_of(custodian.clock.now()))
    if inspection is None or inspection.unit_id not in units:
        raise InspectionDocumentNotFound
    issued = await issue_notice(custodian, inspection_id, data, request.user.person_id)
    return described(issued, language_of(request))


@get(
    "/inspection-documents/{document_id:uuid}",
    guards=[requires(*READERS)],
    tags=["inspections"],
    summary="A document of an inspection, PDF/A",
    responses=declared(Malformed, NotSignedIn, NotAllowed, InspectionDocumentNotFound, TryLater)
    | {200: ResponseSpec(bytes, media_type="application/pdf", generate_examples=False, description="The file")},
)
async def inspection_document(
    document_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[bytes]:
    return await document_to_read(custodian, request.user, document_id)


async def document_to_read(custodian: Custodian, actor: Actor, document_id: UUID) -> Response[bytes]:
    """Raises InspectionDocumentNotFound for one that the actor may not know of, TryLater."""
    async with custodian.database.connection() as db:
        found = await queries.issued(db, document_id)
        if found is None:
            raise InspectionDocumentNotFound
        await _within_reach(db, custodian.clock, actor, found.inspection_id)
    return await to_read(custodian, found)


async def listed(
    db: Connection, clock: Clock, actor: Actor, inspection_id: UUID, language: Language
) -> InspectionDocuments:
    """Raises InspectionDocumentNotFound for an inspection that the actor may not know of."""
    await _within_reach(db, clock, actor, inspection_id)
    return InspectionDocuments([described(one, language) for one in await queries.issued_of(db, inspection_id)])


async def to_read(custodian: Custodian, found: Issued) -> Response[bytes]:
    """Some hundred kilobytes, made here: a browser may show it. Raises TryLater."""
    chunks = custodian.store.read(found.stored.key, found.stored.version_id)
    return Response(
        b"".join([chunk async for chunk in chunks]),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{found.document_sha256.hex()[:16]}.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


async def _within_reach(db: Connection, clock: Clock, actor: Actor, inspection_id: UUID) -> None:
    """Raises InspectionDocumentNotFound, also for what exists beyond the reader's units."""
    units = await reach(db, actor, READERS, day_of(clock.now()))
    if not await queries.within(db, inspection_id, actor.person_id, units):
        raise InspectionDocumentNotFound


def described(one: Issued, language: Language) -> InspectionDocument:
    return InspectionDocument(
        one.id,
        one.kind,
        say(language, f"inspection-document.title.{one.kind}"),
        one.number,
        one.document_sha256.hex(),
        one.stored.sha256.hex(),
        one.stored.size,
        one.issued_at,
    )


router = Router("/desk/v1", route_handlers=[inspection_documents, issue_at_desk, inspection_document])
