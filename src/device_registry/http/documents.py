"""Scans: added at the desk before the fact that names them, read by whoever may read its device."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation, RequestBody, Schema
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from device_registry import queries
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper, content_of, keep_document
from device_registry.http.reaching import DESK, READERS
from device_registry.problems import (
    DigitalCertificateManipulated,
    DigitalCertificateUnreadable,
    DocumentNotAccepted,
    DocumentNotFound,
)
from device_registry.queries import Document
from foundation.civil import day_of
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge

FORM_BYTES = 1 << 16
"""What a form may add to the file in it."""
READ_AT_ONCE = 1 << 18


class KeptDocument(msgspec.Struct, frozen=True):
    """Name the document in a fact by its `sha256`."""

    sha256: str
    size: int
    media_type: str


@dataclass
class FileOperation(Operation):
    """Describes a body that is a file, as it is or as part `file` of a form."""

    def __post_init__(self) -> None:
        binary = Schema(type="string", format="binary")  # type: ignore[arg-type]
        form = Schema(type="object", properties={"file": binary}, required=["file"])  # type: ignore[arg-type]
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "application/octet-stream": OpenAPIMediaType(schema=binary),
            },
        )


@post(
    "/documents",
    guards=[requires(*DESK)],
    summary="Keep a scan, locked; the same file again is the same document",
    request_max_body_size=MAX_DOCUMENT_BYTES + FORM_BYTES,
    operation_class=FileOperation,
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, TooLarge, DocumentNotAccepted, DigitalCertificateUnreadable,
        DigitalCertificateManipulated,
    ),
)  # fmt: skip
async def add_document(
    request: Request[Actor, Any, State],
    documents: NamedDependency[DocumentKeeper],
    file_name: Annotated[
        str | None, QueryParameter(max_length=1000, description="For a body that is the file itself.")
    ] = None,
) -> KeptDocument:
    chunks, name_in_form = await sent_file(request)
    kept = await keep_document(documents, chunks, request.user.person_id, name_in_form or file_name)
    return KeptDocument(kept.stored.sha256.hex(), kept.stored.size, kept.media_type)


@get(
    "/documents/{sha256:str}",
    guards=[requires(*DESK)],
    summary="The bytes of a document that I added, or that a fact about a device within my reach names",
    media_type="application/octet-stream",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DocumentNotFound),
)
async def read_document(
    sha256: FromPath[str], request: Request[Actor, Any, State], documents: NamedDependency[DocumentKeeper]
) -> Stream:
    return await kept_document(documents, request.user, sha256)


async def kept_document(documents: DocumentKeeper, actor: Actor, sha256: str) -> Stream:
    """The document as a file to save, if the actor may read it. Raises DocumentNotFound."""
    async with documents.database.connection() as db:
        units = await reach(db, actor, READERS, day_of(documents.clock.now()))
        found = await queries.readable_document(db, _digest(sha256), actor.person_id, units)
    if found is None:
        raise DocumentNotFound
    return await to_save(documents, found)


async def to_save(documents: DocumentKeeper, found: Document) -> Stream:
    """The bytes under the name they came with, for whoever is known to be allowed to read them."""
    name = quote(found.file_name or found.stored.sha256.hex(), safe="")
    return Stream(
        await content_of(documents, found),
        media_type="application/octet-stream",
        headers={
            # Never shown by a browser as what it claims to be: it may be anything, such as a page with a script.
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
            "Content-Length": str(found.stored.size),
            "Plumbline-Media-Type": found.media_type,
            "Cache-Control": "private, no-store",
        },
    )


async def sent_file(request: Request[Actor, Any, State]) -> tuple[AsyncIterator[bytes], str | None]:
    """The file in chunks, and its name where it came in a form. Raises Malformed."""
    if request.content_type[0] != "multipart/form-data":
        return request.stream(), None
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile):
        raise Malformed(field="file", what=Spoken("malformed.missing"))
    return _read(file), file.filename


async def _read(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(READ_AT_ONCE):
        yield chunk


def _digest(text: str) -> bytes:
    """Raises DocumentNotFound for what can be the digest of nothing."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise DocumentNotFound from error


ROUTES: list[ControllerRouterHandler] = [add_document, read_document]
