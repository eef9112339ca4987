"""The derived periods against an oracle that only ever looks at one instant."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from device_registry.model import (
    Facts,
    Interval,
    Nature,
    Occasion,
    Outcome,
    Reason,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
)
from device_registry.rules import standing, verified_periods
from foundation.civil import BEIJING, beginning_of, day_of
from tests.device_registry.builders import a_device, in_service

Known = TypeVar("Known")
A_MICROSECOND = timedelta(microseconds=1)


def verified(facts: Facts, instant: datetime) -> bool:
    """The oracle: every reading of the unknown order of a day's results must end in a pass that still holds."""
    return all(_channel_verified(facts, channel, instant) for channel in facts.channels or ("",))


def _last_results(
    facts: Facts, channel: str, instant: datetime
) -> list[VerificationCertificate | VerificationFailureNotice]:
    """Those that may have been the last: several where nobody knows their order."""
    today = instant.astimezone(BEIJING).date()
    voids = sorted(v.occurred_at.astimezone(BEIJING) for v in facts.void_events)
    passes = [
        (c.verified_on, c.issued_sequence, c)
        for c in facts.certificates
        if c.channel == channel and c.nature == "VERIFICATION" and c.verified_on <= today
        if not (c.occasion == "AFTER_REPAIR" and any(v.date() == c.verified_on and v > instant for v in voids))
    ]
    fails = [(n.failed_on, n.issued_sequence, n) for n in facts.failure_notices if n.channel == channel]
    known = passes + [fail for fail in fails if fail[0] <= today]
    last_day = max((day for day, _, _ in known), default=None)
    of_day = [(sequence, fact) for day, sequence, fact in known if day == last_day]
    return [f for s, f in of_day if s is None or not any(o is not None and o > s for o, _ in of_day)]


def _channel_verified(facts: Facts, channel: str, instant: datetime) -> bool:
    today = instant.astimezone(BEIJING).date()
    voids = sorted(v.occurred_at.astimezone(BEIJING) for v in facts.void_events)
    last = _last_results(facts, channel, instant)
    return bool(last) and all(
        isinstance(fact, VerificationCertificate)
        and today <= fact.valid_until
        and not any(
            v <= instant and v.date() >= fact.verified_on + timedelta(days=fact.occasion == "AFTER_REPAIR")
            for v in voids
        )
        for fact in last
    )


def near(first: date) -> st.SearchStrategy[date]:
    return st.dates(first, first + timedelta(days=12))


def facts_near(first: date, channels: tuple[str, ...]) -> st.SearchStrategy[Facts]:
    """Few days and few numbers, so that facts meet on one day and at one instant."""
    channel = st.sampled_from(("", *channels))
    sequence = st.sampled_from((None, 1, 2))
    certificate = st.builds(
        lambda day, days, **rest: VerificationCertificate(
            verified_on=day, valid_until=day + timedelta(days=days), certificate_no="1", issuing_body="2", **rest
        ),
        near(first),
        st.integers(0, 9),
        channel=channel,
        issued_sequence=sequence,
        occasion=st.sampled_from((Occasion.SUBSEQUENT, Occasion.AFTER_REPAIR)),
        nature=st.sampled_from((Nature.VERIFICATION,) * 5 + (Nature.CALIBRATION,)),
    )
    notice = st.builds(
        lambda day, **rest: VerificationFailureNotice(failed_on=day, notice_no="1", issuing_body="2", **rest),
        near(first),
        channel=channel,
        issued_sequence=sequence,
    )
    event = st.builds(
        lambda day, hours: VoidEvent(cause=VoidCause.REPAIR, occurred_at=beginning_of(day) + timedelta(hours=hours)),
        near(first),
        st.sampled_from((0, 1, 11, 23, 24)),
    )
    return st.builds(
        lambda certificates, notices, events: Facts(
            channels=channels,
            certificates=tuple(certificates),
            failure_notices=tuple(notices),
            void_events=tuple(events),
        ),
        st.lists(certificate, max_size=5),
        st.lists(notice, max_size=2),
        st.lists(event, max_size=2),
    )


FACTS = st.one_of(
    *(
        facts_near(first, channels)
        for first in (date(2024, 2, 24), date(2025, 12, 26), date(1986, 4, 28), date(1991, 9, 9), date(1989, 4, 10))
        for channels in ((), ("CO", "O2"))
    )
)


@settings(max_examples=600, deadline=None)
@given(FACTS)
def test_a_microsecond_before_at_and_after_every_edge_the_oracle_agrees(facts: Facts) -> None:
    periods = verified_periods(facts)
    days = [d for c in facts.certificates for d in (c.verified_on, c.valid_until, c.valid_until + timedelta(days=1))]
    days += [d for n in facts.failure_notices for d in (n.failed_on, n.failed_on + timedelta(days=1))]
    edges = [beginning_of(day) for day in days] + [v.occurred_at for v in facts.void_events]
    edges += [edge for period in periods for edge in (period.begins, period.ends)]
    for edge in set(edges):
        for instant in (edge - A_MICROSECOND, edge, edge + A_MICROSECOND):
            held = any(period.begins <= instant < period.ends for period in periods)
            assert held == verified(facts, instant), instant


@settings(max_examples=300, deadline=None)
@given(FACTS)
def test_at_any_hour_the_standing_says_what_the_oracle_says_and_why_not(facts: Facts) -> None:
    device, facts = a_device(channels=facts.channels), facts.and_(in_service("1980-01-01 00:00"))
    days = {c.verified_on for c in facts.certificates} | {day_of(v.occurred_at) for v in facts.void_events}
    for day in days:
        for hours in (0, 6, 12, 23, 30):
            instant = beginning_of(day) + timedelta(hours=hours)
            found = standing(device, facts, Interval(instant, instant))
            held, released = verified(facts, instant), not lapsed_before(facts, instant)
            assert (found.outcome is Outcome.IN_STANDING, not found.reasons) == (held and released,) * 2, instant
            assert len(found.certificates) == (len(facts.channels or ("",)) if held else 0)
            if held and not released:
                [suspended] = found.reasons
                assert (suspended.reason, suspended.automatic) == (Reason.DEVICE_SUSPENDED, True)


def lapsed(facts: Facts, instant: datetime) -> bool:
    """Some channel has a result, and it is overdue, voided or a failure."""
    channels = facts.channels or ("",)
    return any(_last_results(facts, c, instant) and not _channel_verified(facts, c, instant) for c in channels)


def edges_of(facts: Facts) -> set[datetime]:
    """Every instant at which anything about the verification may change."""
    days = {c.verified_on for c in facts.certificates} | {c.valid_until + timedelta(days=1) for c in facts.certificates}
    days |= {notice.failed_on for notice in facts.failure_notices}
    return {beginning_of(day) for day in days} | {event.occurred_at for event in facts.void_events}


def lapsed_before(facts: Facts, instant: datetime) -> bool:
    """Lapsed now or at an earlier instant, as far as anything changes: nobody released the device since."""
    return any(lapsed(facts, edge) for edge in edges_of(facts) if edge <= instant)


@settings(max_examples=200, deadline=None)
@given(FACTS)
def test_periods_are_sorted_disjoint_and_not_empty_and_name_a_certificate_a_channel(facts: Facts) -> None:
    periods = verified_periods(facts)
    assert all(period.begins < period.ends for period in periods)
    assert all(a.ends <= b.begins for a, b in pairwise(periods))
    assert all(len(period.certificates) == len(facts.channels or ("",)) for period in periods)
    neighbours = [(a, b) for a, b in pairwise(periods) if a.ends == b.begins]
    assert all(a.certificates != b.certificates for a, b in neighbours)


@settings(max_examples=200, deadline=None)
@given(FACTS, st.randoms())
def test_the_order_in_which_facts_arrive_does_not_matter(facts: Facts, random: Random) -> None:
    def shuffled(found: tuple[Known, ...]) -> tuple[Known, ...]:
        return tuple(random.sample(found, len(found)))

    arrived_otherwise = Facts(
        channels=facts.channels,
        certificates=shuffled(facts.certificates),
        failure_notices=shuffled(facts.failure_notices),
        void_events=shuffled(facts.void_events),
    )
    assert verified_periods(arrived_otherwise) == verified_periods(facts)
