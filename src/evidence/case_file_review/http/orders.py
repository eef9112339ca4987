"""Orders to rectify: a unit's own view of what it has to answer, and the supervisor's of what came back."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from evidence.case_file_review import orders, queries
from evidence.case_file_review.http.reaching import (
    WHO_ANSWERS,
    WHO_ORDERS,
    WHO_SEES_ORDERS,
    OrderReached,
    known_order,
)
from evidence.case_file_review.model import Judgement, Order, Reply, Sheet
from evidence.case_file_review.problems import (
    CaseReviewNotFound,
    CaseReviewOutOfStep,
    CaseReviewRefused,
    CaseReviewSamePerson,
)
from evidence.case_file_review.rules import findings
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class NewReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`documents`: digests of what was kept before with `POST /desk/v1/documents`."""

    text: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    documents: Annotated[list[Digest], Meta(max_length=50)] = []


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Returned, it says why."""

    accepted: bool
    reason: Annotated[str, Meta(max_length=4000)] = ""


class FindingShown(msgspec.Struct, frozen=True, kw_only=True):
    """Points lost, or a veto or cap that was found. Who found it is not told to the unit."""

    code: str
    kind: str
    zh: str
    en: str
    basis: str
    lost: int
    reason: str


class OrderShown(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    overdue: bool
    findings: list[FindingShown]
    replies: list[Reply]


class Replied(msgspec.Struct, frozen=True):
    ordinal: int


_PROBLEMS = (Malformed, NotSignedIn, NotAllowed, CaseReviewNotFound)
_WRITING = (*_PROBLEMS, TooLarge, UnsupportedContentType, CaseReviewRefused, CaseReviewOutOfStep)


@get(
    "/rectification-orders",
    guards=[requires(*WHO_SEES_ORDERS)],
    summary="Orders of my campaigns and to my units: what is open first, by due day",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_orders(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[Order]:
    async with database.connection() as db:
        return await orders_of(db, request.user, clock)


async def orders_of(db: Connection, actor: Actor, clock: Clock) -> list[Order]:
    today = day_of(clock.now())
    by, to = await reach(db, actor, WHO_ORDERS, today), await reach(db, actor, WHO_ANSWERS, today)
    return await queries.orders(db, by, to)


@get(
    "/rectification-orders/{order_id:uuid}",
    guards=[requires(*WHO_SEES_ORDERS)],
    summary="An order with what was found, and what was replied",
    responses=declared(*_PROBLEMS),
)
async def show_order(
    order_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> OrderShown:
    async with database.connection() as db:
        reached = await known_order(db, request.user, order_id, day_of(clock.now()))
        return await shown(db, reached.order, clock)


async def shown(db: Connection, order: Order, clock: Clock) -> OrderShown:
    judged = await queries.judgements_of(db, order.review_id, order.case_id)
    return OrderShown(
        order=order,
        overdue=order.overdue(day_of(clock.now())),
        findings=findings_shown(await queries.sheet_of(db, order.review_id), judged),
        replies=await queries.replies_of(db, order.id),
    )


def findings_shown(sheet: Sheet, judged: list[Judgement]) -> list[FindingShown]:
    return [
        FindingShown(
            code=one.item.code,
            kind=one.item.kind,
            zh=one.item.zh,
            en=one.item.en,
            basis=one.item.basis,
            lost=one.lost,
            reason=one.reason,
        )
        for one in findings(sheet, judged)
    ]


@post(
    "/rectification-orders/{order_id:uuid}/replies",
    guards=[requires(*WHO_ANSWERS)],
    summary="Answer an order, or answer again once an answer was returned",
    responses=declared(*_WRITING),
)
async def reply_to_order(
    order_id: FromPath[UUID],
    data: JSONBody[NewReply],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Replied:
    return Replied(await replied(database, clock, request.user, order_id, data))


async def replied(database: Database, clock: Clock, actor: Actor, order_id: UUID, data: NewReply) -> int:
    """Raises CaseReviewNotFound, CaseReviewOutOfStep, CaseReviewRefused."""
    reached = await _reached(database, clock, actor, order_id)
    if not reached.may_answer:
        raise CaseReviewNotFound
    documents = [bytes.fromhex(one) for one in data.documents]
    return await orders.reply(database, clock, actor, reached.order, data.text.strip(), documents)


@post(
    "/rectification-orders/{order_id:uuid}/replies/{ordinal:int}/decision",
    guards=[requires(*WHO_ORDERS)],
    status_code=204,
    summary="Accept an answer, or return it with the reason",
    responses=declared(*_WRITING, CaseReviewSamePerson),
)
async def decide_on_reply(
    order_id: FromPath[UUID],
    ordinal: FromPath[int],
    data: JSONBody[NewDecision],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await decided(database, clock, request.user, order_id, ordinal, data)


async def decided(
    database: Database, clock: Clock, actor: Actor, order_id: UUID, ordinal: int, data: NewDecision
) -> None:
    """Raises CaseReviewNotFound, CaseReviewOutOfStep, CaseReviewRefused, CaseReviewSamePerson."""
    reached = await _reached(database, clock, actor, order_id)
    if not reached.may_decide:
        raise CaseReviewNotFound
    accepted, reason = data.accepted, data.reason.strip()
    await orders.decide(database, clock, actor, reached.order, ordinal, accepted=accepted, reason=reason)


@post(
    "/rectification-orders/{order_id:uuid}/closing",
    guards=[requires(*WHO_ORDERS)],
    status_code=204,
    summary="Close an order whose answer somebody else accepted",
    responses=declared(*_PROBLEMS, CaseReviewOutOfStep, CaseReviewSamePerson),
)
async def close_order(
    order_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await closed(database, clock, request.user, order_id)


async def closed(database: Database, clock: Clock, actor: Actor, order_id: UUID) -> None:
    """Raises CaseReviewNotFound, CaseReviewOutOfStep, CaseReviewSamePerson."""
    reached = await _reached(database, clock, actor, order_id)
    if not reached.may_decide:
        raise CaseReviewNotFound
    await orders.close(database, clock, actor, reached.order)


async def _reached(database: Database, clock: Clock, actor: Actor, order_id: UUID) -> OrderReached:
    async with database.connection() as db:
        return await known_order(db, actor, order_id, day_of(clock.now()))


ROUTES: list[ControllerRouterHandler] = [list_orders, show_order, reply_to_order, decide_on_reply, close_order]
