"""Operations come in any order, any number of times, from several phones; each is answered by itself."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from evidence.custodian import Custodian
from inspection import queries
from inspection.pulling import Feeds
from inspection.pushing import Answer, push
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.inspection.builders import AT, a_task, told
from tests.support import FixedClock

CONFORMS = {"type": "FINDING", "item": "F", "result": "CONFORMS"}
BEGUN = {"type": "BEGUN", "source": "URGENT", "enterprise_name": "演示餐饮店"}


async def two_officers(custodian: Custodian) -> tuple[OfficerWithPhone, OfficerWithPhone]:
    unit_id = await a_unit(custodian.database)
    return await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)


def results(answers: Sequence[Answer]) -> list[str]:
    return [answer.result for answer in answers]


async def pulled(custodian: Custodian, officer: OfficerWithPhone, after: int = 0) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.json.decode(await Feeds(custodian.database).changes(officer.person_id, after))
    return answer


async def test_an_operation_is_recorded_once_and_known_ever_after(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    signed = told(officer, task.id, CONFORMS)
    assert results(await push(custodian, [signed], officer.courier)) == ["RECORDED"]
    assert results(await push(custodian, [signed, signed], officer.courier)) == ["KNOWN", "KNOWN"]
    [inspection] = (await pulled(custodian, officer))["inspections"]
    assert [one["what"]["result"] for one in inspection["operations"]] == ["CONFORMS"]
    assert inspection["state"] == "UNDER_WAY"


async def test_what_comes_before_its_inspection_waits_and_is_part_of_it_then(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    inspection_id = uuid4()
    assert results(await push(custodian, [told(officer, inspection_id, CONFORMS)], officer.courier)) == ["RECORDED"]
    assert (await pulled(custodian, officer))["inspections"] == []
    assert results(await push(custodian, [told(officer, inspection_id, BEGUN)], officer.courier)) == ["RECORDED"]
    [inspection] = (await pulled(custodian, officer))["inspections"]
    assert {one["what"]["type"] for one in inspection["operations"]} == {"BEGUN", "FINDING"}


async def test_the_author_is_whose_key_signed_and_not_who_brings_it(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer, colleague)
    await push(custodian, [told(officer, task.id, {"type": "JOINED"})], colleague.courier)
    [inspection] = (await pulled(custodian, officer))["inspections"]
    assert [one["author"] for one in inspection["operations"]] == [str(officer.person_id)]


async def test_one_bad_operation_does_not_touch_the_others(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    forged = colleague._replace(phone_id=officer.phone_id)
    answers = await push(
        custodian,
        [
            "no JWS at all",
            told(officer, task.id, CONFORMS),
            told(forged, task.id, CONFORMS),
            told(officer, task.id, {"type": "UNHEARD_OF"}),
            told(officer, task.id, CONFORMS, earliest=AT, latest=AT - timedelta(seconds=1)),
        ],
        officer.courier,
    )
    assert results(answers) == ["REFUSED", "RECORDED", "REFUSED", "REFUSED", "REFUSED"]
    assert [answer.problem.slug for answer in answers if answer.problem] == [
        "operation-not-signed",
        "operation-not-signed",
        "malformed",
        "operation-time-reversed",
    ]


async def test_another_content_under_the_same_id_is_refused_and_told_to_custody(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    id_ = uuid4()
    await push(custodian, [told(officer, task.id, CONFORMS, id=id_)], officer.courier)
    other = told(officer, task.id, CONFORMS | {"result": "DOES_NOT_CONFORM"}, id=id_)
    [answer] = await push(custodian, [other], officer.courier)
    assert (answer.result, answer.problem and answer.problem.slug) == ("REFUSED", "operation-conflicts")
    async with custodian.database.connection() as db:
        kept = await db.fetchval(
            "select details ->> 'operation' from custody_entry where event = 'inspection:operation:conflicted'"
        )
    assert kept == other


async def test_a_stranger_tells_nothing_of_an_inspection(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    stranger = await an_officer(custodian.database, await a_unit(custodian.database))
    task = await a_task(custodian.database, custodian.clock, officer)
    [answer] = await push(custodian, [told(stranger, task.id, CONFORMS)], stranger.courier)
    assert answer.problem is not None
    assert answer.problem.slug == "not-your-inspection"


async def test_what_a_stranger_told_before_the_inspection_was_known_is_no_part_of_it(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    stranger = await an_officer(custodian.database, await a_unit(custodian.database))
    inspection_id = uuid4()
    await push(custodian, [told(stranger, inspection_id, CONFORMS)], stranger.courier)
    await push(custodian, [told(officer, inspection_id, BEGUN)], officer.courier)
    [inspection] = (await pulled(custodian, officer))["inspections"]
    assert [one["what"]["type"] for one in inspection["operations"]] == ["BEGUN"]


async def test_what_two_phones_hand_in_at_once_is_all_there(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    inspection_id = uuid4()
    batches = [
        (officer, [BEGUN, CONFORMS]),
        *((one, [CONFORMS | {"item": str(number)}]) for number in range(6) for one in (officer, colleague)),
    ]
    await asyncio.gather(
        *(push(custodian, [told(one, inspection_id, what) for what in batch], one.courier) for one, batch in batches)
    )
    [inspection] = (await pulled(custodian, officer))["inspections"]
    assert len(inspection["operations"]) == 14


async def test_a_phone_is_told_only_what_changed_and_only_its_own(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    tasks = [await a_task(custodian.database, custodian.clock, officer) for _ in range(3)]
    first = await pulled(custodian, officer)
    assert {one["id"] for one in first["inspections"]} == {str(task.id) for task in tasks}
    assert (await pulled(custodian, colleague))["inspections"] == []
    await push(custodian, [told(officer, tasks[1].id, CONFORMS)], officer.courier)
    second = await pulled(custodian, officer, int(first["cursor"]))
    assert [one["id"] for one in second["inspections"]] == [str(tasks[1].id)]
    assert (await pulled(custodian, officer, int(second["cursor"])))["inspections"] == []


async def test_pages_of_a_feed_together_are_all_of_it(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    tasks = [await a_task(custodian.database, custodian.clock, officer) for _ in range(5)]
    feeds, after, seen, more = Feeds(custodian.database), 0, list[str](), True
    while more:
        page = msgspec.json.decode(await feeds.changes(officer.person_id, after, 2))
        seen += [one["id"] for one in page["inspections"]]
        after, more = int(page["cursor"]), page["more"]
    assert sorted(seen) == sorted(str(task.id) for task in tasks)


async def test_positions_become_visible_in_order(custodian: Custodian) -> None:
    """A phone that has seen a position has seen every one before it, though transactions overlap."""
    officer, _ = await two_officers(custodian)
    tasks = [await a_task(custodian.database, custodian.clock, officer) for _ in range(2)]
    seen = int((await pulled(custodian, officer))["cursor"])
    second_is_told = asyncio.Event()

    async def tell_first() -> None:
        async with custodian.database.transaction() as db:
            await queries.tell_officers(db, [(officer.person_id, tasks[0].id)])
            second_is_told.set()
            await asyncio.sleep(0.2)

    async def tell_second() -> int:
        await second_is_told.wait()
        async with custodian.database.transaction() as db:
            await queries.tell_officers(db, [(officer.person_id, tasks[1].id)])
        return len((await pulled(custodian, officer, seen))["inspections"])

    _, changes = await asyncio.gather(tell_first(), tell_second())
    assert changes == 2


async def test_the_application_can_neither_edit_nor_delete_what_was_told(custodian: Custodian) -> None:
    async with custodian.database.connection() as db:
        for privilege in ("update", "delete"):
            allowed = await db.fetchval("select has_table_privilege('inspection_operation', $1)", privilege)
            assert not allowed


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(days=-3), timedelta(minutes=9, seconds=59, milliseconds=940)),
    ],
    ids=["the claim fits the clock", "the phone's date was set back"],
)
async def test_when_something_was_told_lies_within_what_the_phones_clock_allows(
    custodian: Custodian, claimed: timedelta, kept: timedelta
) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    anchored = custodian.clock.now()
    readings = {
        "anchor": custodian.signer.anchor(anchored, "n" * 16, officer.phone_id),
        "asked_ms": 1_000,
        "heard_ms": 1_000,
        "captured_ms": 601_000,
        "counts_sleep": True,
        "restarted": False,
    }
    told_at = anchored + claimed
    signed = told(officer, task.id, CONFORMS, earliest=told_at, latest=told_at, clock=readings)
    assert isinstance(custodian.clock, FixedClock)
    custodian.clock.advance(timedelta(days=1))
    assert results(await push(custodian, [signed], officer.courier)) == ["RECORDED"]
    [inspection] = (await pulled(custodian, officer))["inspections"]
    earliest = datetime.fromisoformat(inspection["operations"][0]["earliest"])
    assert abs(earliest - (anchored + kept)) < timedelta(milliseconds=1)


async def test_readings_under_an_anchor_of_another_phone_are_refused_at_their_field(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    readings = {
        "anchor": custodian.signer.anchor(custodian.clock.now(), "n" * 16, colleague.phone_id),
        "asked_ms": 0,
        "heard_ms": 0,
        "captured_ms": 1,
        "counts_sleep": True,
        "restarted": False,
    }
    [answer] = await push(custodian, [told(officer, task.id, CONFORMS, clock=readings)], officer.courier)
    assert answer.problem is not None
    assert answer.problem.field == "clock.anchor"


async def test_operations_that_replace_none_one_and_two_are_recorded_in_one_batch(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    first, second, third = uuid4(), uuid4(), uuid4()
    batch = [
        told(officer, task.id, CONFORMS, id=first),
        told(officer, task.id, CONFORMS | {"note": "看过"}, id=second, replaces=[first]),
        told(officer, task.id, CONFORMS | {"note": "再看过"}, id=third, replaces=[first, second]),
    ]
    assert results(await push(custodian, batch, officer.courier)) == ["RECORDED"] * 3
    async with custodian.database.connection() as db:
        kept = {one.id: one.replaces for one in (await queries.operations_of(db, [task.id]))[task.id]}
    assert kept == {first: frozenset(), second: {first}, third: {first, second}}


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (BEGUN | {"uscc": "92420102MADEM0011X"}, "credit-code-unfit"),
        (BEGUN | {"uscc": "not a code"}, "credit-code-unfit"),
        ({"type": "SCANNED_IN", "code": "what a stranger's QR code \x00 says"}, "malformed"),
        ({"type": "STATEMENT", "text": "half of a pair \ud83d"}, "malformed"),
    ],
    ids=["check digit", "no code", "NUL", "half of a surrogate pair"],
)
async def test_what_cannot_be_kept_is_refused_alone(custodian: Custodian, what: dict[str, Any], why: str) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    payload = {"id": str(uuid4()), "inspection_id": str(uuid4()), "earliest": AT.isoformat(), "latest": AT.isoformat()}
    bad = officer.sign(json.dumps(payload | {"what": what}).encode(), typ="plumbline-operation+jws")
    answers = await push(custodian, [told(officer, task.id, CONFORMS), bad], officer.courier)
    assert results(answers) == ["RECORDED", "REFUSED"]
    assert answers[1].problem is not None
    assert answers[1].problem.slug == why


async def test_a_text_that_speaks_of_a_nul_is_kept(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    statement = {"type": "STATEMENT", "text": "\\u0000"}
    assert results(await push(custodian, [told(officer, task.id, statement)], officer.courier)) == ["RECORDED"]


async def test_what_another_signed_word_for_word_is_not_known_already(custodian: Custodian) -> None:
    officer, colleague = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer, colleague)
    id_ = uuid4()
    await push(custodian, [told(colleague, task.id, {"type": "JOINED"}, id=id_)], colleague.courier)
    [answer] = await push(custodian, [told(officer, task.id, {"type": "JOINED"}, id=id_)], officer.courier)
    assert (answer.result, answer.problem and answer.problem.slug) == ("REFUSED", "operation-conflicts")


async def test_two_contents_under_one_id_in_one_batch_are_both_on_record(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    id_ = uuid4()
    first, other = [
        told(officer, task.id, {"type": "STATEMENT", "text": text}, id=id_) for text in ("无异议", "有异议")
    ]
    assert results(await push(custodian, [first, other], officer.courier)) == ["RECORDED", "REFUSED"]
    async with custodian.database.connection() as db:
        kept = await db.fetch(
            "select details ->> 'operation' from custody_entry where event = 'inspection:operation:conflicted'"
        )
    assert [row[0] for row in kept] == [other]


async def test_a_beginning_under_an_id_that_is_taken_opens_nothing(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    id_, elsewhere = uuid4(), uuid4()
    await push(custodian, [told(officer, task.id, CONFORMS, id=id_)], officer.courier)
    assert results(await push(custodian, [told(officer, elsewhere, BEGUN, id=id_)], officer.courier)) == ["REFUSED"]
    async with custodian.database.connection() as db:
        assert await queries.known(db, [elsewhere]) == {}


async def test_the_same_beginning_again_tells_nobody_of_a_change(custodian: Custodian) -> None:
    officer, _ = await two_officers(custodian)
    begun = told(officer, uuid4(), BEGUN)
    await push(custodian, [begun], officer.courier)
    cursor = (await pulled(custodian, officer))["cursor"]
    await push(custodian, [begun], officer.courier)
    assert (await pulled(custodian, officer))["cursor"] == cursor


async def test_nothing_was_told_later_than_it_came_whatever_a_phones_date_says(custodian: Custodian) -> None:
    """A visit in the future would find no credential that is valid then, and never close."""
    officer, _ = await two_officers(custodian)
    task = await a_task(custodian.database, custodian.clock, officer)
    now, ahead = custodian.clock.now(), timedelta(days=3650)
    signed = [
        told(officer, task.id, CONFORMS, earliest=now - timedelta(hours=1), latest=now + ahead),
        told(officer, task.id, CONFORMS, earliest=now + ahead, latest=now + ahead),
    ]
    assert results(await push(custodian, signed, officer.courier)) == ["RECORDED"] * 2
    async with custodian.database.connection() as db:
        kept = (await queries.operations_of(db, [task.id]))[task.id]
    assert {(one.earliest, one.latest) for one in kept} == {(now - timedelta(hours=1), now), (now, now)}
