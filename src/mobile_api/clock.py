"""The time, signed: what a phone needs to say later when it captured something."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from agency.model import Actor
from evidence.custodian import Custodian
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken


class ServerTime(Struct, frozen=True):
    """`anchor` goes into the readings (`clock`) of what is captured after it. JWS, Ed25519, typ plumbline-time+jws."""

    server_time: datetime
    anchor: str


@get(
    "/time",
    tags=["evidence"],
    summary="The time, signed for this phone",
    description="Note the monotonic clock before asking and when the answer has come. The anchor's payload: at, nonce, "
    "phone_id. It does not go stale.",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def server_time(
    nonce: Annotated[
        str,
        QueryParameter(
            min_length=8, max_length=128, description="Random, so that no answer of before can pass for this"
        ),
    ],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> Response[ServerTime]:
    if request.user.phone_id is None:
        raise NotAllowed(members={"needed": [Spoken("needed.phone")]})
    now = custodian.clock.now()
    anchor = custodian.signer.anchor(now, nonce, request.user.phone_id)
    return Response(ServerTime(now, anchor), headers={"Cache-Control": "no-store"})


router = Router("/mobile/v1", route_handlers=[server_time])
