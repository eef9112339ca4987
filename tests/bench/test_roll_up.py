"""The roll-up's bench counts what it filed."""

from bench.roll_up import measure


async def test_a_small_city_is_added_up_whole() -> None:
    [found] = await measure(units=3, devices_each=7, runs=1)
    assert found.devices == 21
