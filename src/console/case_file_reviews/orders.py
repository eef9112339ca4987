"""`/desk/rectification-orders`: what a unit has to answer, and what came back to who ordered it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from agency.http import requires
from agency.model import Actor
from agency.queries import people_by_id, reach, tree
from console.case_file_reviews.campaigns import names_of
from console.devices.step_page import chunks
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.pages import page, redirect
from console.visit import Visit
from device_registry.documents import MAX_DOCUMENT_BYTES, DocumentKeeper, keep_document
from device_registry.http.documents import to_save
from device_registry.problems import DocumentNotFound
from device_registry.queries import readable_document
from evidence.case_file_review import queries
from evidence.case_file_review.http.orders import (
    NewDecision,
    NewReply,
    closed,
    decided,
    orders_of,
    replied,
    shown,
)
from evidence.case_file_review.http.reaching import WHO_ANSWERS, WHO_ORDERS, WHO_SEES_ORDERS, known_order
from evidence.case_file_review.model import OrderState
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Malformed, Problem, Spoken

PATH = "/desk/rectification-orders"
FORM_BYTES = 64 << 10


async def _to_answer(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.to_answer(db, await reach(db, actor, WHO_ANSWERS, day_of(clock.now())))


async def _to_decide(db: Connection, actor: Actor, clock: Clock) -> int:
    found = await queries.orders(db, await reach(db, actor, WHO_ORDERS, day_of(clock.now())), [])
    return sum(one.state in (OrderState.REPLIED, OrderState.ACCEPTED) for one in found)


BLOCKS.append(Waiting("rectification-orders", frozenset(WHO_ANSWERS), PATH, _to_answer))
BLOCKS.append(Waiting("rectification-replies", frozenset(WHO_ORDERS), PATH, _to_decide))


@get("/rectification-orders", guards=[requires(*WHO_SEES_ORDERS)])
async def orders_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        found = await orders_of(db, request.user, clock)
        names = names_of(await tree(db, today), visit)
    return page(visit, "case_file_reviews/orders.html", orders=found, names=names, today=today)


@get("/rectification-orders/{order_id:uuid}", guards=[requires(*WHO_SEES_ORDERS)])
async def order_page(
    order_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _order(order_id, visit, request, database, clock, Form())


@post(
    "/rectification-orders/{order_id:uuid}",
    guards=[requires(*WHO_SEES_ORDERS)],
    status_code=200,
    request_max_body_size=MAX_DOCUMENT_BYTES + FORM_BYTES,
)
async def step_at_page(
    order_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    documents: NamedDependency[DocumentKeeper],
) -> Response[Any]:
    """Whichever `step` the form stands for. A file that was kept stays kept, whatever else is refused."""
    form, actor = await Form.sent(request), request.user
    try:
        async with database.connection() as db:
            reached = await known_order(db, actor, order_id, day_of(clock.now()))
        step = form.value("step")
        if step == "reply":
            if reached.may_answer and (file := form.files.get("documents")):
                kept = await keep_document(documents, chunks(file), actor.person_id, file.filename)
                form.put("documents", kept.stored.sha256.hex())
            await replied(database, clock, actor, order_id, form.read(NewReply))
        elif step in ("accept", "return"):
            form.put("accepted", "true" if step == "accept" else "false")
            ordinal = int(form.value("ordinal")) if form.value("ordinal").isdecimal() else 0
            await decided(database, clock, actor, order_id, ordinal, form.read(NewDecision))
        elif step == "close":
            await closed(database, clock, actor, order_id)
        else:
            raise Malformed(field="step", what=Spoken("malformed.missing"))
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _order(order_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{order_id}")


@get(
    "/rectification-orders/{order_id:uuid}/documents/{sha256:str}",
    guards=[requires(*WHO_SEES_ORDERS)],
    media_type="application/octet-stream",
)
async def document_of_reply(
    order_id: FromPath[UUID],
    sha256: FromPath[str],
    request: Request[Actor, Any, Scope],
    documents: NamedDependency[DocumentKeeper],
    clock: NamedDependency[Clock],
) -> Stream:
    """Whoever may see the order may read what its replies name."""
    async with documents.database.connection() as db:
        await known_order(db, request.user, order_id, day_of(clock.now()))
        named = {digest: one.replied_by for one in await queries.replies_of(db, order_id) for digest in one.documents}
        if sha256 not in named:
            raise DocumentNotFound
        found = await readable_document(db, bytes.fromhex(sha256), named[sha256], [])
    if found is None:
        raise DocumentNotFound
    return await to_save(documents, found)


async def _order(
    order_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today = day_of(clock.now())
    async with database.connection() as db:
        order, may_answer, may_decide = await known_order(db, request.user, order_id, today)
        told = await shown(db, order, clock)
        names = names_of(await tree(db, today), visit)
        involved = {order.ordered_by, order.closed_by, *(one.replied_by for one in told.replies)}
        involved |= {one.decided_by for one in told.replies}
        people = await people_by_id(db, [one for one in involved if one])
    last = told.replies[-1] if told.replies else None
    me = request.user.person_id
    waits = order.state is OrderState.REPLIED and last is not None
    return page(
        visit,
        "case_file_reviews/order.html",
        status=status,
        form=form,
        order=order,
        told=told,
        last=last,
        names=names,
        people={one.id: one.name_zh if visit.language == "zh-CN" else one.name_en for one in people.values()},
        may_reply=may_answer and order.state in (OrderState.OPEN, OrderState.RETURNED),
        may_decide=may_decide and waits and last is not None and me != last.replied_by,
        may_close=may_decide
        and order.state is OrderState.ACCEPTED
        and last is not None
        and me not in (last.replied_by, last.decided_by),
    )


ROUTES = [orders_page, order_page, step_at_page, document_of_reply]
