"""Files of devices and certificates: whole or not at all, and a reason for every refused row."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime

import pytest

from device_registry import queries
from device_registry.importing.certificates import import_certificates
from device_registry.importing.columns import ImportMapping
from device_registry.importing.devices import import_devices
from device_registry.importing.report import Report, Wish
from device_registry.model import Datum, Device, Mounting, Place
from device_registry.problems import ImportColumns, ImportRefused
from device_registry.register import register_device
from foundation.database import Database
from tests.device_registry.builders import A_UNIT, a_registration, beijing
from tests.device_registry.real_data import real_data
from tests.support import FixedClock

HEADER = "设备编号,设备类别,出厂编号,型号,制造单位,使用方式,经度,纬度,坐标系\n"
COLLECTED = datetime(2026, 11, 22, tzinfo=UTC)
"""When the real registers were collected; their newest rows are younger than the tests' usual clock."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(COLLECTED)


async def take_devices(
    database: Database, clock: FixedClock, content: str | bytes, mapping: ImportMapping | None = None
) -> Report:
    content = content.encode() if isinstance(content, str) else content
    mapping = mapping or ImportMapping()
    return await import_devices(database, clock, content, mapping, units={"武昌区": A_UNIT}, default_unit=A_UNIT)


async def take_certificates(
    database: Database, clock: FixedClock, content: str | bytes, mapping: ImportMapping | None = None
) -> Report:
    content = content.encode() if isinstance(content, str) else content
    return await import_certificates(database, clock, content, mapping or ImportMapping(), units={A_UNIT})


def faults(refused: ImportRefused) -> dict[int, set[tuple[str, str]]]:
    """Row → field and the reason in English."""
    rows = refused.spoken("en")["rows"]
    return {
        row["number"]: {(fault["field"], fault["reason"]) for fault in row["faults"]} for row in rows if row["faults"]
    }


async def all_devices(database: Database) -> list[Device]:
    async with database.connection() as db:
        return await queries.devices(db, [A_UNIT], most=10_000)


async def test_devices_are_registered_as_the_file_says(database: Database, clock: FixedClock) -> None:
    report = await take_devices(
        database, clock, HEADER + "A-1,声级计,007,AWA6228,爱华,手持式,114.3055,30.5928,GCJ-02\n"
    )
    assert (report.written, report.refused, len(report.rows)) == (True, 0, 1)
    [device] = await all_devices(database)
    assert (device.tag, device.kind, device.serial_no) == ("A-1", "SOUND_LEVEL", "007")
    assert (device.mounting, device.place) == (Mounting.HANDHELD, Place(114.3055, 30.5928, Datum.GCJ02))


async def test_every_fault_of_every_row_is_told_and_nothing_is_written(
    database: Database, clock: FixedClock, device: Device
) -> None:
    with pytest.raises(ImportRefused) as refused:
        await take_devices(
            database,
            clock,
            HEADER
            + "A-1,声级计,1,M,X,手持式,,,\n"
            + "A-2,望远镜,,=1+1,X,手持式,30.59,114.31,WGS84\n"
            + f"{device.tag},声级计,1,M,X,手持式,,,\n"
            + "A-1,声级计,2,M,X,手持式,,,\n"
            + "A-1,声级计,1,M,X,手持式,,,\n"
            + "A-3,声级计,1,M,X,手持式,114,30,\n"
            + "A-4,声级计,1,M,X,手持式,114,,WGS84\n",
        )
    assert faults(refused.value) == {
        3: {
            ("kind", '"望远镜" is not known here.'),
            ("serial_no", "required, and empty."),
            ("model", "begins with = @ + or - like a formula; write it as plain text."),
            ("latitude", "out of range (at most 90 either way); longitude and latitude may be swapped."),
        },
        4: {("tag", "another device carries that number.")},
        5: {("tag", "the same number as row 2, with other content.")},
        7: {("datum", "coordinates need their datum.")},
        8: {("latitude", "required, and empty.")},
    }
    assert [found.tag for found in await all_devices(database)] == [device.tag]


async def test_a_dry_run_reports_and_writes_nothing(database: Database, clock: FixedClock) -> None:
    content = (HEADER + "A-1,声级计,1,M,X,手持式,,,\n").encode()
    report = await import_devices(
        database, clock, content, ImportMapping(), units={}, default_unit=A_UNIT, wish=Wish(dry_run=True)
    )
    assert (report.written, report.refused) == (False, 0)
    assert await all_devices(database) == []


async def test_a_weaker_requirement_than_the_kinds_is_refused(database: Database, clock: FixedClock) -> None:
    with pytest.raises(ImportRefused) as refused:
        await take_devices(
            database,
            clock,
            "tag,kind,serial,model,maker,mounting,requirement\nA,SOUND_LEVEL,1,M,X,FIXED,无需检定\n"
            "B,CAMERA_ONLY,1,M,X,FIXED,强制检定\n",
        )
    assert [*faults(refused.value)] == [2]


CERTIFICATES = "设备编号,检定结论,证书编号,检定机构,检定日期,有效期至,检定类型\n"


async def test_certificates_and_failures_are_recorded_and_periods_derived(
    database: Database, clock: FixedClock, device: Device
) -> None:
    report = await take_certificates(
        database,
        clock,
        CERTIFICATES
        + f"{device.tag},合格,LX-1,所,2024年5月4日,2025/5/3,首次检定\n"
        + f"{device.tag},不合格,TZ-1,所,2024-12-01,,周期检定\n"
        + f"{device.tag},合格,LX-2,所,20241210,2025-12-09,修理后检定\n",
    )
    assert report.written
    async with database.connection() as db:
        periods = (await queries.verified_periods_of(db, [device.id]))[device.id]
    assert [(period.begins, period.ends) for period in periods] == [
        (beijing("2024-05-04"), beijing("2024-12-01")),
        (beijing("2024-12-10"), beijing("2025-12-10")),
    ]


async def test_certificates_that_cannot_be_are_refused_with_their_reason(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await take_certificates(database, clock, CERTIFICATES + f"{device.tag},合格,LX-1,所,2024-05-04,2025-05-03,\n")
    with pytest.raises(ImportRefused) as refused:
        await take_certificates(
            database,
            clock,
            CERTIFICATES
            + f"{device.tag},合格,LX-1,所,2024-05-04,2025-05-03,\n"
            + "X-9,合格,LX-1,所,2024-05-04,2025-05-03,\n"
            + f"{device.tag},合格,LX-2,所,2026-11-23,2027-05-03,\n"
            + f"{device.tag},合格,LX-3,所,2026-05-04,2026-05-03,\n"
            + f"{device.tag},待定,LX-4,所,2026-05-04,2027-05-03,\n"
            + f"{device.tag},不合格,LX-5,所,2026-05-04,2027-05-03,\n"
            + f"{device.tag},合格,,,04/05/2026,,使用中检查\n"
            + f"{device.tag},合格,LX-6,所,2026-05-04,2027-05-03,\n"
            + f"{device.tag},合格,LX-6,所,2026-05-04,2027-05-03,\n",
        )
    assert faults(refused.value) == {
        2: {("certificate_no", "this document is already recorded.")},
        3: {("tag", "there is no such device, or you do not manage it.")},
        4: {("verified_on", "2026-11-23 lies in the future, or outside the days this register can hold.")},
        5: {("valid_until", "The last valid day cannot lie before the day of the verification, 2026-05-04.")},
        6: {("result", '"待定" is not known here.')},
        7: {("valid_until", "a failed result has no last valid day.")},
        8: {
            ("certificate_no", "required, and empty."),
            ("issuing_body", "required, and empty."),
            ("verified_on", "day or month first? Write 2026-05-03, or say the order in the mapping."),
            ("valid_until", "required, and empty."),
            ("occasion", '"使用中检查" is not known here.'),
        },
        10: {("certificate_no", "the same document as row 9.")},
    }
    async with database.connection() as db:
        assert len((await queries.facts_of(db, device.id)).certificates) == 1


async def test_devices_of_other_units_are_not_known_to_an_import(
    database: Database, clock: FixedClock, device: Device
) -> None:
    with pytest.raises(ImportRefused):
        await import_certificates(
            database,
            clock,
            (CERTIFICATES + f"{device.tag},合格,LX-1,所,2024-05-04,2025-05-03,\n").encode(),
            ImportMapping(),
            units=set(),
        )


METERS = ImportMapping(
    columns={"tag": "device_row", "serial_no": "serial", "address": "local"},
    constants={
        "kind": "SPEED_RADAR_FIXED", "model": "?", "maker": "?", "mounting": "FIXED"
    },
)  # fmt: skip
METER_HISTORIES = ImportMapping(
    columns={
        "tag": "device_row",
        "certificate_no": "cert_no",
        "notice_no": "test_no",
        "verified_on": "issued",
        "valid_until": "expires",
        "occasion": "service",
        "result": "result",
    },
    constants={"issuing_body": "IPEM-RJ"},
    values={
        "result": {"Aprovado": "PASS", "Reprovado": "FAIL"},
        "occasion": {"Inicial": "INITIAL", "Periódica": "SUBSEQUENT", "Após Reparo": "AFTER_REPAIR"},
    },
    date_order="DMY",
)


async def test_the_histories_of_23_real_speed_meters(database: Database, clock: FixedClock) -> None:
    """A device a row in the file of certificates: equal rows are one device; one has no serial number at all."""
    content = real_data("registry/inmetro_RJ_23_verifications_flat.csv")
    with pytest.raises(ImportRefused) as refused:
        await take_devices(database, clock, content, METERS)
    assert [*faults(refused.value).values()] == [{("serial_no", "required, and empty.")}]
    rows = [*csv.DictReader(io.StringIO(content.decode()))]
    await take_devices(database, clock, written([row for row in rows if row["serial"]]), METERS)
    assert len(await all_devices(database)) == 22

    with pytest.raises(ImportRefused) as refused:
        await take_certificates(database, clock, content, METER_HISTORIES)
    found = faults(refused.value)
    assert Counter(reason for row in found.values() for reason in row) == {
        ("certificate_no", "required, and empty."): 4,  # not numbered yet, or lost
        ("occasion", '"Fiscalização" is not known here.'): 1,  # a check in service prolongs nothing
        ("result", '"Pendente" is not known here.'): 1,
        ("result", "required, and empty."): 6,  # devices without any history
        ("verified_on", "required, and empty."): 6,
        ("tag", "there is no such device, or you do not manage it."): 1,
    }
    good = [row for number, row in enumerate(rows, 2) if number not in found]
    report = await take_certificates(database, clock, written(good), METER_HISTORIES)
    assert (report.written, len(report.rows)) == (True, len(good))

    by_tag = {device.tag: device for device in await all_devices(database)}
    async with database.connection() as db:
        periods = await queries.verified_periods_of(db, [device.id for device in by_tag.values()])
    eighth = [(found.begins, found.ends) for found in periods[by_tag["8"].id]]
    assert eighth == [
        (beijing("2022-03-29"), beijing("2023-03-08")),  # renewed early
        (beijing("2023-03-08"), beijing("2024-02-27")),
        (beijing("2024-02-27"), beijing("2025-01-29")),  # failed that day
        (beijing("2025-03-18"), beijing("2026-03-18")),  # repaired
    ]


def written(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


RADARS = ImportMapping(
    columns={"tag": "id", "kind": "type", "maker": "equipement", "address": "emplacement", "serial_no": "id "},
    constants={"model": "?", "maker": "?", "mounting": "FIXED", "datum": "WGS84"},
    values={
        "kind": {
            "Radar fixe": "SPEED_RADAR_FIXED",
            "Radar discriminant": "SPEED_RADAR_FIXED",
            "Radar feu rouge": "RED_LIGHT",
            "Radar Passage à Niveau": "RED_LIGHT",
            "Radar Vitesse Moyenne": "SPEED_SECTION",
            "Itinéraire": "SPEED_RADAR_MOBILE",
        }
    },
)


@pytest.mark.parametrize("name", ["fr_fixed_radars_2018.csv", "fr_fixed_radars_2018.xlsx"])
async def test_3350_real_cameras_come_in_at_once(database: Database, clock: FixedClock, name: str) -> None:
    report = await take_devices(database, clock, real_data(f"registry/{name}"), RADARS)
    assert (report.written, len(report.rows)) == (True, 3350)
    assert len(await all_devices(database)) == len({device.tag for device in await all_devices(database)})


async def test_air_stations_in_gbk_are_read_and_refused_for_what_they_lack(
    database: Database, clock: FixedClock
) -> None:
    content = real_data("registry/cn_air_stations_gbk.csv")
    mapping = ImportMapping(
        columns={"tag": "监测点编码", "serial_no": "监测点编码", "address": "监测点名称"},
        constants={"kind": "CAMERA_ONLY", "model": "?", "maker": "?", "mounting": "固定", "datum": "CGCS2000"},
    )
    report = await take_devices(database, clock, content, mapping)
    assert len(report.rows) == 2026
    assert "万寿西宫" in {device.address for device in await all_devices(database)}


@pytest.mark.parametrize("name", ["chicago_speed_cameras.csv", "chicago_redlight_cameras.csv"])
async def test_cameras_of_chicago(database: Database, clock: FixedClock, name: str) -> None:
    place = "ADDRESS" if "speed" in name else "INTERSECTION"
    mapping = ImportMapping(
        columns={"tag": place, "serial_no": place, "address": place},
        constants={"kind": "RED_LIGHT", "model": "?", "maker": "?", "mounting": "FIXED", "datum": "WGS84"},
    )
    report = await take_devices(database, clock, real_data(f"registry/{name}"), mapping)
    assert report.written


async def test_formulas_swapped_coordinates_and_degrees_in_words_are_refused(
    database: Database, clock: FixedClock
) -> None:
    mapping = ImportMapping(
        columns={"address": "名称"},
        constants={
            "kind": "CAMERA_ONLY", "serial_no": "1", "model": "?", "maker": "?", "mounting": "FIXED", "datum": "WGS84"
        },
    )  # fmt: skip
    with pytest.raises(ImportRefused) as refused:
        await take_devices(database, clock, real_data("hostile/crafted_csv_formula_injection.csv"), mapping)
    assert {row: {field for field, _ in found} for row, found in faults(refused.value).items()} == {
        2: {"address"},
        3: {"address"},
        4: {"address", "latitude"},
        5: {"address", "longitude", "latitude"},
    }


@pytest.mark.parametrize("name", ["errors", "has_x000D_", "header-row", "inventory-table", "merge_cells", "date"])
async def test_spreadsheets_that_are_no_registers_are_refused_by_their_columns(
    database: Database, clock: FixedClock, name: str
) -> None:
    with pytest.raises(ImportColumns):
        await take_devices(database, clock, real_data(f"docs/xlsx_{name}.xlsx"))


async def test_registering_many_is_one_of_each_or_none(database: Database, clock: FixedClock) -> None:
    await register_device(database, clock, a_registration("A-2"))
    with pytest.raises(ImportRefused):
        await take_devices(database, clock, HEADER + "A-1,声级计,1,M,X,手持式,,,\nA-2,声级计,1,M,X,手持式,,,\n")
    assert [device.tag for device in await all_devices(database)] == ["A-2"]
