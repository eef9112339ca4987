"""Lists that exist come into the register by a command, in the name of somebody, and everybody is counted."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.agency.builders import City, a_city, a_person
from tests.device_registry.real_data import FOLDER, real_data

from agency.model import Role
from device_registry.model import Reason
from device_registry.standings import standings_at
from foundation.database import Database
from plumbline.settings import PREFIX, Settings, variable

COLLECTED = datetime(2026, 11, 22, tzinfo=UTC)
METERS = "registry/inmetro_RJ_23_verifications_flat.csv"
METER_COLUMNS = {
    "columns": {"tag": "device_row", "serial_no": "serial", "address": "local"},
    "constants": {"kind": "SPEED_RADAR_FIXED", "model": "?", "maker": "?", "mounting": "FIXED"},
}
HISTORY_COLUMNS = {
    "columns": {
        "tag": "device_row", "certificate_no": "cert_no", "notice_no": "test_no", "verified_on": "issued",
        "valid_until": "expires", "occasion": "service", "result": "result",
    },
    "constants": {"issuing_body": "IPEM-RJ"},
    "values": {
        "result": {"Aprovado": "PASS", "Reprovado": "FAIL"},
        "occasion": {"Inicial": "INITIAL", "Periódica": "SUBSEQUENT", "Após Reparo": "AFTER_REPAIR"},
    },
    "date_order": "DMY",
}  # fmt: skip
CAMERA_COLUMNS = {
    "columns": {"tag": "id", "kind": "type", "maker": "equipement", "address": "emplacement", "serial_no": "id"},
    "constants": {"model": "?", "maker": "?", "mounting": "FIXED", "datum": "WGS84"},
    "values": {
        "kind": {
            "Radar fixe": "SPEED_RADAR_FIXED",
            "Radar discriminant": "SPEED_RADAR_FIXED",
            "Radar feu rouge": "RED_LIGHT",
            "Radar Passage à Niveau": "RED_LIGHT",
            "Radar Vitesse Moyenne": "SPEED_SECTION",
            "Itinéraire": "SPEED_RADAR_MOBILE",
        }
    },
}

Command = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def plumbline(services: Settings, database_url: str, tmp_path: Path) -> Command:
    """Runs the program on the test's database; a mapping is given as what its file would hold."""
    given = msgspec.structs.asdict(msgspec.structs.replace(services, database_url=database_url))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {variable(name): str(value) for name, value in given.items() if value != ""}

    async def run(*words: str, mapping: dict[str, Any] | None = None) -> tuple[int, str]:
        if mapping is not None:
            file = tmp_path / "mapping.json"
            file.write_bytes(msgspec.json.encode(mapping))
            words = (*words, "--mapping", str(file), "--language", "en")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "plumbline", *words,
            env=environ | {"COLUMNS": "200"}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    return run


@pytest_asyncio.fixture
async def city(database: Database) -> City:
    city = await a_city(database)
    async with database.transaction() as db:
        await a_person(db, city.east, roles=(Role.DEVICE_MANAGER,), sign_in_name="manager")
        await a_person(db, city.west, roles=(Role.FIELD_OFFICER,), sign_in_name="officer")
    return city


def counts(output: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in output.splitlines() if len(line.split(maxsplit=1)) == 2)


async def test_the_real_histories_and_camera_list_come_in_and_are_counted(
    plumbline: Command, database: Database, city: City
) -> None:
    real_data(METERS)
    meters, cameras = str(FOLDER / METERS), str(FOLDER / "registry/fr_fixed_radars_2018.xlsx")
    by = ("--by", "manager")
    status, told = await plumbline("import-devices", meters, *by, mapping=METER_COLUMNS)
    assert (status, counts(told)["refused"], counts(told)["devices"]) == (0, "1", "22"), told
    assert "nothing written" in told
    status, told = await plumbline("import-devices", meters, *by, "--write", mapping=METER_COLUMNS)
    assert status == 1, "a refused row takes all with it"
    assert "required, and empty." in told
    status, told = await plumbline(
        "import-devices", meters, *by, "--write", "--leave-out-refused", mapping=METER_COLUMNS
    )
    assert (status, counts(told)["left_out"], counts(told)["duplicates"]) == (0, "1", "2"), told
    status, told = await plumbline(
        "import-certificates", meters, *by, "--write", "--leave-out-refused", mapping=HISTORY_COLUMNS
    )
    assert (status, counts(told)["certificates"], counts(told)["failure_notices"]) == (0, "96", "2"), told
    assert counts(told)["left_out"] == "11"
    status, told = await plumbline("import-devices", cameras, *by, "--write", mapping=CAMERA_COLUMNS)
    assert (status, counts(told)["devices"]) == (0, "3350"), told

    found = await standings_at(database, [city.east.id], COLLECTED)
    assert (found.devices, found.in_standing) == (3372, 0)
    assert found.reasons[Reason.DEVICE_NOT_IN_SERVICE] == 3372, "nobody has put them in service here"
    assert found.reasons[Reason.NEVER_VERIFIED] == 2474 + 5, "cameras without a history, and meters without one"
    assert found.reasons[Reason.CONCLUSION_MISSING] == 876
    assert found.reasons[Reason.VERIFICATION_OVERDUE] == 11
    assert sum(found.together.values()) == 3372

    status, told = await plumbline("standings", *by)
    assert status == 0
    assert "3372  DEVICE_NOT_IN_SERVICE" in told


async def test_a_command_reaches_no_further_than_whoever_it_is_done_by(
    plumbline: Command, city: City, tmp_path: Path
) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("tag,kind,serial,model,maker,mounting,unit\nA-1,SOUND_LEVEL,1,M,X,HANDHELD,\n", "utf-8")
    status, told = await plumbline("import-devices", str(file), "--by", "nobody", "--write")
    assert status == 2
    assert "nobody can sign in as nobody" in told
    status, told = await plumbline("import-devices", str(file), "--by", "officer", "--write", "--language", "en")
    assert status == 1
    assert "unit" in told
    status, told = await plumbline("import-devices", str(file), "--by", "manager", "--unit", str(city.west.id))
    assert (status, "is no unit" in told) == (2, True), told
    status, told = await plumbline("import-devices", str(file), "--by", "manager", "--unit", "420102002", "--write")
    assert (status, counts(told)["by_unit"]) == (0, f"{{'{city.street.id}': 1}}"), told
