"""Virtual phones over a bad network lose nothing, and what would be lost is told."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.builders import a_unit
from tests.served import served

from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.phone_simulator import officers
from plumbline.phone_simulator.plan import Plan, Trouble
from plumbline.phone_simulator.run import run
from plumbline.phone_simulator.store import picture
from plumbline.phone_simulator.tally import Tally, percentiles
from plumbline.settings import Settings

A_SHIFT = Plan(phones=4, inspections=2, photographs=3, photograph_bytes=20_000, window_seconds=0.5)


async def simulated(settings: Settings, log: Path, plan: Plan) -> Tally:
    database, clock = await Database.open(settings.database_url, most=2, unless_said=EVERYTHING), SystemClock()
    try:
        made = await officers.make(database, clock, await a_unit(database), plan.phones)
        with served(settings, log) as url:
            return await run((url,), made, plan, lambda *_: None)
    finally:
        await database.close()


@pytest.mark.parametrize(
    "trouble",
    [Trouble(cut=0, lost=0, twice=0, restart=0), Trouble(cut=0.15, lost=0.15, twice=0.15, restart=0.1)],
    ids=["a good network", "a bad one"],
)
async def test_a_shift_of_several_phones_is_handed_in_whole(
    services: Settings, database_url: str, tmp_path: Path, trouble: Trouble
) -> None:
    settings = replace(services, database_url=database_url, database_connections=8)
    tally = await simulated(settings, tmp_path / "log", replace(A_SHIFT, trouble=trouble))
    assert (tally.refused, tally.faults) == ([], [])
    assert tally.whole
    assert tally.photographs == 12
    assert tally.facts > 4 * 2


def test_a_picture_is_made_again_from_its_seed_and_number() -> None:
    made = {(seed, number): picture(seed, number, 50_000) for seed in (1, 2) for number in (1, 2)}
    assert len(set(made.values())) == 4
    assert {len(body) for body in made.values()} == {50_000}
    assert picture(2, 1, 50_000) == made[2, 1]


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentiles([]) == (0, 0, 0, 0)
    assert percentiles([3.0]) == (3, 3, 3, 3)
    assert percentiles([float(number) for number in range(101)]) == (50, 95, 99, 100)
