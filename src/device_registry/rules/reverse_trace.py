"""What must be looked at again once a device was found bad: reverse trace 溯源复核.

A bad finding at T makes doubtful what the device measured between its last good result and T: nobody knows when it
went wrong. Bad findings are a failed verification, a check in service out of tolerance, and a broken seal: somebody may
have been at what was sealed, nobody knows since when. A REPAIR, a RELOCATION or new FIRMWARE opens no window: it is
something done, from its own instant on, and says nothing about the time before; that the pass no longer counts after it
is the standing's business. Where a repair was made because something was wrong, that finding is a fact of its own.

Good results are passes of verification, of the channel where the kind has channels, and checks in service within
tolerance. A check names no channel, so for a kind with channels it vouches for none; and a clock is only vouched for
by a check of the clock. Where the order is unknown the stricter reading wins: a failure counts at the end of its civil
day, and what is good of that same day counts as earlier only where the sequence of issue says so.

Sources: GB/T 19001-2016, 7.1.5.2 (validity of previous results when equipment is found unfit); GB/T 27025 (ISO/IEC
17025:2017), 7.10 (non-conforming work); Administrative Penalty Law, art. 40 and 46.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from device_registry.model import (
    CheckSubject,
    Facts,
    InServiceCheck,
    Nature,
    Span,
    TraceCause,
    VerificationCertificate,
    VoidCause,
    Window,
)
from foundation.civil import FIRST_DAY, beginning_of, day_of, end_of

INSTANT = timedelta(microseconds=1)
"""The smallest step of time here: a window that includes the instant T ends this much later."""


def windows(facts: Facts) -> list[Window]:
    """The window of every bad finding among the facts, in the order in which they begin."""
    found = [*_failures(facts), *_checks(facts), *_seals(facts)]
    return sorted(found, key=lambda window: (window.span.begins, window.cause_fact))


def withdrawn(before: Facts, after: Facts, known_at: datetime) -> list[Window]:
    """The window of each good result that a correction took away.

    A certificate that nothing replaces lays open what it had verified: until the next result, or until this was known.
    And where it, or a check, was the last good result before some finding, the window of that finding reaches further
    back now: this one covers the difference, for a window that was opened stays as it is.
    """
    gone = [result for result in _good_results(before) if after.by_id(result.id) is None]
    if not gone:
        return []
    growth = [*_growth(windows(before), windows(after))]
    replaced = len(after.certificates) == len(before.certificates)
    found = []
    for result in gone:
        spans = [*growth]
        if isinstance(result, VerificationCertificate) and not replaced:
            spans += _verified_by(result, before, known_at)
        if spans:
            span = Span(min(span.begins for span in spans), max(_end(span) for span in spans))
            found.append(Window(cause=TraceCause.RESULT_WITHDRAWN, cause_fact=result.id, span=span))
    return found


class _Good(NamedTuple):
    """Something after which the instrument was known to be good."""

    begins: datetime
    fact: UUID


def _failures(facts: Facts) -> Iterator[Window]:
    for notice in facts.failure_notices:
        good = _latest(
            *_passes(facts, notice.channel, notice.failed_on, notice.issued_sequence),
            *_good_checks(facts, beginning_of(notice.failed_on), clock=False),
        )
        ends = end_of(notice.failed_on)
        yield _window(TraceCause.FAILURE, notice.id, good, ends, notice.channel)


def _checks(facts: Facts) -> Iterator[Window]:
    for check in facts.in_service_checks:
        if check.within_tolerance:
            continue
        at = check.checked_at
        if check.subject is CheckSubject.CLOCK:
            good = _latest(*_good_checks(facts, at, clock=True))
            yield _window(TraceCause.CLOCK, check.id, good, at + INSTANT)
        else:
            yield _window(TraceCause.OUT_OF_TOLERANCE, check.id, _all_good(facts, at), at + INSTANT)


def _seals(facts: Facts) -> Iterator[Window]:
    for event in facts.void_events:
        if event.cause is VoidCause.SEAL_BROKEN:
            at = event.occurred_at
            yield _window(TraceCause.SEAL_BROKEN, event.id, _all_good(facts, at), at + INSTANT)


def _all_good(facts: Facts, at: datetime) -> _Good | None:
    """The last result before the instant since which every channel was good."""
    checks = list(_good_checks(facts, at, clock=False))
    by_channel = [_latest(*_passes(facts, channel, day_of(at)), *checks) for channel in facts.channels or ("",)]
    good = [found for found in by_channel if found is not None]
    return min(good) if len(good) == len(by_channel) else None


def _passes(facts: Facts, channel: str, day: date, sequence: int | None = None) -> Iterator[_Good]:
    """Those that are known to come before something of that civil day, with that sequence of issue."""
    for passed in facts.certificates:
        if passed.channel != channel or passed.nature is not Nature.VERIFICATION:
            continue
        number = passed.issued_sequence
        before_it = number is not None and sequence is not None and number < sequence
        if passed.verified_on < day or (passed.verified_on == day and before_it):
            yield _Good(beginning_of(passed.verified_on), passed.id)


def _good_checks(facts: Facts, before: datetime, *, clock: bool) -> Iterator[_Good]:
    if facts.channels and not clock:
        return
    for check in facts.in_service_checks:
        if check.within_tolerance and (check.subject is CheckSubject.CLOCK) is clock and check.checked_at < before:
            yield _Good(check.checked_at, check.id)


def _latest(*good: _Good) -> _Good | None:
    return max(good, default=None)


def _window(cause: TraceCause, fact: UUID, good: _Good | None, ends: datetime, channel: str = "") -> Window:
    begins = beginning_of(FIRST_DAY) if good is None else good.begins
    return Window(
        cause=cause,
        cause_fact=fact,
        span=Span(begins, ends),
        good_fact=None if good is None else good.fact,
        channel=channel,
    )


def _good_results(facts: Facts) -> Iterator[VerificationCertificate | InServiceCheck]:
    yield from (passed for passed in facts.certificates if passed.nature is Nature.VERIFICATION)
    yield from (check for check in facts.in_service_checks if check.within_tolerance)


def _verified_by(certificate: VerificationCertificate, facts: Facts, known_at: datetime) -> Iterator[Span]:
    """From its day to the end of its validity, the next result of its channel, or the instant at which it was known."""
    following = [
        day for day, channel in _results(facts) if channel == certificate.channel and day > certificate.verified_on
    ]
    begins, ends = beginning_of(certificate.verified_on), min(end_of(certificate.valid_until), known_at + INSTANT)
    if following:
        ends = min(ends, beginning_of(min(following)))
    if begins < ends:
        yield Span(begins, ends)


def _results(facts: Facts) -> Iterator[tuple[date, str]]:
    for passed in facts.certificates:
        if passed.nature is Nature.VERIFICATION:
            yield passed.verified_on, passed.channel
    for notice in facts.failure_notices:
        yield notice.failed_on, notice.channel


def _growth(before: list[Window], after: list[Window]) -> Iterator[Span]:
    """By how much windows of the same findings reach further back."""
    then = {window.cause_fact: window.span.begins for window in before}
    for window in after:
        begun = then.get(window.cause_fact)
        if begun is not None and window.span.begins < begun:
            yield Span(window.span.begins, begun)


def _end(span: Span) -> datetime:
    assert span.ends is not None, "every window here has an end"
    return span.ends
