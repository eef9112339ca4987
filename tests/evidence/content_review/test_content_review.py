"""What a device recorded is used once its content has been reviewed, by whoever may, as policy asks."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from agency import queries as agency
from agency.model import Actor, PersonKind, Role, RoleGrant
from device_registry import queries as registry
from device_registry.model import Device, VerificationFailureNotice
from evidence.content_review import queries
from evidence.content_review.model import Judgement, ReviewStanding
from evidence.content_review.problems import NothingToReview, OwnCapture, ReasonMissing, ReviewedAlready
from evidence.content_review.review import review, reviewable
from evidence.custodian import Custodian
from foundation.civil import beginning_of
from foundation.problem import NotFound
from tests.builders import LONG_AGO, OfficerWithPhone, a_device
from tests.evidence.test_admission import hand_in
from tests.evidence.test_reassessment import learn

CAPTURED = beginning_of(date(2026, 3, 20))
GOOD = Judgement(is_true=True, is_clear=True, is_complete=True, is_accurate=True)
BLURRED = Judgement(is_true=True, is_clear=False, is_complete=True, is_accurate=True)


@pytest_asyncio.fixture
async def meter(custodian: Custodian, officer: OfficerWithPhone) -> Device:
    return await a_device(custodian.database, custodian.clock, officer.unit_id)


async def somebody(custodian: Custodian, unit_id: UUID, *roles: Role) -> Actor:
    async with custodian.database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "法制审核员", "Reviewer", unit_id)
        for role in roles:
            await agency.grant(db, person.id, role, unit_id, LONG_AGO)
    grants = tuple(RoleGrant(role, unit_id) for role in roles)
    return Actor(person.id, PersonKind.STAFF, unit_id, None, grants)


async def judge(custodian: Custodian, who: Actor, evidence_id: UUID, judged: Judgement = GOOD, why: str = "") -> str:
    return await review(custodian.database, custodian.clock, who, evidence_id, judged, why)


async def queue(custodian: Custodian, who: Actor) -> list[UUID]:
    async with custodian.database.connection() as db:
        units = await reviewable(db, who, custodian.clock)
        return [one.evidence_id for one in await queries.queue(db, units, who.person_id)]


async def standing(custodian: Custodian, evidence_id: UUID) -> ReviewStanding:
    async with custodian.database.connection() as db:
        return (await queries.standings(db, [evidence_id]))[evidence_id]


async def test_only_what_a_device_recorded_and_counts_waits_for_a_review_oldest_first(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    reviewer = await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER)
    first, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    by_hand, _ = await hand_in(custodian, officer, CAPTURED)
    held, _ = await hand_in(custodian, officer, CAPTURED - timedelta(days=3000), device_tag=meter.tag)
    second, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert sorted(await queue(custodian, reviewer)) == sorted([first, second])
    assert await standing(custodian, by_hand) is ReviewStanding.NOT_NEEDED
    for nothing in (by_hand, held):
        with pytest.raises(NothingToReview):
            await judge(custodian, reviewer, nothing)


async def test_one_passes_it_unless_policy_asks_for_two_and_one_that_fails_is_enough(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    one, other = [await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER) for _ in range(2)]
    alone, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert await judge(custodian, one, alone) is ReviewStanding.PASSED
    async with custodian.database.transaction() as db:
        two = registry.Policy(officer.unit_id, registry.PolicyName.CONTENT_REVIEWERS, 2, None, None, "市规定")
        await registry.set_policy(db, two, custodian.clock.now(), None)
    four_eyes, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert await judge(custodian, one, four_eyes) is ReviewStanding.AWAITED
    assert four_eyes not in await queue(custodian, one)
    with pytest.raises(ReviewedAlready):
        await judge(custodian, one, four_eyes)
    assert await judge(custodian, other, four_eyes) is ReviewStanding.PASSED
    blurred, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    with pytest.raises(ReasonMissing):
        await judge(custodian, one, blurred, BLURRED)
    assert await judge(custodian, one, blurred, BLURRED, "车牌无法辨认") is ReviewStanding.FAILED
    with pytest.raises(NothingToReview):
        await judge(custodian, other, blurred)


async def test_nobody_reviews_their_own_or_a_subordinates_or_anothers_units(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    itself = Actor(
        officer.person_id, PersonKind.OFFICER, officer.unit_id, None, (RoleGrant(Role.LEGAL_REVIEWER, officer.unit_id),)
    )
    head = await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER, Role.ENTITY_HEAD)
    for who in (itself, head):
        assert await queue(custodian, who) == []
        with pytest.raises(OwnCapture):
            await judge(custodian, who, evidence_id)
    stranger = Actor(head.person_id, PersonKind.STAFF, officer.unit_id, None, ())
    with pytest.raises(NotFound):
        await judge(custodian, stranger, evidence_id)


async def test_two_reviewers_at_once_conclude_once(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    reviewers = [await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER) for _ in range(4)]
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    answers = await asyncio.gather(*(judge(custodian, who, evidence_id) for who in reviewers), return_exceptions=True)
    assert sorted(str(one) if isinstance(one, str) else type(one).__name__ for one in answers) == [
        "NothingToReview",
        "NothingToReview",
        "NothingToReview",
        "PASSED",
    ]


async def test_what_loses_its_admission_waits_for_no_review(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    reviewer = await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert await queue(custodian, reviewer) == [evidence_id]
    await learn(
        custodian, meter, VerificationFailureNotice(failed_on=date(2026, 5, 15), notice_no="F", issuing_body="—")
    )
    assert await queue(custodian, reviewer) == []


async def test_the_applications_role_cannot_take_a_review_back(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    reviewer = await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    await judge(custodian, reviewer, evidence_id)
    for statement in (
        "delete from content_review",
        "update content_review_conclusion set passed = false",
        "delete from content_review_awaited",
        "delete from case_evidence",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with custodian.database.transaction() as db:
                await db.execute(statement)
