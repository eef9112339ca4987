"""Evidence captured under an enforcement item counts only if its unit might carry that item out on that day."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from agency.enforcement_items import queries as items
from agency.model import UnitKind
from agency.queries import add_unit
from evidence.custodian import Custodian
from evidence.explanation import explain
from foundation.civil import beginning_of
from foundation.database import Database
from tests.agency.enforcement_items.builders import KNOWN, a_grant, an_item
from tests.builders import OfficerWithPhone, an_officer, at
from tests.evidence.test_admission import codes, hand_in

DAY = date(2026, 5, 4)
NOON = beginning_of(DAY) + timedelta(hours=12)


async def a_street(database: Database, city: UUID) -> UUID:
    async with database.transaction() as db:
        return (await add_unit(db, UnitKind.STREET, "大智街道", "Dazhi Street", date(2020, 1, 1), parent_id=city)).id


async def test_a_street_officer_without_the_grant_on_that_day_is_held(custodian: Custodian, unit_id: UUID) -> None:
    street = await a_street(custodian.database, unit_id)
    officer = await an_officer(custodian.database, street)
    await an_item(custodian.database, unit_id)
    await a_grant(custodian.database, street, begins=DAY, ends=DAY + timedelta(days=1))
    found = {}
    for days in (-1, 0, 1):
        _, judged = await hand_in(custodian, officer, NOON + timedelta(days=days), item="JC-001")
        found[days] = (judged.verdict.outcome, codes(judged))
    assert found == {
        -1: ("HELD", ["ITEM_NOT_GRANTED"]),
        0: ("ADMITTED", []),
        1: ("HELD", ["ITEM_NOT_GRANTED"]),
    }


async def test_the_grant_counts_on_the_day_of_capture_not_on_that_of_handing_in(
    custodian: Custodian, unit_id: UUID
) -> None:
    street = await a_street(custodian.database, unit_id)
    officer = await an_officer(custodian.database, street)
    await an_item(custodian.database, unit_id)
    grant = await a_grant(custodian.database, street)
    async with custodian.database.transaction() as db:
        await items.end_grant(db, grant.id, DAY + timedelta(days=1), reason="收回", ended_at=KNOWN, ended_by=None)
    _, judged = await hand_in(custodian, officer, NOON, item="JC-001")
    assert judged.verdict.outcome == "ADMITTED"
    _, judged = await hand_in(custodian, officer, NOON + timedelta(days=1), item="JC-001")
    assert codes(judged) == ["ITEM_NOT_GRANTED"]


async def test_a_capture_astride_the_midnight_of_the_grant_is_for_a_person_to_decide(
    custodian: Custodian, unit_id: UUID
) -> None:
    street = await a_street(custodian.database, unit_id)
    officer = await an_officer(custodian.database, street)
    await an_item(custodian.database, unit_id)
    await a_grant(custodian.database, street, begins=DAY)
    edge = beginning_of(DAY)
    _, judged = await hand_in(
        custodian, officer, edge, item="JC-001",
        captured_earliest=edge - timedelta(microseconds=1), captured_latest=edge,
    )  # fmt: skip
    assert (judged.verdict.outcome, codes(judged)) == ("UNDETERMINED", ["ITEM_NOT_GRANTED"])


@pytest.mark.parametrize(
    ("code", "captured", "reason"),
    [
        ("JC-404", NOON, "ITEM_UNKNOWN"),
        ("JC-001", NOON - timedelta(days=1), "ITEM_NOT_PUBLISHED"),
        ("JC-002", NOON, "ITEM_OF_ANOTHER_UNIT"),
    ],
)
async def test_what_is_not_published_or_is_anothers_is_held_and_explained(
    custodian: Custodian, officer: OfficerWithPhone, unit_id: UUID, code: str, captured: datetime, reason: str
) -> None:
    await an_item(custodian.database, unit_id, begins=DAY)
    await an_item(custodian.database, await a_street(custodian.database, unit_id), "JC-002")
    _, judged = await hand_in(custodian, officer, captured, item=code)
    assert (judged.verdict.outcome, codes(judged)) == ("HELD", [reason])
    assert code in explain(judged.verdict.reasons[0], "zh-CN")
    assert code in explain(judged.verdict.reasons[0], "en")


async def test_what_the_verdict_rests_on_is_frozen_and_the_item_counts_as_used(
    custodian: Custodian, officer: OfficerWithPhone, unit_id: UUID
) -> None:
    version = await an_item(custodian.database, unit_id)
    inspection = uuid4()
    evidence_id, judged = await hand_in(custodian, officer, NOON, item="JC-001", inspection_id=inspection)
    assert judged.verdict.inputs["item"]["versions"][0]["legal_basis"] == version.legal_basis
    async with custodian.database.connection() as db:
        assert await items.last_used(db, "JC-001") == {unit_id: DAY}
        kept = await db.fetchval("select facts ->> 'inspection_id' from evidence where id = $1", evidence_id)
    assert kept == str(inspection)


async def test_without_an_item_nothing_is_asked_of_the_catalogue(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    _, judged = await hand_in(custodian, officer, at(custodian.clock))
    assert judged.verdict.outcome == "ADMITTED"
    assert "item" not in judged.verdict.inputs
