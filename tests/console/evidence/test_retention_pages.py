"""`/desk/retention` and the panel of the evidence page: terms, holds, and a disposal by two people."""

from uuid import UUID

import pytest_asyncio

from agency.model import Role
from evidence.custodian import Custodian
from evidence.retention.keeping import keep
from tests.builders import OfficerWithPhone
from tests.console.conftest import Desk, somebody, text_of
from tests.evidence.conftest import officer, unit_id
from tests.evidence.retention.test_retention import handed_in, lock_over, today
from tests.support import FixedClock

__all__ = ["officer", "today", "unit_id"]


@pytest_asyncio.fixture(autouse=True)
async def people(custodian: Custodian, unit_id: UUID) -> None:
    for name in ("first", "second"):
        await somebody(custodian.database, unit_id, name, Role.SUPERVISOR)


async def test_a_list_is_drawn_up_by_one_confirmed_by_another_and_what_was_struck_stays(
    desk: Desk, today: Custodian, clock: FixedClock, officer: OfficerWithPhone
) -> None:
    one = await handed_in(today, officer)
    await keep(today)
    await desk.sign_in("first")
    asked = {"unit_id": str(officer.unit_id), "reason": "期满"}
    early = await desk.send("/desk/retention", asked)
    assert (early.status_code, "没有已过保存期限" in text_of(early)) == (409, True)
    await lock_over(clock)
    made = await desk.send("/desk/retention", asked)
    address = made.headers["location"]
    assert "已拟定" in text_of(await desk.read("/desk/retention"))
    assert "/confirm" not in (await desk.read(address)).text
    assert (await desk.send(f"{address}/confirm")).status_code == 403
    await desk.sign_in("second")
    assert "待确认的处置清单" in text_of(await desk.read("/desk"))
    assert (await desk.send(f"{address}/confirm")).status_code == 303
    assert "已确认，等待期内" in text_of(await desk.read(address))
    assert (await desk.send(f"{address}/strike-{one}", {"reason": ""})).status_code == 400
    assert (await desk.send(f"{address}/strike-{one}", {"reason": "复议在办"})).status_code == 303
    assert "已剔除 复议在办" in text_of(await desk.read(address))
    assert (await desk.send(f"{address}/withdraw", {"reason": "重列"})).status_code == 303
    assert "已撤回" in text_of(await desk.read(address))
    assert (await desk.send(f"{address}/burn")).status_code == 404


async def test_the_page_of_evidence_says_until_when_it_is_kept_and_holds_it(
    desk: Desk, today: Custodian, officer: OfficerWithPhone
) -> None:
    one = await handed_in(today, officer)
    await desk.sign_in("first")
    assert "尚未计算" in text_of(await desk.read(f"/desk/evidence/{one}"))
    await keep(today)
    assert "保存至" in text_of(await desk.read(f"/desk/evidence/{one}"))
    held = await desk.send(f"/desk/evidence/{one}/hold", {"source": "COURT", "hold-reason": "法院调取"})
    assert held.headers["location"] == f"/desk/evidence/{one}?done=held"
    page = await desk.read(f"/desk/evidence/{one}")
    assert "法院或复议机关 法院调取" in text_of(page)
    assert str(one) in (await desk.read("/desk/retention")).text
    hold_id = page.text.partition("/desk/holds/")[2].partition("/")[0]
    lifted = await desk.send(f"/desk/holds/{hold_id}/lift", {"reason": "已结束"})
    assert lifted.headers["location"] == f"/desk/evidence/{one}?done=lifted"
    assert "没有被保全的材料" in text_of(await desk.read("/desk/retention"))
    assert (await desk.send(f"/desk/holds/{hold_id}/lift", {"reason": "再一次"})).status_code == 404
