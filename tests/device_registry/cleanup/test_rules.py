"""What a conclusion means, and what keeps a device from being kept."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from device_registry.cleanup.model import Draft, Held, Signs, Treatment, Verification
from device_registry.cleanup.problems import (
    EffectiveDayTooEarly,
    LegacySiteIncomplete,
    RectificationIncomplete,
    SiteKnownAlready,
)
from device_registry.cleanup.rules import Weighed, weigh
from device_registry.model import (
    Aspect,
    BasisLevel,
    Device,
    Fact,
    Facts,
    Interval,
    Mounting,
    Origin,
    Outcome,
    Reason,
    Requirement,
    ServiceChange,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    State,
)
from device_registry.problems import ReviewIncomplete, SupervisorMustRelease
from device_registry.rules import History, standing
from foundation.problem import Problem
from tests.device_registry.builders import a_device, a_pass
from tests.device_registry.cleanup.builders import LONG_AGO, TOLD, a_draft, a_review, a_site

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
OPENED = date(2026, 6, 1)
DRAFTER = uuid4()
VERIFIED = a_pass("2026-01-10", "2027-01-09")


def a_camera(**changes: Any) -> Device:
    told = {"tag": "SRF-001", "mounting": Mounting.FIXED, "siting_needed": True, "address": None} | changes
    return replace(a_device(), **told)


def known(*facts: Fact) -> Facts:
    found = Facts(siting_needed=True)
    for fact in facts:
        found = found.and_(fact)
    return found


def weighed(draft: Draft, *facts: Fact, device: Device | None = None, lead_days: int = 0) -> Weighed:
    camera = device or a_camera()
    return weigh(camera, known(*facts), draft, opened_on=OPENED, lead_days=lead_days, drafter=DRAFTER, now=NOW)


def after(found: Weighed, *facts: Fact) -> Facts:
    return known(*facts, *([found.version] if found.version else []), *found.decided)


def against(found: Weighed) -> list[Reason]:
    return [finding.reason for finding in found.against_keeping]


def test_a_lawful_device_that_was_always_there_comes_in_as_it_is_and_is_in_standing_from_now_on() -> None:
    found = weighed(a_draft(), VERIFIED)
    assert against(found) == []
    assert found.version is not None
    assert (found.version.origin, found.version.number, found.version.necessity) == (Origin.LEGACY, 1, "事故多发")
    facts = after(found, VERIFIED)
    assert standing(a_camera(), facts, Interval(NOW, NOW)).outcome is Outcome.IN_STANDING
    before = NOW.replace(second=0, minute=0, hour=3)
    assert standing(a_camera(), facts, Interval(before, before)).outcome is Outcome.NOT_IN_STANDING


@pytest.mark.parametrize(
    ("site", "facts", "reasons"),
    [
        ({"basis_level": BasisLevel.LOCAL_REGULATION}, [VERIFIED], [Reason.NO_LEGAL_BASIS]),
        ({"reviews": (a_review(Aspect.TECHNICAL),)}, [VERIFIED], [Reason.LEGAL_REVIEW_MISSING]),
        ({"announcement": None}, [VERIFIED], [Reason.SITE_NOT_ANNOUNCED]),
        ({}, [], [Reason.NEVER_VERIFIED]),
        ({}, [a_pass("2024-01-10", "2025-01-09")], [Reason.VERIFICATION_OVERDUE]),
        (
            {"basis_level": BasisLevel.RULE, "reviews": (), "announcement": None},
            [],
            [
                Reason.NO_LEGAL_BASIS,
                Reason.LEGAL_REVIEW_MISSING,
                Reason.TECHNICAL_REVIEW_MISSING,
                Reason.SITE_NOT_ANNOUNCED,
                Reason.NEVER_VERIFIED,
            ],
        ),
    ],
)
def test_what_is_not_lawful_or_not_verified_is_not_kept_and_all_reasons_are_told(
    site: dict[str, Any], facts: list[Fact], reasons: list[Reason]
) -> None:
    assert against(weighed(a_draft(site=a_site(**site)), *facts)) == reasons


def test_an_announcement_counts_from_as_many_days_later_as_policy_asks() -> None:
    draft = a_draft(site=a_site(announcement=replace(TOLD, announced_on=date(2026, 6, 10))))
    assert against(weighed(draft, VERIFIED, lead_days=5)) == []
    assert against(weighed(draft, VERIFIED, lead_days=6)) == [Reason.SITE_NOT_ANNOUNCED]


def test_without_a_site_told_nothing_is_kept() -> None:
    assert Reason.NO_LEGAL_BASIS in against(weighed(a_draft(site=None), VERIFIED))


def test_what_was_made_since_the_campaign_opened_is_made_up() -> None:
    reviews = (a_review(Aspect.LEGAL, date(2026, 6, 2)), a_review(Aspect.TECHNICAL))
    assessment = weighed(a_draft(site=a_site(reviews=reviews)), VERIFIED).assessment
    assert (assessment.legal_review, assessment.technical_review, assessment.announced) == (
        Held.MADE_UP,
        Held.HELD,
        Held.HELD,
    )
    assert (assessment.basis, assessment.verification) == ("道路交通安全法第一百一十四条", Verification.VALID)


def test_the_columns_follow_from_the_register_where_nothing_is_told() -> None:
    seen = SignCheck(checked_on=LONG_AGO, clear=False)
    assessment = weighed(a_draft(Treatment.STOP), a_pass("2024-01-10", "2025-01-09"), seen).assessment
    assert (assessment.basis_level, assessment.legal_review) == (BasisLevel.NONE, Held.MISSING)
    assert (assessment.signs, assessment.verification) == (Signs.UNCLEAR, Verification.VERIFICATION_OVERDUE)


@pytest.mark.parametrize(
    ("treatment", "state"),
    [
        (Treatment.STOP, State.SUSPENDED),
        (Treatment.REMOVE, State.SUSPENDED),
        (Treatment.RECTIFY, State.RECTIFYING),
    ],
)
@pytest.mark.parametrize("in_use", [True, False])
def test_what_is_not_kept_is_out_of_use_from_the_day_given(treatment: Treatment, state: State, in_use: bool) -> None:
    facts = [ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=datetime(2024, 1, 1, tzinfo=UTC))]
    facts = facts if in_use else []
    found = weighed(a_draft(treatment, effective_on=date(2026, 6, 10)), *facts)
    history = History(after(found, *facts))
    assert history.at(NOW).state is state
    assert history.at(datetime(2026, 6, 9, 16, 0, tzinfo=UTC)).state is State.SUSPENDED
    assert history.at(datetime(2026, 6, 9, 15, 59, tzinfo=UTC)).state is (State.IN_SERVICE if in_use else None)


def test_a_rectification_carries_its_deadline_and_who_is_responsible() -> None:
    begun = [fact for fact in weighed(a_draft(Treatment.RECTIFY)).decided if isinstance(fact, ServiceEvent)][-1]
    assert (begun.change, begun.deadline, begun.responsible) == (
        ServiceChange.RECTIFYING,
        date(2026, 9, 1),
        "整改责任人",
    )


def test_a_conclusion_that_says_the_same_again_suspends_once() -> None:
    draft = a_draft(Treatment.STOP, effective_on=date(2026, 6, 10))
    first = weighed(draft)
    assert weighed(draft, *first.decided).decided == ()


def a_version(**changes: Any) -> SiteVersion:
    told: dict[str, Any] = {
        "number": 1,
        "address": "解放大道",
        "monitored_items": ("超速行驶",),
        "basis_name": "道路交通安全法",
        "basis_article": "第一百一十四条",
        "basis_level": BasisLevel.LAW,
        "necessity": "事故多发",
    }
    return SiteVersion(**(told | changes))


PUT = ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=datetime(2026, 6, 12, tzinfo=UTC))
IMPOSSIBLE: list[tuple[Draft, list[Fact], type[Problem]]] = [
    (a_draft(Treatment.RECTIFY, responsible=None), [], RectificationIncomplete),
    (a_draft(Treatment.RECTIFY, rectify_by=None), [], RectificationIncomplete),
    (a_draft(Treatment.STOP, responsible="某人"), [], RectificationIncomplete),
    (a_draft(), [a_version()], SiteKnownAlready),
    (a_draft(site=a_site(address=None)), [], LegacySiteIncomplete),
    (a_draft(site=a_site(reviews=(a_review(Aspect.LEGAL, points=()),))), [], ReviewIncomplete),
    (a_draft(Treatment.STOP, effective_on=date(2026, 6, 11)), [PUT], EffectiveDayTooEarly),
    (
        a_draft(),
        [
            ServiceEvent(
                change=ServiceChange.SUSPENDED, occurred_at=datetime(2026, 1, 1, tzinfo=UTC), by_supervisor=True
            )
        ],
        SupervisorMustRelease,
    ),
]


@pytest.mark.parametrize(("draft", "facts", "problem"), IMPOSSIBLE)
def test_what_cannot_be_is_refused(draft: Draft, facts: list[Fact], problem: type[Problem]) -> None:
    with pytest.raises(problem):
        weighed(draft, *facts)


def test_where_no_address_is_told_the_registered_one_is_taken() -> None:
    found = weighed(a_draft(site=a_site(address=None)), VERIFIED, device=a_camera(address="中山大道"))
    assert found.version is not None
    assert found.version.address == "中山大道"


def test_a_device_that_came_by_proposal_may_be_kept_though_it_is_suspended_and_nothing_happens_to_it() -> None:
    kept = weighed(a_draft(), VERIFIED)
    facts = [VERIFIED, *([kept.version] if kept.version else []), *kept.decided]
    stopped = ServiceEvent(change=ServiceChange.SUSPENDED, occurred_at=NOW)
    again = weighed(a_draft(site=None), *facts, stopped)
    assert (against(again), again.decided) == ([], ())


def test_nothing_happens_to_a_retired_device() -> None:
    retired = ServiceEvent(change=ServiceChange.RETIRED, occurred_at=datetime(2026, 6, 2, tzinfo=UTC))
    assert weighed(a_draft(Treatment.REMOVE), retired).decided == ()
    assert against(weighed(a_draft(site=None), retired)) == [Reason.DEVICE_RETIRED, Reason.NEVER_VERIFIED]


def test_requirement_not_needed_is_told_as_such() -> None:
    device = a_camera(requirement=Requirement.NOT_REQUIRED, verification_needed=False)
    facts = replace(known(), verification_needed=False)
    found = weigh(device, facts, a_draft(Treatment.STOP), opened_on=OPENED, lead_days=0, drafter=DRAFTER, now=NOW)
    assert found.assessment.verification is Verification.CONCLUSION_MISSING
