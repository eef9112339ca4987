"""What a phone takes along before it goes where there is no network."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader, State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation
from msgspec import Meta, Struct

from agency.http import OF_A_PHONE
from agency.model import Actor, Role
from agency.queries import subtree
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import NotSignedIn
from mobile_api.standing_list import OfflineStandings, Why


class StandingList(Struct, frozen=True):
    """Columns, one item a device in each, in the order of the tags.

    A stage is `[begins, reasons]`: it holds from `begins` (null: since the list was made) until the next stage of the
    device begins, the last for good, as long as nothing new is recorded. No reasons: in standing. The days overdue are
    the Beijing civil days after `valid_until`; an overdue verification without one was valid until the Beijing day
    before its stage begins.
    """

    made_at: datetime
    kinds: Annotated[list[tuple[str, str]], Meta(description="Name in Chinese, name in English")]
    tag: list[str]
    kind: Annotated[list[int], Meta(description="Index into kinds")]
    stages: list[list[tuple[datetime | None, list[Why]]]]


@get(
    "/standings",
    tags=["devices"],
    summary="The standing of all devices of my unit, for when there is no network",
    description="Of the officer's unit and everything below it, and of what a field officer's role reaches. Signed: "
    "Plumbline-Signature is a detached JWS (RFC 7515 appendix F, b64 false by RFC 7797) over the body before gzip, typ "
    "plumbline-standings+jws. With If-None-Match 304 says that the list a phone has is still right at that moment.",
    responses={200: ResponseSpec(StandingList, description="The list"), **declared(NotSignedIn)},
    response_headers=[
        ResponseHeader(name="Plumbline-Signature", documentation_only=True, description="Detached JWS over the body"),
        ResponseHeader(name="ETag", documentation_only=True, description="Another one whenever the list is another"),
    ],
)
async def offline_standings(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    offline: NamedDependency[SkipValidation[OfflineStandings]],
) -> Response[Any]:
    actor = request.user
    granted = [grant.unit_id for grant in actor.roles if grant.role is Role.FIELD_OFFICER]
    async with database.connection() as db:
        units = await subtree(db, [actor.unit_id, *granted], day_of(clock.now()))
    listed = await offline.of(units)
    headers = {
        "Cache-Control": "private, no-cache",
        "ETag": listed.etag,
        "Plumbline-Signature": listed.signature,
        "Vary": "Accept-Encoding",
    }
    if listed.etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        packed = headers | {"Content-Encoding": "gzip"}
        return Response(listed.packed, media_type="application/json", headers=packed)
    return Response(listed.body, media_type="application/json", headers=headers)


router = Router("/mobile/v1", route_handlers=[offline_standings], opt=OF_A_PHONE)
