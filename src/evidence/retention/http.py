"""`/desk/v1`: until when evidence is kept, holds by hand, and disposal lists."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from evidence.custodian import Custodian
from evidence.problems import EvidenceDisposed
from evidence.queries import Sought, search
from evidence.retention import disposing, holding, queries
from evidence.retention.model import Basis, DisposalItem, DisposalList, Hold, HoldSource
from evidence.retention.problems import (
    DisposalDecided,
    DisposalNotFound,
    HoldNotFound,
    NothingToDispose,
    RehearserConfirms,
)
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn

READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER, Role.ENTITY_HEAD)


class Retention(Struct, frozen=True):
    """`bases`: the longest first, and it holds; `holds` keep it longer; `disposed_at`: the bytes are gone."""

    bases: list[Basis]
    holds: list[Hold]
    disposed_at: datetime | None


class NewHold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: HoldSource
    reason: Line


class HoldPlaced(Struct, frozen=True):
    hold_id: UUID


class Because(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class NewList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    unit_id: UUID
    reason: Line


class ListRehearsed(Struct, frozen=True):
    list_id: UUID


class ListInFull(Struct, frozen=True):
    disposal: DisposalList
    items: list[DisposalItem]


@get(
    "/evidence/{evidence_id:uuid}/retention",
    guards=[requires(*READERS)],
    summary="Until when a piece of evidence is kept, and what holds it",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
)
async def show_retention(
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Retention:
    async with database.connection() as db:
        units = await reach(db, request.user, READERS, day_of(clock.now()))
        found = await search(db, Sought(evidence_id=evidence_id, units=list(units), most=1))
        if not found:
            raise NotFound
        return Retention(
            await queries.bases_of(db, evidence_id),
            await queries.holds_of(db, [evidence_id]),
            await queries.disposed_at(db, found[0].sha256),
        )


@post(
    "/evidence/{evidence_id:uuid}/legal-holds",
    guards=[requires(*holding.WHO_HOLDS)],
    summary="Hold a piece of evidence, whatever its term",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, EvidenceDisposed),
)
async def place_hold(
    evidence_id: FromPath[UUID],
    data: JSONBody[NewHold],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> HoldPlaced:
    return HoldPlaced(await holding.place(database, clock, request.user, evidence_id, data.source, tidy(data.reason)))


@post(
    "/legal-holds/{hold_id:uuid}/lifting",
    guards=[requires(*holding.WHO_HOLDS)],
    status_code=204,
    summary="Let go of what was held by hand",
    responses=declared(Malformed, NotSignedIn, NotAllowed, HoldNotFound),
)
async def lift_hold(
    hold_id: FromPath[UUID],
    data: JSONBody[Because],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await holding.lift(database, clock, request.user, hold_id, tidy(data.reason))


@post(
    "/disposal-lists",
    guards=[requires(*disposing.WHO_DISPOSES)],
    summary="Rehearse a disposal: list what has outlived its term; nothing is touched",
    responses=declared(Malformed, NotSignedIn, NotAllowed, UnitUnknown, NothingToDispose),
)
async def rehearse_disposal(
    data: JSONBody[NewList], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> ListRehearsed:
    return ListRehearsed(await disposing.rehearse(custodian, request.user, data.unit_id, tidy(data.reason)))


@get(
    "/disposal-lists",
    guards=[requires(*READERS)],
    summary="Disposal lists of my units, newest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_disposals(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[DisposalList]:
    async with database.connection() as db:
        return await queries.lists(db, await reach(db, request.user, READERS, day_of(clock.now())))


@get(
    "/disposal-lists/{list_id:uuid}",
    guards=[requires(*READERS)],
    summary="One disposal list with every piece on it",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DisposalNotFound),
)
async def show_disposal(
    list_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ListInFull:
    async with database.connection() as db:
        units = await reach(db, request.user, READERS, day_of(clock.now()))
        found = await queries.lists(db, units, list_id=list_id)
        if not found:
            raise DisposalNotFound
        return ListInFull(found[0], await queries.items_of(db, list_id))


@post(
    "/disposal-lists/{list_id:uuid}/confirmation",
    guards=[requires(*disposing.WHO_DISPOSES)],
    status_code=204,
    summary="Confirm a disposal list, as a second person; the waiting time begins",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DisposalNotFound, DisposalDecided, RehearserConfirms),
)
async def confirm_disposal(
    list_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> None:
    await disposing.confirm(custodian, request.user, list_id)


@post(
    "/disposal-lists/{list_id:uuid}/withdrawal",
    guards=[requires(*disposing.WHO_DISPOSES)],
    status_code=204,
    summary="Withdraw a disposal list before it is carried out",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DisposalNotFound, DisposalDecided),
)
async def withdraw_disposal(
    list_id: FromPath[UUID],
    data: JSONBody[Because],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> None:
    await disposing.withdraw(custodian, request.user, list_id, tidy(data.reason))


@post(
    "/disposal-lists/{list_id:uuid}/items/{evidence_id:uuid}/strike",
    guards=[requires(*disposing.WHO_DISPOSES)],
    status_code=204,
    summary="Take one piece of evidence off a disposal list",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, DisposalNotFound),
)
async def strike_item(
    list_id: FromPath[UUID],
    evidence_id: FromPath[UUID],
    data: JSONBody[Because],
    request: Request[Actor, Any, State],
    custodian: NamedDependency[Custodian],
) -> None:
    await disposing.strike(custodian, request.user, list_id, evidence_id, tidy(data.reason))


ROUTES: list[ControllerRouterHandler] = [
    show_retention,
    place_hold,
    lift_hold,
    rehearse_disposal,
    list_disposals,
    show_disposal,
    confirm_disposal,
    withdraw_disposal,
    strike_item,
]
