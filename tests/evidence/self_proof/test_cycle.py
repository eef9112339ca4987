"""The canary finds every guard holding, and each that is switched off by its name."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from evidence.custodian import Custodian
from evidence.fixity.reading import AGAIN, WITHIN
from evidence.self_proof import queries
from evidence.self_proof.cycle import prove
from evidence.self_proof.model import Cycle, Light, Step
from evidence.self_proof.rules import OVERDUE, light
from foundation.object_store import ObjectStore
from tests.evidence.self_proof.conftest import Growing
from tests.support import FixedClock

if TYPE_CHECKING:
    Owner = asyncpg.Connection[Any]
else:
    Owner = asyncpg.Connection


async def proved(custodian: Custodian, growing: Growing) -> Cycle:
    async with growing():
        return await prove(custodian)


def failed(cycle: Cycle) -> list[str]:
    return [f"{one.step}: {one.detail}" for one in cycle.failed]


async def test_where_every_guard_holds_each_step_is_green_night_after_night(
    custodian: Custodian, clock: FixedClock, growing: Growing, owner: Owner
) -> None:
    for _ in range(2):
        clock.advance(timedelta(days=1))
        cycle = await proved(custodian, growing)
        assert failed(cycle) == []
        assert [one.step for one in cycle.steps] == list(Step)
    async with custodian.database.connection() as db:
        kept = await queries.last_cycle(db)
    assert kept == cycle
    assert light(kept, clock.now()) is Light.GREEN
    assert light(kept, clock.now() + OVERDUE + timedelta(seconds=1)) is Light.AMBER


OFF = {
    "the program may delete evidence": ("grant delete on evidence to plumbline", Step.ROWS),
    "the program may edit verdicts": ("grant update on verdict to plumbline", Step.ROWS),
    "the program may edit custody": ("grant update on custody_entry to plumbline", Step.ROWS),
    "a case may rest on anything": ("drop trigger case_rests_on_what_counts on case_evidence", Step.CASE_FORCED),
    "a trigger is switched off": ("alter table admission disable trigger admission_outside_reverse_trace", Step.GUARDS),
    "admissions need no verified period": (
        "alter table admission drop constraint admission_in_verified_period",
        Step.ADMISSION_FORCED,
    ),
    "admissions need not be in service": (
        "alter table admission drop constraint admission_in_service_period",
        Step.GUARDS,
    ),
    "a request reads all units": ("alter table evidence disable row level security", Step.GUARDS),
    "custody is not told to the log": ("drop trigger custody_entry_awaits_log on custody_entry", Step.LOGGED),
}


@pytest.mark.parametrize("fault", OFF)
async def test_a_guard_that_is_off_is_red_within_one_cycle(
    fault: str, custodian: Custodian, growing: Growing, owner: Owner
) -> None:
    statement, step = OFF[fault]
    await owner.execute(statement)
    async with growing():
        cycle = await prove(custodian, patience_seconds=1)
    assert step in [one.step for one in cycle.failed], failed(cycle)
    assert light(cycle, custodian.clock.now()) is Light.RED


async def test_without_a_sequencer_the_log_is_red(custodian: Custodian, owner: Owner) -> None:
    cycle = await prove(custodian, patience_seconds=0.5)
    assert Step.LOGGED in [one.step for one in cycle.failed]
    assert Step.ROWS not in [one.step for one in cycle.failed], "and what the log does not need is tried all the same"


async def test_what_was_tried_is_taken_back(custodian: Custodian, growing: Growing, owner: Owner) -> None:
    """Even where nothing refuses it."""
    await owner.execute("grant delete, update on evidence, verdict, receipt, reception to plumbline")
    await owner.execute("alter table admission drop constraint admission_in_verified_period")
    await owner.execute("drop trigger case_rests_on_what_counts on case_evidence")
    tables = ("evidence", "verdict", "receipt", "reception")
    cycle = await proved(custodian, growing)
    assert {Step.ROWS, Step.CASE_FORCED, Step.ADMISSION_FORCED} <= {one.step for one in cycle.failed}
    counts = [await owner.fetchval(f"select count(*) from {table}") for table in tables]
    assert counts == [2, 2, 4, 2]
    assert await owner.fetchval("select count(*) from admission") == 1
    assert await owner.fetchval("select count(*) from case_file") == 0


async def test_where_the_store_is_gone_what_needs_it_is_red_and_the_rest_is_tried(
    custodian: Custodian, growing: Growing, owner: Owner
) -> None:
    store = type(custodian.store).open("http://127.0.0.1:9", "nowhere", "us-east-1", "a", "b")
    try:
        cycle = await proved(replace(custodian, store=store), growing)
    finally:
        await store.close()
    wrong = {one.step for one in cycle.failed}
    assert {Step.UPLOAD, Step.REMOVAL, Step.PUBLISHED} <= wrong
    assert not {Step.COMMITMENT, Step.GUARDS} & wrong


async def test_originals_that_are_stored_without_a_lock_are_red(
    custodian: Custodian, growing: Growing, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a bucket without Object Lock that ignores what it is asked for."""
    monkeypatch.setattr("foundation.object_store._lock_headers", lambda _: {})
    cycle = await proved(custodian, growing)
    assert {Step.UPLOAD, Step.REMOVAL} <= {one.step for one in cycle.failed}, failed(cycle)


async def test_an_object_whose_lock_does_not_hold_is_red(
    custodian: Custodian, growing: Growing, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where governance mode was configured: the store says it is locked, and obeys all the same."""

    async def obeys(*_: object) -> None:
        return

    monkeypatch.setattr(ObjectStore, "_remove", obeys)
    monkeypatch.setattr(ObjectStore, "_lock", obeys)
    cycle = await proved(custodian, growing)
    assert [one.step for one in cycle.failed] == [Step.REMOVAL, Step.SHORTENING]


async def test_where_nobody_reads_objects_back_the_reading_is_red(
    custodian: Custodian, clock: FixedClock, growing: Growing, owner: Owner
) -> None:
    await proved(custodian, growing)
    clock.advance(WITHIN + AGAIN + timedelta(minutes=1))
    cycle = await proved(custodian, growing)
    assert [one.step for one in cycle.failed] == [Step.READ_BACK]
