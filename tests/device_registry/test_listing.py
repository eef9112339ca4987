"""A text is found by any two neighbouring characters of it, in any script, by the index or without."""

import pytest
from msgspec.structs import replace

from device_registry import queries
from device_registry.queries import Filter
from device_registry.register import register_devices
from foundation.database import Database
from tests.device_registry.builders import A_UNIT, a_registration
from tests.support import FixedClock

DEVICES = {
    "A-1": "武汉市江汉区解放大道",
    "A-2": "江岸区解放公园路 100%",
    "B-3": "Rue de l'Église_7",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("解放", ["A-1", "A-2"]),
        ("大道", ["A-1"]),
        ("道", ["A-1"]),
        ("a-", ["A-1", "A-2"]),
        ("É", ["B-3"]),
        ("ÉGLISE", ["B-3"]),
        ("100%", ["A-2"]),
        ("_7", ["B-3"]),
        ("放解", []),
        ("江汉 江岸", []),
        ("", ["A-1", "A-2", "B-3"]),
    ],
)
async def test_devices_are_found_by_part_of_what_is_known_of_them(
    database: Database, clock: FixedClock, text: str, found: list[str]
) -> None:
    registrations = [replace(a_registration(tag), address=address) for tag, address in DEVICES.items()]
    async with database.transaction() as db:
        await register_devices(db, clock, registrations)
        wanted = Filter(units=[A_UNIT], text=text)
        lines = await queries.listed(db, wanted, clock.now(), most=10)
        assert [line.tag for line in lines] == found
        assert await queries.counted(db, wanted, clock.now()) == len(found)
        await db.execute("set local enable_seqscan = off")
        assert await queries.counted(db, wanted, clock.now()) == len(found)
