"""`/desk/v1/exports`: evidence is exported for a reason; a job makes the bundle, which is fetched when it is whole."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from device_registry.http.reaching import Line, tidy
from evidence.court_bundle.exporting import WHO_EXPORTS, export, fetched, make_again, standing_within
from evidence.court_bundle.making import key_of_bundle
from evidence.court_bundle.model import Export, Standing, State
from evidence.court_bundle.problems import BundleNotThere, ExportNotFound, NothingSignedYet
from evidence.custodian import Custodian
from foundation.byte_range import RangeNotThere, span_wanted
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, TooLarge, TryLater, UnsupportedContentType

MOST = 500
"""Pieces of evidence in one bundle."""
PATH = "/desk/v1/exports"
LOOK_AGAIN_SECONDS = 2


class NewExport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    evidence: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)]
    reason: Annotated[Line, Meta(description="Why; it stands in the custody chain of each piece")]


class ExportShown(Struct, frozen=True, kw_only=True):
    """`log_size` counts the leaves of the log under the checkpoint that the entries are proved by.

    `state` is of the bundle: WAITING and WORKING become READY or FAILED by themselves; FAILED and DROPPED can be
    ordered again. `bytes` are those of the originals; `size` and `sha256` are of the bundle, once it is READY.
    """

    id: UUID
    log_size: int
    made_at: datetime
    evidence: list[UUID]
    state: State
    pieces: int
    pieces_done: int
    bytes: int
    bytes_done: int
    size: int | None
    sha256: Annotated[str | None, Meta(description="In hexadecimal; also the ETag of the bundle")]


def _shown(made: Export, standing: Standing) -> ExportShown:
    return ExportShown(
        id=made.id,
        log_size=made.log_size,
        made_at=made.made_at,
        evidence=made.evidence,
        state=standing.state,
        pieces=standing.pieces,
        pieces_done=standing.pieces_done,
        bytes=standing.bytes_all,
        bytes_done=standing.bytes_done,
        size=standing.size,
        sha256=standing.sha256.hex() if standing.sha256 else None,
    )


def _under_way(export_id: UUID, shown: Any) -> Response[Any]:
    headers = {"Location": f"{PATH}/{export_id}", "Retry-After": str(LOOK_AGAIN_SECONDS)}
    return Response(shown, status_code=202, headers=headers, media_type=MediaType.JSON)


@post(
    "/exports",
    guards=[requires(*WHO_EXPORTS)],
    status_code=202,
    summary="Order a court bundle; told in the custody chain of each piece. Location says how far it is",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, NotFound, NothingSignedYet, TooLarge, UnsupportedContentType
    ),
)
async def make_export(
    data: JSONBody[NewExport], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[ExportShown]:
    made = await export(custodian, request.user, data.evidence, tidy(data.reason))
    return _under_way(made.id, _shown(*await standing_within(custodian, request.user, made.id)))


@get(
    "/exports/{export_id:uuid}",
    guards=[requires(*WHO_EXPORTS)],
    summary="What a bundle is made of, and how far it is",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ExportNotFound),
)
async def read_export(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> ExportShown:
    return _shown(*await standing_within(custodian, request.user, export_id))


@post(
    "/exports/{export_id:uuid}/bundle",
    guards=[requires(*WHO_EXPORTS)],
    status_code=202,
    summary="Have a bundle made again that failed or was dropped; it has the same bytes",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ExportNotFound),
)
async def order_bundle(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[ExportShown]:
    await make_again(custodian, request.user, export_id)
    return _under_way(export_id, _shown(*await standing_within(custodian, request.user, export_id)))


@get(
    "/exports/{export_id:uuid}/bundle",
    guards=[requires(*WHO_EXPORTS)],
    summary="The bundle: a BagIt bag in a zip, whole or from a byte on; 202 while it is being made",
    media_type="application/zip",
    responses={
        202: ResponseSpec(ExportShown, description="It is being made; look again", generate_examples=False),
        206: ResponseSpec(bytes, description="The range asked for", media_type="application/zip"),
        304: ResponseSpec(None, description="It is the one that the caller has"),
        **declared(Malformed, NotSignedIn, NotAllowed, ExportNotFound, BundleNotThere, RangeNotThere, TryLater),
    },
)
async def read_bundle(
    export_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[Any]:
    standing = await fetched(custodian, request.user, export_id)
    if standing.state is State.READY:
        return bundle(export_id, standing, request, custodian)
    return _under_way(export_id, _shown(*await standing_within(custodian, request.user, export_id)))


def bundle(
    export_id: UUID, standing: Standing, request: Request[Actor, Any, Scope], custodian: Custodian
) -> Response[Any]:
    """Its bytes, which lie in the object store, or as many as are wanted. Raises RangeNotThere."""
    assert standing.sha256 is not None
    assert standing.size is not None
    etag = f'"{standing.sha256.hex()}"'
    headers = {
        "Content-Disposition": f'attachment; filename="plumbline-{export_id}.zip"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    wanted = request.headers
    if etag in wanted.get("If-None-Match", ""):
        return Response(b"", status_code=304, headers=headers)
    span = span_wanted(wanted.get("Range", ""), wanted.get("If-Range", ""), etag, standing.size)
    first, last = span or (0, standing.size - 1)
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{standing.size}"
    return Stream(
        custodian.store.read_span(key_of_bundle(export_id, standing.epoch), first, last),
        media_type="application/zip",
        status_code=206 if span else 200,
        headers=headers | {"Content-Length": str(last - first + 1)},
    )


ROUTES: list[ControllerRouterHandler] = [make_export, read_export, order_bundle, read_bundle]
