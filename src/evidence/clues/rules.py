"""What may follow what, when it is late, and who keeps their hands off a clue."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

from evidence.clues.model import Channel, Clue, Concerned, Done, Dues, Kept, Stage, Step
from foundation.civil import day_of
from foundation.working_days import WorkingDays, WorkingDaysUnknown, add_working_days

FOLLOWS: dict[Stage, frozenset[Step]] = {
    Stage.REGISTERED: frozenset({Step.ACCEPTED, Step.NOT_ACCEPTED, Step.TRANSFERRED}),
    Stage.ACCEPTED: frozenset({Step.ASSIGNED, Step.TRANSFERRED, Step.EXTENDED}),
    Stage.ASSIGNED: frozenset({Step.LOOKED_INTO, Step.ASSIGNED, Step.TRANSFERRED, Step.EXTENDED}),
    Stage.LOOKED_INTO: frozenset({Step.LOOKED_INTO, Step.RESULT, Step.ASSIGNED, Step.TRANSFERRED, Step.EXTENDED}),
    Stage.RESULT: frozenset({Step.REPLIED}),
    Stage.NOT_ACCEPTED: frozenset({Step.REPLIED}),
    Stage.TRANSFERRED: frozenset({Step.REPLIED}),
    Stage.REPLIED: frozenset({Step.CLOSED}),
    Stage.CLOSED: frozenset(),
}
REPLIED_TO = frozenset({Stage.RESULT, Stage.NOT_ACCEPTED, Stage.TRANSFERRED})
"""Whoever told is told what came of it; where nobody waits for that, the clue may be closed at once."""
HANDLING = frozenset({Step.NOT_ACCEPTED, Step.LOOKED_INTO, Step.RESULT, Step.REPLIED, Step.TRANSFERRED})
"""Whoever did one of these has handled it: somebody else closes."""
SETTING_NO_STAGE = frozenset({Step.EXTENDED, Step.REPORTER_ERASED})
WORK = frozenset({Step.LOOKED_INTO, Step.RESULT})
"""For whoever it is assigned to."""


class Conflict(StrEnum):
    """Why somebody keeps their hands off. The words are `clue-conflict.<value>`."""

    ABOUT_THEMSELVES = "ABOUT_THEMSELVES"
    ABOUT_THEIR_UNIT = "ABOUT_THEIR_UNIT"
    ABOUT_THEIR_HEAD = "ABOUT_THEIR_HEAD"


def stage(steps: Sequence[Done]) -> Stage:
    """Steps oldest first."""
    return next((Stage(one.step) for one in reversed(steps) if one.step not in SETTING_NO_STAGE), Stage.REGISTERED)


def next_steps(channel: Channel, steps: Sequence[Done]) -> frozenset[Step]:
    """What may be done next, by whoever may do it."""
    at = stage(steps)
    found = FOLLOWS[at]
    if at in REPLIED_TO and channel.reply_days is None:
        found |= {Step.CLOSED}
    if channel.reply_days is None or not channel.extension_days or any(one.step is Step.EXTENDED for one in steps):
        found -= {Step.EXTENDED}
    return found


def has_handled(person_id: UUID, steps: Sequence[Done]) -> bool:
    return any(one.by_id == person_id and one.step in HANDLING for one in steps)


def assignment(steps: Sequence[Done]) -> Done | None:
    """The one that holds."""
    return next((one for one in reversed(steps) if one.step is Step.ASSIGNED), None)


def dues(calendar: WorkingDays, clue: Clue, steps: Sequence[Done]) -> Dues:
    """Both terms run from the day of receipt, which does not count (民法典 Art. 201).

    An extension lengthens that of the reply.
    """
    received, channel, at = day_of(clue.received_at), clue.channel, stage(steps)
    reply_days = channel.reply_days
    if reply_days is not None and any(one.step is Step.EXTENDED for one in steps):
        reply_days += channel.extension_days
    waits = reply_days is not None and at not in (Stage.REPLIED, Stage.CLOSED)
    return Dues(
        _last_day(calendar, received, channel.accept_days) if at is Stage.REGISTERED else None,
        _last_day(calendar, received, reply_days) if waits and reply_days is not None else None,
    )


def next_due(due: Dues) -> date | None:
    """Whichever ends first."""
    return min((day for day in (due.accept_by, due.reply_by) if day is not None), default=None)


def most_urgent_first(clues: Sequence[tuple[Kept, Dues]]) -> list[tuple[Kept, Dues]]:
    """What is due first, so what is late is before all else; what has no end yet comes last, oldest first."""
    return sorted(
        clues,
        key=lambda one: (next_due(one[1]) or date.max, one[0].clue.received_at, one[0].clue.id),
    )


def conflict(
    person_id: UUID, heads_of_theirs: frozenset[UUID], units_they_head: frozenset[UUID], about: Concerned
) -> Conflict | None:
    """Nobody handles, or reads, a clue about themselves, the unit that they head, or the head of their own unit."""
    if person_id in about.people:
        return Conflict.ABOUT_THEMSELVES
    if about.units & units_they_head:
        return Conflict.ABOUT_THEIR_UNIT
    if about.people & heads_of_theirs:
        return Conflict.ABOUT_THEIR_HEAD
    return None


def _last_day(calendar: WorkingDays, received: date, days: int) -> date | None:
    try:
        return add_working_days(calendar, received, days)
    except WorkingDaysUnknown:
        return None
