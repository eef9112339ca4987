"""The phone's inspections: hand in operations, be told what changed."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct

from agency.http import HAND_IN
from agency.model import Actor
from evidence.custodian import Custodian
from evidence.model import Courier
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotSignedIn, TooLarge, UnsupportedContentType
from foundation.words import Language
from inspection.model import MOST_OPERATIONS
from inspection.pulling import MOST_CHANGES, Feeds
from inspection.pushing import Answer, push


class SignedOperations(Struct, frozen=True, forbid_unknown_fields=True):
    operations: Annotated[
        list[Annotated[str, Meta(examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJpZCI6Ii4uLiJ9.c2lnbmF0dXJl"])]],
        Meta(
            min_length=1,
            max_length=MOST_OPERATIONS,
            description="JWS compact serialisations, typ plumbline-operation+jws; see docs/api/phone.md.",
        ),
    ]


class OperationAnswered(Struct, frozen=True):
    """RECORDED: new. KNOWN: was here already. REFUSED: see `problem`; nothing else of the batch is touched by it."""

    id: UUID | None
    result: Literal["RECORDED", "KNOWN", "REFUSED"]
    problem: dict[str, Any] | None


class OperationsAnswered(Struct, frozen=True):
    """One answer an operation, in the order sent."""

    results: list[OperationAnswered]


class Changes(Struct, frozen=True):
    """Inspections that changed, whole; ids of those that the officer may see no more. Ask on while there is `more`."""

    cursor: str
    more: bool
    inspections: list[dict[str, Any]]
    gone: list[UUID]


@post(
    "/operations",
    status_code=200,
    opt=HAND_IN,
    tags=["inspections"],
    summary="Hand in what was told in inspections",
    description="Idempotent: in any order, any number of times, from any phone. Facts only; bytes go by uploads.",
    responses=declared(Malformed, NotSignedIn, TooLarge, UnsupportedContentType),
)
async def push_operations(
    data: JSONBody[SignedOperations], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> OperationsAnswered:
    courier = Courier.behind(request.user)
    language = language_of(request)
    return OperationsAnswered([_told(answer, language) for answer in await push(custodian, data.operations, courier)])


def _told(answer: Answer, language: Language) -> OperationAnswered:
    return OperationAnswered(answer.id, answer.result, answer.problem.spoken(language) if answer.problem else None)


@get(
    "/changes",
    tags=["inspections"],
    summary="What changed of my inspections since the cursor",
    responses={
        200: ResponseSpec(Changes, description="Cursor, inspections, ids of those gone"),
        **declared(Malformed, NotSignedIn),
    },
)
async def pull_changes(
    request: Request[Actor, Any, State],
    feeds: NamedDependency[SkipValidation[Feeds]],  # asked most: each microsecond counts
    after: Annotated[str, QueryParameter(pattern=r"^[0-9]{1,18}$", description="`cursor` of the answer before")] = "0",
    most: Annotated[int, QueryParameter(ge=1, le=MOST_CHANGES)] = MOST_CHANGES,
) -> Response[bytes]:
    body = await feeds.changes(request.user.person_id, int(after), most)
    return Response(body, media_type="application/json")


router = Router("/mobile/v1", route_handlers=[push_operations, pull_changes])
