"""`/desk/clues`: registered, what is late first, the next step in one form, and who told only where asked for."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from agency.model import Role
from evidence.custodian import Custodian
from foundation.database import Database
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of
from tests.support import FixedClock


@pytest.fixture(autouse=True)
async def unit(custodian: Custodian, desk: Desk) -> UUID:
    unit_id = await a_unit(custodian.database)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR, words="监督员")
    await somebody(custodian.database, unit_id, "reviewer", Role.LEGAL_REVIEWER)
    return unit_id


def a_clue(unit_id: UUID, **more: str) -> dict[str, str]:
    return {
        "channel": "HOTLINE_12345",
        "channel_number": "RX-1",
        "unit_id": str(unit_id),
        "received_at": "2026-06-12T09:00",
        "text": "执法人员没有出示证件",
        "reporter_name": "某甲",
        "reporter_contact": "027-0000-0000",
        **more,
    }


async def test_a_clue_goes_from_its_form_to_its_closing_by_another(desk: Desk, unit: UUID) -> None:
    await desk.sign_in("supervisor")
    wrong = await desk.send("/desk/clues/new", a_clue(unit, about_uscc="123"))
    assert wrong.status_code == 422
    assert "统一社会信用代码不正确" in text_of(wrong)
    made = await desk.send("/desk/clues/new", a_clue(unit, about_device="SLM-9"))
    assert made.status_code == 303
    path = made.headers["location"]
    assert path.startswith("/desk/clues/")
    seen = await desk.read(path)
    assert "某甲" not in seen.text
    assert 'href="/desk/devices/SLM-9"' in seen.text
    assert "某甲" in (await desk.send(f"{path}/reporter")).text
    steps = (
        {"after": "0", "step": "ACCEPTED"},
        {"after": "1", "step": "ASSIGNED", "unit_id": str(unit)},
        {"after": "2", "step": "LOOKED_INTO", "text": "调阅了记录"},
        {"after": "3", "step": "RESULT", "text": "反映属实"},
        {"after": "4", "step": "REPLIED", "text": "电话答复"},
    )
    for fields in steps:
        taken = await desk.send(path, fields)
        assert taken.status_code == 303, text_of(taken)
    assert (await desk.send(path, {"after": "5", "step": "CLOSED", "text": "办结"})).status_code == 403
    stale = await desk.send(path, {"after": "4", "step": "CLOSED", "text": "办结"})
    assert stale.status_code == 409
    assert "他人已办理了下一步" in text_of(stale)
    await desk.sign_in("reviewer")
    assert (await desk.send(path, {"after": "5", "step": "CLOSED", "text": "办结"})).status_code == 303
    assert "没有办理中的线索" in text_of(await desk.read("/desk/clues"))
    assert "没有出示证件" in text_of(await desk.read("/desk/clues", closed="true"))
    erased = await desk.send(f"{path}/reporter/erasure", {"reason": "本人要求"})
    assert erased.status_code == 303
    assert "提供人信息已删除" in text_of(await desk.read(path))


async def test_what_is_late_is_first_and_home_counts_what_is_open(desk: Desk, unit: UUID, clock: FixedClock) -> None:
    await desk.sign_in("supervisor")
    await desk.send("/desk/clues/new", a_clue(unit, channel="LETTER", channel_number="L-1", text="来信反映"))
    await desk.send("/desk/clues/new", a_clue(unit))
    clock.advance(timedelta(days=1))
    await desk.sign_in("supervisor")
    shown = text_of(await desk.read("/desk/clues"))
    assert shown.index("没有出示证件") < shown.index("来信反映")
    assert shown.count("逾期 ") >= 1
    home = await desk.read("/desk")
    assert re.search(r"/desk/clues\b", home.text)
    assert "办理中的监督线索" in text_of(home)


async def test_a_clue_elsewhere_is_not_there(desk: Desk, database: Database, unit: UUID) -> None:
    await desk.sign_in("supervisor")
    path = (await desk.send("/desk/clues/new", a_clue(unit))).headers["location"]
    await somebody(database, await a_unit(database), "elsewhere", Role.SUPERVISOR)
    await desk.sign_in("elsewhere")
    assert (await desk.read(path)).status_code == 404
    assert "没有出示证件" not in text_of(await desk.read("/desk/clues"))
