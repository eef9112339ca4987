"""Was the device verified at an instant? Per channel the latest result at or before it governs.

Results speak in civil days. A pass of day D holds from the beginning of D to the end of its last valid day. A failure
of D holds from the beginning of D: its hour is unknown, so the whole day is closed. Results of one day are ordered by
their sequence of issue; where that leaves several that may have been the last, all of them must hold, so that the
stricter reading wins. Void events are instants. They end every pass before them, and a pass of the same day counts as
before them unless it was made after the repair; then it holds from the (last) event of that day on.
Sources: Detailed Rules of the Metrology Law (2022), art. 22; the design notes on the life cycle of devices.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from device_registry.model import (
    CheckSubject,
    Facts,
    Nature,
    Occasion,
    Reason,
    VerificationCertificate,
    VerificationFailureNotice,
    VerifiedPeriod,
    VoidCause,
    VoidEvent,
)
from foundation.civil import beginning_of, day_of, end_of

ONE_DAY = timedelta(days=1)


def verified_periods(facts: Facts) -> list[VerifiedPeriod]:
    """The spans in which every channel is verified, sorted and disjoint. A change of certificates begins a new one."""
    ledgers = ledgers_of(facts)
    edges = sorted({edge for ledger in ledgers for edge in ledger.edges()})
    periods: list[VerifiedPeriod] = []
    for begins, ends in pairwise(edges):
        certificates = tuple(certificate.id for certificate in in_force(ledgers, begins))
        if not certificates:
            continue
        if periods and (periods[-1].ends, periods[-1].certificates) == (begins, certificates):
            periods[-1] = VerifiedPeriod(periods[-1].begins, ends, certificates)
        else:
            periods.append(VerifiedPeriod(begins, ends, certificates))
    return periods


def longest_valid_until(verified_on: date, months: int) -> date:
    """The last valid day of an interval of so many months: the day number clamped to the month, minus a day."""
    year, month = divmod(verified_on.year * 12 + verified_on.month - 1 + months, 12)
    return date(year, month + 1, min(verified_on.day, monthrange(year, month + 1)[1])) - ONE_DAY


class Bar(NamedTuple):
    """One reason why a channel is not verified, with the fact it rests on."""

    reason: Reason
    fact: VerificationCertificate | VerificationFailureNotice | VoidEvent | None
    certificate: VerificationCertificate | None = None
    """The pass that a void event ended."""


class Ledger:
    """The results of one channel and the void events of the device, in order of time."""

    def __init__(self, channel: str, facts: Facts) -> None:
        self.channel = channel
        self._void_events = sorted(_void_events(facts), key=lambda event: (event.occurred_at, event.cause))
        self._voided_at = [event.occurred_at for event in self._void_events]
        last_void = {day_of(instant): instant for instant in self._voided_at}
        passes = [
            _Result(_begins(certificate, last_void), certificate.verified_on, certificate.issued_sequence, certificate)
            for certificate in facts.certificates
            if certificate.channel == channel and certificate.nature is Nature.VERIFICATION
        ]
        failures = [
            _Result(beginning_of(notice.failed_on), notice.failed_on, notice.issued_sequence, notice)
            for notice in facts.failure_notices
            if notice.channel == channel
        ]
        self._passes, self._all = _Days(passes), _Days([*passes, *failures])

    def edges(self) -> Iterator[datetime]:
        """Every instant at which something may change."""
        yield from self._voided_at
        for result in self._all:
            yield result.begins
            if isinstance(result.fact, VerificationCertificate):
                yield end_of(result.fact.valid_until)

    def in_force(self, instant: datetime) -> VerificationCertificate | None:
        """The pass that holds at the instant: of several the one that ends first."""
        passes = []
        for result in self._all.governing(instant):
            if not isinstance(result.fact, VerificationCertificate) or not self._holds(result.fact, instant):
                return None
            passes.append(result.fact)
        return min(passes, key=_ends_first, default=None)

    def bars(self, instant: datetime) -> Iterator[Bar]:
        """Every reason why the channel is not verified at the instant; none: it is."""
        governing = self._all.governing(instant)
        if not governing:
            yield Bar(Reason.NEVER_VERIFIED, None)
            return
        notices = [result.fact for result in governing if isinstance(result.fact, VerificationFailureNotice)]
        if notices:
            yield Bar(Reason.VERIFICATION_FAILED, min(notices, key=lambda notice: (notice.notice_no, notice.id)))
        passes = _passes(self._passes.governing(instant))
        overdue = [certificate for certificate in passes if instant >= end_of(certificate.valid_until)]
        if overdue and not notices:
            yield Bar(Reason.VERIFICATION_OVERDUE, min(overdue, key=_ends_first))
        for certificate in sorted(passes, key=_ends_first):
            if event := self._void_event(certificate, instant):
                yield Bar(Reason.VERIFICATION_VOIDED, event, certificate)
                return

    def _holds(self, certificate: VerificationCertificate, instant: datetime) -> bool:
        return instant < end_of(certificate.valid_until) and self._void_event(certificate, instant) is None

    def _void_event(self, certificate: VerificationCertificate, instant: datetime) -> VoidEvent | None:
        """The first event after the pass, where one lies at or before the instant."""
        after_repair = certificate.occasion is Occasion.AFTER_REPAIR
        from_day = certificate.verified_on + ONE_DAY if after_repair else certificate.verified_on
        first = bisect_left(self._voided_at, beginning_of(from_day))
        if first < len(self._voided_at) and self._voided_at[first] <= instant:
            return self._void_events[first]
        return None


def ledgers_of(facts: Facts) -> list[Ledger]:
    """One ledger a channel; an instrument without channels has the single channel ''."""
    return [Ledger(channel, facts) for channel in facts.channels or ("",)]


def in_force(ledgers: list[Ledger], instant: datetime) -> list[VerificationCertificate]:
    """The certificates of all channels, in their order; empty where a single channel has none."""
    found = [certificate for ledger in ledgers if (certificate := ledger.in_force(instant))]
    return found if len(found) == len(ledgers) else []


class _Result(NamedTuple):
    begins: datetime
    day: date
    sequence: int | None
    fact: VerificationCertificate | VerificationFailureNotice


class _Days:
    """Results by their civil day."""

    def __init__(self, results: list[_Result]) -> None:
        self._by_day: dict[date, list[_Result]] = {}
        for result in sorted(results, key=lambda result: result.day):
            self._by_day.setdefault(result.day, []).append(result)
        self._days = list(self._by_day)

    def __iter__(self) -> Iterator[_Result]:
        return (result for results in self._by_day.values() for result in results)

    def governing(self, instant: datetime) -> list[_Result]:
        """The results that may have been the last ones at the instant: several where their order is unknown."""
        upto = bisect_right(self._days, day_of(instant))
        for day in reversed(self._days[max(0, upto - 2) : upto]):  # all of an earlier day have begun
            if begun := [result for result in self._by_day[day] if result.begins <= instant]:
                last = max((result.sequence for result in begun if result.sequence is not None), default=None)
                return [result for result in begun if result.sequence in (None, last)]
        return []


def _void_events(facts: Facts) -> Iterator[VoidEvent]:
    """Those recorded as such, and checks that found the instrument out of tolerance. A wrong clock measures well."""
    yield from facts.void_events
    for check in facts.in_service_checks:
        if not check.within_tolerance and check.subject is not CheckSubject.CLOCK:
            yield VoidEvent(id=check.id, cause=VoidCause.OUT_OF_TOLERANCE, occurred_at=check.checked_at)


def _begins(certificate: VerificationCertificate, last_void: dict[date, datetime]) -> datetime:
    day = certificate.verified_on
    after_repair = certificate.occasion is Occasion.AFTER_REPAIR
    return last_void[day] if after_repair and day in last_void else beginning_of(day)


def _passes(results: Iterable[_Result]) -> list[VerificationCertificate]:
    return [result.fact for result in results if isinstance(result.fact, VerificationCertificate)]


def _ends_first(certificate: VerificationCertificate) -> tuple[date, str, str]:
    return certificate.valid_until, certificate.certificate_no, certificate.id.hex
