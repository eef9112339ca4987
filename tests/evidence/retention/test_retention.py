"""Kept until the longest term ends and nothing holds it; then disposed of by two people, after a time of waiting."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from agency.model import Actor, Role
from device_registry.queries import Policy, PolicyName, set_policy
from evidence import queries as evidence
from evidence.case_files import queries as cases
from evidence.case_files.model import CaseFile
from evidence.clues.model import Reference
from evidence.custodian import Custodian
from evidence.fixity.reading import scrub
from evidence.problems import EvidenceDisposed
from evidence.retention import disposing, holding, queries
from evidence.retention.keeping import keep
from evidence.retention.model import Category, HoldSource, Step
from evidence.retention.problems import DisposalDecided, NothingToDispose, RehearserConfirms
from foundation.object_store import StoredObject, StoreRefused
from tests.builders import OfficerWithPhone, a_photo
from tests.evidence.clues.test_handling import City
from tests.evidence.content_review.test_content_review import somebody
from tests.evidence.fixity.test_reading import stored_of
from tests.evidence.test_admission import hand_in
from tests.support import FixedClock

SOURCES = {"hand": "COURT", "case": "CASE", "complaint": "COMPLAINT"}
LOCKED = timedelta(seconds=4)
"""How long the store locks what these tests hand in: it goes by its own clock."""


@pytest_asyncio.fixture
async def today(custodian: Custodian, clock: FixedClock, officer: OfficerWithPhone) -> Custodian:
    """The present, with objects locked for a moment and terms of no days, so that disposal is possible at all."""
    clock.instant = datetime.now(UTC)
    names = (PolicyName.RETENTION_CAPTURE_DAYS, PolicyName.RETENTION_INSPECTION_DAYS, PolicyName.DISPOSAL_WAITING_DAYS)
    async with custodian.database.transaction() as db:
        for name in names:
            policy = Policy(officer.unit_id, name, 0, date(2020, 1, 1), None, "演示规定")
            await set_policy(db, policy, clock.now(), None)
    return replace(custodian, retention=LOCKED)


async def a_supervisor(custodian: Custodian, unit_id: UUID) -> Actor:
    return await somebody(custodian, unit_id, Role.SUPERVISOR)


async def handed_in(custodian: Custodian, officer: OfficerWithPhone, body: bytes | None = None) -> UUID:
    evidence_id, judged = await hand_in(custodian, officer, custodian.clock.now() - timedelta(minutes=1), body)
    assert judged.verdict.outcome == "ADMITTED"
    return evidence_id


async def lock_over(clock: FixedClock) -> None:
    await asyncio.sleep(LOCKED.total_seconds() + 1)
    clock.instant = datetime.now(UTC)


async def is_there(custodian: Custodian, stored: StoredObject) -> bool:
    try:
        return b"".join([part async for part in custodian.store.read(stored.key, stored.version_id)]) != b""
    except StoreRefused:
        return False


async def a_case(custodian: Custodian, actor: Actor, unit_id: UUID, evidence_id: UUID) -> UUID:
    case = CaseFile(
        id=UUID(int=evidence_id.int ^ 1), number=f"案{evidence_id.hex[:6]}", unit_id=unit_id, title="占道经营",
        opened_on=date(2026, 6, 1),
    )  # fmt: skip
    async with custodian.database.transaction() as db:
        await cases.add_case(db, case, actor.person_id, custodian.clock.now())
        await cases.attach(db, case.id, evidence_id, actor.person_id, custodian.clock.now())
    return case.id


async def test_two_people_and_a_time_of_waiting_end_it_and_its_record_stays(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    first, second = [await a_supervisor(today, officer.unit_id) for _ in range(2)]
    one, struck = await handed_in(today, officer), await handed_in(today, officer)
    stored, other = await stored_of(today, one), await stored_of(today, struck)
    with pytest.raises(NothingToDispose):
        await disposing.rehearse(today, first, officer.unit_id, "期满")  # no terms are written down yet
    await keep(today)
    with pytest.raises(NothingToDispose):
        await disposing.rehearse(today, first, officer.unit_id, "期满")  # the store locks it
    with pytest.raises(StoreRefused):
        await today.store.remove(stored)
    await lock_over(clock)
    list_id = await disposing.rehearse(today, first, officer.unit_id, "期满")
    async with today.database.connection() as db:
        assert {item.evidence_id for item in await queries.items_of(db, list_id)} == {one, struck}
    with pytest.raises(NothingToDispose):
        await disposing.rehearse(today, second, officer.unit_id, "再列")  # on a list that stands
    with pytest.raises(RehearserConfirms):
        await disposing.confirm(today, first, list_id)
    await disposing.carry_out(today)
    assert await is_there(today, stored)
    await disposing.confirm(today, second, list_id)
    with pytest.raises(DisposalDecided):
        await disposing.confirm(today, second, list_id)
    await disposing.strike(today, first, list_id, struck, "复议在办")
    await disposing.carry_out(today)
    await disposing.carry_out(today)
    assert [await is_there(today, each) for each in (stored, other)] == [False, True]
    async with today.database.connection() as db:
        items = {item.evidence_id: item for item in await queries.items_of(db, list_id)}
        found = (await queries.lists(db, [officer.unit_id]))[0]
        assert await evidence.content_of(db, one) is None
        assert await evidence.verdicts_of(db, one)
        custody = await evidence.custody_of(db, one)
    assert (items[one].kept_for, items[struck].kept_for) == (None, "disposal_not_listed")
    assert (found.step, found.number, found.disposed) == (Step.CARRIED_OUT, 2, 1)
    assert (custody[-1].event, custody[-1].details["sha256"]) == ("evidence:bytes:disposed", stored.sha256.hex())
    clock.instant += timedelta(days=40)
    assert {found.stored.sha256 for found in await scrub(today)} == {other.sha256}


async def test_bytes_that_were_disposed_of_are_not_taken_in_held_or_attached_again(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    first, second = [await a_supervisor(today, officer.unit_id) for _ in range(2)]
    body = a_photo(41)
    one = await handed_in(today, officer, body)
    await keep(today)
    await lock_over(clock)
    list_id = await disposing.rehearse(today, first, officer.unit_id, "期满")
    await disposing.confirm(today, second, list_id)
    await disposing.carry_out(today)
    with pytest.raises(EvidenceDisposed):
        await holding.place(today.database, clock, first, one, HoldSource.COURT, "法院调取")
    with pytest.raises(EvidenceDisposed):
        await hand_in(today, officer, clock.now() - timedelta(minutes=1), body)
    with pytest.raises(EvidenceDisposed):
        await a_case(today, first, officer.unit_id, one)


@pytest.mark.parametrize("by", ["hand", "case", "complaint"])
async def test_what_is_held_is_kept_whatever_its_term_also_by_the_store_until_it_is_let_go(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone, by: str
) -> None:
    first, second = [await a_supervisor(today, officer.unit_id) for _ in range(2)]
    one = await handed_in(today, officer)
    stored = await stored_of(today, one)
    await keep(today)
    await lock_over(clock)
    list_id = await disposing.rehearse(today, first, officer.unit_id, "期满")
    await disposing.confirm(today, second, list_id)
    if by == "hand":
        hold_id = await holding.place(today.database, clock, first, one, HoldSource.COURT, "法院调取")
    elif by == "case":
        case_id = await a_case(today, first, officer.unit_id, one)
    else:
        await City(today, officer.unit_id, first, second).register(Reference(evidence_id=one))
    await keep(today)
    with pytest.raises(StoreRefused):
        await today.store.remove(stored)
    await disposing.carry_out(today)
    async with today.database.connection() as db:
        assert [item.kept_for for item in await queries.items_of(db, list_id)] == ["disposal_held"]
        assert [hold.source for hold in await queries.holds_of(db, [one])] == [SOURCES[by]]
    assert await is_there(today, stored)
    if by == "hand":
        await holding.lift(today.database, clock, second, hold_id, "已结束")
        await keep(today)
        await today.store.remove(stored)  # nothing holds it in the store any more
        assert not await is_there(today, stored)
    elif by == "case":
        async with today.database.transaction() as db:
            await cases.close(db, case_id, date(2026, 6, 30), first.person_id, clock.now())
        await keep(today)
        async with today.database.connection() as db:
            (longest, *_) = await queries.bases_of(db, one)
        assert longest.category is Category.CASE
        assert longest.keep_until.year == 2056  # 30 years from the day after it was closed
        assert (await stored_of(today, one)).retained_until == longest.keep_until
        with pytest.raises(StoreRefused):
            await today.store.remove(stored)


async def test_a_hold_that_the_store_has_yet_to_let_go_of_delays_the_removal_of_its_object_and_of_no_other(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    first, second = [await a_supervisor(today, officer.unit_id) for _ in range(2)]
    both = [await handed_in(today, officer) for _ in range(2)]
    stored = [await stored_of(today, one) for one in both]
    holds = [await holding.place(today.database, clock, first, one, HoldSource.COURT, "法院调取") for one in both]
    await keep(today)
    await holding.lift(today.database, clock, first, holds[0], "已结束")
    await keep(today)
    await holding.lift(today.database, clock, first, holds[1], "已结束")
    await lock_over(clock)
    list_id = await disposing.rehearse(today, first, officer.unit_id, "期满")
    await disposing.confirm(today, second, list_id)
    await disposing.carry_out(today)
    assert [await is_there(today, one) for one in stored] == [False, True]
    await keep(today)
    await disposing.carry_out(today)
    assert [await is_there(today, one) for one in stored] == [False, False]


async def test_a_hold_that_comes_while_it_is_disposed_of_waits_and_is_told(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    first, second = [await a_supervisor(today, officer.unit_id) for _ in range(2)]
    one = await handed_in(today, officer)
    stored = await stored_of(today, one)
    await keep(today)
    await lock_over(clock)
    list_id = await disposing.rehearse(today, first, officer.unit_id, "期满")
    await disposing.confirm(today, second, list_id)
    async with today.database.transaction() as db:
        await queries.dispose(db, list_id, stored.sha256, clock.now())
        placing = asyncio.create_task(holding.place(today.database, clock, first, one, HoldSource.COURT, "法院调取"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(placing), 0.5)
    with pytest.raises(EvidenceDisposed):
        await placing


async def test_a_shorter_policy_takes_nothing_away_and_a_longer_one_counts_at_the_latest_when_it_is_rehearsed(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    first = await a_supervisor(today, officer.unit_id)
    one = await handed_in(today, officer)
    await keep(today)
    await lock_over(clock)
    longer = Policy(officer.unit_id, PolicyName.RETENTION_CAPTURE_DAYS, 400, clock.now().date(), None, "新规定")
    async with today.database.transaction() as db:
        await set_policy(db, longer, clock.now(), None)
    clock.instant += timedelta(days=1)
    with pytest.raises(NothingToDispose):
        await disposing.rehearse(today, first, officer.unit_id, "期满")
    async with today.database.connection() as db:
        kept_until = (await queries.bases_of(db, one))[0].keep_until
    assert kept_until > clock.now() + timedelta(days=390)


@pytest.mark.parametrize(
    "statement",
    [
        "update stored_object set retained_until = retained_until - interval '1 second'",
        "delete from retention_basis",
        "update disposal_confirmation set due_at = now()",
        """
        insert into object_disposal (sha256, list_id, disposed_at)
        select sha256, (select id from disposal_list), '2099-01-01' from stored_object
        """,
    ],
)
async def test_the_database_refuses_a_program_that_forgets_the_rules(
    today: Custodian, clock: FixedClock, officer: OfficerWithPhone, statement: str
) -> None:
    first = await a_supervisor(today, officer.unit_id)
    await handed_in(today, officer)
    await keep(today)
    await lock_over(clock)
    await disposing.rehearse(today, first, officer.unit_id, "期满")
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError)):
        async with today.database.transaction() as db:
            await db.execute(statement)
