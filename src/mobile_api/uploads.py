"""The routes of resumable uploads, for any tus 1.0 client. The upload of evidence has the evidence's own id."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import HttpMethod, Request, Response, Router, delete, head, patch, post, route
from litestar.datastructures import MutableScopeHeaders, ResponseHeader, State
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException
from litestar.params import FromPath
from litestar.types import Message, Scope

from agency.http import HAND_IN, OF_A_PHONE, OPEN
from agency.model import Actor
from evidence import upload
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.problems import (
    ChecksumMismatch,
    ChecksumUnknown,
    DigestMismatch,
    LengthDiffers,
    LongerThanCommitted,
    NoSuchUpload,
    NotCommitted,
    OffsetDiffers,
    RangeDiffers,
    TakenOver,
)
from foundation.http import declared
from foundation.problem import (
    Malformed,
    NotSignedIn,
    Problem,
    Spoken,
    UnsupportedContentType,
)
from mobile_api import tus
from mobile_api.tus import VersionNotSupported

PATH = "/mobile/v1/uploads"

_ASKING = (Malformed, NotSignedIn, NotCommitted, NoSuchUpload, VersionNotSupported)
_APPENDING = (
    *_ASKING, OffsetDiffers, RangeDiffers, TakenOver, LongerThanCommitted, UnsupportedContentType,
    ChecksumUnknown, ChecksumMismatch, DigestMismatch,
)  # fmt: skip


class UploadCut(Problem):
    """The connection broke in mid-upload. Nobody reads this answer; the log keeps its name."""

    slug, status = "upload-cut", HTTPStatus.BAD_REQUEST


async def speak_tus(message: Message, scope: Scope) -> None:
    """For the app's `before_send`: every answer about uploads says Tus-Resumable, whoever gives it."""
    if message["type"] == "http.response.start" and scope["path"].startswith(PATH):
        MutableScopeHeaders.from_message(message)["Tus-Resumable"] = tus.VERSION


@route(
    "/",
    http_method=HttpMethod.OPTIONS,
    status_code=HTTPStatus.NO_CONTENT,
    opt=OPEN,
    security=[{}],
    summary="What this server can do of tus",
)
async def capabilities(custodian: NamedDependency[Custodian]) -> Response[None]:
    return Response(
        None,
        headers={
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Checksum-Algorithm": ",".join(tus.CHECKSUM_BYTES),
            "Tus-Max-Size": str(custodian.largest_upload),
        },
    )


@post(
    "/",
    opt=HAND_IN,
    summary="Begin the upload of committed evidence, with its first bytes if you like",
    description="Upload-Length is the committed size; Upload-Metadata carries `evidence_id`. Asked again, the upload "
    "that stands is found again. A whole file may come in this one request.",
    responses=declared(LengthDiffers, *_APPENDING),
    response_headers=[ResponseHeader(name="Location", documentation_only=True, description="Address of the upload")],
)
async def create(request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]) -> Response[None]:
    tus.check_version(request.headers)
    if "upload-defer-length" in request.headers:
        raise Malformed(field="Upload-Defer-Length", what=Spoken("tus.deferred"))
    length = tus.count(request.headers, "Upload-Length")
    evidence_id = _evidence_id(tus.metadata(request.headers))
    with_bytes = request.headers.get("content-length", "") not in ("", "0") or "transfer-encoding" in request.headers
    if with_bytes:
        tus.check_content_type(request.headers)
        progress = await upload.begin_with(
            custodian,
            evidence_id,
            length,
            _bytes_of(request),
            Courier.behind(request.user),
            tus.checksum(request.headers),
        )
    else:
        progress = await upload.begin(custodian, evidence_id, length, Courier.behind(request.user))
    return Response(
        None,
        status_code=HTTPStatus.CREATED,
        headers={"Location": f"{PATH}/{evidence_id}", **tus.answer_headers(progress)},
    )


@head(
    "/{evidence_id:uuid}",
    opt=HAND_IN,
    summary="How far the upload has come",
    description="Whoever was writing loses the right to: the asker is about to continue.",
    responses=declared(*_ASKING),
)
async def offset(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[None]:
    tus.check_version(request.headers)
    progress = await upload.progress(custodian, evidence_id, Courier.behind(request.user))
    return Response(None, headers={"Upload-Length": str(progress.evidence.size), **tus.answer_headers(progress)})


@patch(
    "/{evidence_id:uuid}",
    opt=HAND_IN,
    status_code=HTTPStatus.NO_CONTENT,
    summary="Continue the upload",
    description="After the last byte the answer carries Plumbline-Outcome and Plumbline-Receipt.",
    responses=declared(*_APPENDING),
)
async def append(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[None]:
    return await _append(evidence_id, request, custodian)


@delete(
    "/{evidence_id:uuid}",
    opt=HAND_IN,
    summary="Give up the upload; the commitment stays",
    responses=declared(*_ASKING),
)
async def terminate(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[None]:
    return await _terminate(evidence_id, request, custodian)


@post(
    "/{evidence_id:uuid}",
    opt=HAND_IN,
    status_code=HTTPStatus.NO_CONTENT,
    summary="For networks that let only POST pass: X-HTTP-Method-Override says PATCH or DELETE",
    responses=declared(*_APPENDING),
)
async def overridden(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[None]:
    tus.check_version(request.headers)
    meant = {"PATCH": _append, "DELETE": _terminate}.get(request.headers.get("x-http-method-override", ""))
    if meant is None:
        raise Malformed(field="X-HTTP-Method-Override", what=Spoken("tus.override"))
    return await meant(evidence_id, request, custodian)


async def _append(evidence_id: UUID, request: Request[Actor, Any, State], custodian: Custodian) -> Response[None]:
    tus.check_version(request.headers)
    tus.check_content_type(request.headers)
    progress = await upload.append(
        custodian,
        evidence_id,
        tus.count(request.headers, "Upload-Offset"),
        _bytes_of(request),
        Courier.behind(request.user),
        tus.checksum(request.headers),
    )
    return Response(None, status_code=HTTPStatus.NO_CONTENT, headers=tus.answer_headers(progress))


async def _terminate(evidence_id: UUID, request: Request[Actor, Any, State], custodian: Custodian) -> Response[None]:
    tus.check_version(request.headers)
    await upload.terminate(custodian, evidence_id, Courier.behind(request.user))
    return Response(None, status_code=HTTPStatus.NO_CONTENT)


async def _bytes_of(request: Request[Actor, Any, State]) -> AsyncIterator[bytes]:
    """The body as it comes. Raises UploadCut when the connection breaks."""
    try:
        async for chunk in request.stream():
            yield chunk
    except (InternalServerException, ClientException) as gone:
        raise UploadCut from gone


def _evidence_id(metadata: dict[str, str]) -> UUID:
    try:
        return UUID(metadata["evidence_id"])
    except (KeyError, ValueError) as error:
        raise Malformed(field="Upload-Metadata.evidence_id", what=Spoken("tus.evidence-id")) from error


router = Router(
    PATH,
    route_handlers=[capabilities, create, offset, append, terminate, overridden],
    request_max_body_size=None,
    opt=OF_A_PHONE,
    tags=["uploads"],
)
