"""An inspection closes when somebody asks and nothing is missing; a late arrival closes it, too."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from evidence import upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from inspection import queries
from inspection.current import settle
from inspection.gaps import gaps_of
from inspection.model import Inspection
from inspection.pulling import Feeds
from inspection.pushing import push
from inspection.tasks import approve
from tests.builders import OfficerWithPhone, a_photo, a_unit, an_officer, in_chunks
from tests.inspection.builders import AT, a_task, told

RECORD = '{"findings":[]}'
SHA = hashlib.sha256(RECORD.encode()).hexdigest()


async def a_visit(
    custodian: Custodian, *, without: tuple[str, ...] = (), more: tuple[dict[str, Any], ...] = ()
) -> tuple[Inspection, OfficerWithPhone]:
    """A visit of two officers that somebody asks to close."""
    unit_id = await a_unit(custodian.database)
    a, b = await an_officer(custodian.database, unit_id), await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, a, b)
    async with custodian.database.transaction() as db:
        assert await approve(db, custodian.clock, task.id, a.person_id)
    whats: list[tuple[OfficerWithPhone, dict[str, Any]]] = [
        (a, {"type": "SCANNED_IN", "code": "92420102MADEM00114"}),
        *((one, {"type": "JOINED"}) for one in (a, b)),
        *((one, {"type": "CREDENTIAL_SHOWN", "credential_no": "1"}) for one in (a, b)),
        (a, {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"}),
        (a, {"type": "OUTCOME", "outcome": "PASS"}),
        (a, {"type": "CAP", "counts": True, "reason": "日常检查"}),
        *((a, what) for what in more),
        (a, {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": RECORD}),
        *((one, {"type": "SIGNATURE", "document_sha256": SHA, "signer": "OFFICER"}) for one in (a, b)),
        (a, {"type": "SIGNATURE", "document_sha256": SHA, "signer": "PARTY", "name": "—"}),
        (a, {"type": "CLOSED"}),
    ]
    signed = [
        told(officer, task.id, what, earliest=AT + timedelta(minutes=number), latest=AT + timedelta(minutes=number))
        for number, (officer, what) in enumerate(whats)
        if what["type"] not in without
    ]
    assert {answer.result for answer in await push(custodian, signed, a.courier)} == {"RECORDED"}
    return task, a


async def state(custodian: Custodian, officer: OfficerWithPhone) -> str:
    answer = msgspec.json.decode(await Feeds(custodian.database).changes(officer.person_id, 0))
    return str(answer["inspections"][0]["state"])


async def test_a_whole_visit_closes(custodian: Custodian) -> None:
    _, officer = await a_visit(custodian)
    assert await state(custodian, officer) == "CLOSED"


async def test_a_visit_that_lacks_something_stays_open_until_somebody_answers_for_it(custodian: Custodian) -> None:
    task, officer = await a_visit(custodian, without=("SCANNED_IN",))
    assert await state(custodian, officer) == "UNDER_WAY"
    waiver = told(officer, task.id, {"type": "WAIVER", "gap": "SCAN_IN_MISSING", "reason": "企业无码"})
    await push(custodian, [waiver], officer.courier)
    assert await state(custodian, officer) == "CLOSED"


async def test_a_photograph_that_arrives_late_closes_the_visit(custodian: Custodian) -> None:
    body, evidence_id = a_photo(), uuid4()
    listed = {
        "type": "EVIDENCE",
        "evidence_id": str(evidence_id),
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "media_type": "image/jpeg",
    }
    task, officer = await a_visit(custodian, more=(listed,))
    now = custodian.clock.now()
    async with custodian.database.connection() as db:
        [gap] = await gaps_of(db, task.id, now)
        assert await queries.closing(db) == [task.id]
    assert (gap.code, gap.phone_id) == ("EVIDENCE_NOT_RECEIVED", officer.phone_id)
    captured = datetime(2026, 6, 15, 3, tzinfo=UTC)
    await commit(custodian, officer.commitment(body, captured, evidence_id=evidence_id), officer.courier)
    assert await settle(custodian.database, now) == 0
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
    assert await settle(custodian.database, now) == 1
    assert await state(custodian, officer) == "CLOSED"
