"""A notice is written at the desk, issued, and linked from the inspection."""

from agency.model import Role
from evidence.custodian import Custodian
from foundation.clock import SystemClock
from tests.builders import a_unit, an_officer
from tests.console.conftest import Desk, somebody, text_of
from tests.inspection.builders import a_task


async def test_a_lawyer_issues_a_notice_of_inspection_and_the_page_links_to_it(
    desk: Desk, custodian: Custodian
) -> None:
    unit_id = await a_unit(custodian.database)
    officers = [await an_officer(custodian.database, unit_id) for _ in range(2)]
    task = await a_task(custodian.database, SystemClock(), *officers)
    await somebody(custodian.database, unit_id, "lawyer", Role.LEGAL_REVIEWER)
    await somebody(custodian.database, unit_id, "boss", Role.SUPERVISOR)
    page = f"/desk/inspections/{task.id}"
    await desk.sign_in("lawyer")
    assert f"{page}/notices" in (await desk.read(page)).text
    turned = {"notice": "INSPECTION_NOTICE", "begins_on": "2026-06-21", "ends_on": "2026-06-20", "scope": "油烟"}
    refused = await desk.send(f"{page}/notices", turned)
    assert refused.status_code == 422
    assert "结束日期应不早于开始日期" in text_of(refused)
    assert "油烟" in refused.text
    answer = await desk.send(f"{page}/notices", turned | {"ends_on": "2026-06-22"})
    assert answer.status_code == 303
    seen = await desk.read(page)
    assert "检查通知书 检通〔" in text_of(seen)
    assert "不予行政处罚" not in text_of(await desk.read(f"{page}/notices"))
    await desk.sign_in("boss")
    assert (await desk.send(f"{page}/notices", turned)).status_code == 403
