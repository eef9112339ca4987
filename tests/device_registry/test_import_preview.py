"""What a file would come to is shown before anything is written, and a long report stays short."""

import pytest

from device_registry import queries
from device_registry.importing.certificates import import_certificates
from device_registry.importing.columns import ImportMapping
from device_registry.importing.devices import import_devices
from device_registry.importing.report import SHOWN_ACCEPTED, SHOWN_REFUSED, Report, Wish, in_short
from device_registry.model import Device, ServiceChange, ServiceEvent
from device_registry.problems import ImportChanged, ImportColumns, ImportNotPreviewed, ImportRefused
from device_registry.record import hold, known_of, record_fact
from device_registry.register import register_device
from foundation.database import Database
from tests.device_registry.builders import A_UNIT, a_registration, beijing, in_service
from tests.support import FixedClock

HEADER = "设备编号,设备类别,出厂编号,型号,制造单位,使用方式\n"
CERTIFICATES = "设备编号,检定结论,证书编号,检定机构,检定日期,有效期至\n"
LOOK = Wish(dry_run=True)


async def devices(
    database: Database, clock: FixedClock, content: str, wish: Wish, mapping: ImportMapping | None = None
) -> Report:
    return await import_devices(
        database, clock, content.encode(), mapping or ImportMapping(), units={"武昌区": A_UNIT}, default_unit=A_UNIT,
        wish=wish,
    )  # fmt: skip


async def certificates(database: Database, clock: FixedClock, content: str, wish: Wish) -> Report:
    return await import_certificates(
        database, clock, (CERTIFICATES + content).encode(), ImportMapping(), units={A_UNIT}, wish=wish
    )


async def tags(database: Database) -> list[str]:
    async with database.connection() as db:
        return [device.tag for device in await queries.devices(db, [A_UNIT], most=100)]


async def test_a_preview_counts_what_would_come_and_shows_refused_rows_without_refusing(
    database: Database, clock: FixedClock
) -> None:
    content = HEADER + "A-1,声级计,1,M,X,手持式\nA-1,声级计,1,M,X,手持式\nA-2,望远镜,1,M,X,手持式\n"
    report = await devices(database, clock, content, LOOK)
    assert (report.written, report.refused, report.effect.devices, report.effect.repeated) == (False, 1, 1, 1)
    assert report.effect.by_kind == {"SOUND_LEVEL": 1}
    told = report.spoken("en")
    assert told["reasons"] == [{"field": "kind", "reason": '"望远镜" is not known here.', "count": 1, "rows": "4"}]
    assert [(one["heading"], one["field"]) for one in told["headings"]][:2] == [
        ("设备编号", "tag"),
        ("设备类别", "kind"),
    ]
    assert await tags(database) == []


async def test_a_serial_number_of_several_devices_is_shown_and_not_refused(
    database: Database, clock: FixedClock, device: Device
) -> None:
    content = HEADER + f"A-1,声级计,7,M,X,手持式\nA-2,声级计,7,M,X,手持式\nA-3,声级计,{device.serial_no},M,X,手持式\n"
    report = await devices(database, clock, content, LOOK)
    assert report.refused == 0
    assert [(one.value, one.rows, one.tags) for one in report.duplicates] == [
        ("7", [2, 3], []),
        (device.serial_no, [4], [device.tag]),
    ]


async def test_a_certificate_number_of_several_is_shown_and_the_same_document_is_refused(
    database: Database, clock: FixedClock, device: Device
) -> None:
    other = await register_device(database, clock, a_registration("SLM-042"))
    await certificates(database, clock, f"{device.tag},合格,LX-1,所,2024-05-04,2025-05-03\n", Wish())
    report = await certificates(
        database,
        clock,
        f"{other.tag},合格,LX-1,所,2025-05-04,2026-05-03\n"
        f"{device.tag},合格,LX-1,所,2024-05-04,2025-05-03\n"
        f"{device.tag},合格,LX-2,所,2023-05-04,2024-05-03\n"
        f"{other.tag},合格,LX-2,所,2022-05-04,2023-05-03\n",
        LOOK,
    )
    assert [row.number for row in report.rows if row.faults] == [3]
    assert [(one.value, one.rows, one.tags) for one in report.duplicates] == [
        ("LX-1", [2], [device.tag]),
        ("LX-2", [4, 5], []),
    ]


async def test_what_is_recorded_while_a_file_is_read_refuses_it(
    database: Database, clock: FixedClock, device: Device
) -> None:
    async with database.connection() as db:
        known = await known_of(db, {device.id: device}, [])
    await record_fact(database, clock, device.id, in_service())
    with pytest.raises(ImportChanged):
        async with database.transaction() as db:
            await hold(db, known)


async def test_what_changes_standing_today_is_named_before_it_does(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await record_fact(
        database, clock, device.id, ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=beijing("2020-01-01"))
    )
    today = clock.now().date()
    good = f"{device.tag},合格,LX-1,所,{today.replace(month=1, day=2)},{today.replace(year=today.year + 1)}\n"
    report = await certificates(database, clock, good, LOOK)
    assert (report.effect.gaining, report.effect.losing) == ([device.tag], [])
    await certificates(database, clock, good, Wish(preview=report.preview))
    bad = f"{device.tag},不合格,TZ-1,所,{today.replace(month=1, day=3)},\n"
    report = await certificates(database, clock, bad, LOOK)
    assert (report.effect.gaining, report.effect.losing) == ([], [device.tag])


async def test_only_what_was_previewed_is_written(database: Database, clock: FixedClock) -> None:
    content = HEADER + "A-1,声级计,1,M,X,手持式\n"
    preview = (await devices(database, clock, content, LOOK)).preview
    with pytest.raises(ImportNotPreviewed):
        await devices(database, clock, content, Wish(preview=preview), ImportMapping(constants={"model": "M"}))
    with pytest.raises(ImportNotPreviewed):
        await devices(database, clock, content.replace("A-1", "A-2"), Wish(preview=preview))
    with pytest.raises(ImportNotPreviewed):
        await devices(database, clock, content, Wish(preview="x"))
    assert await tags(database) == []
    assert (await devices(database, clock, content, Wish(preview=preview))).written
    with pytest.raises(ImportChanged):
        await devices(database, clock, content, Wish(preview=preview))


async def test_refused_rows_are_left_out_only_on_demand_and_the_report_says_so(
    database: Database, clock: FixedClock
) -> None:
    content = HEADER + "A-1,声级计,1,M,X,手持式\nA-2,望远镜,1,M,X,手持式\nA-3,声级计,1,M,X,手持式\n"
    with pytest.raises(ImportRefused):
        await devices(database, clock, content, Wish())
    assert await tags(database) == []
    report = await devices(database, clock, content, Wish(leave_out=True))
    assert (report.written, report.spoken("en")["left_out"]) == (True, 1)
    assert await tags(database) == ["A-1", "A-3"]


async def test_a_report_of_thousands_stays_short_and_names_every_refused_row(
    database: Database, clock: FixedClock
) -> None:
    rows = [f"A-{n},{'望远镜' if n % 2 else '声级计'},{n},M,X,手持式\n" for n in range(5000)]
    told = (await devices(database, clock, HEADER + "".join(rows), LOOK)).spoken("en")
    assert (told["accepted"], told["refused"]) == (2500, 2500)
    assert len(told["rows"]) == SHOWN_REFUSED + SHOWN_ACCEPTED
    [reason] = told["reasons"]
    assert reason["count"] == 2500
    assert reason["rows"].split(", ") == [str(n) for n in range(3, 5002, 2)]


def test_rows_are_named_in_short() -> None:
    assert in_short([2, 3, 4, 7, 9, 10]) == "2-4, 7, 9-10"


async def test_columns_that_are_not_known_are_answered_with_a_proposal(database: Database, clock: FixedClock) -> None:
    with pytest.raises(ImportColumns) as unclear:
        await devices(database, clock, "Numéro;Type;N° de série;Fabricant\n7;声级计;1;M\n", LOOK)
    told = unclear.value.spoken("en")
    assert told["proposal"]["columns"] == {
        "tag": "Numéro",
        "kind": "Type",
        "serial_no": "N° de série",
        "maker": "Fabricant",
    }
    assert told["headings"][0] == {"heading": "Numéro", "field": None, "examples": ["7"]}
