"""For what somebody looks: asked where policy says, told before anything is shown; and who did what, over HTTP."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from agency import queries as agency
from agency.model import UnitKind
from device_registry.queries import Policy, PolicyName, set_policy
from evidence.custodian import Custodian
from foundation.civil import beginning_of
from tests.builders import OfficerWithPhone, an_officer
from tests.evidence.test_admission import hand_in
from tests.support import FixedClock

CAPTURED = beginning_of(date(2026, 6, 1))
WHY = {"purpose": "COMPLAINT", "reason": "投诉 2026-118"}


async def asks(custodian: Custodian, unit_id: UUID, value: int) -> None:
    policy = Policy(unit_id, PolicyName.ACCESS_REASON, value, date(2026, 1, 1), None, "江岸城管〔2026〕7号")
    async with custodian.database.transaction() as db:
        await set_policy(db, policy, custodian.clock.now(), None)


async def told(custodian: Custodian, evidence_id: UUID) -> list[str]:
    async with custodian.database.connection() as db:
        rows = await db.fetch("select event from custody_entry where evidence_id = $1 order by id", evidence_id)
    return [row["event"] for row in rows if row["event"].split(":")[1] in ("access", "record", "content")]


@pytest.mark.parametrize(("policy", "record", "original"), [(0, 200, 200), (1, 200, 428), (2, 428, 428)])
async def test_policy_says_what_is_shown_without_a_reason_and_what_is_refused_leaves_no_look(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone, policy: int, record: int, original: int
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    await asks(custodian, officer.unit_id, policy)
    seen = await desk.get(f"/desk/v1/evidence/{evidence_id}")
    read = await desk.get(f"/desk/v1/evidence/{evidence_id}/content")
    assert (seen.status_code, read.status_code) == (record, original)
    if original == 428:
        assert read.json()["type"] == "/problems/reason-needed"
        assert read.json()["title"] == "请先说明查看理由"
    looks = [("evidence:record:viewed", record), ("evidence:content:read", original)]
    assert await told(custodian, evidence_id) == [event for event, status in looks if status == 200]


async def test_a_reason_stands_for_eight_hours_for_this_person_and_this_evidence(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone, clock: FixedClock
) -> None:
    one, _ = await hand_in(custodian, officer, CAPTURED)
    other, _ = await hand_in(custodian, officer, CAPTURED + timedelta(days=1))
    await asks(custodian, officer.unit_id, 2)
    said = await desk.post(f"/desk/v1/evidence/{one}/access-reasons", json=WHY)
    assert said.status_code == 204, said.text
    assert (await desk.get(f"/desk/v1/evidence/{one}/content")).status_code == 200
    assert (await desk.get(f"/desk/v1/evidence/{other}")).status_code == 428
    clock.instant += timedelta(hours=7, minutes=59)
    shown = await desk.get(f"/desk/v1/evidence/{one}")
    entry = next(entry for entry in shown.json()["custody"] if entry["event"] == "evidence:access:reasoned")
    assert (entry["words"], entry["details"]) == ("说明查看理由", WHY)
    clock.instant += timedelta(minutes=2)
    assert (await desk.get(f"/desk/v1/evidence/{one}")).status_code == 428


@pytest.mark.parametrize(
    "wrong", [{}, {"purpose": "CURIOSITY", "reason": "看看"}, {"purpose": "CASE", "reason": ""}, {"purpose": "CASE"}]
)
async def test_a_reason_without_purpose_or_words_is_refused(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone, wrong: dict[str, str]
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    assert (await desk.post(f"/desk/v1/evidence/{evidence_id}/access-reasons", json=wrong)).status_code == 400
    assert (await desk.post(f"/desk/v1/evidence/{uuid4()}/access-reasons", json=WHY)).status_code == 404


async def test_who_did_what_is_listed_by_person_event_and_time_and_ends_at_my_units(
    desk: httpx.AsyncClient, custodian: Custodian, officer: OfficerWithPhone
) -> None:
    mine, _ = await hand_in(custodian, officer, CAPTURED)
    async with custodian.database.transaction() as db:
        elsewhere = await agency.add_unit(db, UnitKind.CITY, "广州市", "Guangzhou", date(2020, 1, 1))
    stranger = await an_officer(custodian.database, elsewhere.id)
    beyond, _ = await hand_in(custodian, stranger, CAPTURED)
    await desk.get(f"/desk/v1/evidence/{mine}")

    async def listed(**asked: str) -> list[tuple[str | None, str]]:
        answer = await desk.get("/desk/v1/custody-entries", params=asked)
        assert answer.status_code == 200, answer.text
        return [(one["evidence_id"], one["entry"]["event"]) for one in answer.json()["entries"]]

    everything = await listed()
    assert everything[0] == (str(mine), "evidence:record:viewed")
    assert str(beyond) not in {evidence_id for evidence_id, _ in everything}
    assert await listed(actor_id=str(stranger.person_id)) == []
    assert set(await listed(event="evidence:record:viewed")) == {(str(mine), "evidence:record:viewed")}
    by_officer = await listed(actor_id=str(officer.person_id))
    assert "evidence:commitment:received" in {event for _, event in by_officer}
    assert len(by_officer) < len(everything)
    assert await listed(unit_id=str(elsewhere.id)) == []
    assert await listed(ends="2020-01-01T00:00:00Z") == []
    first = (await desk.get("/desk/v1/custody-entries", params={"most": "1"})).json()
    second = (await desk.get("/desk/v1/custody-entries", params={"most": "1", "before": str(first["next"])})).json()
    assert [first["entries"][0]["entry"]["event"], second["entries"][0]["entry"]["event"]] == [
        event for _, event in everything[:2]
    ]
    wide = await desk.get("/desk/v1/custody-entries", params={"begins": "2020-01-01T00:00:00Z"})
    assert (wide.status_code, wide.json()["field"]) == (400, "begins")
