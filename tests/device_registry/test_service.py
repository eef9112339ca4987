"""In service or not: what people did, what lapsed by itself, and an oracle that only ever looks at one instant."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from device_registry.model import (
    Aspect,
    BasisLevel,
    CheckSubject,
    Fact,
    Facts,
    InServiceCheck,
    Interval,
    Notice,
    Outcome,
    Reason,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    Span,
)
from device_registry.rules import (
    History,
    life_cycle_state,
    overview,
    service_periods,
    standing,
    standing_spans,
    state_now,
    verified_periods,
)
from foundation.civil import BEIJING, beginning_of
from tests.device_registry.builders import (
    a_device,
    a_fail,
    a_pass,
    a_review,
    a_site,
    a_void,
    an_announcement,
    at,
    beijing,
    gathered,
    in_service,
    service,
)
from tests.device_registry.test_verification_properties import edges_of, facts_near, lapsed, verified

SUSPENDED, RESUMED, RETIRED = ServiceChange.SUSPENDED, ServiceChange.RESUMED, ServiceChange.RETIRED
RECTIFYING, RECTIFIED = ServiceChange.RECTIFYING, ServiceChange.RECTIFIED
PUT = ServiceChange.PUT_IN_SERVICE
A_MICROSECOND = timedelta(microseconds=1)


def a_check(checked_at: str, subject: CheckSubject, *, within: bool = False) -> InServiceCheck:
    return InServiceCheck(subject=subject, checked_at=beijing(checked_at), within_tolerance=within)


A_YEAR, THE_NEXT = a_pass("2025-05-04", "2026-05-03"), a_pass("2026-05-04", "2027-05-03")
AFTER_A_GAP = a_pass("2026-05-10", "2027-05-09")

SPANS: dict[str, tuple[list[Fact], list[tuple[str, str | None]]]] = {
    "runs out: suspended at the end of the last valid day": (
        [A_YEAR, in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2026-05-04 00:00")],
    ),
    "renewed without a gap: nothing is suspended": (
        [A_YEAR, THE_NEXT, in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2027-05-04 00:00")],
    ),
    "renewed before it runs out": (
        [A_YEAR, a_pass("2026-04-01", "2027-03-31"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2027-04-01 00:00")],
    ),
    "renewed after a gap: nobody has released it": (
        [A_YEAR, AFTER_A_GAP, in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2026-05-04 00:00")],
    ),
    "renewed after a gap and released": (
        [A_YEAR, AFTER_A_GAP, in_service("2025-06-01 08:00"), service(RESUMED, "2026-05-12 09:00")],
        [("2025-06-01 08:00", "2026-05-04 00:00"), ("2026-05-12 09:00", "2027-05-10 00:00")],
    ),
    "a certificate found late closes the gap, and with it the suspension": (
        [A_YEAR, AFTER_A_GAP, a_pass("2026-05-02", "2026-06-01"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2027-05-10 00:00")],
    ),
    "failed: suspended from the beginning of that day": (
        [A_YEAR, a_fail("2025-12-01"), a_pass("2025-12-10", "2026-12-09"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2025-12-01 00:00")],
    ),
    "failed before it ever passed: suspended too": (
        [a_fail("2025-12-01"), a_pass("2025-12-10", "2026-12-09"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2025-12-01 00:00")],
    ),
    "never verified is no lapse": (
        [a_pass("2025-12-10", "2026-12-09"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2026-12-10 00:00")],
    ),
    "voided: suspended from that instant": (
        [A_YEAR, a_void("2025-12-01 10:00"), a_pass("2025-12-02", "2026-12-01"), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2025-12-01 10:00")],
    ),
    "found out of tolerance: as voided": (
        [A_YEAR, a_check("2025-12-01 10:00", CheckSubject.CALIBRATOR_AFTER), in_service("2025-06-01 08:00")],
        [("2025-06-01 08:00", "2025-12-01 10:00")],
    ),
    "a wrong clock suspends, though the verification goes on": (
        [
            A_YEAR,
            a_check("2025-12-01 10:00", CheckSubject.CLOCK),
            in_service("2025-06-01 08:00"),
            service(RESUMED, "2025-12-03 10:00"),
        ],
        [("2025-06-01 08:00", "2025-12-01 10:00"), ("2025-12-03 10:00", "2026-05-04 00:00")],
    ),
    "a check within tolerance does nothing": (
        [
            A_YEAR,
            a_check("2025-12-01 10:00", CheckSubject.CALIBRATOR_BEFORE, within=True),
            a_check("2025-12-01 10:00", CheckSubject.CLOCK, within=True),
            in_service("2025-06-01 08:00"),
        ],
        [("2025-06-01 08:00", "2026-05-04 00:00")],
    ),
    "suspended in the past: until it is released": (
        [
            A_YEAR,
            in_service("2025-06-01 08:00"),
            service(SUSPENDED, "2025-07-01 08:00"),
            service(RECTIFYING, "2025-07-05 08:00"),
            service(RECTIFIED, "2025-07-06 08:00"),
            service(RESUMED, "2025-07-07 08:00"),
        ],
        [("2025-06-01 08:00", "2025-07-01 08:00"), ("2025-07-07 08:00", "2026-05-04 00:00")],
    ),
    "a failure told late, from while it was suspended: the release did not know, and does not hold": (
        [
            A_YEAR,
            in_service("2025-06-01 08:00"),
            service(SUSPENDED, "2025-07-01 08:00"),
            a_fail("2025-07-03"),
            service(RESUMED, "2025-07-07 08:00"),
            a_pass("2025-08-01", "2026-07-31"),
        ],
        [("2025-06-01 08:00", "2025-07-01 08:00")],
    ),
    "put in service while overdue: not until it is released": (
        [A_YEAR, in_service("2026-05-06 08:00"), AFTER_A_GAP, service(RESUMED, "2026-05-12 09:00")],
        [("2026-05-12 09:00", "2027-05-10 00:00")],
    ),
    "retired: for good": (
        [
            A_YEAR,
            in_service("2025-06-01 08:00"),
            service(RETIRED, "2025-07-01 08:00"),
            service(RESUMED, "2025-07-02 08:00"),
        ],
        [("2025-06-01 08:00", "2025-07-01 08:00")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPANS)
def test_spans_in_service(case: str) -> None:
    facts, expected = SPANS[case]
    for order in (facts, facts[::-1]):
        found = [(span.begins, span.ends) for span in service_periods(gathered(*order))]
        assert found == [(beijing(begins), ends and beijing(ends)) for begins, ends in expected]


def test_a_lapse_says_since_when_and_that_nobody_ordered_it() -> None:
    facts = gathered(A_YEAR, AFTER_A_GAP, in_service("2025-06-01 08:00"))
    [found] = standing(a_device(), facts, at("2026-05-11 10:00")).reasons
    assert (found.reason, found.automatic, found.occurred_at) == (
        Reason.DEVICE_SUSPENDED,
        True,
        beijing("2026-05-04 00:00"),
    )
    [overdue] = standing(a_device(), facts, at("2026-05-05 10:00")).reasons
    assert overdue.reason is Reason.VERIFICATION_OVERDUE, "before it is verified again the lapse says it all"


def test_a_device_taken_out_of_use_for_rectification_is_suspended_since_then_and_not_since_it_came_into_use() -> None:
    """A certificate found late took away the lapse on which the rectification was begun."""
    facts = gathered(A_YEAR, in_service("2025-06-01 08:00"), service(RECTIFYING, "2025-07-05 08:00"))
    [found] = standing(a_device(), facts, at("2025-07-06 10:00")).reasons
    assert (found.reason, found.occurred_at) == (Reason.DEVICE_SUSPENDED, beijing("2025-07-05 08:00"))


def test_only_the_supervisor_s_order_is_for_the_supervisor_to_end() -> None:
    order = ServiceEvent(change=SUSPENDED, occurred_at=beijing("2025-07-01 08:00"), by_supervisor=True)
    facts = gathered(A_YEAR, in_service("2025-06-01 08:00"), order, service(SUSPENDED, "2025-07-02 08:00"))
    assert History(facts).at(beijing("2025-07-03 08:00")).by_supervisor
    released = facts.and_(service(RESUMED, "2025-07-04 08:00"))
    assert not History(released).at(beijing("2025-07-04 08:00")).by_supervisor


FIRST = date(2025, 12, 26)
INSTANTS = st.integers(0, 14 * 4).map(lambda quarter: beginning_of(FIRST) + timedelta(hours=6 * quarter))
DAYS = st.integers(0, 14).map(lambda n: (FIRST + timedelta(days=n)).isoformat())
SITES = [a_site(1), a_site(2), a_site(3, level=BasisLevel.RULE)]
EVENT = st.builds(
    ServiceEvent,
    change=st.sampled_from(ServiceChange),
    occurred_at=INSTANTS,
    site_version_id=st.sampled_from([None, *(site.id for site in SITES)]),
    by_supervisor=st.booleans(),
)
CHECK = st.builds(
    InServiceCheck, subject=st.sampled_from(CheckSubject), checked_at=INSTANTS, within_tolerance=st.booleans()
)
REVIEW = st.builds(
    a_review, st.sampled_from(SITES), st.sampled_from(Aspect), DAYS,
    st.sampled_from([ReviewOutcome.PASSED] * 3 + [ReviewOutcome.REJECTED]),
)  # fmt: skip
TOLD = st.builds(
    an_announcement, st.sampled_from(SITES), DAYS, st.sampled_from([Notice.PUBLISHED] * 3 + [*Notice]),
    lead_days=st.integers(0, 3),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> Facts:
    facts = draw(facts_near(FIRST, draw(st.sampled_from([(), ("CO", "O2")]))))
    facts = facts.and_(ServiceEvent(change=PUT, occurred_at=draw(INSTANTS), site_version_id=SITES[0].id))
    more: list[Fact] = [*draw(st.lists(EVENT, max_size=5)), *draw(st.lists(CHECK, max_size=2))]
    sited = draw(st.booleans())
    if sited:
        more += [a_review(SITES[0], aspect, FIRST.isoformat()) for aspect in Aspect]
        more += [*SITES, an_announcement(SITES[0], FIRST.isoformat())]
        more += [*draw(st.lists(REVIEW, max_size=4)), *draw(st.lists(TOLD, max_size=3))]
    for fact in more:
        facts = facts.and_(fact)
    return replace(facts, siting_needed=sited)


def as_voids(facts: Facts) -> Facts:
    """The oracle of verification knows no checks: one that finds the instrument wrong is a void event to it."""
    for check in facts.in_service_checks:
        if not check.within_tolerance and check.subject is not CheckSubject.CLOCK:
            facts = facts.and_(a_void(check.checked_at.astimezone(BEIJING).isoformat(" ")[:16]))
    return facts


def sited_lawfully(facts: Facts, version_id: object, instant: datetime) -> bool:
    """The oracle of art. 41, by looking at all there is for one day."""
    today = instant.astimezone(BEIJING).date()
    site = next((site for site in facts.site_versions if site.id == version_id), None)
    if site is None or site.basis_level not in ("LAW", "ADMINISTRATIVE_REGULATION"):
        return False
    for aspect in Aspect:
        reviews = [r for r in facts.reviews if (r.site_version_id, r.aspect) == (site.id, aspect)]
        days = [r.reviewed_on for r in reviews if r.reviewed_on <= today]
        if not days or any(r.outcome == "REJECTED" for r in reviews if r.reviewed_on == max(days)):
            return False
    told = [a for a in facts.announcements if a.site_version_id == site.id and a.announced_on <= today]
    given_up = max((a.announced_on for a in told if a.notice == "WITHDRAWN"), default=date.min)
    published = [a for a in told if a.notice == "PUBLISHED" and a.announced_on > given_up]
    first = min((a.announced_on for a in published), default=None)
    lead_days = max((a.lead_days for a in published if a.announced_on == first), default=0)
    return first is not None and first + timedelta(days=lead_days) <= today


def held(facts: Facts, instant: datetime) -> bool:
    """The oracle: walks through all that happened up to the instant, and knows nothing of spans."""
    metrology = as_voids(facts)
    moments = {event.occurred_at for event in facts.service_events}
    moments |= {check.checked_at for check in facts.in_service_checks} | edges_of(metrology)
    state, version = "OUT", None
    for moment in sorted(moment for moment in moments if moment <= instant):
        events = [e for e in facts.service_events if e.occurred_at == moment]
        changes = {e.change for e in events}
        for opening in (PUT, RESUMED):
            for event in (e for e in events if e.change is opening):
                state, version = "IN", event.site_version_id or version
        wrong_clock = any(
            c.checked_at == moment and not c.within_tolerance and c.subject is CheckSubject.CLOCK
            for c in facts.in_service_checks
        )
        if changes & {SUSPENDED, RECTIFYING, RECTIFIED} or (
            state == "IN" and (wrong_clock or lapsed(metrology, moment))
        ):
            state = "OUT"
        if RETIRED in changes:
            return False
    return state == "IN" and (not facts.siting_needed or sited_lawfully(facts, version, instant))


def covers(spans: list[Span], instant: datetime) -> bool:
    return any(span.begins <= instant and (span.ends is None or instant < span.ends) for span in spans)


def looked_at(facts: Facts) -> list[datetime]:
    edges = {beginning_of(FIRST) + timedelta(hours=6 * n) for n in range(-4, 20 * 4, 4)} | edges_of(facts)
    edges |= {event.occurred_at for event in facts.service_events}
    edges |= {check.checked_at for check in facts.in_service_checks}
    return sorted({instant for edge in edges for instant in (edge - A_MICROSECOND, edge)})


@settings(max_examples=120, deadline=None)
@given(histories())
def test_at_every_instant_of_a_random_life_periods_bars_and_standing_say_what_the_oracle_says(facts: Facts) -> None:
    device = a_device(channels=facts.channels, siting_needed=facts.siting_needed)
    history, served, periods = History(facts), service_periods(facts), verified_periods(facts)
    spans = standing_spans(device, periods, served, ())
    metrology = as_voids(facts)
    for instant in looked_at(facts):
        in_use, trusted = held(facts, instant), verified(metrology, instant)
        assert covers(served, instant) == (not history.bars(instant)) == in_use, instant
        found = standing(device, facts, Interval(instant, instant))
        assert (found.outcome is Outcome.IN_STANDING) == (not found.reasons) == (in_use and trusted), instant
        assert covers(spans, instant) == (in_use and trusted), instant


@settings(max_examples=80, deadline=None)
@given(histories())
def test_the_order_in_which_facts_arrive_changes_nothing(facts: Facts) -> None:
    names = ("certificates", "failure_notices", "void_events", "service_events", "reviews", "announcements",
             "site_versions", "in_service_checks")  # fmt: skip
    reversed_ = replace(facts, **{name: getattr(facts, name)[::-1] for name in names})
    assert service_periods(reversed_) == service_periods(facts)


@settings(max_examples=150, deadline=None)
@given(histories(), st.integers(0, 400))
def test_a_list_read_later_shows_the_state_as_it_is_then_though_nothing_was_written(facts: Facts, hours: int) -> None:
    facts = replace(facts, siting_needed=False)
    written = max([beginning_of(FIRST + timedelta(days=15)), *(event.occurred_at for event in facts.service_events)])
    shown = overview(facts, verified_periods(facts), service_periods(facts), written)
    read = written + timedelta(hours=hours)
    state, expected = state_now(shown.state, shown.in_service_until, read), life_cycle_state(facts, read)
    assert state is expected
