"""The route of thumbnails, which go ahead of the pictures that they show. They are never evidence."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Router, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import HAND_IN, OF_A_PHONE
from agency.model import Actor
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.problems import NotCommitted, ThumbnailRefused
from evidence.thumbnail import MAX_BYTES, keep_thumbnail
from foundation.http import declared
from foundation.problem import Malformed, NotSignedIn, TooLarge


@put(
    "/evidence/{evidence_id:uuid}/thumbnail",
    opt=HAND_IN,
    status_code=HTTPStatus.NO_CONTENT,
    tags=["evidence"],
    summary="Something to look at until the picture itself is here; never evidence",
    description="The body is a small JPEG that the phone made of the picture. Whoever may upload the picture may send "
    "it. Sent again, or once the picture is here, it changes nothing.",
    request_max_body_size=MAX_BYTES,
    responses=declared(Malformed, NotSignedIn, NotCommitted, TooLarge, ThumbnailRefused),
)
async def send_thumbnail(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> None:
    await keep_thumbnail(custodian, evidence_id, await request.body(), Courier.behind(request.user))


router = Router("/mobile/v1", route_handlers=[send_thumbnail], opt=OF_A_PHONE)
