"""Whoever watches is told once of what is new, not of what was before, not beyond reach, not of their own doing."""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from agency import queries as agency
from agency.model import Actor, Role
from agency.queries import reach_by_role
from device_registry.model import VerificationFailureNotice
from device_registry.notices.model import sentence
from device_registry.notices.queries import inbox
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from inspection.watching import keeping, queries
from inspection.watching.model import Kind, Search, Watch
from inspection.watching.problems import NothingToWatch, WatchNotFound
from inspection.watching.telling import tell_watchers
from tests.builders import OfficerWithPhone, a_device, a_unit, an_officer
from tests.evidence.content_review.test_content_review import somebody
from tests.evidence.test_admission import hand_in
from tests.evidence.test_reassessment import learn
from tests.support import FixedClock

CAPTURED = beginning_of(date(2026, 3, 20))


class City:
    def __init__(self, custodian: Custodian, clock: FixedClock, officer: OfficerWithPhone, signer: LogSigner) -> None:
        self.custodian, self.clock, self.officer, self.signer = custodian, clock, officer, signer

    async def watch(
        self, who: Actor, kind: Kind, subject_id: UUID | None = None, search: Search | None = None
    ) -> Watch:
        begun = await keeping.begin(self.custodian.database, self.clock, who, kind, subject_id, search or Search())
        self.clock.advance(timedelta(seconds=1))
        return begun

    async def happen(self, event: Event, evidence_id: UUID | None, by: UUID | None = None, **details: UUID) -> None:
        async with self.custodian.database.transaction() as db:
            await tell(db, event, self.clock.now(), evidence_id=evidence_id, actor_id=by, details={**details})

    async def told(self, who: Actor) -> list[str]:
        """All that the inbox has, after the job has run twice."""
        for _ in range(2):
            await integrate(self.custodian.database, self.clock, self.signer)
            await tell_watchers(self.custodian.database, self.clock)
        async with self.custodian.database.connection() as db:
            reach = await reach_by_role(db, who.person_id, self.clock.now())
            found = await inbox(db, who.person_id, reach, most=50)
        watched = [one for one in found if one.subject == "WATCHED"]
        return [sentence(one.subject, one.details, "zh-CN") for one in reversed(watched)]

    async def still(self, who: Actor) -> list[UUID]:
        async with self.custodian.database.connection() as db:
            return [one.id for one in await queries.watches_of(db, who.person_id)]


@pytest_asyncio.fixture
async def city(custodian: Custodian, clock: FixedClock, tmp_path: Path) -> City:
    signer = LogSigner.load_or_create(tmp_path / "log.key")
    await introduce(custodian.database, clock, signer)
    unit_id = await a_unit(custodian.database)
    return City(custodian, clock, await an_officer(custodian.database, unit_id), signer)


async def test_who_watches_evidence_hears_once_of_what_is_new_and_not_of_what_was_before(city: City) -> None:
    supervisor = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    evidence_id, _ = await hand_in(city.custodian, city.officer, CAPTURED)
    city.clock.advance(timedelta(seconds=1))
    await city.watch(supervisor, Kind.EVIDENCE, evidence_id)
    assert await city.told(supervisor) == []
    await city.happen(Event.EXPORTED, evidence_id)
    await city.happen(Event.VIEWED, evidence_id)
    await city.happen(Event.CONTENT_READ, evidence_id, by=supervisor.person_id)
    other, _ = await hand_in(city.custodian, city.officer, CAPTURED)
    assert other != evidence_id
    told = await city.told(supervisor)
    assert len(told) == 1
    assert "导出卷包" in told[0]


async def test_a_watch_begun_twice_is_one_and_ends_when_asked(city: City) -> None:
    supervisor = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    evidence_id, _ = await hand_in(city.custodian, city.officer, CAPTURED)
    first = await city.watch(supervisor, Kind.EVIDENCE, evidence_id)
    assert (await city.watch(supervisor, Kind.EVIDENCE, evidence_id)).id == first.id
    other = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    with pytest.raises(WatchNotFound):
        await keeping.end(city.custodian.database, city.clock, other, first.id)
    await keeping.end(city.custodian.database, city.clock, supervisor, first.id)
    await city.happen(Event.EXPORTED, evidence_id)
    assert await city.told(supervisor) == []
    again = await city.watch(supervisor, Kind.EVIDENCE, evidence_id)
    assert await city.still(supervisor) == [again.id]


async def test_nothing_beyond_reach_is_watched_or_told_and_the_watch_ends(city: City) -> None:
    elsewhere = await somebody(city.custodian, await a_unit(city.custodian.database), Role.SUPERVISOR)
    supervisor = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    evidence_id, _ = await hand_in(city.custodian, city.officer, CAPTURED)
    for subject in (evidence_id, uuid4()):
        with pytest.raises(NothingToWatch):
            await city.watch(elsewhere, Kind.EVIDENCE, subject)
    with pytest.raises(NothingToWatch):
        await city.watch(supervisor, Kind.SEARCH)
    await city.watch(supervisor, Kind.EVIDENCE, evidence_id)
    async with city.custodian.database.transaction() as db:
        await agency.end_grant(db, supervisor.person_id, Role.SUPERVISOR, city.officer.unit_id, city.clock.now())
    city.clock.advance(timedelta(seconds=1))
    await city.happen(Event.EXPORTED, evidence_id)
    assert await city.told(supervisor) == []
    assert await city.still(supervisor) == []


async def test_who_watches_a_device_hears_of_its_facts_and_of_refusals_as_one(city: City) -> None:
    manager = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    meter = await a_device(city.custodian.database, city.clock, city.officer.unit_id)
    await city.watch(manager, Kind.DEVICE, meter.id)
    await city.watch(manager, Kind.OFFICER, city.officer.person_id)
    for day in range(3):
        await hand_in(city.custodian, city.officer, CAPTURED - timedelta(days=3000 + day), device_tag=meter.tag)
    today = city.clock.now().date()
    await learn(
        city.custodian,
        meter,
        VerificationFailureNotice(failed_on=today, issuing_body="省计量院", notice_no="B-1"),
    )
    told = await city.told(manager)
    about_device = [one for one in told if "设备" in one]
    assert [one for one in about_device if "3 次" in one]
    assert [one for one in about_device if "检定结果通知书" in one]
    assert [one for one in told if "执法人员" in one and "3 次" in one]


async def test_a_search_finds_what_is_decided_as_it_says(city: City) -> None:
    supervisor = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    await city.watch(supervisor, Kind.SEARCH, search=Search(unit_id=city.officer.unit_id, state="HELD"))
    await hand_in(city.custodian, city.officer, CAPTURED)
    assert await city.told(supervisor) == []
    meter = await a_device(city.custodian.database, city.clock, city.officer.unit_id, verified=None)
    await hand_in(city.custodian, city.officer, CAPTURED, device_tag=meter.tag)
    assert len(await city.told(supervisor)) == 1


async def test_a_search_over_all_tells_nothing_of_units_beyond_reach_and_still_of_ones_own(city: City) -> None:
    supervisor = await somebody(city.custodian, city.officer.unit_id, Role.SUPERVISOR)
    await city.watch(supervisor, Kind.SEARCH, search=Search(state="ADMITTED"))
    elsewhere = await an_officer(city.custodian.database, await a_unit(city.custodian.database))
    await hand_in(city.custodian, city.officer, CAPTURED)
    await hand_in(city.custodian, elsewhere, CAPTURED)
    (told,) = await city.told(supervisor)
    assert "1 次" in told
