"""Notices from a desk: what somebody writes and what is known of the inspection become one document."""

from datetime import date
from hashlib import sha256
from typing import Any

import httpx
import pytest

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act, ItemVersion
from agency.model import PersonKind, Role, UnitKind
from evidence.custodian import Custodian
from inspection.documents.notices import NewInspectionNotice, NewNoPenaltyNotice, issue_notice
from inspection.documents.problems import DocumentContentRefused
from inspection.model import Inspection
from inspection.tasks import approve
from tests.agency.builders import a_person
from tests.agency.builders import a_unit as another_unit
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.inspection.builders import a_task
from tests.inspection.documents.test_issue import Visit, client, file_of, signed_in, text_of

__all__ = ["client"]

BEFORE = NewInspectionNotice(begins_on=date(2026, 6, 20), ends_on=date(2026, 6, 21), scope="油烟净化设施运行情况")
UNFINED = NewNoPenaltyNotice(facts="油烟净化设施未按期清洗", violated="《大气法》第八十一条", education="按期清洗")


async def a_visit(custodian: Custodian, **members: Any) -> tuple[Inspection, OfficerWithPhone, OfficerWithPhone]:
    """Approved, of an item that the unit may carry out."""
    unit_id = await a_unit(custodian.database)
    first, second = [await an_officer(custodian.database, unit_id) for _ in range(2)]
    async with custodian.database.transaction() as db:
        item = ItemVersion(
            code="FUMES", act=Act.INSPECTION, name_zh="油烟检查", name_en="Fumes",
            legal_basis="《大气污染防治法》第二十九条", unit_id=unit_id, begins=date(2020, 1, 1),
        )  # fmt: skip
        await items.add_version(db, item, custodian.clock.now(), None)
    task = await a_task(custodian.database, custodian.clock, first, second, items=["FUMES"], **members)
    async with custodian.database.transaction() as db:
        await approve(db, custodian.clock, task.id, first.person_id)
    return task, first, second


async def test_a_notice_before_the_visit_says_who_comes_when_and_by_which_provision(custodian: Custodian) -> None:
    task, first, _ = await a_visit(custodian)
    issued = await issue_notice(custodian, task.id, BEFORE, first.person_id)
    again = await issue_notice(custodian, task.id, BEFORE, first.person_id)
    assert issued.id == again.id
    assert issued.number == "检通〔2026〕0001号"
    paper = text_of(await file_of(custodian, issued))
    for words in (
        "检查通知书",
        "大气污染防治法",
        "油烟检查",
        "检批〔2026〕0001号",
        "2026-06-20至2026-06-21",
        "油烟净化设施运行情况",
    ):
        assert words in paper


async def test_days_out_of_order_are_refused(custodian: Custodian) -> None:
    task, first, _ = await a_visit(custodian)
    turned = NewInspectionNotice(begins_on=date(2026, 6, 21), ends_on=date(2026, 6, 20), scope="油烟")
    with pytest.raises(DocumentContentRefused):
        await issue_notice(custodian, task.id, turned, first.person_id)


async def test_nothing_is_fined_only_where_the_officers_told_so_and_named_the_entry(custodian: Custodian) -> None:
    task, first, second = await a_visit(custodian)
    with pytest.raises(DocumentContentRefused):
        await issue_notice(custodian, task.id, UNFINED, first.person_id)
    visit = Visit(custodian, task, first, second)
    await visit.tell(first, {"type": "OUTCOME", "outcome": "NO_PENALTY_MINOR", "list_item": "QW-001"})
    await visit.tell(first, {"type": "PERSON_ON_SITE", "legal_representative": "法定代表人丁"})
    issued = await issue_notice(custodian, task.id, UNFINED, first.person_id)
    paper = text_of(await file_of(custodian, issued))
    for words in ("不予行政处罚", "QW-001", "油烟净化设施未按期清洗", "法定代表人丁"):
        assert words in paper


async def test_a_desk_issues_within_its_reach_and_an_officers_phone_reads_it(
    custodian: Custodian, client: httpx.AsyncClient
) -> None:
    task, _, _ = await a_visit(custodian)
    async with custodian.database.transaction() as db:
        [own] = await agency.units_by_id(db, {task.unit_id}, custodian.clock.now().date())
        other = await another_unit(db, kind=UnitKind.CITY, division_code="420200")
        for name, unit, role in (
            ("lawyer", own, Role.LEGAL_REVIEWER),
            ("stranger", other, Role.LEGAL_REVIEWER),
            ("officer", own, Role.FIELD_OFFICER),
        ):
            kind = PersonKind.OFFICER if role is Role.FIELD_OFFICER else PersonKind.STAFF
            await a_person(db, unit, kind=kind, roles=(role,), sign_in_name=name)
    body = {"kind": "INSPECTION_NOTICE", "begins_on": "2026-06-20", "ends_on": "2026-06-20", "scope": "油烟"}
    path = f"/desk/v1/inspections/{task.id}/documents"
    for name, status in (("stranger", 404), ("officer", 403), ("lawyer", 201)):
        answer = await client.post(path, json=body, headers=await signed_in(client, name))
        assert answer.status_code == status
    document = answer.json()
    assert document["kind_words"] == "检查通知书"
    headers = await signed_in(client, "officer")
    file = await client.get(f"/mobile/v1/inspection-documents/{document['id']}", headers=headers)
    assert sha256(file.content).hexdigest() == document["pdf_sha256"]
    headers = await signed_in(client, "stranger")
    assert (await client.get(f"/mobile/v1/inspection-documents/{document['id']}", headers=headers)).status_code == 404
