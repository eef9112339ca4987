"""What a stolen phone brings after its revocation is kept, and decides nothing until somebody answers for it."""

from datetime import timedelta
from typing import Any

import pytest

from agency import queries as agency
from agency.model import Actor, PersonKind
from evidence.custodian import Custodian
from evidence.model import Courier
from inspection import queries
from inspection.explanation import gap_words
from inspection.gaps import gaps_of
from inspection.model import Document, Inspection
from inspection.problems import NothingToVouchFor, OwnStatements
from inspection.pushing import push
from inspection.vouching import vouch
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.inspection.builders import a_task, told
from tests.inspection.documents.builders import digest
from tests.inspection.test_current import a_visit, state
from tests.inspection.test_pushing import pulled, results
from tests.support import FixedClock

CONFORMS = {"type": "FINDING", "item": "F", "result": "CONFORMS"}
WORSE = {"type": "FINDING", "item": "F", "result": "DOES_NOT_CONFORM"}


async def revoke(custodian: Custodian, officer: OfficerWithPhone) -> None:
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, officer.phone_id, custodian.clock.now())


def later(custodian: Custodian, **much: float) -> None:
    assert isinstance(custodian.clock, FixedClock)
    custodian.clock.advance(timedelta(**much))


async def a_team(custodian: Custodian) -> tuple[OfficerWithPhone, OfficerWithPhone, Inspection]:
    unit_id = await a_unit(custodian.database)
    one, other = await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)
    return one, other, await a_task(custodian.database, custodian.clock, one, other)


def readings(custodian: Custodian, officer: OfficerWithPhone, after_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "anchor": custodian.signer.anchor(custodian.clock.now(), "n" * 16, officer.phone_id),
        "asked_ms": 0,
        "heard_ms": 0,
        "captured_ms": after_ms,
        "counts_sleep": True,
        "restarted": False,
    } | more


async def kept(custodian: Custodian, task: Inspection) -> tuple[list[Any], list[Any]]:
    async with custodian.database.connection() as db:
        found = (await queries.all_told(db, [task.id]))[task.id]
    return [one.what for one in found.counted], [one.what for one in found.after_revocation]


async def test_what_a_revoked_phone_tells_is_recorded_and_changes_nothing(custodian: Custodian) -> None:
    one, other, task = await a_team(custodian)
    first = told(one, task.id, CONFORMS)
    await push(custodian, [first], one.courier)
    before = await pulled(custodian, other)
    later(custodian, minutes=1)
    await revoke(custodian, one)
    [known] = (await kept(custodian, task))[0]
    later(custodian, hours=1)
    answered = before["inspections"][0]["operations"][0]["id"]
    assert results(await push(custodian, [told(one, task.id, WORSE, replaces=[answered])], one.courier)) == ["RECORDED"]
    counted, late = await kept(custodian, task)
    assert (counted, [what.result for what in late]) == ([known], ["DOES_NOT_CONFORM"])
    [inspection] = (await pulled(custodian, other))["inspections"]
    assert inspection["operations"] == before["inspections"][0]["operations"]


@pytest.mark.parametrize(
    ("after_ms", "more", "counts"),
    [
        (60_000, {}, True),
        (3 * 3_600_000, {}, False),
        (60_000, {"restarted": True}, False),
        (None, {}, False),
    ],
    ids=["before by its anchor", "after by its anchor", "claimed after a restart", "only a claim"],
)
async def test_what_an_anchor_shows_to_be_from_before_counts(
    custodian: Custodian, after_ms: int | None, more: dict[str, Any], counts: bool
) -> None:
    one, _, task = await a_team(custodian)
    at = custodian.clock.now()
    clock = None if after_ms is None else readings(custodian, one, after_ms, **more)
    claimed = at + timedelta(milliseconds=after_ms or 0)
    signed = told(one, task.id, CONFORMS, earliest=claimed, latest=claimed, clock=clock)
    later(custodian, hours=2)
    await revoke(custodian, one)
    later(custodian, days=1)
    await push(custodian, [signed], one.courier)
    counted, late = await kept(custodian, task)
    assert (len(counted), len(late)) == ((1, 0) if counts else (0, 1))


async def test_a_phone_reported_stolen_a_day_later_told_nothing_since(custodian: Custodian) -> None:
    one, _, task = await a_team(custodian)
    stolen_at = custodian.clock.now()
    later(custodian, hours=5)
    await push(custodian, [told(one, task.id, CONFORMS)], one.courier)
    later(custodian, hours=19)
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, one.phone_id, stolen_at)
    assert [len(part) for part in await kept(custodian, task)] == [0, 1]


async def test_a_signature_of_a_revoked_key_is_missing_and_the_words_say_why(custodian: Custodian) -> None:
    task, officer = await a_visit(custodian, without=("SIGNATURE",))
    [text] = [what.content for what in (await kept(custodian, task))[0] if isinstance(what, Document)]
    signature = {"type": "SIGNATURE", "document_sha256": digest(text), "signer": "OFFICER"}
    later(custodian, minutes=1)
    await revoke(custodian, officer)
    later(custodian, minutes=1)
    await push(custodian, [told(officer, task.id, signature)], officer.courier)
    async with custodian.database.connection() as db:
        found = await gaps_of(db, task.id, custodian.clock.now())
        people = await agency.people_by_id(db, task.officers)
    missing = {gap.person_id: gap for gap in found if gap.code == "OFFICER_SIGNATURE_MISSING"}
    assert {id_: gap.after_revocation for id_, gap in missing.items()} == {
        id_: id_ == officer.person_id for id_ in task.officers
    }
    assert "不计入" in gap_words(missing[officer.person_id], people, "zh-CN")
    assert "after its revocation" in gap_words(missing[officer.person_id], people, "en")


async def test_a_closed_inspection_stays_closed_whatever_a_stolen_phone_tells(custodian: Custodian) -> None:
    task, officer = await a_visit(custodian)
    later(custodian, minutes=1)
    await revoke(custodian, officer)
    later(custodian, minutes=1)
    document = {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": "{}"}
    await push(custodian, [told(officer, task.id, what) for what in (WORSE, document)], officer.courier)
    assert await state(custodian, officer) == "CLOSED"


async def test_the_custody_chain_says_which_came_after_and_that_nobody_had_signed_in(custodian: Custodian) -> None:
    one, other, task = await a_team(custodian)
    await revoke(custodian, one)
    later(custodian, minutes=1)
    door = Courier(one.person_id, one.phone_id, one.unit_id, own_only=True)
    theirs = told(other, task.id, CONFORMS)
    [answer, refused] = await push(custodian, [told(one, task.id, CONFORMS), theirs], door)
    assert refused.problem is not None
    assert (answer.result, refused.result, refused.problem.slug) == ("RECORDED", "REFUSED", "operation-not-signed")
    async with custodian.database.connection() as db:
        details = await db.fetchval("select details from custody_entry where event = 'inspection:operations:received'")
    assert (details["after_revocation"], details["handed_in"]) == ([str(answer.id)], True)


async def test_somebody_in_charge_answers_for_a_phone_that_was_found_again(custodian: Custodian) -> None:
    one, other, task = await a_team(custodian)
    await revoke(custodian, one)
    later(custodian, minutes=1)
    await push(custodian, [told(one, task.id, CONFORMS)], one.courier)
    head = Actor(other.person_id, PersonKind.STAFF, other.unit_id, None, ())
    own = Actor(one.person_id, PersonKind.STAFF, one.unit_id, None, ())
    async with custodian.database.transaction() as db:
        with pytest.raises(NothingToVouchFor):
            await vouch(db, custodian.clock, task.id, other.phone_id, head, "—")
        with pytest.raises(OwnStatements):
            await vouch(db, custodian.clock, task.id, one.phone_id, own, "—")
        assert len(await vouch(db, custodian.clock, task.id, one.phone_id, head, "找回，一直在本人手中")) == 1
    assert [len(part) for part in await kept(custodian, task)] == [1, 0]
    [inspection] = (await pulled(custodian, other))["inspections"]
    assert inspection["state"] == "UNDER_WAY"
    async with custodian.database.connection() as db:
        reason = await db.fetchval(
            "select details ->> 'reason' from custody_entry where event = 'inspection:operations:vouched'"
        )
        assert reason == "找回，一直在本人手中"
        assert not await db.fetchval("select has_table_privilege('operation_vouched', 'update, delete')")
