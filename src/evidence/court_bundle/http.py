"""`/desk/v1/exports`: evidence is exported for a reason, and the bundle is made while it is sent."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from device_registry.http.reaching import Line, tidy
from evidence.court_bundle.contents import contents
from evidence.court_bundle.exporting import WHO_EXPORTS, export, export_within
from evidence.court_bundle.problems import ExportNotFound, NothingSignedYet
from evidence.court_bundle.zipped import zipped
from evidence.custodian import Custodian
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, TooLarge, TryLater, UnsupportedContentType

MOST = 500
"""Pieces of evidence in one bundle."""


class NewExport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    evidence: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)]
    reason: Annotated[Line, Meta(description="Why; it stands in the custody chain of each piece")]


class ExportMade(Struct, frozen=True):
    """`log_size` counts the leaves of the log under the checkpoint that the entries are proved by."""

    id: UUID
    log_size: int
    made_at: datetime
    evidence: list[UUID]


@post(
    "/exports",
    guards=[requires(*WHO_EXPORTS)],
    summary="Fix what a court bundle is made of; told in the custody chain of each piece",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, NotFound, NothingSignedYet, TooLarge, UnsupportedContentType
    ),
)
async def make_export(
    data: JSONBody[NewExport],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ExportMade:
    made = await export(database, clock, request.user, data.evidence, tidy(data.reason))
    return ExportMade(made.id, made.log_size, made.made_at, made.evidence)


@get(
    "/exports/{export_id:uuid}/bundle",
    guards=[requires(*WHO_EXPORTS)],
    summary="The bundle: a BagIt bag in a zip, the same bytes whenever it is asked for",
    media_type="application/zip",
    responses=declared(Malformed, NotSignedIn, NotAllowed, ExportNotFound, TryLater),
)
async def read_bundle(
    export_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Stream:
    return await bundle(export_id, request.user, custodian)


async def bundle(export_id: UUID, actor: Actor, custodian: Custodian) -> Stream:
    """Raises ExportNotFound."""
    async with custodian.database.connection() as db:
        found = await export_within(db, actor, custodian.clock, export_id)
    listed = await contents(custodian, found)
    return Stream(
        zipped(custodian.store, found, listed),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="plumbline-{export_id}.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


ROUTES: list[ControllerRouterHandler] = [make_export, read_bundle]
