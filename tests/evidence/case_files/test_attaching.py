"""A case rests on what counts, and on what a device recorded once its content has been reviewed."""

from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from agency.model import Actor, Role
from device_registry.model import Device
from evidence.case_files import attaching
from evidence.case_files.model import CaseFile
from evidence.case_files.problems import CaseNotFound, CaseNumberTaken, EvidenceNotUsable
from evidence.custodian import Custodian
from tests.builders import OfficerWithPhone
from tests.evidence.content_review.test_content_review import CAPTURED, judge, meter, somebody
from tests.evidence.test_admission import hand_in

__all__ = ["meter"]
CASE = UUID(int=77)


async def a_case(custodian: Custodian, who: Actor, unit_id: UUID) -> None:
    case = CaseFile(id=CASE, number="2026-1", unit_id=unit_id, title="噪声超标", opened_on=date(2026, 6, 1))
    await attaching.open_case(custodian.database, custodian.clock, who, case)


async def attach(custodian: Custodian, who: Actor, evidence_id: UUID) -> None:
    await attaching.attach(custodian.database, custodian.clock, who, CASE, evidence_id)


async def test_a_case_rests_on_what_counts_and_was_reviewed_and_the_database_refuses_the_rest(
    custodian: Custodian, officer: OfficerWithPhone, meter: Device
) -> None:
    keeper = await somebody(custodian, officer.unit_id, Role.FIELD_OFFICER)
    reviewer = await somebody(custodian, officer.unit_id, Role.LEGAL_REVIEWER)
    await a_case(custodian, keeper, officer.unit_id)
    held, _ = await hand_in(custodian, officer, CAPTURED - timedelta(days=3000), device_tag=meter.tag)
    unreviewed, _ = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    by_hand, _ = await hand_in(custodian, officer, CAPTURED)
    for refused, code in ((held, "NEVER_VERIFIED"), (unreviewed, "CONTENT_NOT_REVIEWED")):
        with pytest.raises(EvidenceNotUsable) as why:
            await attach(custodian, keeper, refused)
        reasons = why.value.members["reasons"]
        assert isinstance(reasons, list)
        assert len(reasons) >= 1
        if code == "CONTENT_NOT_REVIEWED":
            assert [reason["code"] for reason in reasons] == [code]
        with pytest.raises(asyncpg.PostgresError, match=r"cannot be attached|once its content"):
            async with custodian.database.transaction() as db:
                await db.execute(
                    "insert into case_evidence values ($1, $2, $3, now())", CASE, refused, keeper.person_id
                )
    await judge(custodian, reviewer, unreviewed)
    for usable in (unreviewed, by_hand, by_hand):
        await attach(custodian, keeper, usable)
    async with custodian.database.connection() as db:
        told = await db.fetchval("select count(*) from custody_entry where event = 'case:evidence:attached'")
    assert told == 2
    elsewhere = await somebody(custodian, officer.unit_id)
    with pytest.raises(CaseNotFound):
        await attach(custodian, elsewhere, by_hand)


async def test_a_unit_opens_one_case_under_a_number(custodian: Custodian, officer: OfficerWithPhone) -> None:
    keeper = await somebody(custodian, officer.unit_id, Role.FIELD_OFFICER)
    await a_case(custodian, keeper, officer.unit_id)
    again = CaseFile(
        id=UUID(int=78), number="2026-1", unit_id=officer.unit_id, title="又一件", opened_on=date(2026, 6, 1)
    )
    with pytest.raises(CaseNumberTaken):
        await attaching.open_case(custodian.database, custodian.clock, keeper, again)
