"""What was known when: the standing as of T as known at K is, byte for byte, what was answered at K."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import replace

from agency.model import PersonKind, Role, Unit, UnitKind
from device_registry import queries, rules
from device_registry.model import (
    COLLECTIONS,
    Aspect,
    BasisLevel,
    CheckSubject,
    Correction,
    Device,
    Fact,
    Facts,
    InServiceCheck,
    Interval,
    Mounting,
    Notice,
    Occasion,
    Outcome,
    Requirement,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    VoidCause,
    VoidEvent,
)
from device_registry.problems import CorrectionDiffers, FactNotCorrectable, FactNotFound
from device_registry.record import Change, correct, record_fact
from device_registry.register import move_device, register_device
from foundation.civil import beginning_of, day_of
from foundation.database import Database
from foundation.problem import Problem
from tests.agency.builders import a_person, a_unit
from tests.device_registry.builders import (
    a_conclusion,
    a_fail,
    a_pass,
    a_registration,
    a_review,
    a_site,
    an_announcement,
    at,
    in_service,
)
from tests.support import FixedClock

FIRST = date(2026, 1, 1)
KINDS = (("SPEED_RADAR_FIXED", Mounting.FIXED), ("GAS_MULTI", Mounting.HANDHELD), ("CAMERA_ONLY", Mounting.FIXED))


class Life:
    """One device to which things happen at random."""

    def __init__(self, random: Random, device: Device, proposer: UUID, reviewer: UUID) -> None:
        self.random, self.device, self.proposer, self.reviewer = random, device, proposer, reviewer
        self.recorded: list[Fact] = []

    def day(self, now: datetime) -> str:
        return (FIRST + timedelta(days=self.random.randint(0, (day_of(now) - FIRST).days))).isoformat()

    def instant(self, now: datetime) -> datetime:
        return beginning_of(FIRST) + (now - beginning_of(FIRST)) * self.random.randint(0, 24) / 24

    def fact(self, now: datetime) -> Fact:
        random, number = self.random, uuid4().hex
        channel = random.choice(self.device.channels or ("",))
        sites = [fact for fact in self.recorded if isinstance(fact, SiteVersion)]
        day = date.fromisoformat(self.day(now))
        made: list[Fact] = [
            ServiceEvent(
                change=random.choice([*ServiceChange][:6] + [ServiceChange.RESUMED] * 3),
                occurred_at=self.instant(now),
                by_supervisor=random.random() < 0.2,
            ),
            InServiceCheck(
                subject=random.choice([*CheckSubject]),
                checked_at=self.instant(now),
                within_tolerance=random.random() < 0.5,
            ),
            SignCheck(checked_on=day, clear=random.random() < 0.7),
        ]  # fmt: skip
        if self.device.verification_needed:
            until = (day + timedelta(days=random.choice((3, 10, 30, 400)))).isoformat()
            occasion = random.choice((Occasion.SUBSEQUENT, Occasion.AFTER_REPAIR))
            sequence = random.choice((None, 1, 2))
            passed = a_pass(
                day.isoformat(), until, channel=channel, number=number, occasion=occasion, sequence=sequence
            )
            failed = a_fail(day.isoformat(), channel=channel, sequence=sequence)
            made += [passed] * 4 + [replace(failed, notice_no=number)]
            made += [VoidEvent(cause=VoidCause.REPAIR, occurred_at=self.instant(now))]
        else:
            made += [replace(a_conclusion(day.isoformat()), document_no=number)] * 3
        if self.device.siting_needed:
            made += [a_site(len(sites) + 1, level=random.choice((BasisLevel.LAW, BasisLevel.LAW, BasisLevel.RULE)))]
        if sites:
            site = random.choice(sites)
            outcome = random.choice([ReviewOutcome.PASSED] * 4 + [ReviewOutcome.REJECTED])
            aspect, notice = random.choice([*Aspect]), random.choice([Notice.PUBLISHED] * 4 + [*Notice])
            used = ServiceEvent(
                change=ServiceChange.PUT_IN_SERVICE, occurred_at=self.instant(now), site_version_id=site.id
            )
            made += [a_review(site, aspect, day.isoformat(), outcome, number=number, proposed_by=self.proposer)] * 4
            made += [an_announcement(site, day.isoformat(), notice, lead_days=random.randint(0, 4))] * 2
            made += [used] * 3
        fact = random.choice(made)
        return replace(fact, id=uuid4())

    async def happens(self, database: Database, clock: FixedClock, units: list[UUID]) -> None:
        """One thing; what is refused has not happened."""
        now, chance = clock.now(), self.random.random()
        try:
            if chance < 0.1:
                unit = self.random.choice(units)
                await move_device(database, clock, self.device.id, unit, day_of(now), recorded_by=None)
            elif chance < 0.3 and self.recorded:
                wrong, right = self.random.choice(self.recorded), self.fact(now)
                replacement = right if type(right) is type(wrong) else None
                correction = Correction(superseded_id=wrong.id, replacement=replacement, reason="误录")
                await correct(database, clock, self.device.id, correction, recorded_by=self.reviewer)
                self.recorded += [replacement] if replacement else []
            else:
                fact = self.fact(now)
                by = self.proposer if isinstance(fact, SiteVersion) else self.reviewer
                await record_fact(database, clock, self.device.id, fact, recorded_by=by)
                self.recorded.append(fact)
        except Problem:
            return


async def lives(database: Database, clock: FixedClock, seed: int) -> tuple[list[Life], list[UUID]]:
    async with database.transaction() as db:
        units: list[Unit] = [await a_unit(db, kind=UnitKind.CITY, division_code=f"42010{n}") for n in range(3)]
        people = [(await a_person(db, units[0], kind=PersonKind.STAFF, roles=(Role.DEVICE_MANAGER,))).id for _ in "ab"]
    made = []
    for kind, mounting in KINDS:
        registration = replace(a_registration(f"T-{kind}", kind, units[0].id), mounting=mounting)
        device = await register_device(database, clock, registration)
        life = Life(Random(f"{seed} {kind}"), device, *people)
        if device.siting_needed:  # most lives begin well, or nothing would ever be in standing
            site = a_site()
            begun: list[Fact] = [site, *(a_review(site, a, "2026-01-02", proposed_by=people[0]) for a in Aspect)]
            begun += [
                an_announcement(site, "2026-01-03"),
                replace(in_service("2026-01-04 08:00"), site_version_id=site.id),
            ]
        else:
            begun = [in_service("2026-01-04 08:00")]
        if device.verification_needed:
            begun += [a_pass("2026-01-02", "2026-06-30", channel=channel) for channel in device.channels or ("",)]
        else:
            begun.append(a_conclusion("2026-01-02"))
        for fact in begun:
            by = people[0] if isinstance(fact, SiteVersion) else people[1]
            await record_fact(database, clock, device.id, fact, recorded_by=by)
            life.recorded.append(fact)
        made.append(life)
    return made, [unit.id for unit in units]


@pytest.mark.parametrize("seed", range(4))
async def test_the_past_answers_as_it_did_whatever_became_known_since(
    database: Database, clock: FixedClock, seed: int
) -> None:
    """Asked at once by the kept periods, and afterwards from the facts: the two roads are held together as well."""
    clock.instant = beginning_of(FIRST) + timedelta(days=20)
    found, units = await lives(database, clock, seed)
    random = Random(seed)
    asked = [
        Interval(begins, begins + timedelta(hours=random.choice((0, 0, 30))))
        for begins in (beginning_of(FIRST) + timedelta(hours=7 * n) for n in range(0, 120, 7))
    ]
    answered: dict[tuple[str, Interval, datetime], bytes] = {}
    in_standing = 0
    for _ in range(25):
        clock.advance(timedelta(hours=random.randint(1, 20)))
        for life in found:
            await life.happens(database, clock, units)
        async with database.connection() as db:
            now = await queries.standings_of(db, [(life.device.tag, when) for life in found for when in asked])
        for (tag, when), standing in now.items():
            answered[tag, when, clock.now()] = msgspec.json.encode(standing)
            in_standing += standing.outcome is Outcome.IN_STANDING
    assert in_standing > 20, "the lives are worth looking at"
    async with database.connection() as db:
        for (tag, when, known_at), then in answered.items():
            again = await queries.standing_as_known(db, tag, when, known_at)
            assert msgspec.json.encode(again) == then, (tag, when, known_at)
        for life in found:
            history = {entry.id: entry for entry in await queries.history_of(db, life.device.id)}
            assert history.keys() == {fact.id for fact in life.recorded}, "nothing that was recorded is gone"
            facts = await queries.facts_of(db, life.device.id)
            counting = {fact.id for name in COLLECTIONS.values() for fact in getattr(facts, name)}
            assert counting == {id_ for id_, entry in history.items() if entry.superseded_at is None}
            await same_row(database, life.device, facts, clock.now())


async def same_row(database: Database, device: Device, facts: Facts, now: datetime) -> None:
    """The list's row is what the rules say of the facts."""
    verified, served = rules.verified_periods(facts), rules.service_periods(facts)
    derived = rules.overview(facts, verified, served, now)
    async with database.connection() as db:
        row = await db.fetchrow(
            """
            select state, awaiting, verified_until, last_result, last_certificate_no, in_service_from,
                   nullif(in_service_until, 'infinity') as in_service_until, first_in_service_at, announced_on,
                   sign_checked_on, deadline, unit_id
              from device_overview
             where device_id = $1
            """,
            device.id,
        )
        held_by = await db.fetchval("select unit_id from device where id = $1", device.id)
        kept = (await queries.verified_periods_of(db, [device.id]), await queries.service_periods_of(db, [device.id]))
    assert kept == ({device.id: verified}, {device.id: served})
    assert row is not None
    assert row["unit_id"] == held_by
    ends = derived.in_service_until
    expected = msgspec.structs.asdict(derived) | {
        "awaiting": [*derived.awaiting],
        "in_service_until": None if ends is None or ends.year == 9999 else ends,
    }
    for name in {*row.keys()} - {"unit_id"}:
        assert row[name] == expected[name], name


async def test_a_correction_takes_one_fact_s_place_and_both_stay_to_be_read(
    database: Database, clock: FixedClock, device: Device, someone: UUID
) -> None:
    wrong, right = a_pass("2026-01-10", "2027-10-09", number="A"), a_pass("2026-01-10", "2027-01-09", number="A")
    await record_fact(database, clock, device.id, wrong)
    await record_fact(database, clock, device.id, in_service("2026-02-01 08:00"))
    before = clock.now()
    clock.advance(timedelta(days=1))
    heard: list[Change] = []

    async def listen(_: object, changes: Sequence[Change]) -> None:
        heard.extend(changes)

    correction = Correction(superseded_id=wrong.id, replacement=right, reason="年份看错")
    await correct(database, clock, device.id, correction, recorded_by=someone, on_change=listen)
    [change] = heard
    assert ([span.begins for span in change.lost], change.gained) == ([beginning_of(date(2027, 1, 10))], [])
    when = at("2027-06-01 10:00")
    async with database.connection() as db:
        then = await queries.standing_as_known(db, device.tag, when, before)
        now = await queries.standing_of(db, device.tag, when)
        history = {entry.id: entry for entry in await queries.history_of(db, device.id)}
    assert then is not None
    assert now is not None
    assert (then.outcome, now.outcome) == (Outcome.IN_STANDING, Outcome.NOT_IN_STANDING)
    assert (history[wrong.id].replacement_id, history[wrong.id].correction_reason) == (right.id, "年份看错")
    assert history[wrong.id].superseded_at == clock.now()
    assert history[wrong.id].values["valid_until"] == "2027-10-09"
    with pytest.raises(FactNotFound):
        await correct(database, clock, device.id, correction, recorded_by=someone)


async def test_what_cannot_be_corrected_is_refused(
    database: Database, clock: FixedClock, device: Device, someone: UUID
) -> None:
    passed, site = a_pass("2026-01-10", "2027-01-09"), a_site()
    await record_fact(database, clock, device.id, passed)
    await record_fact(database, clock, device.id, site, recorded_by=someone)
    for superseded, replacement, problem in (
        (uuid4(), None, FactNotFound),
        (site.id, None, FactNotCorrectable),
        (passed.id, a_fail("2026-02-01"), CorrectionDiffers),
    ):
        correction = Correction(superseded_id=superseded, replacement=replacement, reason="误录")
        with pytest.raises(problem):
            await correct(database, clock, device.id, correction, recorded_by=someone)
    async with database.connection() as db:
        assert (await queries.facts_of(db, device.id)).certificates == (passed,)


async def test_a_conclusion_corrected_away_stands_for_nothing(
    database: Database, clock: FixedClock, someone: UUID
) -> None:
    camera = await register_device(database, clock, a_registration("CAM-1", "CAMERA_ONLY"))
    assert camera.requirement is Requirement.NOT_REQUIRED
    conclusion = a_conclusion("2026-02-01")
    await record_fact(database, clock, camera.id, in_service())
    await record_fact(database, clock, camera.id, conclusion)
    correction = Correction(superseded_id=conclusion.id, replacement=None, reason="另一台设备的")
    await correct(database, clock, camera.id, correction, recorded_by=someone)
    async with database.connection() as db:
        found = await queries.standing_of(db, "CAM-1", at("2026-06-01 10:00"))
    assert found is not None
    assert found.outcome is Outcome.NOT_IN_STANDING


async def test_of_two_corrections_of_one_fact_at_once_one_is_made(
    database: Database, clock: FixedClock, device: Device, someone: UUID
) -> None:
    passed = a_pass("2026-01-10", "2027-01-09")
    await record_fact(database, clock, device.id, passed)
    correction = Correction(superseded_id=passed.id, replacement=None, reason="误录")
    answers = await asyncio.gather(
        *(correct(database, clock, device.id, correction, recorded_by=someone) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(str(type(answer).__name__) for answer in answers) == ["FactNotFound", "FactNotFound", "NoneType"]
