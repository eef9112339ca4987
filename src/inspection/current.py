"""What holds of an inspection, derived anew from all that was told whenever something of it changes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from agency.enforcement_items import queries as items
from evidence import queries as evidence
from foundation import jobs
from foundation.civil import day_of
from foundation.database import Connection, Database, sees_every_unit
from inspection import queries
from inspection.gaps import gaps_of_all, seen_of_all
from inspection.model import ON_A_PHONE, Inspection, Operation, Refusal, Signature, State
from inspection.queries import Current, Statements
from inspection.rules import guard, merging
from inspection.rules.guard import Seen, may_close

AT_ONCE = 200
"""Inspections looked at in one transaction."""
ISSUE = "issue-inspection-documents"
"""Job: what is signed becomes a PDF. Queued whenever something is told of an inspection in which somebody signed."""


@sees_every_unit
async def derive(db: Connection, inspection_ids: Collection[UUID], now: datetime) -> None:
    """Keeps what is derived of each known inspection, and tells everybody who may see it. In a transaction.

    Whoever calls has them `one_by_one`, so that nothing told at the same time is left out.
    """
    inspections = await queries.inspections_by_id(db, inspection_ids)
    if not inspections:
        return
    statements = await queries.all_told(db, inspections.keys())
    told = {id_: one.counted for id_, one in statements.items()}
    fields = {id_: merging.merged(told[id_]) for id_ in inspections}
    closing = {id_: inspection for id_, inspection in inspections.items() if "closed" in fields[id_]}
    seen = await seen_of_all(db, closing, told, now) if closing else {}
    wanted = await _wanted(db, inspections)
    current = [
        _derived(inspection, statements[id_], fields[id_], seen.get(id_), wanted.get(id_, []))
        for id_, inspection in inspections.items()
    ]
    await queries.keep_current(db, current, now)
    closed = [inspections[one.inspection_id] for one in current if one.state is State.CLOSED]
    if used := [visited for one in closed for visited in _visited(one, told[one.id])]:
        await items.items_visited(db, used)
    signed = [id_ for id_ in inspections if any(isinstance(one.what, Signature | Refusal) for one in told[id_])]
    if signed:
        await jobs.enqueue_all(db, ISSUE, [{"inspection_id": str(id_)} for id_ in signed], now)
    await queries.tell_officers(
        db,
        [
            (person_id, id_)
            for id_, inspection in inspections.items()
            for person_id in sorted({*inspection.officers, *(operation.author for operation in told[id_])})
        ],
    )


async def settle(database: Database, now: datetime, most: int = AT_ONCE) -> int:
    """Looks again at what could not close because something was missing: it may have arrived. How many closed.

    All of them, `most` in a transaction: those that wait for ever keep nobody else waiting. An urgent visit whose
    approval did not come in time is closed no more.
    """
    await _lapse(database, now, most)
    closed, after = 0, None
    while True:
        async with database.transaction() as db:
            waiting = await queries.closing(db, after, most)
            if not waiting:
                return closed
            await queries.one_by_one(db, waiting)
            inspections = await queries.inspections_by_id(db, waiting)
            missing = await gaps_of_all(db, inspections, await queries.operations_of(db, waiting), now)
            complete = [id_ for id_, found in missing.items() if may_close(found)]
            await derive(db, complete, now)
        closed, after = closed + len(complete), waiting[-1]


async def _lapse(database: Database, now: datetime, most: int) -> None:
    while True:
        async with database.transaction() as db:
            lapsed = await queries.unapproved_in_time(db, now, most)
            if not lapsed:
                return
            await queries.one_by_one(db, lapsed)
            await derive(db, lapsed, now)


async def _wanted(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Of each inspection what was asked for first and is still on a phone, in the order in which it was asked."""
    wishes = await queries.wishes_of(db, inspection_ids)
    if not wishes:
        return {}
    states = await evidence.states_of(db, [one.evidence_id for asked in wishes.values() for one in asked])
    return {
        id_: [one.evidence_id for one in asked if states.get(one.evidence_id) in ON_A_PHONE]
        for id_, asked in wishes.items()
    }


def _derived(
    inspection: Inspection, told: Statements, fields: merging.Fields, seen: Seen | None, wanted: Sequence[UUID]
) -> Current:
    """`seen` is None before anybody asked to close it."""
    missing = None if seen is None else guard.gaps(seen)
    state = guard.state(fields, missing or ())
    return Current(
        inspection.id,
        state,
        len(merging.conflicts(fields)),
        len(told.counted),
        msgspec.json.encode(_for_phones(inspection, told.counted, state, wanted)).decode(),
        None if missing is None else sum(not gap.waived for gap in missing),
        len(told.after_revocation),
        None if seen is None else guard.approval_due(seen),
    )


def _visited(inspection: Inspection, told: Sequence[Operation]) -> list[items.Visited]:
    """What the unit used with this visit, each item once."""
    begun = guard.visit(told)
    return [
        items.Visited(code, inspection.id, inspection.unit_id, day_of(begun[0]))
        for code in dict.fromkeys(inspection.items)
        if begun
    ]


def _for_phones(
    inspection: Inspection, told: Sequence[Operation], state: State, wanted: Sequence[UUID]
) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(inspection),
        "state": state,
        "wanted": wanted,
        "operations": [
            {
                "id": operation.id,
                "author": operation.author,
                "phone": operation.phone,
                "replaces": sorted(operation.replaces),
                "earliest": operation.earliest,
                "latest": operation.latest,
                "what": operation.what,
            }
            for operation in told
        ],
    }
