"""When a clue is due, what may follow, and who keeps their hands off."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evidence.clues import rules
from evidence.clues.model import Channel, Clue, Concerned, Done, Dues, Kept, Stage, Step
from evidence.clues.rules import Conflict
from foundation.civil import beginning_of
from foundation.working_days import is_working_day, published, working_days_between

ME, OTHER, HEAD = UUID(int=1), UUID(int=2), UUID(int=3)
UNIT = UUID(int=9)
CHANNEL = Channel(
    code="LETTER",
    holds_from=date(2000, 1, 1),
    name_zh="来信",
    name_en="Letter",
    complaint=True,
    accept_days=10,
    reply_days=30,
    extension_days=15,
    source="测试",
)
WORKED = published()


def a_clue(received: date, channel: Channel = CHANNEL) -> Clue:
    at = beginning_of(received) + timedelta(hours=9)
    return Clue(
        id=uuid4(),
        unit_id=UNIT,
        channel=channel,
        channel_number="",
        received_at=at,
        text="执法不当",
        registered_by=ME,
        registered_at=at,
    )


def steps(*taken: Step, by: UUID = ME) -> tuple[Done, ...]:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    return tuple(Done(ordinal=n, step=step, by_id=by, at=at, text="x") for n, step in enumerate(taken, start=1))


@given(st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(1, 60), st.integers(1, 60), st.integers(1, 30))
def test_a_term_ends_on_a_worked_day_and_holds_as_many_as_its_channel_says(
    received: date, accept: int, reply: int, extension: int
) -> None:
    channel = replace(CHANNEL, accept_days=accept, reply_days=reply, extension_days=extension)
    clue = a_clue(received, channel)
    new = rules.dues(WORKED, clue, ())
    assert new.accept_by is not None
    assert new.reply_by is not None
    for ends, days in ((new.accept_by, accept), (new.reply_by, reply)):
        assert is_working_day(WORKED, ends)
        assert working_days_between(WORKED, received, ends) == days
    extended = rules.dues(WORKED, clue, steps(Step.ACCEPTED, Step.EXTENDED))
    assert extended.accept_by is None
    assert extended.reply_by is not None
    assert working_days_between(WORKED, new.reply_by, extended.reply_by) == extension


def test_a_term_that_reaches_into_a_year_nobody_entered_has_no_end_yet_and_is_not_late() -> None:
    beyond = date(max(WORKED.years), 12, 20)
    assert rules.dues(WORKED, a_clue(beyond), ()).reply_by is None
    assert rules.dues(WORKED, a_clue(beyond), steps(Step.ACCEPTED, Step.ASSIGNED, Step.LOOKED_INTO)) == Dues(None, None)


def test_nothing_is_due_once_it_was_replied_and_nobody_waits_for_a_reply_of_a_patrol() -> None:
    done = steps(Step.NOT_ACCEPTED, Step.REPLIED)
    assert rules.dues(WORKED, a_clue(date(2026, 1, 5)), done) == Dues(None, None)
    patrol = replace(CHANNEL, reply_days=None)
    assert rules.dues(WORKED, a_clue(date(2026, 1, 5), patrol), steps(Step.ACCEPTED)) == Dues(None, None)
    assert rules.next_steps(patrol, steps(Step.NOT_ACCEPTED)) == {Step.REPLIED, Step.CLOSED}
    assert rules.next_steps(CHANNEL, steps(Step.NOT_ACCEPTED)) == {Step.REPLIED}


@given(st.lists(st.sampled_from(sorted(Step)), max_size=12), st.booleans())
def test_whatever_is_done_as_allowed_is_extended_once_at_most_and_ends_when_closed(
    wished: list[Step], answered: bool
) -> None:
    channel = CHANNEL if answered else replace(CHANNEL, reply_days=None)
    taken: tuple[Done, ...] = ()
    for step in wished:
        if step in rules.next_steps(channel, taken):
            taken = (*taken, replace(steps(step)[0], ordinal=len(taken) + 1))
    done = [one.step for one in taken]
    assert done.count(Step.EXTENDED) <= 1
    if Step.CLOSED in done:
        assert done[-1] is Step.CLOSED
        assert rules.stage(taken) is Stage.CLOSED
        assert not answered or Step.REPLIED in done
        assert rules.next_steps(channel, taken) == frozenset()


def test_what_is_late_comes_first_and_what_has_no_end_last() -> None:
    days = [None, date(2026, 5, 1), date(2026, 1, 5), date(2026, 3, 1)]
    clues = [(Kept(clue=a_clue(date(2026, 1, 1)), steps=(), has_reporter=False), Dues(None, day)) for day in days]
    assert [due.reply_by for _, due in rules.most_urgent_first(clues)] == [
        date(2026, 1, 5),
        date(2026, 3, 1),
        date(2026, 5, 1),
        None,
    ]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (Concerned(frozenset({ME}), frozenset()), Conflict.ABOUT_THEMSELVES),
        (Concerned(frozenset({HEAD}), frozenset()), Conflict.ABOUT_THEIR_HEAD),
        (Concerned(frozenset(), frozenset({UNIT})), Conflict.ABOUT_THEIR_UNIT),
        (Concerned(frozenset({OTHER}), frozenset({UUID(int=10)})), None),
    ],
)
def test_nobody_handles_a_clue_about_themselves_their_unit_or_its_head(about: Concerned, why: Conflict | None) -> None:
    assert rules.conflict(ME, frozenset({HEAD}), frozenset({UNIT}), about) is why
