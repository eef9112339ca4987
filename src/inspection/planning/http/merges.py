"""`/desk/v1/visit-merges`: 综合查一次, two units' visits made one."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import reach, tree
from device_registry.http.reaching import Line, tidy
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import NotAllowed, NotSignedIn
from inspection.planning import merges as merging
from inspection.planning import queries
from inspection.planning.http.common import READING, WHO_PLANS, WRITING, Made, known_inspection
from inspection.planning.model import Merge, Row
from inspection.planning.problems import (
    AlreadyClosed,
    InspectionNotFound,
    MergeAnswered,
    MergeNotFound,
    MergeRefused,
)


class NewMerge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    other_id: UUID


class NewAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    agreed: bool
    reason: Annotated[str, Meta(max_length=2000)] = ""


class NewEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


@get(
    "/inspections/{inspection_id:uuid}/merge-candidates",
    guards=[requires(*WHO_PLANS)],
    summary="Open tasks of other units that might be one visit with this one",
    responses=declared(*READING, InspectionNotFound),
)
async def merge_candidates(
    inspection_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[Row]:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_PLANS, inspection_id, clock)
        everywhere = frozenset(unit.id for unit in await tree(db, day_of(clock.now())))
        return await merging.candidates(db, found, everywhere)


@post(
    "/inspections/{inspection_id:uuid}/visit-merges",
    guards=[requires(*WHO_PLANS)],
    summary="Propose that another unit's visit and this one be one, led by this unit",
    responses=declared(*WRITING, InspectionNotFound, MergeRefused),
)
async def propose_merge(
    inspection_id: FromPath[UUID],
    data: JSONBody[NewMerge],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Made:
    async with database.connection() as db:
        found = await known_inspection(db, request.user, WHO_PLANS, inspection_id, clock)
    return Made(await merging.propose(database, clock, request.user, found, data.other_id))


@get(
    "/visit-merges",
    guards=[requires(*WHO_PLANS)],
    summary="Proposals that concern my units, open ones first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_merges(
    request: Request[Actor, Any, Scope], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[Merge]:
    async with database.connection() as db:
        return await queries.merges_of(db, await reach(db, request.user, WHO_PLANS, day_of(clock.now())))


@post(
    "/visit-merges/{merge_id:uuid}/answer",
    guards=[requires(*WHO_PLANS)],
    status_code=204,
    summary="Agree or not, for the unit that was asked",
    responses=declared(*WRITING, MergeNotFound, MergeAnswered, MergeRefused, AlreadyClosed),
)
async def answer_merge(
    merge_id: FromPath[UUID],
    data: JSONBody[NewAnswer],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, merge_id)
        if merge is None or merge.other_unit not in await reach(db, request.user, WHO_PLANS, day_of(clock.now())):
            raise MergeNotFound
    await merging.answer(database, clock, request.user, merge, data.agreed, data.reason.strip())


@post(
    "/visit-merges/{merge_id:uuid}/end",
    guards=[requires(*WHO_PLANS)],
    status_code=204,
    summary="Part the two visits again, for either unit",
    responses=declared(*WRITING, MergeNotFound, MergeAnswered, AlreadyClosed),
)
async def end_merge(
    merge_id: FromPath[UUID],
    data: JSONBody[NewEnd],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    async with database.connection() as db:
        merge = await queries.merge_by_id(db, merge_id)
        reached = await reach(db, request.user, WHO_PLANS, day_of(clock.now()))
        if merge is None or not reached & {merge.lead_unit, merge.other_unit}:
            raise MergeNotFound
    await merging.part(database, clock, request.user, merge, tidy(data.reason))


ROUTES = [merge_candidates, propose_merge, list_merges, answer_merge, end_merge]
