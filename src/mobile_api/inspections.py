"""The phone's inspections: hand in operations, be told what changed."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct

from agency import queries as agency
from agency.http import HAND_IN, OF_A_PHONE
from agency.model import Actor
from evidence.custodian import Custodian
from evidence.model import Courier
from foundation.cacheable import cacheable
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.packed_body import PackedBody
from foundation.problem import Malformed, NotFound, NotSignedIn, TooLarge, UnsupportedContentType
from foundation.words import Language
from inspection import queries
from inspection.explanation import gap_words
from inspection.gaps import gaps_of
from inspection.model import MOST_OPERATIONS
from inspection.pulling import MOST_CHANGES, Feeds
from inspection.pushing import Answer, push
from inspection.reference import Reference, reference


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
    middleware=[PackedBody()],
    tags=["inspections"],
    summary="Hand in what was told in inspections",
    description="Idempotent: in any order, any number of times, from any phone. Facts only; bytes go by uploads. "
    "May come with `Content-Encoding: gzip`: the 1 MiB holds of what is inside.",
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


class GapInWords(Struct, frozen=True):
    """Something that is missing. `phone_label`: which phone still holds it."""

    code: str
    key: str
    words: str
    evidence_id: UUID | None
    phone_id: UUID | None
    phone_label: str | None
    waived: bool


class Gaps(Struct, frozen=True):
    gaps: list[GapInWords]


@get(
    "/inspections/{inspection_id:uuid}/gaps",
    tags=["inspections"],
    summary="What an inspection still needs before it may close",
    responses=declared(Malformed, NotSignedIn, NotFound),
)
async def show_gaps(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Gaps:
    async with database.connection() as db:
        if not await queries.may_see(db, request.user.person_id, inspection_id):
            raise NotFound
        found = await gaps_of(db, inspection_id, clock.now())
        people = await agency.people_by_id(db, {gap.person_id for gap in found if gap.person_id})
        labels = await agency.phone_labels(db, [gap.phone_id for gap in found if gap.phone_id])
    language = language_of(request)
    return Gaps(
        [
            GapInWords(
                gap.code,
                gap.key,
                gap_words(gap, people, language),
                gap.evidence_id,
                gap.phone_id,
                labels.get(gap.phone_id) if gap.phone_id else None,
                gap.waived,
            )
            for gap in found
        ]
    )


@get(
    "/reference",
    tags=["inspections"],
    summary="What a phone needs at hand without a network: items, checklists, colleagues, the no-penalty list",
    responses={
        200: ResponseSpec(Reference, description="`ETag` tells the version; ask with `If-None-Match`"),
        **declared(Malformed, NotSignedIn),
    },
)
async def show_reference(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[Any]:
    async with database.connection() as db:
        found = await reference(db, request.user.unit_id, day_of(clock.now()), language_of(request))
    body = msgspec.json.encode(found)
    return cacheable(
        request, Response(body, media_type="application/json"), body, "Accept-Language, Authorization", shared=False
    )


router = Router("/mobile/v1", route_handlers=[push_operations, pull_changes, show_gaps, show_reference], opt=OF_A_PHONE)
