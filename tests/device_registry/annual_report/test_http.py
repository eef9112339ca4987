"""The routes of the annual report: who may what, the whole way in HTTP, and the files."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from pypdf import PdfReader

from device_registry.annual_report.files.canonical import sha256, snapshot_of
from device_registry.annual_report.files.pdf import pdf
from device_registry.annual_report.files.xlsx import xlsx
from device_registry.model import Mounting
from foundation.database import Database
from tests.device_registry.annual_report.conftest import Camera, City, Desks
from tests.support import FixedClock

NOTHING = "/problems/annual-report-not-found"


async def begun(desks: Desks, unit_id: UUID) -> str:
    answer = await desks("manager", "POST", "/annual-reports", {"unit_id": str(unit_id), "year": 2026})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_whole_way_in_http_from_the_draft_to_the_receipt_and_the_files(
    desks: Desks, city: City, camera: Camera
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    await camera("HAND", "2026-05-01 09:00", mounting=Mounting.HANDHELD)
    report = await begun(desks, city.bureau)
    at = f"/annual-reports/{report}"
    draft = (await desks("manager", "GET", f"{at}/draft")).json()
    assert [(row["row"]["tag"], row["words"]) for row in draft["rows"]] == [
        ("NEW", "报告期内首次投入使用（2026-05-01）"),
        ("HAND", "手持器具，不属电子技术监控设备"),
    ]
    english = (await desks("manager", "GET", f"{at}/draft", headers={"Accept-Language": "en"})).json()
    assert english["rows"][0]["words"] == "First in service in the period (2026-05-01)"
    written = {"revision": 0, "note": "说明", "telephone": "027-1", "credit_code": " 91330100799655058b "}
    assert (await desks("manager", "PUT", f"{at}/draft", written)).json() == {"revision": 1}
    assert (await desks("second", "POST", f"{at}/checks")).status_code == 201
    assert (await desks("head", "POST", f"{at}/sign-offs")).status_code == 201
    assert (await desks("receiver", "GET", at)).status_code == 404
    filed = await desks("manager", "POST", f"{at}/filings")
    assert filed.status_code == 201
    inbox = (await desks("receiver", "GET", "/annual-reports", params={"received": "true"})).json()
    assert [(found["id"], found["unit_name"]) for found in inbox] == [(report, "江岸区城市管理执法局")]
    received = await desks("receiver", "POST", f"{at}/receptions")
    steps = received.json()["versions"][0]["steps"]
    assert [step["stage"] for step in steps] == ["DRAFTED", "CHECKED", "SIGNED_OFF", "FILED", "RECEIVED"]
    assert all(len(step["receipt"].split(".")) == 3 for step in steps[3:])
    snapshot = (await desks("receiver", "GET", f"{at}/snapshot.json")).content
    assert received.json()["versions"][0]["filing"]["snapshot_sha256"] == sha256(snapshot)
    assert snapshot_of(snapshot).body.credit_code == "91330100799655058B"
    book, paper = [(await desks("supervisor", "GET", f"{at}/report.{kind}")) for kind in ("xlsx", "pdf")]
    assert book.content == xlsx(snapshot)
    assert paper.content == pdf(snapshot)
    assert paper.headers["content-type"] == "application/pdf"
    assert "filename*=UTF-8''" in paper.headers["content-disposition"]
    assert len(PdfReader(io.BytesIO(paper.content)).pages) == 3


async def test_the_second_to_write_is_told_who_wrote_what(desks: Desks, city: City) -> None:
    at = f"/annual-reports/{await begun(desks, city.bureau)}/draft"
    assert (await desks("manager", "PUT", at, {"revision": 0, "note": "甲"})).status_code == 200
    late = await desks("second", "PUT", at, {"revision": 0, "note": "乙", "telephone": "027"})
    assert late.status_code == 409
    assert late.json()["type"] == "/problems/report-edited-meanwhile"
    [change] = late.json()["changes"]
    assert (change["by"], change["changed"], change["written"]["note"]) == ("人员manager", ["note"], "甲")
    assert (await desks("second", "PUT", at, {"revision": 1, "note": "甲、乙"})).json() == {"revision": 2}


async def test_who_does_not_reach_a_report_learns_nothing_of_it(desks: Desks, city: City) -> None:
    report = await begun(desks, city.bureau)
    at = f"/annual-reports/{report}"
    for path in (at, f"{at}/draft", f"{at}/report.pdf", f"{at}/amendment-proposal"):
        answer = await desks("streetmanager", "GET", path)
        assert (answer.status_code, answer.json()["type"]) == (404, NOTHING)
    strange = await desks("streetmanager", "GET", f"/annual-reports/{uuid4()}")
    assert strange.json() == (await desks("streetmanager", "GET", at)).json()
    theirs = await desks("streetmanager", "POST", "/annual-reports", {"unit_id": str(city.bureau), "year": 2026})
    assert theirs.status_code == 422
    assert (await desks("streetmanager", "GET", "/annual-reports")).json() == []


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("manager", "sign-offs"),
        ("receiver", "checks"),
        ("supervisor", "filings"),
        ("manager", "receptions"),
        ("reviewer", "checks"),
    ],
)
async def test_each_step_is_for_its_own_people(desks: Desks, city: City, who: str, step: str) -> None:
    report = await begun(desks, city.bureau)
    answer = await desks(who, "POST", f"/annual-reports/{report}/{step}")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


async def test_who_oversees_sees_what_was_filed_and_only_the_governments_own_receiver_receives(
    desks: Desks, city: City
) -> None:
    at = f"/annual-reports/{await begun(desks, city.bureau)}"
    for who in ("cityreceiver", "receiver", "supervisor"):
        assert (await desks(who, "GET", at)).status_code == 404
        assert (await desks(who, "GET", "/annual-reports")).json() == []
    for who, step in (("second", "checks"), ("head", "sign-offs"), ("manager", "filings")):
        await desks(who, "POST", f"{at}/{step}")
    for who in ("cityreceiver", "receiver", "supervisor"):
        assert [found["unit_name"] for found in (await desks(who, "GET", "/annual-reports")).json()]
    refused = await desks("cityreceiver", "POST", f"{at}/receptions")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    await desks("receiver", "POST", f"{at}/receptions")
    await desks("manager", "POST", f"{at}/versions", {"reason": "更正"})
    assert len((await desks("supervisor", "GET", at)).json()["versions"]) == 1
    assert len((await desks("manager", "GET", at)).json()["versions"]) == 2


async def test_a_receiver_returns_with_a_reason_and_only_what_was_read(desks: Desks, city: City) -> None:
    at = f"/annual-reports/{await begun(desks, city.bureau)}"
    for who, step in (("second", "checks"), ("head", "sign-offs"), ("manager", "filings")):
        assert (await desks(who, "POST", f"{at}/{step}")).status_code == 201
    refused = await desks("receiver", "POST", f"{at}/returns", {"stage": "CHECKED", "reason": "缺说明"})
    assert refused.status_code == 403
    back = await desks("receiver", "POST", f"{at}/returns", {"stage": "FILED", "reason": "缺说明"})
    assert back.json()["versions"][0]["steps"][-1]["reason"] == "缺说明"
    again = await desks("receiver", "POST", f"{at}/returns", {"stage": "FILED", "reason": "再退"})
    assert again.json()["type"] == "/problems/report-step-not-allowed"
    version = await desks("manager", "POST", f"{at}/versions", {"reason": "补说明"})
    assert [found["stage"] for found in version.json()["versions"]] == ["RETURNED", "DRAFTED"]
    differences = await desks("manager", "GET", f"{at}/differences", params={"before": 1, "after": 2})
    assert differences.json()["added"] == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"credit_code": "91330100799655058A"}, "credit-code-unfit"),
        ({"attachments": [{"name": "图.pdf", "sha256": "0" * 64}]}, "attachment-unknown"),
        ({"figures": {"captured": -1}}, "malformed"),
        ({"ranking": 1}, "malformed"),
    ],
)
async def test_what_cannot_stand_on_a_draft_is_refused_beside_its_field(
    desks: Desks, city: City, body: dict[str, Any], problem: str
) -> None:
    report = await begun(desks, city.bureau)
    answer = await desks("manager", "PUT", f"/annual-reports/{report}/draft", {"revision": 0, **body})
    assert answer.json()["type"] == f"/problems/{problem}"
    assert answer.json()["field"]


async def test_a_document_that_is_kept_can_be_attached(desks: Desks, city: City) -> None:
    report = await begun(desks, city.bureau)
    paper = {"Content-Type": "application/pdf"}
    kept = await desks("manager", "POST", "/documents", content=b"%PDF-1.7 signs", headers=paper)
    attached = [{"name": "标志照片.pdf", "sha256": kept.json()["sha256"]}]
    answer = await desks("manager", "PUT", f"/annual-reports/{report}/draft", {"revision": 0, "attachments": attached})
    assert answer.status_code == 200
    at = f"/annual-reports/{report}"
    where = f"{at}/attachments/{kept.json()['sha256']}"
    assert (await desks("receiver", "GET", where)).status_code == 404
    for who, step in (("second", "checks"), ("head", "sign-offs"), ("manager", "filings")):
        await desks(who, "POST", f"{at}/{step}")
    read = await desks("receiver", "GET", where)
    assert (read.status_code, read.content) == (200, b"%PDF-1.7 signs")
    other = await desks("receiver", "GET", f"{at}/attachments/{'0' * 64}")
    assert other.json()["type"] == "/problems/document-not-found"


async def test_what_is_not_filed_has_no_files_and_proposes_nothing(desks: Desks, city: City) -> None:
    at = f"/annual-reports/{await begun(desks, city.bureau)}"
    for path in ("snapshot.json", "report.xlsx", "report.pdf", "amendment-proposal"):
        answer = await desks("manager", "GET", f"{at}/{path}")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-filed-yet")
    missing = await desks("manager", "GET", f"{at}/report.pdf", params={"version": 7})
    assert missing.status_code == 404


async def test_a_proposal_is_shown_once_the_register_knows_more(
    desks: Desks, city: City, camera: Camera, clock: FixedClock, database: Database
) -> None:
    at = f"/annual-reports/{await begun(desks, city.bureau)}"
    for who, step in (("second", "checks"), ("head", "sign-offs"), ("manager", "filings")):
        assert (await desks(who, "POST", f"{at}/{step}")).status_code == 201
    clock.advance(timedelta(hours=1))
    await camera("FOUND", "2026-06-01 09:00")
    proposal = (await desks("receiver", "GET", f"{at}/amendment-proposal")).json()
    assert [row["tag"] for row in proposal["added"]] == ["FOUND"]
    assert msgspec.json.decode((await desks("manager", "GET", f"{at}/snapshot.json")).content)["body"]["rows"] == []
