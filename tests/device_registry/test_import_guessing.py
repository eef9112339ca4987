"""A mapping is proposed for the headings of real registers; nothing is taken by a guess."""

import pytest

from device_registry.importing.certificate_rows import DAYS
from device_registry.importing.columns import CERTIFICATE_HEADINGS, DEVICE_HEADINGS, ImportMapping, layout_of
from device_registry.importing.guessing import proposed
from device_registry.importing.spreadsheet import table_of
from device_registry.importing.table import Table
from tests.device_registry.real_data import real_data


def proposal(content: bytes, *, certificates: bool = False) -> ImportMapping:
    table: Table = table_of(content)
    headings, days = (CERTIFICATE_HEADINGS, DAYS) if certificates else (DEVICE_HEADINGS, ())
    layout = layout_of(table, ImportMapping(), headings)
    return proposed(table, layout, ImportMapping(), headings, days)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "fr_fixed_radars_2018.csv",
            {"tag": "id", "kind": "type", "maker": "equipement", "address": "emplacement", "unit": "departement"},
        ),
        ("inmetro_RJ_23_verifications_flat.csv", {"tag": "device_row", "kind": "tipo", "address": "local"}),
        ("cn_air_stations_gbk.csv", {"tag": "监测点编码", "address": "监测点名称"}),
        ("chicago_speed_cameras.csv", {"tag": "ID"}),
    ],
)
def test_devices_of_real_registers(name: str, expected: dict[str, str]) -> None:
    found = proposal(real_data(f"registry/{name}")).columns
    assert found.items() >= expected.items()


def test_certificates_of_a_real_register_with_the_order_of_their_dates() -> None:
    found = proposal(real_data("registry/inmetro_RJ_23_verifications_flat.csv"), certificates=True)
    assert (
        found.columns.items()
        >= {
            "certificate_no": "cert_no",
            "notice_no": "test_no",
            "verified_on": "issued",
            "occasion": "service",
        }.items()
    )
    assert found.date_order == "DMY"


@pytest.mark.parametrize(
    ("days", "order"),
    [(["13/05/2026"], "DMY"), (["05/13/2026"], "MDY"), (["05/06/2026"], "YMD"), (["13/05/2026", "05/13/2026"], "YMD")],
)
def test_the_order_of_a_date_is_proposed_only_where_one_order_fits_all(days: list[str], order: str) -> None:
    content = "\n".join(["issued", *days]).encode()
    assert proposal(content, certificates=True).date_order == order


def test_a_column_is_proposed_once_and_a_known_heading_never() -> None:
    found = proposal("设备编号,id,tipo\n1,2,3\n".encode()).columns
    assert found == {"kind": "tipo"}
