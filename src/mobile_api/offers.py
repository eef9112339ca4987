"""After a loss a phone offers what it holds receipts for, and is told what to send again."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from agency.http import HAND_IN
from agency.model import Actor
from evidence import offers
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.offers import MOST_OFFERED, Again, Offered
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotSignedIn, TooLarge, UnsupportedContentType


class OffersCalled(Struct, frozen=True):
    """`call` is another after each loss; null where nothing was ever lost."""

    call: UUID | None


class HeldReceipt(Struct, frozen=True, forbid_unknown_fields=True):
    evidence_id: UUID
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="Of the file, lower-case hexadecimal")]
    receipt: Annotated[str, Meta(max_length=4096, description="The newest that the phone holds, 1 or 2")]


class HeldReceipts(Struct, frozen=True, forbid_unknown_fields=True):
    receipts: Annotated[list[HeldReceipt], Meta(min_length=1, max_length=MOST_OFFERED)]


class WantedAgain(Struct, frozen=True):
    """`begin`: with the commitment, or with the bytes of what is committed here."""

    evidence_id: UUID
    begin: Again


class OffersAnswered(Struct, frozen=True):
    wanted: list[WantedAgain]


@get(
    "/offers",
    opt=HAND_IN,
    tags=["evidence"],
    summary="Since which loss phones are asked to offer what they hold",
    responses=declared(NotSignedIn),
)
async def offers_called(database: NamedDependency[Database]) -> Response[OffersCalled]:
    async with database.connection() as db:
        return Response(OffersCalled(await offers.call(db)), headers={"Cache-Control": "no-store"})


@post(
    "/offers",
    opt=HAND_IN,
    status_code=HTTPStatus.OK,
    tags=["evidence"],
    summary="Offer what receipts are held for; what is wanted again is answered",
    responses=declared(Malformed, NotSignedIn, TooLarge, UnsupportedContentType),
)
async def offer(
    data: JSONBody[HeldReceipts], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> OffersAnswered:
    offered = [Offered(one.evidence_id, bytes.fromhex(one.sha256), one.receipt) for one in data.receipts]
    wanted = await offers.weigh_offer(custodian, offered, Courier.behind(request.user))
    return OffersAnswered([WantedAgain(evidence_id, begin) for evidence_id, begin in wanted.items()])


router = Router("/mobile/v1", route_handlers=[offers_called, offer])
