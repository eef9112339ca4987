"""A device's life in the forms of its page: who is offered which step, what a refusal says, what history keeps."""

from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency.model import Role
from device_registry import queries
from device_registry.model import Mounting, State
from device_registry.record import record_fact, record_facts
from device_registry.register import register_device
from foundation.civil import day_of
from foundation.database import Database
from tests.agency.builders import City, a_city
from tests.builders import a_photo
from tests.console.conftest import Desk, somebody, text_of
from tests.device_registry.builders import a_pass, a_registration, beijing, in_service
from tests.support import FixedClock

PEOPLE = {
    "manager": (Role.DEVICE_MANAGER,),
    "manager-b": (Role.DEVICE_MANAGER,),
    "legal": (Role.LEGAL_REVIEWER,),
    "technical": (Role.TECHNICAL_REVIEWER,),
    "publicity": (Role.PUBLICITY_OFFICER,),
    "head": (Role.ENTITY_HEAD,),
    "both": (Role.DEVICE_MANAGER, Role.LEGAL_REVIEWER),
}
SITE = {
    "address": "解放大道 1 号",
    "monitored_items": "超速行驶\r\n违反禁止标线\r\n",
    "basis_name": "中华人民共和国道路交通安全法",
    "basis_article": "第一百一十四条",
    "basis_level": "LAW",
    "necessity": "事故多发。",
    "place.longitude": "114.299",
    "place.latitude": "30.595",
    "place.datum": "GCJ02",
}
LEGAL = ("AUTHORITY", "BASIS_IN_FORCE", "NECESSITY", "PERSONAL_INFORMATION", "REASONABLE_SITE")
TECHNICAL = (
    "STANDARDS_MET", "TYPE_APPROVED", "INSTALLATION_ACCEPTED", "TIME_SYNCHRONISED", "DATA_INTEGRITY", "SIGNS_IN_PLACE",
)  # fmt: skip


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    for name, roles in PEOPLE.items():
        await somebody(database, city.east.id, name, *roles)
    return city


@pytest_asyncio.fixture
async def radar(database: Database, clock: FixedClock, city: City) -> UUID:
    """A fixed device, registered and nothing more."""
    asked = replace(a_registration("SRF-1", "SPEED_RADAR_FIXED", city.street.id), mounting=Mounting.FIXED)
    return (await register_device(database, clock, asked)).id


def a_review(version: str, outcome: str = "PASSED", points: tuple[str, ...] = LEGAL) -> dict[str, object]:
    return {
        "site_version_id": version,
        "outcome": outcome,
        "points": list(points),
        "opinion": "符合要求。",
        "reviewing_body": "司法局",
        "document_no": "审〔2026〕1号",
        "reviewed_on": "2026-06-15",
    }


async def the_version(database: Database, device_id: UUID) -> str:
    async with database.connection() as db:
        return str((await queries.facts_of(db, device_id)).site_versions[-1].id)


async def test_from_proposal_to_service_and_through_a_suspension_back_every_step_is_a_form(
    desk: Desk, database: Database, clock: FixedClock, city: City, radar: UUID
) -> None:
    page, steps = f"/desk/devices/{radar}", f"/desk/devices/{radar}/steps"

    async def take(name: str, step: str, fields: dict[str, object]) -> None:
        clock.advance(timedelta(minutes=1))
        await desk.sign_in(name)
        where = await desk.read(page)
        taken = await desk.send(f"{steps}/{step}", fields)
        assert taken.status_code == 303, text_of(taken)
        assert step in where.text
        assert taken.headers["location"].startswith(f"{page}?done={step}")
        assert "已记录" in (await desk.read(taken.headers["location"])).text

    await take("manager", "propose", dict(SITE))
    version = await the_version(database, radar)
    await take("technical", "review-technical", a_review(version, points=TECHNICAL))
    await take("legal", "review-legal", a_review(version))
    told = {"site_version_id": version, "announced_on": "2026-06-15", "channel": "政府网站", "content": "解放大道 1 号"}
    await take("publicity", "announce", dict(told))
    certificate = {
        "certificate_no": "JL-1", "issuing_body": "省院", "verified_on": "2026-06-01", "valid_until": "2027-05-31",
        "nature": "VERIFICATION", "occasion": "INITIAL",
    }  # fmt: skip
    await desk.sign_in("manager")
    assert (await desk.send(f"{steps}/verification_certificate", dict(certificate))).status_code == 303
    await desk.send(f"{steps}/sign_check", {"checked_on": "2026-06-15", "clear": "true"})
    await take("head", "put-in-service", {})
    assert "可以取证" in text_of(await desk.read(page))
    await take("manager", "suspend", {"occurred_at": "2026-06-15T12:06", "cause": "FAULT", "reason": "镜头损坏"})
    await take("manager", "rectify", {"document_no": "整1", "deadline": "2026-07-15", "responsible": "设备科"})
    await take("manager-b", "report-rectification", {"document_no": "整2", "reason": "已更换"})
    await take("head", "release", {})
    async with database.connection() as db:
        [line] = await queries.listed(db, queries.Filter(units=[city.street.id]), clock.now(), most=9)
    assert (line.state, line.in_standing) == (State.IN_SERVICE, True)
    history = text_of(await desk.read(page, tab="history"))
    assert all(word in history for word in ("设置方案", "公告", "检定证书", "镜头损坏", "超速行驶、违反禁止标线"))


async def test_who_proposed_is_told_on_the_form_that_they_cannot_review(
    desk: Desk, database: Database, radar: UUID
) -> None:
    await desk.sign_in("both")
    await desk.send(f"/desk/devices/{radar}/steps/propose", dict(SITE))
    refused = await desk.send(f"/desk/devices/{radar}/steps/review-legal", a_review(await the_version(database, radar)))
    assert refused.status_code == 403
    assert "提出方案的人" in text_of(refused)
    assert "符合要求。</textarea>" in refused.text, "what was typed is kept"
    assert 'role="alert"' in refused.text


async def test_a_refusal_stands_beside_its_field_and_everything_typed_is_kept(desk: Desk, radar: UUID) -> None:
    await desk.sign_in("manager")
    page = await desk.send(f"/desk/devices/{radar}/steps/propose", SITE | {"basis_level": "RULE"})
    assert page.status_code == 422
    field = page.text[page.text.index('id="field-basis_level"') :]
    assert 'aria-describedby="hint-basis_level error-basis_level" aria-invalid="true"' in field
    assert '<option value="RULE" selected>' in field
    assert "超速行驶\r\n违反禁止标线" in page.text
    assert 'value="114.299"' in page.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"verified_on": "2027-01-01"}, "verified_on"),
        ({"verified_on": ""}, "verified_on"),
        ({"verified_on": "31.12.2025"}, "verified_on"),
        ({"valid_until": "2026-01-01"}, "valid_until"),
        ({"issued_sequence": "zwei"}, "issued_sequence"),
        ({"certificate_no": "x" * 201}, "certificate_no"),
        ({"nature": "GUESS"}, "nature"),
    ],
)
async def test_what_does_not_fit_is_said_beside_the_field_it_is_about(
    desk: Desk, radar: UUID, change: dict[str, str], field: str
) -> None:
    await desk.sign_in("manager")
    certificate = {
        "certificate_no": "JL-1", "issuing_body": "省院", "verified_on": "2026-06-01", "valid_until": "2027-05-31",
        "nature": "VERIFICATION", "occasion": "INITIAL",
    }  # fmt: skip
    page = await desk.send(f"/desk/devices/{radar}/steps/verification_certificate", certificate | change)
    assert page.status_code in (400, 422)
    assert f'id="error-{field}"' in page.text
    assert "省院" in page.text


async def test_a_scan_is_kept_even_when_another_field_is_refused_and_can_be_saved_afterwards(
    desk: Desk, radar: UUID
) -> None:
    await desk.sign_in("manager")
    step = f"/desk/devices/{radar}/steps/verification_certificate"
    certificate = {
        "certificate_no": "JL-1", "issuing_body": "省院", "verified_on": "2026-06-01", "valid_until": "",
        "nature": "VERIFICATION", "occasion": "INITIAL",
    }  # fmt: skip
    photo = a_photo(7)
    refused = await desk.send(step, certificate, files={"document_sha256": ("扫描.jpg", photo, "image/jpeg")})
    assert refused.status_code == 400
    digest = refused.text.split('name="document_sha256" value="')[1].split('"')[0]
    taken = await desk.send(step, certificate | {"valid_until": "2027-05-31", "document_sha256": digest})
    assert taken.status_code == 303, text_of(taken)
    facts = (await desk.read(f"/desk/devices/{radar}", tab="facts")).text
    assert f"/desk/documents/{digest}" in facts
    assert (await desk.read(f"/desk/documents/{digest}")).content == photo


async def test_a_corrected_fact_stays_in_the_history_with_its_reason(
    desk: Desk, database: Database, clock: FixedClock, radar: UUID
) -> None:
    await desk.sign_in("manager")
    wrong = a_pass("2026-06-01", "2028-05-31", number="JL-WRONG")
    await record_fact(database, clock, radar, wrong)
    form = await desk.read(f"/desk/devices/{radar}/corrections/{wrong.id}")
    assert 'value="2028-05-31"' in form.text
    typed = {
        "certificate_no": "JL-RIGHT", "issuing_body": "省院", "verified_on": "2026-06-01", "valid_until": "2027-05-31",
        "nature": "VERIFICATION", "occasion": "INITIAL",
    }  # fmt: skip
    without_reason = await desk.send(f"/desk/devices/{radar}/corrections/{wrong.id}", dict(typed))
    assert 'id="error-correction_reason"' in without_reason.text
    taken = await desk.send(f"/desk/devices/{radar}/corrections/{wrong.id}", typed | {"correction_reason": "年份抄错"})
    assert taken.status_code == 303, text_of(taken)
    history = text_of(await desk.read(f"/desk/devices/{radar}", tab="history"))
    assert all(word in history for word in ("JL-WRONG", "JL-RIGHT", "年份抄错", "已更正"))
    facts = text_of(await desk.read(f"/desk/devices/{radar}", tab="facts"))
    assert "JL-RIGHT" in facts
    assert "JL-WRONG" not in facts
    assert (await desk.read(f"/desk/devices/{radar}/corrections/{wrong.id}")).status_code == 404


async def test_steps_are_offered_and_open_only_to_who_may_take_them(desk: Desk, radar: UUID) -> None:
    await desk.sign_in("legal")
    assert "steps/propose" not in (await desk.read(f"/desk/devices/{radar}")).text
    page = await desk.read(f"/desk/devices/{radar}/steps/propose")
    assert page.status_code == 403
    assert "监控设备管理员" in text_of(page)
    assert (await desk.send(f"/desk/devices/{radar}/steps/propose", dict(SITE))).status_code == 403
    assert (await desk.read(f"/desk/devices/{radar}/steps/fly")).status_code == 404


async def test_a_device_beyond_the_readers_units_is_a_page_not_found(
    desk: Desk, database: Database, clock: FixedClock, city: City
) -> None:
    west = await register_device(database, clock, a_registration("WEST-1", unit_id=city.west.id))
    await desk.sign_in("manager")
    for path in ("", "/steps/suspend", "?tab=history"):
        assert (await desk.read(f"/desk/devices/{west.id}{path}")).status_code == 404


async def test_the_page_answers_for_any_instant_also_as_it_was_known_then(
    desk: Desk, database: Database, clock: FixedClock, city: City
) -> None:
    device = await register_device(database, clock, a_registration("SLM-1", unit_id=city.street.id))
    async with database.transaction() as db:
        facts = (in_service(), a_pass("2025-06-01", "2026-05-31"))
        await record_facts(db, clock, [(device.id, fact) for fact in facts])
    clock.advance(timedelta(hours=1))
    async with database.transaction() as db:
        await record_facts(db, clock, [(device.id, a_pass("2025-01-01", "2025-05-31"))])
    await desk.sign_in("manager")
    page = f"/desk/devices/{device.id}"
    then = text_of(await desk.read(page, at="2025-03-01T10:00"))
    assert "2025-03-01 10:00 ● 可以取证" in then
    as_known = text_of(await desk.read(page, at="2025-03-01T10:00", known="2026-06-15T12:30"))
    assert "未经依法检定" in as_known
    assert "检定已于 2026 年 5 月 31 日到期" in then, "and says what is now"
    before = await desk.read(page, at="2025-03-01T10:00", known="2020-01-01T00:00")
    assert before.status_code == 404
    assert 'id="error-known"' in before.text
    nonsense = await desk.read(page, at="yesterday")
    assert nonsense.status_code == 400
    assert 'id="error-at"' in nonsense.text


async def test_what_people_wrote_is_text_on_every_page(
    desk: Desk, database: Database, clock: FixedClock, city: City
) -> None:
    hostile = "<script>alert(1)</script>\"'"
    device = await register_device(database, clock, a_registration(hostile, unit_id=city.street.id))
    await desk.sign_in("manager")
    paths = [f"?tab={tab}" for tab in ("summary", "facts", "site", "evidence", "history")] + ["/steps/suspend"]
    for path in ["/desk/devices", *(f"/desk/devices/{device.id}{path}" for path in paths)]:
        page = await desk.read(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path
        assert "&lt;script&gt;alert(1)" in page.text, path


async def test_a_device_is_registered_for_a_unit_that_the_reader_manages(
    desk: Desk, database: Database, city: City
) -> None:
    await desk.sign_in("manager")
    typed = {
        "tag": "SLM-9", "kind": "SOUND_LEVEL", "unit_id": str(city.street.id), "serial_no": "9", "model": "AWA",
        "maker": "爱华", "mounting": "HANDHELD",
    }  # fmt: skip
    refused = await desk.send("/desk/devices/new", typed | {"unit_id": str(city.west.id)})
    assert 'id="error-unit_id"' in refused.text
    registered = await desk.send("/desk/devices/new", dict(typed))
    assert registered.status_code == 303
    assert "SLM-9" in (await desk.read(registered.headers["location"])).text
    taken = await desk.send("/desk/devices/new", dict(typed))
    assert (taken.status_code, 'id="error-tag"' in taken.text) == (409, True)


async def test_a_queue_says_how_long_each_has_waited_and_which_are_late(
    desk: Desk, database: Database, clock: FixedClock, city: City, radar: UUID
) -> None:
    await desk.sign_in("manager")
    await desk.send(f"/desk/devices/{radar}/steps/propose", dict(SITE))
    await desk.sign_in("legal")
    assert "0 天（限 20 天）" in text_of(await desk.read("/desk/reviews"))
    assert "1 待法制审核" in text_of(await desk.read("/desk"))
    clock.advance(timedelta(days=21))
    async with database.transaction() as db:
        policy = queries.Policy(
            city.east.id, queries.PolicyName.REVIEW_DAYS, 10, day_of(beijing("2026-07-01 00:00")), None, "区规定"
        )
        await queries.set_policy(db, policy, clock.now(), None)
    await desk.sign_in("legal")
    assert "21 天，超过 10 天" in text_of(await desk.read("/desk/reviews"))
    assert (await desk.read("/desk/announcements")).status_code == 403
    await desk.sign_in("publicity")
    assert "没有等候公布的设置方案" in text_of(await desk.read("/desk/announcements"))
