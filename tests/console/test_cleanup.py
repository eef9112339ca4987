"""The clean-up campaign and the anomaly list at the desk."""

import re

from agency.model import Role
from device_registry.cleanup import queries
from device_registry.model import POINTS, Aspect
from foundation.database import Database
from tests.console.conftest import Desk, somebody, text_of
from tests.device_registry.cleanup.conftest import campaigning_with
from tests.support import FixedClock

SITE = {
    "monitored_items": "超速行驶\n占用应急车道",
    "basis_name": "道路交通安全法",
    "basis_article": "第一百一十四条",
    "basis_level": "LAW",
    "announced_on": "2024-01-01",
    "announced_by": "政府网站",
    "announced_words": "解放大道测速",
} | {
    f"{aspect.lower()}_{name}": value
    for aspect in Aspect
    for name, value in (
        ("body", "审核单位"),
        ("no", f"补审 {aspect}"),
        ("on", "2026-06-01"),
        ("opinion", "符合要求"),
        ("points", [*POINTS[aspect]]),
    )
}


async def test_a_campaign_is_worked_off_in_pages_from_its_opening_to_its_result(
    desk: Desk, database: Database, clock: FixedClock
) -> None:
    given = await campaigning_with(database, clock, 2)
    await somebody(database, given.unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(database, given.unit_id, "manager", Role.DEVICE_MANAGER)
    await somebody(database, given.unit_id, "reviewer", Role.LEGAL_REVIEWER)
    await desk.sign_in("supervisor")
    late = {"unit_id": str(given.unit_id), "name": "清理", "basis": "国发〔2024〕5号", "deadline": "2020-01-01"}
    assert (await desk.send("/desk/cleanup", late)).status_code == 422
    opened = await desk.send("/desk/cleanup", late | {"deadline": "2026-12-31"})
    path = opened.headers["location"].partition("?")[0]
    assert (opened.status_code, path.startswith("/desk/cleanup/")) == (303, True)

    await desk.sign_in("manager")
    assert "提出处理意见" in (await desk.read(path)).text
    chosen = [str(device_id) for device_id in given.ids]
    form = await desk.client.get(f"{path}/conclusions", params={"device_ids": chosen})
    assert all(name in form.text for name in ('name="monitored_items"', "SRF-0000", "SRF-0001"))
    keep = {"device_ids": chosen, "treatment": "KEEP", "necessity": "事故多发", "reasons": "经核查"}
    refused = await desk.send(f"{path}/conclusions", keep)
    assert refused.status_code == 409
    assert "设置依据不是法律或行政法规" in text_of(refused)
    half = await desk.send(f"{path}/conclusions", keep | SITE | {"legal_no": ""})
    assert (half.status_code, 'id="error-legal_no"' in half.text) == (400, True)
    assert (await desk.send(f"{path}/conclusions", keep | SITE)).status_code == 303

    await desk.sign_in("reviewer")
    pending = re.findall(r'name="conclusion_ids" value="([^"]+)"', (await desk.read(path)).text)
    assert len(pending) == 2
    assert (await desk.send(f"{path}/returns", {"conclusion_ids": pending[:1]})).status_code == 400
    confirmed = await desk.send(f"{path}/confirmations", {"conclusion_ids": pending})
    assert confirmed.headers["location"] == f"{path}?done=confirmed"

    await desk.sign_in("supervisor")
    closed = await desk.send(f"{path}/closings")
    assert closed.headers["location"] == f"{path}?done=closed"
    assert "SHA-256" in (await desk.read(path)).text
    assert (await desk.read(f"{path}/result.xlsx")).content[:2] == b"PK"
    async with database.connection() as db:
        assert len(await queries.published(db)) == 1

    desk.client.cookies.clear()
    [campaign] = (await desk.read("/public/v1/cleanup-results")).json()
    assert [set(row) for row in campaign["result"]] == [
        {"unit", "tag", "kind", "address", "direction", "treatment", "rectify_by"}
    ] * 2
    public = await desk.read("/public/cleanup")
    assert "SRF-0000" in public.text
    assert "set-cookie" not in public.headers
    assert "77000" not in public.text  # serial numbers begin like this


async def test_the_anomaly_list_is_for_supervisors_and_says_when_nothing_was_abnormal(
    desk: Desk, database: Database, clock: FixedClock
) -> None:
    given = await campaigning_with(database, clock, 1)
    await somebody(database, given.unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(database, given.unit_id, "manager", Role.DEVICE_MANAGER)
    await desk.sign_in("supervisor")
    page = await desk.read("/desk/anomalies")
    assert page.status_code == 200
    assert "该周没有异常" in page.text
    await desk.sign_in("manager")
    assert (await desk.read("/desk/anomalies")).status_code == 403
