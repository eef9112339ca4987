"""What the registry says about a device over a capture interval, and in which words."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_registry.explanation import explain
from device_registry.model import (
    Fact,
    Facts,
    Finding,
    Interval,
    Outcome,
    Reason,
    Requirement,
    ServiceChange,
    Span,
    Standing,
    VoidCause,
)
from device_registry.rules import minus, overlap, service_periods, standing, standing_spans, unknown, verified_periods
from foundation.civil import beginning_of
from foundation.words import Language
from tests.device_registry.builders import (
    a_conclusion,
    a_device,
    a_fail,
    a_pass,
    a_void,
    at,
    beijing,
    gathered,
    in_service,
    service,
)

A_YEAR = a_pass("2025-05-04", "2026-05-03")
SUSPENDED, RESUMED, RETIRED = ServiceChange.SUSPENDED, ServiceChange.RESUMED, ServiceChange.RETIRED
RECTIFYING, RECTIFIED = ServiceChange.RECTIFYING, ServiceChange.RECTIFIED
IN, NOT, UNDETERMINED = Outcome.IN_STANDING, Outcome.NOT_IN_STANDING, Outcome.UNDETERMINED


def judged(*facts: Fact, captured: Interval, requirement: Requirement = Requirement.MANDATORY) -> Standing:
    return standing(a_device(requirement=requirement), gathered(*facts), captured)


def reasons(found: Standing) -> list[Reason]:
    return [finding.reason for finding in found.reasons]


ON_A_DAY = at("2025-07-01 10:00")

REASONS: dict[str, tuple[list[Fact], Interval, list[Reason]]] = {
    "in order": ([A_YEAR, in_service()], ON_A_DAY, []),
    "on the last valid day": ([A_YEAR, in_service()], at("2026-05-03 23:59"), []),
    "on the day of the verification": ([A_YEAR, in_service()], at("2025-05-04 00:00"), []),
    "no facts at all: both gates say why": ([], ON_A_DAY, [Reason.DEVICE_NOT_IN_SERVICE, Reason.NEVER_VERIFIED]),
    "the day before the first verification": ([A_YEAR, in_service()], at("2025-05-03 23:59"), [Reason.NEVER_VERIFIED]),
    "the day after the last": ([A_YEAR, in_service()], at("2026-05-04 00:00"), [Reason.VERIFICATION_OVERDUE]),
    "a certificate obtained later heals nothing": (
        [A_YEAR, a_pass("2026-05-05", "2027-05-04"), in_service()],
        at("2026-05-04 10:00"),
        [Reason.VERIFICATION_OVERDUE],
    ),
    "failed": ([A_YEAR, a_fail("2025-06-30"), in_service()], ON_A_DAY, [Reason.VERIFICATION_FAILED]),
    "a failure after the last valid day is a failure, not overdue": (
        [A_YEAR, a_fail("2026-06-30"), in_service()],
        at("2026-07-01 10:00"),
        [Reason.VERIFICATION_FAILED],
    ),
    "only ever failed": ([a_fail("2025-06-30"), in_service()], ON_A_DAY, [Reason.VERIFICATION_FAILED]),
    "voided": ([A_YEAR, a_void("2025-06-30 10:00"), in_service()], ON_A_DAY, [Reason.VERIFICATION_VOIDED]),
    "voided and overdue": (
        [A_YEAR, a_void("2025-06-30 10:00"), in_service()],
        at("2026-07-01 10:00"),
        [Reason.VERIFICATION_OVERDUE, Reason.VERIFICATION_VOIDED],
    ),
    "voided and failed": (
        [A_YEAR, a_void("2025-06-20 10:00"), a_fail("2025-06-30"), in_service()],
        ON_A_DAY,
        [Reason.VERIFICATION_FAILED, Reason.VERIFICATION_VOIDED],
    ),
    "a void event before any pass voids nothing": (
        [a_void("2025-06-20 10:00"), in_service()],
        ON_A_DAY,
        [Reason.NEVER_VERIFIED],
    ),
    "not yet in service": ([A_YEAR, in_service("2025-07-01 10:01")], ON_A_DAY, [Reason.DEVICE_NOT_IN_SERVICE]),
    "suspended": (
        [A_YEAR, in_service(), service(SUSPENDED, "2025-07-01 10:00")],
        ON_A_DAY,
        [Reason.DEVICE_SUSPENDED],
    ),
    "resumed": (
        [A_YEAR, in_service(), service(SUSPENDED, "2025-06-01 10:00"), service(RESUMED, "2025-07-01 10:00")],
        ON_A_DAY,
        [],
    ),
    "suspended and resumed at one instant stays closed": (
        [A_YEAR, in_service(), service(RESUMED, "2025-06-01 10:00"), service(SUSPENDED, "2025-06-01 10:00")],
        ON_A_DAY,
        [Reason.DEVICE_SUSPENDED],
    ),
    "retired is final": (
        [A_YEAR, in_service(), service(RETIRED, "2025-06-01 10:00"), service(RESUMED, "2025-06-02 10:00")],
        ON_A_DAY,
        [Reason.DEVICE_RETIRED],
    ),
}


@pytest.mark.parametrize("case", REASONS)
def test_reasons(case: str) -> None:
    facts, captured, expected = REASONS[case]
    for order in (facts, facts[::-1]):
        found = judged(*order, captured=captured)
        assert reasons(found) == expected
        assert found.outcome == (NOT if expected else IN)


A_MICROSECOND = timedelta(microseconds=1)
LAPSE = beijing("2026-05-04 00:00")
BEGIN = beijing("2025-05-04 00:00")


@pytest.mark.parametrize(
    ("captured", "outcome", "why"),
    [
        (Interval(LAPSE - A_MICROSECOND, LAPSE - A_MICROSECOND), IN, []),
        (Interval(LAPSE - A_MICROSECOND, LAPSE), UNDETERMINED, [Reason.VERIFICATION_OVERDUE]),
        (Interval(LAPSE, LAPSE), NOT, [Reason.VERIFICATION_OVERDUE]),
        (Interval(BEGIN, LAPSE - A_MICROSECOND), IN, []),
        (Interval(BEGIN - A_MICROSECOND, BEGIN), UNDETERMINED, [Reason.NEVER_VERIFIED]),
        (Interval(BEGIN - A_MICROSECOND, BEGIN - A_MICROSECOND), NOT, [Reason.NEVER_VERIFIED]),
        (
            Interval(BEGIN - A_MICROSECOND, LAPSE),
            UNDETERMINED,
            [Reason.NEVER_VERIFIED, Reason.VERIFICATION_OVERDUE],
        ),
    ],
)
def test_both_ends_of_the_capture_interval_count(captured: Interval, outcome: Outcome, why: list[Reason]) -> None:
    found = judged(A_YEAR, in_service(), captured=captured)
    assert (found.outcome, reasons(found)) == (outcome, why)


def test_a_gate_that_is_shut_decides_over_one_that_is_undetermined() -> None:
    found = judged(A_YEAR, captured=Interval(LAPSE - A_MICROSECOND, LAPSE))
    assert found.outcome == NOT
    assert reasons(found) == [Reason.DEVICE_NOT_IN_SERVICE, Reason.VERIFICATION_OVERDUE]


def test_a_capture_across_two_adjoining_certificates_stands_on_both() -> None:
    renewed = a_pass("2026-04-01", "2027-03-31")
    found = judged(A_YEAR, renewed, in_service(), captured=at("2026-03-31 23:59", "2026-04-01 00:01"))
    assert found.outcome == IN
    assert [certificate.id for certificate in found.certificates] == [A_YEAR.id, renewed.id]
    assert found.verified_that_day


def test_a_capture_on_the_day_of_the_verification_is_flagged_and_the_next_day_is_not() -> None:
    assert judged(A_YEAR, in_service(), captured=at("2025-05-04 23:59")).verified_that_day
    assert not judged(A_YEAR, in_service(), captured=at("2025-05-05 00:00")).verified_that_day


def test_a_certificate_longer_than_the_regulation_allows_rules_but_is_remarked() -> None:
    too_long = a_pass("2025-05-04", "2026-05-04")
    found = judged(too_long, in_service(), captured=at("2026-05-04 10:00"))
    assert found.outcome == IN
    assert [(caution.certificate_id, caution.longest) for caution in found.cautions] == [
        (too_long.id, date(2026, 5, 3))
    ]
    assert judged(A_YEAR, in_service(), captured=ON_A_DAY).cautions == ()


@pytest.mark.parametrize("requirement", [Requirement.NOT_REQUIRED, Requirement.NO_REGULATION])
def test_a_device_that_needs_none_stands_on_a_conclusion_of_that_day_or_before(requirement: Requirement) -> None:
    conclusion = a_conclusion("2025-07-01", requirement)
    found = judged(conclusion, in_service(), captured=at("2025-07-01 00:00"), requirement=requirement)
    assert (found.outcome, found.conclusion_id, found.certificates) == (IN, conclusion.id, ())
    early = judged(conclusion, in_service(), captured=at("2025-06-30 23:59"), requirement=requirement)
    assert (early.outcome, reasons(early)) == (NOT, [Reason.CONCLUSION_MISSING])
    across = judged(
        conclusion, in_service(), captured=at("2025-06-30 23:59", "2025-07-01 00:00"), requirement=requirement
    )
    assert (across.outcome, across.conclusion_id) == (UNDETERMINED, conclusion.id)


def test_of_two_conclusions_the_one_that_holds_at_the_earliest_instant_is_named() -> None:
    first, second = a_conclusion("2025-06-01"), a_conclusion("2025-07-01")
    found = judged(
        second,
        first,
        in_service(),
        captured=at("2025-06-30 23:59", "2025-07-01 00:00"),
        requirement=Requirement.NOT_REQUIRED,
    )
    assert (found.outcome, found.conclusion_id) == (IN, first.id)


def test_a_conclusion_about_something_else_is_none() -> None:
    found = judged(
        a_conclusion("2025-01-01", Requirement.NO_REGULATION),
        in_service(),
        captured=ON_A_DAY,
        requirement=Requirement.NOT_REQUIRED,
    )
    assert reasons(found) == [Reason.CONCLUSION_MISSING]


def test_every_channel_has_its_own_reasons() -> None:
    facts = gathered(
        a_pass("2025-01-01", "2025-12-31", channel="CO"),
        a_fail("2025-06-01", channel="O2"),
        in_service(),
        channels=("CO", "O2", "H2S"),
    )
    found = standing(a_device(channels=facts.channels), facts, ON_A_DAY)
    assert [(finding.reason, finding.channel) for finding in found.reasons] == [
        (Reason.VERIFICATION_FAILED, "O2"),
        (Reason.NEVER_VERIFIED, "H2S"),
    ]


def test_a_reason_names_the_fact_behind_it() -> None:
    [overdue] = judged(A_YEAR, in_service(), captured=at("2026-05-14 10:00")).reasons
    assert (overdue.fact_id, overdue.document_no) == (A_YEAR.id, "LX-2025-05-04")
    assert (overdue.valid_until, overdue.days_overdue) == (date(2026, 5, 3), 11)


def test_an_officer_is_told_why_in_a_sentence() -> None:
    [overdue] = judged(A_YEAR, in_service(), captured=at("2026-06-01 10:00")).reasons
    assert explain(overdue, "zh-CN") == (
        "声级计 SLM-041：检定已于 2026 年 5 月 3 日到期（证书 LX-2025-05-04，逾期 29 天）。可以拍摄留存，不能作为证据。"
    )
    assert explain(overdue, "en") == (
        "Sound level meter SLM-041: the verification ran out on 3 May 2026 (certificate LX-2025-05-04, "
        "29 days overdue). You may capture and keep it; it cannot be evidence."
    )
    seal = a_void("2025-06-30 10:00", VoidCause.SEAL_BROKEN)
    [voided] = judged(A_YEAR, in_service(), seal, captured=ON_A_DAY).reasons
    assert explain(voided, "zh-CN") == (
        "声级计 SLM-041：因封印损坏，检定（证书 LX-2025-05-04）自 2025-06-30 10:00:00 起失效，须重新检定。"
        "可以拍摄留存，不能作为证据。"
    )


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_reason_has_its_words(language: Language) -> None:
    found = [unknown("X-1"), *judged(captured=ON_A_DAY).reasons]
    for facts, captured, _ in REASONS.values():
        found += judged(*facts, captured=captured).reasons
    found += judged(in_service(), captured=ON_A_DAY, requirement=Requirement.NOT_REQUIRED).reasons
    found += standing(a_device(), Facts(siting_needed=True), ON_A_DAY).reasons
    said = {finding.reason: explain(finding, language) for finding in found}
    assert said.keys() == {*Reason}
    assert len({*said.values()}) == len(said)
    assert not any("None" in sentence or "{" in sentence for sentence in said.values())


def test_a_finding_can_be_frozen_and_read_again() -> None:
    import msgspec

    [finding] = judged(A_YEAR, in_service(), captured=at("2026-06-01 10:00")).reasons
    assert msgspec.json.decode(msgspec.json.encode(finding), type=Finding) == finding


def test_an_interval_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="before"):
        Interval(LAPSE, BEGIN)


DAYS = st.integers(0, 12).map(lambda n: beginning_of(date(2025, 5, 1)) + timedelta(days=n))
EVENTS = st.lists(st.tuples(st.sampled_from(ServiceChange), DAYS), max_size=6)


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.permutations(range(6)))
def test_the_device_is_in_service_when_the_latest_event_says_so(
    events: list[tuple[ServiceChange, object]], order: list[int]
) -> None:
    facts = gathered(*(service(change, str(instant)[:19]) for change, instant in events))
    shuffled = gathered(*(facts.service_events[place] for place in order if place < len(events)))
    periods = service_periods(facts)
    assert periods == service_periods(shuffled)
    for edge in {event.occurred_at for event in facts.service_events}:
        for instant in (edge - A_MICROSECOND, edge, edge + A_MICROSECOND):
            begun = [event for event in facts.service_events if event.occurred_at <= instant]
            begun = [event for event in begun if event.change is not ServiceChange.WITHDRAWN]
            last = {event.change for event in begun if event.occurred_at == max(e.occurred_at for e in begun)}
            open_ = bool(last) and not {*last} & {SUSPENDED, RECTIFYING, RECTIFIED, RETIRED}
            open_ = open_ and RETIRED not in {event.change for event in begun}
            held = any(span.begins <= instant and (span.ends is None or instant < span.ends) for span in periods)
            assert held == open_


SPANS = st.lists(st.builds(lambda a, n: Span(a, a + timedelta(days=n) if n else None), DAYS, st.integers(0, 4)))


@settings(max_examples=300, deadline=None)
@given(SPANS, SPANS)
def test_spans_are_sets_of_instants(these: list[Span], those: list[Span]) -> None:
    def holds(spans: list[Span], instant: object) -> bool:
        return any(span.begins <= instant and (span.ends is None or instant < span.ends) for span in spans)  # type: ignore[operator]

    both, only = overlap(these, those), minus(these, those)
    for n in range(40):
        instant = beginning_of(date(2025, 5, 1)) + timedelta(hours=12 * n)
        assert holds(both, instant) == (holds(these, instant) and holds(those, instant))
        assert holds(only, instant) == (holds(these, instant) and not holds(those, instant))


def test_the_spans_in_standing_are_where_both_gates_are_open() -> None:
    facts = gathered(A_YEAR, in_service("2025-06-01 08:00"), service(SUSPENDED, "2025-07-01 09:00"))
    spans = standing_spans(a_device(), verified_periods(facts), service_periods(facts), ())
    assert spans == [Span(beijing("2025-06-01 08:00"), beijing("2025-07-01 09:00"))]
