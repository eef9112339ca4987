"""The register through HTTP: who may do what, what is answered, what was recorded."""

import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
import xlsxwriter
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from agency.http import ROUTES, TokenAuthentication
from agency.model import PersonKind, Role
from device_registry.http import router
from device_registry.model import Span
from device_registry.record import Change
from foundation.database import Connection, Database
from foundation.http import EXCEPTION_HANDLERS, MAX_JSON_BYTES, json_only
from plumbline.settings import Settings
from tests.agency.builders import PASSWORD, City, a_city, a_person
from tests.support import FixedClock

NOWHERE = UUID("00000000-0000-4000-8000-00000000dead")
METER = {
    "tag": "SLM-041",
    "kind": "SOUND_LEVEL",
    "serial_no": "10041",
    "model": "AWA6228",
    "maker": "杭州爱华",
    "mounting": "HANDHELD",
    "place": {"longitude": 114.3055, "latitude": 30.5928, "datum": "CGCS2000"},
}
CERTIFICATE = {
    "verified_on": "2026-05-04",
    "valid_until": "2027-05-03",
    "certificate_no": "LX2026-0504",
    "issuing_body": "武汉市计量测试检定所",
}


class Heard(list[tuple[UUID, list[Span], list[Span], str]]):
    async def __call__(self, db: Connection, changes: Sequence[Change]) -> None:
        self.extend((one.device_id, one.lost, one.gained, one.cause) for one in changes)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def registry_app(database: Database, clock: FixedClock, heard: Heard) -> Litestar:
    settings = Settings()
    return Litestar(
        [*ROUTES, router],
        middleware=[DefineMiddleware(TokenAuthentication, exclude="^/schema")],
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=json_only,
        request_max_body_size=MAX_JSON_BYTES,
        dependencies={
            "database": Provide(lambda: database, sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "standing_changed": Provide(lambda: heard, sync_to_thread=False),
            "documents": Provide(lambda: None, sync_to_thread=False),
        },
        state=State({"database": database, "clock": clock}),
    )


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    async with database.transaction() as db:
        for name, unit, role in (
            ("manager", city.east, Role.DEVICE_MANAGER),
            ("west-manager", city.west, Role.DEVICE_MANAGER),
            ("supervisor", city.city, Role.SUPERVISOR),
            ("head", city.east, Role.ENTITY_HEAD),
            ("officer", city.east, Role.FIELD_OFFICER),
        ):
            await a_person(db, unit, kind=PersonKind.STAFF, sign_in_name=name, roles=(role,))
    return city


class Desk:
    """Somebody who is signed in."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    async def get(self, path: str, **keywords: Any) -> httpx.Response:
        return await self._client.get(f"/desk/v1{path}", headers=self._headers, **keywords)

    async def post(self, path: str, *, headers: dict[str, str] | None = None, **keywords: Any) -> httpx.Response:
        return await self._client.post(f"/desk/v1{path}", headers=self._headers | (headers or {}), **keywords)


@pytest_asyncio.fixture
async def client(registry_app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(registry_app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


async def signed_in(client: httpx.AsyncClient, name: str) -> Desk:
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    return Desk(client, answer.json()["token"])


@pytest_asyncio.fixture
async def manager(client: httpx.AsyncClient, city: City) -> Desk:
    return await signed_in(client, "manager")


async def a_meter(manager: Desk, city: City, **changes: Any) -> str:
    answer = await manager.post("/devices", json=METER | {"unit_id": str(city.street.id)} | changes)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def is_problem(answer: httpx.Response, status: int, slug: str, field: str | None = None) -> None:
    assert (answer.status_code, answer.json().get("type")) == (status, f"/problems/{slug}"), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    if field:
        assert answer.json()["field"] == field


async def test_a_device_is_registered_found_and_read(manager: Desk, city: City) -> None:
    device_id = await a_meter(manager, city, tag="  SLM-041 ")
    page = (await manager.get("/devices", params={"text": "slm-0"})).json()
    assert [device["id"] for device in page["devices"]] == [device_id]
    assert page["next"] is None
    found = (await manager.get(f"/devices/{device_id}")).json()
    assert found["device"]["tag"] == "SLM-041"
    assert found["device"]["kind_zh"] == "声级计"
    assert found["device"]["place"] == METER["place"]
    assert found["device"]["verification_needed"] is True


async def test_pages_follow_each_other_by_tag(manager: Desk, city: City) -> None:
    for number in range(5):
        await a_meter(manager, city, tag=f"T-{number}")
    seen, after = [], ""
    for _ in range(3):
        page = (await manager.get("/devices", params={"most": 2, "after": after})).json()
        seen += [device["tag"] for device in page["devices"]]
        after = page["next"]
    assert seen == [f"T-{number}" for number in range(5)]
    assert after is None


async def test_a_certificate_and_service_bring_a_device_into_standing(
    manager: Desk, client: httpx.AsyncClient, city: City, heard: Heard
) -> None:
    device_id = await a_meter(manager, city)
    standing = (await manager.get(f"/devices/{device_id}/standing")).json()
    assert [reason["code"] for reason in standing["reasons"]] == ["DEVICE_NOT_IN_SERVICE", "NEVER_VERIFIED"]
    recorded = await manager.post(f"/devices/{device_id}/verification-certificates", json=CERTIFICATE)
    assert recorded.status_code == 201, recorded.text
    head = await signed_in(client, "head")
    assert (await head.post(f"/devices/{device_id}/services", json={})).status_code == 201
    standing = (await manager.get(f"/devices/{device_id}/standing")).json()
    assert (standing["outcome"], standing["reasons"]) == ("IN_STANDING", [])
    assert standing["certificates"][0]["id"] == recorded.json()["id"]
    at = {"at": "2027-05-04T00:00:00+08:00"}
    lapsed = (await manager.get(f"/devices/{device_id}/standing", params=at)).json()
    assert lapsed["reasons"][0]["words"].startswith("Sound level meter SLM-041: the verification ran out on 3 May 2027")
    [(changed, lost, [gained], cause)] = heard
    assert (str(changed), lost, cause) == (device_id, [], "ServiceEvent")
    assert gained.ends is not None
    whole = (await manager.get(f"/devices/{device_id}")).json()
    assert whole["verified_periods"][0]["begins"] == "2026-05-03T16:00:00Z"
    assert whole["service_periods"] == [{"begins": "2026-06-15T04:00:00Z", "ends": "2027-05-03T16:00:00Z"}]


async def test_every_sort_of_fact_can_be_recorded(manager: Desk, city: City) -> None:
    device_id = await a_meter(manager, city, tag="CAM-1", kind="CAMERA_ONLY")
    meter_id = await a_meter(manager, city)
    notice = {"failed_on": "2026-06-01", "notice_no": "TZ-1", "issuing_body": "所", "failed_items": "示值误差"}
    conclusion = {
        "requirement": "NOT_REQUIRED", "document_no": "7", "conclusion": "不测量", "concluded_on": "2026-06-01"
    }  # fmt: skip
    void = {"cause": "SEAL_BROKEN", "occurred_at": "2026-06-02T08:00:00Z"}
    for path, fact in (
        (f"/devices/{meter_id}/verification-failure-notices", notice),
        (f"/devices/{meter_id}/void-events", void),
        (f"/devices/{device_id}/written-conclusions", conclusion),
    ):
        assert (await manager.post(path, json=fact)).status_code == 201
        is_problem(await manager.post(path, json=fact), 409, "fact-already-recorded")


async def test_what_does_not_fit_is_answered_with_its_field(manager: Desk, city: City) -> None:
    device_id = await a_meter(manager, city)
    unit = {"unit_id": str(city.street.id)}
    is_problem(await manager.post("/devices", json=METER | unit), 409, "device-tag-taken", "tag")
    is_problem(
        await manager.post("/devices", json=METER | unit | {"tag": "B", "kind": "NONE"}), 422, "device-kind-unknown"
    )
    is_problem(
        await manager.post("/devices", json=METER | unit | {"tag": "B", "requirement": "NOT_REQUIRED"}),
        422,
        "requirement-too-weak",
        "requirement",
    )
    is_problem(await manager.post("/devices", json=METER | {"tag": "B", "unit_id": str(NOWHERE)}), 422,
               "device-unit-unknown")  # fmt: skip
    is_problem(await manager.post("/devices", json=METER | unit | {"tag": " "}), 400, "malformed", "tag")
    is_problem(await manager.post("/devices", json=METER | unit | {"tag": "a\0b"}), 400, "malformed")
    is_problem(await manager.post("/devices", json={"tag": "B"}), 400, "malformed")
    certificates = f"/devices/{device_id}/verification-certificates"
    for changes, slug, field in (
        ({"valid_until": "2026-05-03"}, "valid-until-too-early", "valid_until"),
        ({"verified_on": "2026-06-16"}, "date-not-plausible", "verified_on"),
        ({"channel": "CO"}, "channel-unknown", "channel"),
    ):
        is_problem(await manager.post(certificates, json=CERTIFICATE | changes), 422, slug, field)
    for malformed in ({"verified_on": "04.05.2026"}, {"document_sha256": "07" * 31}, {"issued_sequence": 0}):
        is_problem(await manager.post(certificates, json=CERTIFICATE | malformed), 400, "malformed")
    naive = {"cause": "REPAIR", "occurred_at": "2026-06-02T08:00:00"}
    is_problem(await manager.post(f"/devices/{device_id}/void-events", json=naive), 400, "malformed", "occurred_at")
    for at in ("2026-06-02T08:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday"):
        is_problem(await manager.get(f"/devices/{device_id}/standing", params={"at": at}), 400, "malformed", "at")
    is_problem(await manager.get("/devices", params={"text": "a\0b"}), 400, "malformed")
    is_problem(await manager.get("/devices", params={"most": "0"}), 400, "malformed", "most")


async def test_a_retired_device_does_not_come_back(manager: Desk, client: httpx.AsyncClient, city: City) -> None:
    device, head = f"/devices/{await a_meter(manager, city)}", await signed_in(client, "head")
    assert (await manager.post(f"{device}/verification-certificates", json=CERTIFICATE)).status_code == 201
    assert (await head.post(f"{device}/services", json={})).status_code == 201
    disposal = {"document_no": "处置-1", "reason": "损坏"}
    is_problem(await manager.post(f"{device}/retirements", json=disposal), 409, "life-cycle-step")
    stopped = {"occurred_at": "2026-06-15T11:59:00+08:00", "cause": "FAULT", "reason": "损坏"}
    is_problem(await manager.post(f"{device}/suspensions", json=stopped), 409, "life-cycle-step")
    stopped["occurred_at"] = "2026-06-15T12:00:00+08:00"
    assert (await manager.post(f"{device}/suspensions", json=stopped)).status_code == 201
    assert (await manager.post(f"{device}/retirements", json=disposal)).status_code == 201
    assert (await manager.get(device)).json()["state"] == "RETIRED"
    is_problem(await head.post(f"{device}/services", json={}), 409, "life-cycle-step")


async def test_devices_of_other_units_are_unknown(manager: Desk, client: httpx.AsyncClient, city: City) -> None:
    device_id = await a_meter(manager, city)
    stranger = await signed_in(client, "west-manager")
    assert (await stranger.get("/devices")).json()["devices"] == []
    is_problem(await stranger.get(f"/devices/{device_id}"), 404, "device-not-found")
    is_problem(await stranger.get(f"/devices/{device_id}/standing"), 404, "device-not-found")
    path = f"/devices/{device_id}/verification-certificates"
    is_problem(await stranger.post(path, json=CERTIFICATE), 404, "device-not-found")
    is_problem(await stranger.post("/devices", json=METER | {"unit_id": str(city.street.id)}), 422,
               "device-unit-unknown", "unit_id")  # fmt: skip
    is_problem(await manager.get(f"/devices/{uuid4()}"), 404, "device-not-found")


async def test_a_supervisor_reads_what_a_manager_writes_and_an_officer_neither(
    manager: Desk, client: httpx.AsyncClient, city: City
) -> None:
    device_id = await a_meter(manager, city)
    supervisor, officer = await signed_in(client, "supervisor"), await signed_in(client, "officer")
    assert (await supervisor.get(f"/devices/{device_id}")).status_code == 200
    is_problem(
        await supervisor.post(f"/devices/{device_id}/verification-certificates", json=CERTIFICATE), 403, "not-allowed"
    )
    is_problem(await supervisor.post("/device-imports", content=b""), 403, "not-allowed")
    is_problem(await officer.get(f"/devices/{device_id}"), 403, "not-allowed")
    is_problem(await client.get("/desk/v1/devices"), 401, "not-signed-in")


DEVICES = """\
设备编号,类别,出厂编号,型号,制造单位,使用方式,单位
A-1,声级计,1,M,X,手持式,
A-2,SPEED_LASER,2,M,X,MOBILE,{unit}
"""


async def test_a_file_of_devices_is_taken_raw(manager: Desk, city: City) -> None:
    content = DEVICES.replace("{unit}", str(city.street.id)).encode("gb18030")
    headers = {"Content-Type": "text/csv"}
    tried = await manager.post("/device-imports", content=content, headers=headers, params={"dry_run": "true"})
    assert (tried.status_code, tried.json()["written"], tried.json()["accepted"]) == (200, False, 2), tried.text
    assert (await manager.get("/devices")).json()["devices"] == []
    done = await manager.post("/device-imports", content=content, headers=headers)
    assert done.json()["written"] is True
    found = (await manager.get("/devices")).json()["devices"]
    assert [(device["tag"], device["unit_id"]) for device in found] == [
        ("A-1", str(city.east.id)),
        ("A-2", str(city.street.id)),
    ]


async def test_a_refused_row_takes_the_whole_file_with_it_and_says_why(manager: Desk, city: City) -> None:
    refused = await manager.post("/device-imports", content=DEVICES.replace("{unit}", "Atlantis").encode())
    is_problem(refused, 422, "import-refused")
    assert refused.json()["rows"] == [
        {"number": 2, "outcome": "ACCEPTED", "faults": []},
        {
            "number": 3,
            "outcome": "REFUSED",
            "faults": [{"field": "unit", "reason": '"Atlantis" is not known here.'}],
        },
    ]
    assert refused.json()["reasons"] == [
        {"field": "unit", "reason": '"Atlantis" is not known here.', "count": 1, "rows": "3"}
    ]
    assert (await manager.get("/devices")).json()["devices"] == []


async def test_what_was_previewed_is_written_and_nothing_else(manager: Desk, city: City) -> None:
    content = DEVICES.replace("{unit}", str(city.street.id)).encode()
    shown = (await manager.post("/device-imports", content=content, params={"dry_run": "true"})).json()
    assert shown["effect"] == {
        "devices": 2,
        "by_kind": {"SOUND_LEVEL": 1, "SPEED_LASER": 1},
        "by_unit": {str(city.east.id): 1, str(city.street.id): 1},
    }
    as_shown = {"preview": shown["preview"]}
    other = await manager.post("/device-imports", content=content + b"\n", params=as_shown)
    is_problem(other, 409, "import-not-previewed")
    await a_meter(manager, city, tag="A-1")
    changed = await manager.post("/device-imports", content=content, params=as_shown)
    is_problem(changed, 409, "import-changed")
    assert [device["tag"] for device in (await manager.get("/devices")).json()["devices"]] == ["A-1"]
    again = {"preview": changed.json()["preview"], "leave_out_refused": "true"}
    done = await manager.post("/device-imports", content=content, params=again)
    assert {name: done.json()[name] for name in ("written", "accepted", "refused", "left_out")} == {
        "written": True, "accepted": 1, "refused": 1, "left_out": 1,
    }  # fmt: skip
    assert [device["tag"] for device in (await manager.get("/devices")).json()["devices"]] == ["A-1", "A-2"]


async def test_a_form_brings_a_file_and_what_its_headings_mean(manager: Desk, city: City) -> None:
    await a_meter(manager, city)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["资产", "laudo", "resultado", "data"], ["SLM-041", "77", "ok", "04/05/2026"]]):
            sheet.write_row(number, 0, row)
    mapping = {
        "columns": {"tag": "资产", "certificate_no": "laudo", "result": "resultado", "verified_on": "data"},
        "constants": {"issuing_body": "IPEM", "valid_until": "2027-05-03"},
        "values": {"result": {"ok": "PASS"}},
        "date_order": "DMY",
    }
    files = {"file": ("laudos.xlsx", out.getvalue())}
    done = await manager.post("/certificate-imports", files=files, data={"mapping": json.dumps(mapping)})
    assert done.status_code == 200, done.text
    assert done.json()["written"] is True
    again = await manager.post("/certificate-imports", files=files, data={"mapping": json.dumps(mapping)})
    is_problem(again, 422, "import-refused")
    assert again.json()["rows"][0]["faults"] == [
        {"field": "certificate_no", "reason": "this document is already recorded."}
    ]


@pytest.mark.parametrize(
    ("files", "data", "field"),
    [
        ({"other": ("x.csv", b"")}, {}, "file"),
        ({"file": ("x.csv", b"")}, {"mapping": "{"}, None),
        ({"file": ("x.csv", b"")}, {"mapping": '{"column": {}}'}, "column"),
        ({"file": ("x.csv", b"")}, {"mapping": '{"date_order": "DYM"}'}, "date_order"),
    ],
)
async def test_a_form_that_does_not_fit_is_malformed(
    manager: Desk, files: dict[str, Any], data: dict[str, str], field: str | None
) -> None:
    is_problem(await manager.post("/device-imports", files=files, data=data), 400, "malformed", field)


async def test_a_broken_form_and_an_oversized_file_are_problems(manager: Desk) -> None:
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await manager.post("/device-imports", content=b"--y\r\n", headers=broken)).status_code == 400
    no_boundary = {"Content-Type": "multipart/form-data"}
    assert (await manager.post("/device-imports", content=b"--y\r\n", headers=no_boundary)).status_code == 400
    is_problem(await manager.post("/device-imports", content=b"x" * (33 << 20)), 413, "too-large")
    is_problem(await manager.post("/device-imports", content=b""), 422, "import-columns")


async def test_the_catalogue_is_open_to_everybody_who_is_signed_in(client: httpx.AsyncClient, city: City) -> None:
    officer = await signed_in(client, "officer")
    kinds = {kind["code"]: kind for kind in (await officer.get("/device-kinds")).json()}
    assert kinds["SOUND_LEVEL"]["regulation"] == "JJG 188-2017"


async def test_every_status_is_declared(registry_app: Litestar) -> None:
    paths = registry_app.openapi_schema.to_schema()["paths"]
    imports = paths["/desk/v1/device-imports"]["post"]
    assert {*imports["responses"]} == {"200", "400", "401", "403", "409", "413", "422", "500", "503"}
    assert {*imports["requestBody"]["content"]} >= {"multipart/form-data", "text/csv"}
    certificates = paths["/desk/v1/devices/{device_id}/verification-certificates"]["post"]
    assert {*certificates["responses"]} == {"201", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503"}
