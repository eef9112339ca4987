"""A device in one line: what lists show and sort by, from all facts known."""

from datetime import datetime

from device_registry.model import (
    Awaiting,
    Facts,
    LastResult,
    Nature,
    Overview,
    Reason,
    ServiceChange,
    Span,
    State,
    VerifiedPeriod,
)
from device_registry.rules.service import History
from device_registry.rules.siting import signs_clear_on
from device_registry.rules.spans import FOR_EVER
from device_registry.rules.verification import ledgers_of

_ON_THE_WAY = {
    State.PROPOSED: (Awaiting.LEGAL_REVIEW, Awaiting.TECHNICAL_REVIEW),
    State.LEGAL_REVIEW: (Awaiting.LEGAL_REVIEW,),
    State.TECHNICAL_REVIEW: (Awaiting.TECHNICAL_REVIEW,),
    State.APPROVED: (Awaiting.ANNOUNCEMENT,),
    State.ANNOUNCED: (Awaiting.PUTTING_IN_SERVICE,),
}


def overview(facts: Facts, verified: list[VerifiedPeriod], served: list[Span], now: datetime) -> Overview:
    """`verified` and `served` are the periods derived from these facts."""
    history = History(facts)
    siting = history.siting
    status = history.at(now)
    newest = siting.newest()
    in_force = siting.versions.get(status.site_version_id) if status.site_version_id else None
    under_way = newest if newest is not None and newest is not in_force else None
    version_state = siting.state(under_way, now) if under_way and status.state is not State.RETIRED else None
    awaiting = _ON_THE_WAY.get(version_state, ()) if version_state else ()
    if status.state is State.RECTIFYING:
        awaiting = (*awaiting, _rectification(facts))
    shown = in_force or newest
    announcement = siting.announcement(shown.id, now) if shown else None
    started = [event.occurred_at for event in facts.service_events if event.change is ServiceChange.PUT_IN_SERVICE]
    deadlines = [event for event in facts.service_events if event.change is ServiceChange.RECTIFYING]
    latest = max(  # of several channels verified that day, always the same one
        (found for found in facts.certificates if found.nature is Nature.VERIFICATION),
        key=lambda found: (found.verified_on, found.issued_sequence or 0, found.certificate_no, found.id),
        default=None,
    )
    return Overview(
        state=_as_recorded(status.state, automatic=status.automatic) or version_state or State.REGISTERED,
        awaiting=awaiting,
        site_version_id=None if shown is None else shown.id,
        proposed_number=under_way.number if under_way and version_state in _ON_THE_WAY else None,
        verified_until=verified[-1].ends if verified else None,
        last_result=_last_result(facts, now),
        last_certificate_no=None if latest is None else latest.certificate_no,
        in_service_from=served[-1].begins if served else None,
        in_service_until=(served[-1].ends or FOR_EVER) if served else None,
        first_in_service_at=min(started, default=None),
        announced_on=None if announcement is None else announcement.announced_on,
        sign_checked_on=signs_clear_on(facts.sign_checks),
        deadline=(
            max(deadlines, key=lambda event: event.occurred_at).deadline
            if status.state is State.RECTIFYING and deadlines
            else None
        ),
    )


def state_now(state: State, in_service_until: datetime | None, now: datetime) -> State:
    """The state with what has passed with time: in service, but not any more since a verification lapsed."""
    lapsed = state is State.IN_SERVICE and (in_service_until is None or in_service_until <= now)
    return State.SUSPENDED if lapsed else state


def _as_recorded(state: State | None, *, automatic: bool) -> State | None:
    """A suspension by itself is left to the clock, so that a list read tomorrow is right without being written."""
    return State.IN_SERVICE if automatic and state is State.SUSPENDED else state


def _rectification(facts: Facts) -> Awaiting:
    """Reported done since it was begun last: to be released. Otherwise still to be done."""
    steps = [e for e in facts.service_events if e.change in (ServiceChange.RECTIFYING, ServiceChange.RECTIFIED)]
    last = max(steps, key=lambda event: (event.occurred_at, event.change is ServiceChange.RECTIFIED))
    return Awaiting.RELEASE if last.change is ServiceChange.RECTIFIED else Awaiting.RECTIFICATION


_BY_REASON = {
    Reason.NEVER_VERIFIED: LastResult.NONE,
    Reason.VERIFICATION_OVERDUE: LastResult.PASS,
    Reason.VERIFICATION_VOIDED: LastResult.VOIDED,
    Reason.VERIFICATION_FAILED: LastResult.FAIL,
}
_WORST = (LastResult.FAIL, LastResult.VOIDED, LastResult.NONE, LastResult.PASS)


def _last_result(facts: Facts, now: datetime) -> LastResult:
    if not facts.verification_needed:
        return LastResult.CONCLUDED if facts.written_conclusions else LastResult.NONE
    found = [_BY_REASON[bar.reason] for ledger in ledgers_of(facts) for bar in ledger.bars(now)] or [LastResult.PASS]
    return min(found, key=_WORST.index)
