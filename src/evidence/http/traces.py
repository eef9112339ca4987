"""Reverse traces at the desk: which are open, what waits in them, one person's conclusion and a second one's answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry import queries as registry
from device_registry.model import Device, Trace, TraceCause
from evidence import queries, reverse_trace
from evidence.model import Conclusion, ItemState, TraceItem
from evidence.model import State as EvidenceState
from evidence.page_marks import page_mark
from evidence.problems import ConcluderConfirms, OwnEvidence, TraceItemNotConcluded, TraceItemNotOpen
from evidence.queries import Counts
from evidence.reverse_trace import MOST_AT_ONCE
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    UnsupportedContentType,
)
from foundation.words import Language, say

MOST_ON_A_PAGE = 200
REVIEWERS = (Role.LEGAL_REVIEWER, Role.SUPERVISOR)
"""Who concludes and confirms: never those who enforce."""

ReasonGiven = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Items = Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE, description="Evidence in the trace's queue.")]


class TraceShown(Struct, frozen=True):
    """A window of a device, half-open, and how far the work on it has come. `good_fact` null: nothing good is known."""

    trace_id: UUID
    device_id: UUID
    device_tag: str
    kind_name: str
    unit_id: UUID
    cause: TraceCause
    words: str
    cause_fact: UUID
    good_fact: UUID | None
    channel: str
    begins: datetime
    ends: datetime
    opened_at: datetime
    open: int
    concluded: int
    kept: int
    excluded: int
    to_correct: int


class TracePage(Struct, frozen=True):
    """Those with work left first, newest first. `next` goes into `after` for the following page; null on the last."""

    traces: list[TraceShown]
    next: UUID | None


class ItemShown(Struct, frozen=True):
    """Evidence in a queue, with the latest conclusion about it. `confirmed` false: sent back, and `answer` says why."""

    trace_id: UUID
    evidence_id: UUID
    state: ItemState
    state_words: str
    evidence_state: EvidenceState
    device_tag: str
    officer_id: UUID
    unit_id: UUID
    captured_earliest: datetime
    captured_latest: datetime
    queued_at: datetime
    conclusion: Conclusion | None
    reason: str | None
    concluded_by: UUID | None
    concluded_at: datetime | None
    confirmed: bool | None
    answer: str | None
    confirmed_by: UUID | None
    confirmed_at: datetime | None


class TraceInFull(Struct, frozen=True):
    """A page of its items by evidence id; `next` goes into `after` for the following page, null on the last."""

    trace: TraceShown
    items: list[ItemShown]
    next: UUID | None


class ItemPage(Struct, frozen=True):
    """Newest first. `next` goes into `before` for the following page; null on the last."""

    items: list[ItemShown]
    next: str | None


class NewConclusion(Struct, frozen=True, forbid_unknown_fields=True):
    """The same conclusion, for the same reason, about each of them."""

    evidence_ids: Items
    conclusion: Conclusion
    reason: ReasonGiven


class NewConfirmation(Struct, frozen=True, forbid_unknown_fields=True):
    evidence_ids: Items
    remark: ReasonGiven | None = None


class NewReturn(Struct, frozen=True, forbid_unknown_fields=True):
    evidence_ids: Items
    reason: ReasonGiven


class Done(Struct, frozen=True):
    """How many items it was done to."""

    items: int


@get(
    "/traces",
    guards=[requires(*REVIEWERS)],
    summary="Reverse traces of devices of my units, those with work left first",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
)
async def list_traces(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    after: FromQuery[UUID | None] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> TracePage:
    return await traces_within(database, clock, request.user, after, most, language_of(request))


@get(
    "/traces/{trace_id:uuid}",
    guards=[requires(*REVIEWERS)],
    summary="One reverse trace with what waits, or waited, in its queue",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
)
async def show_trace(
    trace_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    item_state: FromQuery[ItemState | None] = None,
    after: FromQuery[UUID | None] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> TraceInFull:
    language = language_of(request)
    return await trace_in_full(database, clock, request.user, trace_id, item_state, after, most, language)


@post(
    "/traces/{trace_id:uuid}/conclusions",
    guards=[requires(*REVIEWERS)],
    summary="Conclude about evidence in a reverse trace: keep, exclude, or decision to correct",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, NotFound, TooLarge, UnsupportedContentType, TraceItemNotOpen, OwnEvidence
    ),
)
async def add_conclusion(
    trace_id: FromPath[UUID],
    data: JSONBody[NewConclusion],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Done:
    return await conclude_about(database, clock, request.user, trace_id, data)


_ANSWERED = declared(
    Malformed, NotSignedIn, NotAllowed, NotFound, TooLarge, UnsupportedContentType, TraceItemNotConcluded,
    ConcluderConfirms, OwnEvidence,
)  # fmt: skip


@post(
    "/traces/{trace_id:uuid}/confirmations",
    guards=[requires(*REVIEWERS)],
    summary="Confirm, as a second person, what was concluded; the evidence is judged again",
    responses=_ANSWERED,
)
async def add_confirmation(
    trace_id: FromPath[UUID],
    data: JSONBody[NewConfirmation],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Done:
    return await confirm_about(database, clock, request.user, trace_id, data)


@post(
    "/traces/{trace_id:uuid}/returns",
    guards=[requires(*REVIEWERS)],
    summary="Send a conclusion back, as a second person, for another",
    responses=_ANSWERED,
)
async def add_return(
    trace_id: FromPath[UUID],
    data: JSONBody[NewReturn],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Done:
    return await send_back_about(database, clock, request.user, trace_id, data)


@get(
    "/re-examinations",
    guards=[requires(*REVIEWERS)],
    summary="Evidence of my units behind decisions that have to be corrected, newest confirmation first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_re_examinations(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    before: Annotated[str | None, QueryParameter(description="`next` of the page before", max_length=100)] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> ItemPage:
    return await re_examinations_within(database, clock, request.user, before, most, language_of(request))


async def traces_within(
    database: Database, clock: Clock, actor: Actor, after: UUID | None, most: int, language: Language
) -> TracePage:
    """Traces of devices that the actor's units hold, those with work left first."""
    async with database.connection() as db:
        units = await reach(db, actor, REVIEWERS, day_of(clock.now()))
        first = await queries.traces_with_work(db)
        found = await registry.traces_of_units(db, units, first, after, most + 1)
        devices = await registry.devices_by_id(db, {trace.device_id for trace in found})
        counts = await queries.trace_counts(db, [trace.id for trace in found])
    shown = [_trace(trace, devices[trace.device_id], counts[trace.id], language) for trace in found[:most]]
    return TracePage(shown, found[most - 1].id if len(found) > most else None)


async def trace_in_full(
    database: Database,
    clock: Clock,
    actor: Actor,
    trace_id: UUID,
    item_state: ItemState | None,
    after: UUID | None,
    most: int,
    language: Language,
) -> TraceInFull:
    """Raises NotFound."""
    async with database.connection() as db:
        trace, device = await known_trace(db, actor, clock, trace_id)
        counts = await queries.trace_counts(db, [trace_id])
        items = await queries.trace_items(db, trace_id, item_state, after, most + 1)
    return TraceInFull(
        _trace(trace, device, counts[trace_id], language),
        [_item(item, language) for item in items[:most]],
        items[most - 1].evidence_id if len(items) > most else None,
    )


async def re_examinations_within(
    database: Database, clock: Clock, actor: Actor, before: str | None, most: int, language: Language
) -> ItemPage:
    """Raises Malformed."""
    mark = page_mark("before", before)
    async with database.connection() as db:
        units = await reach(db, actor, REVIEWERS, day_of(clock.now()))
        found = await queries.decisions_to_correct(db, units, mark, most + 1)
    following = None
    if len(found) > most:
        last = found[most - 1]
        assert last.confirmed_at is not None
        following = f"{last.confirmed_at.isoformat()}~{last.evidence_id}"
    return ItemPage([_item(item, language) for item in found[:most]], following)


async def conclude_about(database: Database, clock: Clock, actor: Actor, trace_id: UUID, data: NewConclusion) -> Done:
    await _reached(database, actor, clock, trace_id)
    by, reason = actor.person_id, data.reason.strip()
    await reverse_trace.conclude(database, clock, trace_id, data.evidence_ids, data.conclusion, reason, by=by)
    return Done(len(set(data.evidence_ids)))


async def confirm_about(database: Database, clock: Clock, actor: Actor, trace_id: UUID, data: NewConfirmation) -> Done:
    await _reached(database, actor, clock, trace_id)
    remark = data.remark and data.remark.strip()
    await reverse_trace.confirm(database, clock, trace_id, data.evidence_ids, remark, by=actor.person_id)
    return Done(len(set(data.evidence_ids)))


async def send_back_about(database: Database, clock: Clock, actor: Actor, trace_id: UUID, data: NewReturn) -> Done:
    await _reached(database, actor, clock, trace_id)
    reason = data.reason.strip()
    await reverse_trace.send_back(database, clock, trace_id, data.evidence_ids, reason, by=actor.person_id)
    return Done(len(set(data.evidence_ids)))


async def known_trace(db: Connection, actor: Actor, clock: Clock, trace_id: UUID) -> tuple[Trace, Device]:
    """Raises NotFound, also for a trace of a device beyond the reader's units."""
    trace = (await registry.traces_by_id(db, [trace_id])).get(trace_id)
    device = await registry.device_by_id(db, trace.device_id) if trace else None
    if trace is None or device is None or device.unit_id not in await reach(db, actor, REVIEWERS, day_of(clock.now())):
        raise NotFound
    return trace, device


async def _reached(database: Database, actor: Actor, clock: Clock, trace_id: UUID) -> None:
    async with database.connection() as db:
        await known_trace(db, actor, clock, trace_id)


def _trace(trace: Trace, device: Device, counts: Counts, language: Language) -> TraceShown:
    window = trace.window
    assert window.span.ends is not None
    return TraceShown(
        trace.id,
        device.id,
        device.tag,
        device.kind_en if language == "en" else device.kind_zh,
        device.unit_id,
        window.cause,
        say(language, f"trace.cause.{window.cause}"),
        window.cause_fact,
        window.good_fact,
        window.channel,
        window.span.begins,
        window.span.ends,
        trace.opened_at,
        *counts,
    )


def _item(item: TraceItem, language: Language) -> ItemShown:
    return ItemShown(
        item.trace_id,
        item.evidence_id,
        item.state,
        say(language, f"trace.state.{item.state}"),
        item.evidence_state,
        item.device_tag,
        item.officer_id,
        item.unit_id,
        item.earliest,
        item.latest,
        item.queued_at,
        item.conclusion,
        item.reason,
        item.concluded_by,
        item.concluded_at,
        item.confirmed,
        item.answer,
        item.confirmed_by,
        item.confirmed_at,
    )


ROUTES: list[ControllerRouterHandler] = [
    list_traces,
    show_trace,
    add_conclusion,
    add_confirmation,
    add_return,
    list_re_examinations,
]
