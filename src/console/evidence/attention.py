"""The blocks of `/desk/supervision`, the worst first: each counts what needs a person, and leads to it.

A subject adds a line to BLOCKS; its words are `page.supervision.block.<key>.title` and `.about`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from device_registry import queries as registry
from device_registry.queries import DEFAULTS, PolicyName, policy_by_unit
from evidence import queries as evidence
from evidence.fixity import queries as fixity
from evidence.http.refusals import Refusals, short
from evidence.queries import attention
from evidence.transparency_log import queries as log
from evidence.transparency_log.published import JOB
from foundation import jobs
from foundation.civil import beginning_of, day_of
from foundation.database import Connection
from foundation.words import Language, say

MOST = 5
"""Lines a block; the rest is where the block leads."""
MOST_TRACES = 200
CHECKPOINT = "/log/v1/checkpoint"


class Look(NamedTuple):
    """Who looks: the units that the reader supervises, and since when `refused` was judged."""

    db: Connection
    units: frozenset[UUID]
    now: datetime
    since: datetime
    refused: Refusals
    language: Language


class Line(NamedTuple):
    """One thing: `words` lead to `path`, `told` says more of it."""

    words: str
    path: str
    told: str = ""
    unit_id: UUID | None = None
    at: datetime | None = None
    same_as: "Line | None" = None
    """The other of two."""


class Found(NamedTuple):
    """How many there are, and the worst of them."""

    number: int
    lines: list[Line]


class Block(NamedTuple):
    """`path`: the queue or list of all of them, empty where the lines are all there is."""

    key: str
    tone: Literal["bad", "warn"]
    path: str
    found: Callable[[Look], Awaitable[Found]]


async def _log_troubles(look: Look) -> Found:
    """Publications that failed after the last that did not: a forked log does so for ever."""
    troubles = await jobs.failures(look.db, JOB, await log.last_publication(look.db))
    lines = [
        Line(
            say(look.language, f"page.supervision.log.{'forked' if one.failure.startswith('LogForked') else 'failed'}"),
            CHECKPOINT,
            one.failure,
            at=one.at,
        )
        for one in troubles
    ]
    return Found(len(lines), lines[:MOST])


async def _faults(look: Look) -> Found:
    faults = await fixity.faulty(look.db, look.units)
    lines = [
        Line(say(look.language, f"fixity.{one.outcome}"), _evidence(one.evidence_id), "", one.unit_id, one.read_at)
        for one in faults
    ]
    return Found(len(lines), lines[:MOST])


async def _past_due(look: Look) -> Found:
    number, devices = await attention.past_due_going_on(look.db, look.units, look.since, MOST)
    known = await registry.devices_by_tags(look.db, [one.device_tag for one in devices])
    lines = [
        Line(
            one.device_tag,
            f"/desk/devices/{known[one.device_tag].id}",
            say(look.language, "page.supervision.pieces", number=one.number),
            one.unit_id,
            one.last,
        )
        for one in devices
    ]
    return Found(number, lines)


async def _traces(look: Look) -> Found:
    """The oldest first: what was captured in their windows counts for nothing until two people have looked."""
    with_work = await evidence.traces_with_work(look.db)
    of_units = await registry.traces_of_units(look.db, look.units, with_work, None, MOST_TRACES)
    waiting = sorted((one for one in of_units if one.id in set(with_work)), key=lambda one: one.opened_at)
    shown = waiting[:MOST]
    devices = await registry.devices_by_id(look.db, [one.device_id for one in shown])
    counts = await evidence.trace_counts(look.db, [one.id for one in shown])
    lines = [
        Line(
            devices[one.device_id].tag,
            f"/desk/traces/{one.id}",
            say(look.language, "page.supervision.items", number=counts[one.id].open + counts[one.id].concluded),
            devices[one.device_id].unit_id,
            one.opened_at,
        )
        for one in shown
    ]
    return Found(await registry.count_traces(look.db, look.units, with_work), lines)


async def _late_reviews(look: Look) -> Found:
    today = day_of(look.now)
    days = await policy_by_unit(look.db, PolicyName.CONTENT_REVIEW_DAYS, today)
    before = {
        unit: beginning_of(today - timedelta(days=days.get(unit, DEFAULTS[PolicyName.CONTENT_REVIEW_DAYS])))
        for unit in look.units
    }
    number, late = await attention.late_reviews(look.db, before, MOST)
    return Found(
        number,
        [Line(one.device_tag, _evidence(one.evidence_id), "", one.unit_id, one.received_at) for one in late],
    )


async def _conflicts(look: Look) -> Found:
    number, found = await attention.conflicting(look.db, look.units, look.since, MOST)
    return Found(
        number,
        [
            Line(short(one.code, look.language), _evidence(one.evidence_id), "", one.unit_id, one.judged_at)
            for one in found
        ],
    )


async def _same_bytes(look: Look) -> Found:
    this, other = (say(look.language, f"page.supervision.{which}") for which in ("one", "other"))
    lines = [
        Line(this, _evidence(one.evidence_id), "", one.unit_id, one.at, Line(other, _evidence(one.other_id)))
        for one in look.refused.same_bytes
    ]
    return Found(len(lines), lines[:MOST])


BLOCKS: list[Block] = [
    Block("log", "bad", "", _log_troubles),
    Block("faults", "bad", "", _faults),
    Block("past-due", "bad", "/desk/evidence?state=HELD&reason=VERIFICATION_OVERDUE", _past_due),
    Block("traces", "warn", "/desk/traces", _traces),
    Block("late-reviews", "warn", "", _late_reviews),
    Block("conflicts", "warn", "", _conflicts),
    Block("same", "warn", "", _same_bytes),
]


def _evidence(evidence_id: UUID) -> str:
    return f"/desk/evidence/{evidence_id}"
