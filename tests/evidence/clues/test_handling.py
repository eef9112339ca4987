"""A clue from its registration to its closing: who may, who may not, and two at once."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from agency.model import Actor, Role
from evidence.clues import handling, queries
from evidence.clues.access import access_of, known_of
from evidence.clues.model import Clue, Reference, Reporter, Step
from evidence.clues.problems import (
    ClueConflict,
    ClueHandledBySelf,
    ClueMovedOn,
    ClueNotFound,
    ClueNotYours,
    ClueNumberTaken,
    ClueRefused,
    ClueStepNotNow,
    ReporterGone,
)
from evidence.custodian import Custodian
from foundation.civil import beginning_of
from tests.builders import OfficerWithPhone
from tests.evidence.content_review.test_content_review import somebody
from tests.evidence.test_admission import hand_in

CAPTURED = beginning_of(date(2026, 3, 20))
TOLD_BY = Reporter("某甲", "027-0000-0000")


class City:
    def __init__(self, custodian: Custodian, unit_id: UUID, supervisor: Actor, reviewer: Actor) -> None:
        self.custodian, self.unit_id, self.supervisor, self.reviewer = custodian, unit_id, supervisor, reviewer

    async def register(
        self, *about: Reference, number: str = "", channel: str = "HOTLINE_12345", by: Actor | None = None
    ) -> UUID:
        now = self.custodian.clock.now()
        async with self.custodian.database.connection() as db:
            channels = await queries.channels(db, now.date())
        clue = Clue(
            id=uuid4(),
            unit_id=self.unit_id,
            channel=channels[channel],
            channel_number=number,
            received_at=now - timedelta(hours=1),
            text="执法人员没有出示证件",
            registered_by=(by or self.supervisor).person_id,
            registered_at=now,
        )
        who = by or self.supervisor
        await handling.register(self.custodian.database, self.custodian.clock, who, clue, TOLD_BY, list(about))
        return clue.id

    async def take(self, who: Actor, clue_id: UUID, after: int, step: Step, person: Actor | None = None) -> None:
        await handling.take(
            self.custodian.database,
            self.custodian.clock,
            who,
            clue_id,
            after,
            step,
            "说明",
            unit_id=self.unit_id if step is Step.ASSIGNED else None,
            person_id=person.person_id if person else None,
        )

    async def replied(self) -> UUID:
        clue_id = await self.register()
        await self.take(self.supervisor, clue_id, 0, Step.ACCEPTED)
        await self.take(self.supervisor, clue_id, 1, Step.ASSIGNED, self.reviewer)
        await self.take(self.reviewer, clue_id, 2, Step.LOOKED_INTO)
        await self.take(self.reviewer, clue_id, 3, Step.RESULT)
        await self.take(self.reviewer, clue_id, 4, Step.REPLIED)
        return clue_id

    async def knows(self, who: Actor) -> list[UUID]:
        async with self.custodian.database.connection() as db:
            access = await access_of(db, who, self.custodian.clock)
            found = await known_of(db, access, await queries.open_clues(db, access.own, access.assigned))
        return [kept.clue.id for kept in found]

    async def complaints(self, *evidence: UUID) -> dict[UUID, list[UUID]]:
        async with self.custodian.database.connection() as db:
            rows = await db.fetch(
                """
                select evidence_id, reference from evidence_hold where source = 'COMPLAINT' and evidence_id = any ($1)
                """,
                list(evidence),
            )
        return {row[0]: [row[1]] for row in rows}


@pytest_asyncio.fixture
async def city(custodian: Custodian, unit_id: UUID) -> City:
    supervisor = await somebody(custodian, unit_id, Role.SUPERVISOR)
    reviewer = await somebody(custodian, unit_id, Role.LEGAL_REVIEWER)
    return City(custodian, unit_id, supervisor, reviewer)


async def test_who_it_is_assigned_to_handles_it_and_somebody_else_closes_it(city: City) -> None:
    clue_id = await city.register()
    await city.take(city.supervisor, clue_id, 0, Step.ACCEPTED)
    await city.take(city.supervisor, clue_id, 1, Step.ASSIGNED, city.reviewer)
    with pytest.raises(ClueNotYours):
        await city.take(city.supervisor, clue_id, 2, Step.LOOKED_INTO)
    with pytest.raises(ClueStepNotNow):
        await city.take(city.reviewer, clue_id, 2, Step.RESULT)
    await city.take(city.reviewer, clue_id, 2, Step.LOOKED_INTO)
    await city.take(city.supervisor, clue_id, 3, Step.EXTENDED)
    with pytest.raises(ClueStepNotNow):
        await city.take(city.supervisor, clue_id, 4, Step.EXTENDED)
    await city.take(city.reviewer, clue_id, 4, Step.RESULT)
    await city.take(city.reviewer, clue_id, 5, Step.REPLIED)
    with pytest.raises(ClueHandledBySelf):
        await city.take(city.reviewer, clue_id, 6, Step.CLOSED)
    await city.take(city.supervisor, clue_id, 6, Step.CLOSED)
    assert clue_id not in await city.knows(city.supervisor)
    async with city.custodian.database.connection() as db:
        told = await db.fetchval("select count(*) from custody_entry where details ->> 'clue_id' = $1", str(clue_id))
    assert told == 8


async def test_the_database_too_refuses_who_handled_it_and_anything_after_closing(city: City) -> None:
    clue_id = await city.replied()
    add = "insert into clue_step (clue_id, ordinal, step, by_id, at, text) values ($1, $2, $3, $4, now(), 'x')"
    async with city.custodian.database.connection() as db:
        with pytest.raises(asyncpg.PostgresError, match="somebody other than who handled it"):
            await db.execute(add, clue_id, 6, "CLOSED", city.reviewer.person_id)
        with pytest.raises(asyncpg.PostgresError, match="follows the one before"):
            await db.execute(add, clue_id, 8, "CLOSED", city.supervisor.person_id)
        await db.execute(add, clue_id, 6, "CLOSED", city.supervisor.person_id)
        with pytest.raises(asyncpg.PostgresError, match="stays closed"):
            await db.execute(add, clue_id, 7, "LOOKED_INTO", city.reviewer.person_id)
        for forbidden in ("update clue_step set text = ''", "delete from clue_step", "update clue set text = 'y'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(forbidden)


async def test_of_two_who_close_or_assign_at_once_one_is_told_to_look_again(city: City) -> None:
    another = await somebody(city.custodian, city.unit_id, Role.SUPERVISOR)
    replied = await city.replied()
    accepted = await city.register()
    await city.take(city.supervisor, accepted, 0, Step.ACCEPTED)
    for clue_id, after, step in ((replied, 5, Step.CLOSED), (accepted, 1, Step.ASSIGNED)):
        both = await asyncio.gather(
            *(city.take(who, clue_id, after, step) for who in (city.supervisor, another)), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in both) == ["ClueMovedOn", "NoneType"]
    with pytest.raises(ClueMovedOn):
        await city.take(another, accepted, 1, Step.ASSIGNED)


async def test_a_clue_is_unknown_to_whom_it_is_about_and_not_assigned_to_them(
    city: City, officer: OfficerWithPhone
) -> None:
    evidence_id, _ = await hand_in(city.custodian, officer, CAPTURED)
    about_reviewer = await city.register(Reference(officer_id=city.reviewer.person_id))
    with pytest.raises(ClueConflict):
        await city.register(Reference(officer_id=city.supervisor.person_id))
    by_evidence = await city.register(Reference(evidence_id=evidence_id))
    assert set(await city.knows(city.supervisor)) == {about_reviewer, by_evidence}
    assert await city.knows(city.reviewer) == [by_evidence]
    with pytest.raises(ClueNotFound):
        await city.take(city.reviewer, about_reviewer, 0, Step.ACCEPTED)
    with pytest.raises(ClueNotFound):
        await handling.read_reporter(city.custodian.database, city.custodian.clock, city.reviewer, about_reviewer)
    await city.take(city.supervisor, about_reviewer, 0, Step.ACCEPTED)
    with pytest.raises(ClueConflict):
        await city.take(city.supervisor, about_reviewer, 1, Step.ASSIGNED, city.reviewer)
    head = await somebody(city.custodian, city.unit_id, Role.ENTITY_HEAD)
    about_head = await city.register(Reference(officer_id=city.reviewer.person_id))
    assert about_head in await city.knows(city.supervisor)
    with pytest.raises(ClueConflict):  # the head of the supervisor's own unit
        await city.register(Reference(officer_id=head.person_id))
    nobody = await somebody(city.custodian, city.unit_id)
    with pytest.raises(ClueRefused):
        await city.take(city.supervisor, about_reviewer, 1, Step.ASSIGNED, nobody)


async def test_who_told_is_read_on_the_record_and_erased_while_the_clue_stays(city: City) -> None:
    clue_id = await city.register(number="W-1")
    database, clock = city.custodian.database, city.custodian.clock
    assert await handling.read_reporter(database, clock, city.reviewer, clue_id) == TOLD_BY
    await handling.erase_reporter(database, clock, city.supervisor, clue_id, "本人要求")
    with pytest.raises(ReporterGone):
        await handling.read_reporter(database, clock, city.supervisor, clue_id)
    async with database.connection() as db:
        kept = await queries.clue_by_id(db, clue_id)
        everywhere = await db.fetchval("select string_agg(details::text, '') from custody_entry")
        read = await db.fetchval("select count(*) from custody_entry where event = 'clue:reporter:read'")
    assert kept is not None
    assert [one.step for one in kept.steps] == [Step.REPORTER_ERASED]
    assert TOLD_BY.name not in everywhere
    assert TOLD_BY.contact not in everywhere
    assert read == 1
    await city.take(city.supervisor, clue_id, 1, Step.ACCEPTED)
    with pytest.raises(ClueNumberTaken):
        await city.register(number="W-1")


async def test_open_complaints_are_those_about_it_until_closed(city: City, officer: OfficerWithPhone) -> None:
    evidence_id, _ = await hand_in(city.custodian, officer, CAPTURED)
    other, _ = await hand_in(city.custodian, officer, CAPTURED)
    await city.register(Reference(evidence_id=other), channel="MEDIA")
    clue_id = await city.register(Reference(evidence_id=evidence_id))
    assert await city.complaints(evidence_id, other) == {evidence_id: [clue_id]}
    await city.take(city.supervisor, clue_id, 0, Step.NOT_ACCEPTED)
    await city.take(city.supervisor, clue_id, 1, Step.REPLIED)
    assert evidence_id in await city.complaints(evidence_id)
    await city.take(city.reviewer, clue_id, 2, Step.CLOSED)
    assert await city.complaints(evidence_id, other) == {}


async def test_a_clue_names_no_evidence_beyond_reach(city: City, officer: OfficerWithPhone) -> None:
    with pytest.raises(ClueRefused):
        await city.register(Reference(evidence_id=uuid4()))
    with pytest.raises(ClueRefused):
        await city.register(Reference(inspection_id=uuid4()))
