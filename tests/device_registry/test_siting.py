"""Was the site lawful, reviewed and announced at an instant: every combination, and the edges of Beijing days."""

from datetime import date, datetime, timedelta
from itertools import product

import pytest

from device_registry.model import (
    Announcement,
    Aspect,
    BasisLevel,
    Fact,
    Facts,
    Notice,
    Outcome,
    Reason,
    Review,
    ReviewOutcome,
    ServiceChange,
    SiteVersion,
    State,
)
from device_registry.rules import History, Siting, service_periods, standing
from tests.device_registry.builders import (
    a_device,
    a_pass,
    a_review,
    a_site,
    an_announcement,
    at,
    beijing,
    gathered,
    put_in_service,
    service,
)

NO_BASIS, LEGAL, TECHNICAL, ANNOUNCED = (
    Reason.NO_LEGAL_BASIS,
    Reason.LEGAL_REVIEW_MISSING,
    Reason.TECHNICAL_REVIEW_MISSING,
    Reason.SITE_NOT_ANNOUNCED,
)
PASSED, REJECTED = ReviewOutcome.PASSED, ReviewOutcome.REJECTED
A_MICROSECOND = timedelta(microseconds=1)
LAPSE = beijing("2028-01-01 00:00")
"""Of the verification in `approved`."""


def sited(*facts: Fact) -> Facts:
    return gathered(*facts, siting_needed=True)


def lacking(facts: Facts, version: SiteVersion | None, instant: datetime) -> list[Reason]:
    return [lack.reason for lack in Siting(facts).lacks(version, instant)]


@pytest.mark.parametrize(
    ("level", "legal", "technical", "announced"),
    [*product(BasisLevel, (None, PASSED, REJECTED), (None, PASSED, REJECTED), (None, *Notice))],
)
def test_every_combination_of_basis_reviews_and_announcement(
    level: BasisLevel, legal: ReviewOutcome | None, technical: ReviewOutcome | None, announced: Notice | None
) -> None:
    site = a_site(level=level)
    facts: list[Fact] = [site, put_in_service(site, "2026-02-01 08:00"), a_pass("2026-01-01", "2026-12-31")]
    for aspect, outcome in ((Aspect.LEGAL, legal), (Aspect.TECHNICAL, technical)):
        if outcome:
            facts.append(a_review(site, aspect, "2026-01-05", outcome))
    if announced:
        facts.append(an_announcement(site, "2026-01-10"))
        if announced is not Notice.PUBLISHED:
            facts.append(an_announcement(site, "2026-01-20", announced))
    expected = {
        NO_BASIS: level not in (BasisLevel.LAW, BasisLevel.ADMINISTRATIVE_REGULATION),
        LEGAL: legal is not PASSED,
        TECHNICAL: technical is not PASSED,
        ANNOUNCED: announced not in (Notice.PUBLISHED, Notice.STOPPED),
    }
    found = sited(*facts)
    assert lacking(found, site, beijing("2026-02-01 08:00")) == [reason for reason in expected if expected[reason]]
    assert (service_periods(found) == []) == any(expected.values())
    judged = standing(a_device(siting_needed=True), found, at("2026-03-01 10:00"))
    assert [finding.reason for finding in judged.reasons] == [reason for reason in expected if expected[reason]]


def test_what_is_held_in_the_hand_lacks_nothing_and_a_fixed_device_without_a_site_everything() -> None:
    assert lacking(gathered(), None, beijing("2026-02-01 08:00")) == []
    assert lacking(sited(), None, beijing("2026-02-01 08:00")) == [NO_BASIS, LEGAL, TECHNICAL, ANNOUNCED]


@pytest.mark.parametrize(("lead_days", "first"), [(0, "2026-01-10"), (1, "2026-01-11"), (30, "2026-02-09")])
def test_an_announced_site_may_be_used_from_the_beginning_of_a_beijing_day(lead_days: int, first: str) -> None:
    site = a_site()
    facts = sited(
        site,
        a_review(site, Aspect.LEGAL, "2026-01-05"),
        a_review(site, Aspect.TECHNICAL, "2026-01-06"),
        an_announcement(site, "2026-01-10", lead_days=lead_days),
    )
    begins = beijing(f"{first} 00:00")
    assert lacking(facts, site, begins - A_MICROSECOND) == [ANNOUNCED]
    assert lacking(facts, site, begins) == []
    [lack] = Siting(facts).lacks(site, beijing("2026-01-10 00:00") - A_MICROSECOND)
    assert lack.usable_from is None, "before the publication nobody knows of one"
    if lead_days:
        [lack] = Siting(facts).lacks(site, beijing("2026-01-10 00:00"))
        assert lack.usable_from == date.fromisoformat(first)


def test_a_review_holds_from_the_beginning_of_its_day() -> None:
    site = a_site()
    facts = sited(site, a_review(site, Aspect.LEGAL, "2026-01-05"))
    begins = beijing("2026-01-05 00:00")
    assert LEGAL in lacking(facts, site, begins - A_MICROSECOND)
    assert LEGAL not in lacking(facts, site, begins)


@pytest.mark.parametrize(
    ("reviews", "passes"),
    [
        ([("2026-01-05", PASSED), ("2026-01-05", REJECTED)], False),
        ([("2026-01-05", REJECTED), ("2026-01-05", PASSED)], False),
        ([("2026-01-05", PASSED), ("2026-01-06", REJECTED)], False),
        ([("2026-01-05", REJECTED), ("2026-01-06", PASSED)], True),
        ([("2026-01-05", PASSED), ("2026-01-05", PASSED)], True),
    ],
)
def test_of_several_reviews_the_latest_governs_and_of_one_day_the_rejection(
    reviews: list[tuple[str, ReviewOutcome]], passes: bool
) -> None:
    site = a_site()
    made = [a_review(site, Aspect.LEGAL, day, outcome, number=str(n)) for n, (day, outcome) in enumerate(reviews)]
    for order in (made, made[::-1]):
        assert (LEGAL not in lacking(sited(site, *order), site, beijing("2026-02-01 08:00"))) == passes


def test_a_rejection_after_a_pass_ends_the_service_from_its_day_on() -> None:
    site = a_site()
    facts = sited(
        *approved(site), put_in_service(site, "2026-02-01 08:00"), a_review(site, Aspect.LEGAL, "2026-03-01", REJECTED)
    )
    [span] = service_periods(facts)
    assert (span.begins, span.ends) == (beijing("2026-02-01 08:00"), beijing("2026-03-01 00:00"))


def test_a_withdrawn_announcement_ends_the_service_and_one_published_again_goes_on_after_its_lead_days() -> None:
    site = a_site()
    facts = sited(
        *approved(site),
        put_in_service(site, "2026-02-01 08:00"),
        an_announcement(site, "2026-03-01", Notice.WITHDRAWN),
        an_announcement(site, "2026-03-05", lead_days=3),
    )
    assert [(span.begins, span.ends) for span in service_periods(facts)] == [
        (beijing("2026-02-01 08:00"), beijing("2026-03-01 00:00")),
        (beijing("2026-03-08 00:00"), LAPSE),
    ]


def test_of_two_notices_of_one_day_the_withdrawal_counts_as_the_later() -> None:
    site = a_site()
    notices = [an_announcement(site, "2026-01-10"), an_announcement(site, "2026-01-10", Notice.WITHDRAWN)]
    for order in (notices, notices[::-1]):
        assert lacking(sited(*approved(site, announced=None), *order), site, beijing("2026-02-01 08:00")) == [ANNOUNCED]


def approved(site: SiteVersion, announced: str | None = "2026-01-10") -> list[Fact]:
    facts: list[Fact] = [
        site,
        a_review(site, Aspect.LEGAL, "2026-01-05"),
        a_review(site, Aspect.TECHNICAL, "2026-01-06"),
        a_pass("2026-01-01", "2027-12-31"),
    ]
    return facts if announced is None else [*facts, an_announcement(site, announced)]


def test_a_second_version_under_way_takes_nothing_from_the_first_that_is_in_service() -> None:
    first, second = a_site(), a_site(2)
    facts = sited(*approved(first), put_in_service(first, "2026-02-01 08:00"), second)
    assert [(span.begins, span.ends) for span in service_periods(facts)] == [(beijing("2026-02-01 08:00"), LAPSE)]
    rejected = facts.and_(a_review(second, Aspect.LEGAL, "2026-03-01", REJECTED))
    assert service_periods(rejected) == service_periods(facts)
    assert Siting(rejected).state(second, beijing("2026-03-02 08:00")) is State.REJECTED


def test_a_second_version_in_service_needs_all_of_its_own() -> None:
    first, second = a_site(), a_site(2)
    facts = sited(*approved(first), put_in_service(first, "2026-02-01 08:00"), second)
    facts = facts.and_(put_in_service(second, "2026-03-01 08:00"))
    [span] = service_periods(facts)
    assert span.ends == beijing("2026-03-01 08:00")
    for fact in approved(second)[1:3]:
        facts = facts.and_(fact)
    facts = facts.and_(an_announcement(second, "2026-04-01"))
    assert [(span.begins, span.ends) for span in service_periods(facts)] == [
        (beijing("2026-02-01 08:00"), beijing("2026-03-01 08:00")),
        (beijing("2026-04-01 00:00"), LAPSE),
    ]


def test_a_device_in_service_without_a_site_is_not_covered_by_one_proposed_later() -> None:
    """What was recorded before this register knew sites: a proposal says nothing about what has been in use."""
    site = a_site()
    facts = sited(service(ServiceChange.PUT_IN_SERVICE, "2025-06-01 08:00"), *approved(site))
    assert service_periods(facts) == []
    assert [bar.reason for bar in History(facts).bars(beijing("2026-05-01 08:00"))] == [
        NO_BASIS, LEGAL, TECHNICAL, ANNOUNCED,
    ]  # fmt: skip


@pytest.mark.parametrize("missing", range(8))
def test_the_three_layers_of_a_device_hold_or_fail_each_for_itself(missing: int) -> None:
    """Peers name three layers: the type is approved, this instrument is verified, this site is approved and announced.

    The type approval is a point of the technical review here, so its lack is that review's; that a type was approved
    once, for instruments made before it lapsed, is not modelled: the reviewer judges it.
    """
    type_lacks, verification_lacks, site_lacks = (bool(missing & bit) for bit in (1, 2, 4))
    site = a_site()
    facts: list[Fact] = [site, a_review(site, Aspect.LEGAL, "2026-01-05"), put_in_service(site, "2026-02-01 08:00")]
    facts.append(a_review(site, Aspect.TECHNICAL, "2026-01-06", REJECTED if type_lacks else PASSED))
    if not site_lacks:
        facts.append(an_announcement(site, "2026-01-10"))
    if not verification_lacks:
        facts.append(a_pass("2026-01-01", "2026-12-31"))
    expected = [TECHNICAL] * type_lacks + [ANNOUNCED] * site_lacks + [Reason.NEVER_VERIFIED] * verification_lacks
    found = standing(a_device(siting_needed=True), sited(*facts), at("2026-03-01 10:00"))
    assert [finding.reason for finding in found.reasons] == expected
    assert (found.outcome is Outcome.IN_STANDING) == (missing == 0)


def test_a_reason_of_the_site_names_the_document_behind_it() -> None:
    site = a_site()
    rejection = a_review(site, Aspect.LEGAL, "2026-01-05", REJECTED)
    facts = sited(
        site, rejection, put_in_service(site, "2026-02-01 08:00"), an_announcement(site, "2026-02-20", lead_days=30)
    )
    found = {finding.reason: finding for finding in standing(a_device(), facts, at("2026-03-01 10:00")).reasons}
    assert (found[LEGAL].fact_id, found[LEGAL].document_no) == (rejection.id, rejection.document_no)
    assert found[ANNOUNCED].usable_from == date(2026, 3, 22)
    assert found[TECHNICAL].fact_id is None


def test_the_way_of_a_version_into_service_has_its_states_in_either_order_of_the_reviews() -> None:
    site = a_site()
    late = beijing("2026-02-01 08:00")
    legal, technical = (a_review(site, aspect, "2026-01-05") for aspect in Aspect)
    told = an_announcement(site, "2026-01-10")

    def state(*facts: Review | Announcement) -> State:
        return Siting(sited(site, *facts)).state(site, late)

    assert state() is State.PROPOSED
    assert state(legal) is State.TECHNICAL_REVIEW
    assert state(technical) is State.LEGAL_REVIEW
    assert state(legal, technical) is state(technical, legal) is State.APPROVED
    assert state(legal, technical, told) is State.ANNOUNCED
    assert state(legal, a_review(site, Aspect.TECHNICAL, "2026-01-06", REJECTED)) is State.REJECTED
