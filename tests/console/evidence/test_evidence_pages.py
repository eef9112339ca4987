"""`/desk/evidence` and `/desk/content-reviews`: found, seen whole, reviewed one after the other; each look is told."""

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from agency.model import Role
from device_registry.queries import Policy, PolicyName, set_policy
from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_device, a_photo, a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.evidence.test_admission import hand_in

CAPTURED = beginning_of(date(2026, 6, 1))


@pytest.fixture(autouse=True)
async def people(custodian: Custodian, desk: Desk) -> OfficerWithPhone:
    unit_id = await a_unit(custodian.database)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(custodian.database, unit_id, "reviewer", Role.LEGAL_REVIEWER)
    return await an_officer(custodian.database, unit_id)


async def test_a_supervisor_finds_what_was_refused_and_sees_why(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, people.unit_id, verified=None)
    body = a_photo(12)
    held, _ = await hand_in(custodian, people, CAPTURED, body, device_tag=meter.tag)
    await hand_in(custodian, people, CAPTURED + timedelta(days=1))
    await desk.sign_in("supervisor")
    found = await desk.read("/desk/evidence", state="HELD", reason="NEVER_VERIFIED", device=meter.tag)
    assert found.text.count(f"/desk/evidence/{held}") == 1
    assert "没有符合条件的证据" in text_of(await desk.read("/desk/evidence", state="HELD", device="SLM-404"))
    wrong = await desk.read("/desk/evidence", sha256="abc")
    assert wrong.status_code == 400
    assert "64 位十六进制数" in text_of(wrong)
    assert "没有符合条件的证据" in text_of(await desk.read("/desk/evidence", near="114.3, 30.6", metres="5000"))
    assert "须为“经度, 纬度”" in text_of(await desk.read("/desk/evidence", near="汉口"))
    seen = text_of(await desk.read(f"/desk/evidence/{held}"))
    assert "采集当时没有有效的检定证书" in seen
    assert "承诺" in seen
    picture = await desk.read(f"/desk/evidence/{held}/preview")
    assert (picture.headers["content-type"], picture.content[:2]) == ("image/jpeg", b"\xff\xd8")
    original = await desk.read(f"/desk/evidence/{held}/original")
    assert original.content == body
    assert original.headers["content-disposition"].startswith("attachment")
    async with custodian.database.connection() as db:
        told = await db.fetch("select event from custody_entry where evidence_id = $1 order by id desc limit 2", held)
    assert [row["event"] for row in told] == ["evidence:content:read", "evidence:record:viewed"]


async def test_where_policy_asks_the_page_is_opened_by_a_reason_and_the_reason_is_listed(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone
) -> None:
    one, _ = await hand_in(custodian, people, CAPTURED, a_photo(31))
    async with custodian.database.transaction() as db:
        policy = Policy(people.unit_id, PolicyName.ACCESS_REASON, 2, date(2026, 1, 1), None, "江岸城管〔2026〕7号")
        await set_policy(db, policy, custodian.clock.now(), None)
    await desk.sign_in("supervisor")
    for address in (f"/desk/evidence/{one}", f"/desk/evidence/{one}/original"):
        asked = await desk.read(address)
        assert (asked.status_code, asked.headers["location"]) == (303, f"/desk/evidence/{one}/reason")
    assert (await desk.read(f"/desk/evidence/{one}/preview")).status_code == 428
    assert "八小时内" in text_of(await desk.read(f"/desk/evidence/{one}/reason"))
    empty = await desk.send(f"/desk/evidence/{one}/reason", {"purpose": "CASE"})
    assert (empty.status_code, "field-reason" in empty.text) == (400, True)
    said = await desk.send(f"/desk/evidence/{one}/reason", {"purpose": "CASE", "reason": "案号 2026-7"})
    assert said.headers["location"] == f"/desk/evidence/{one}"
    assert "案号 2026-7" in text_of(await desk.read(f"/desk/evidence/{one}"))
    assert (await desk.read(f"/desk/evidence/{one}/preview")).status_code == 200
    listed = text_of(await desk.read("/desk/custody", event="evidence:access:reasoned"))
    assert "办理案件 · 案号 2026-7" in listed
    assert "没有符合条件的流转记录" in text_of(await desk.read("/desk/custody", to="2020-01-01T00:00"))
    for wrong in ({"officer": "x"}, {"event": "x"}, {"after": "x"}, {"from": "2020-01-01T00:00"}):
        assert (await desk.read("/desk/custody", **wrong)).status_code == 400


async def test_whoever_reviews_the_queue_has_said_for_what(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, people.unit_id)
    one, _ = await hand_in(custodian, people, CAPTURED, a_photo(32), device_tag=meter.tag)
    async with custodian.database.transaction() as db:
        policy = Policy(people.unit_id, PolicyName.ACCESS_REASON, 2, date(2026, 1, 1), None, "江岸城管〔2026〕7号")
        await set_policy(db, policy, custodian.clock.now(), None)
    await desk.sign_in("reviewer")
    assert (await desk.read(f"/desk/content-reviews/{one}")).status_code == 200
    assert (await desk.read(f"/desk/evidence/{one}/preview")).status_code == 200
    assert (await desk.read(f"/desk/evidence/{one}/original")).status_code == 303


async def test_records_are_reviewed_one_after_the_other(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, people.unit_id)
    one, _ = await hand_in(custodian, people, CAPTURED, device_tag=meter.tag)
    other, _ = await hand_in(custodian, people, CAPTURED, device_tag=meter.tag)
    await do_due(custodian)
    await desk.sign_in("reviewer")
    assert "等待内容审核的记录" in text_of(await desk.read("/desk"))
    assert f"/desk/content-reviews/{one}" in (await desk.read("/desk/content-reviews")).text
    path = f"/desk/content-reviews/{one}"
    assert 'rel="next"' in (await desk.read(path)).text
    good = dict.fromkeys(("is_true", "is_clear", "is_complete", "is_accurate"), "true")
    blurred = await desk.send(path, good | {"is_clear": ""})
    assert blurred.status_code == 422
    assert "须写明理由" in text_of(blurred)
    sent = await desk.send(path, good)
    assert sent.headers["location"] == f"/desk/content-reviews/{other}"
    assert "内容审核通过" in text_of(await desk.read(f"/desk/evidence/{one}"))
    last = await desk.send(f"/desk/content-reviews/{other}", {"reason": "车牌无法辨认"})
    assert last.headers["location"] == "/desk/content-reviews"
    assert "没有等待审核的记录" in text_of(await desk.read("/desk/content-reviews"))
    assert "车牌无法辨认" in text_of(await desk.read(f"/desk/evidence/{other}"))


async def test_nobody_beyond_the_unit_finds_it(desk: Desk, custodian: Custodian, people: OfficerWithPhone) -> None:
    evidence_id, _ = await hand_in(custodian, people, CAPTURED)
    elsewhere = await a_unit(custodian.database)
    await somebody(custodian.database, elsewhere, "stranger", Role.SUPERVISOR)
    await desk.sign_in("stranger")
    for path in (f"/desk/evidence/{evidence_id}", f"/desk/evidence/{evidence_id}/preview"):
        assert (await desk.read(path)).status_code == 404
    assert (await desk.read(f"/desk/content-reviews/{evidence_id}")).status_code == 403


async def test_a_bundle_is_exported_for_a_reason_and_downloaded(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone, tmp_path: Path
) -> None:
    evidence_id, _ = await hand_in(custodian, people, CAPTURED)
    signer = LogSigner.load_or_create(tmp_path / "log-signing-keys.pem")
    await introduce(custodian.database, custodian.clock, signer)
    await integrate(custodian.database, custodian.clock, signer)
    await desk.sign_in("supervisor")
    assert (await desk.send(f"/desk/evidence/{evidence_id}/export", {"why": " "})).status_code == 400
    made = await desk.send(f"/desk/evidence/{evidence_id}/export", {"why": "法院调取"})
    path = made.headers["location"]
    waiting = await desk.read(path)
    assert "法院调取" in text_of(waiting)
    assert f'data-address="{path}/progress"' in waiting.text
    assert (await desk.read(f"{path}/progress")).json() == {"state": "WAITING", "done": 0, "total": 1}
    assert (await desk.read(f"{path}/bundle")).headers["location"] == path
    await do_due(custodian)
    assert (await desk.read(f"{path}/progress")).json()["state"] == "DONE"
    assert f'href="{path}/bundle"' in (await desk.read(path)).text
    downloaded = await desk.read(f"{path}/bundle")
    with zipfile.ZipFile(io.BytesIO(downloaded.content)) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("/verify.py") for name in archive.namelist())
    await desk.sign_in("reviewer")
    assert (await desk.read(path)).status_code == 200


async def test_supervision_shows_refusals_by_reason_and_unit_devices_that_go_on_and_what_came_twice(
    desk: Desk, custodian: Custodian, people: OfficerWithPhone
) -> None:
    meter = await a_device(custodian.database, custodian.clock, people.unit_id, verified=None)
    body = a_photo(31)
    held = [(await hand_in(custodian, people, CAPTURED, body, device_tag=meter.tag))[0] for _ in range(2)]
    await hand_in(custodian, people, CAPTURED)
    await desk.sign_in("supervisor")
    assert "七天内不能作为证据的材料" in text_of(await desk.read("/desk"))
    page = await desk.read("/desk/supervision")
    assert "从未检定 2" in " ".join(text_of(page).split())
    assert f"/desk/devices/{meter.id}" in page.text
    assert all(f"/desk/evidence/{one}" in page.text for one in held)
    elsewhere = await a_unit(custodian.database)
    await somebody(custodian.database, elsewhere, "stranger", Role.SUPERVISOR)
    await desk.sign_in("stranger")
    assert "最近没有不能作为证据的材料" in text_of(await desk.read("/desk/supervision"))
