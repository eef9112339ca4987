"""Look-ups that wait for the same database are answered together, each by what was read after it was asked."""

import asyncio

import pytest

from foundation.shared_lookup import MOST_AT_ONCE, SharedLookup


class Source:
    """Answers with how often it was asked, and notes which keys came together."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def load(self, keys: list[int]) -> dict[int, str]:
        self.asked.append(keys)
        turn = len(self.asked)
        await asyncio.sleep(0.01)
        if any(key < 0 for key in keys):
            raise ValueError(f"no negative keys: {keys}")
        return {key: f"{key} at turn {turn}" for key in keys if key % 10}


async def test_who_comes_while_one_is_asking_is_asked_for_together_and_once() -> None:
    source = Source()
    lookup = SharedLookup(source.load)
    first = asyncio.create_task(lookup.get(1))
    await asyncio.sleep(0.001)
    answers = await asyncio.gather(*(lookup.get(key) for key in (1, 2, 2, 3)))
    assert await first == "1 at turn 1"
    assert answers == ["1 at turn 2", "2 at turn 2", "2 at turn 2", "3 at turn 2"], (
        "1 was read anew: it may have changed"
    )
    assert source.asked == [[1], [1, 2, 3]]


async def test_nothing_is_remembered_and_what_is_not_found_is_none() -> None:
    source = Source()
    lookup = SharedLookup(source.load)
    assert [await lookup.get(5), await lookup.get(5), await lookup.get(10)] == ["5 at turn 1", "5 at turn 2", None]


async def test_a_key_that_fails_fails_alone() -> None:
    lookup = SharedLookup(Source().load)
    answers = await asyncio.gather(*(lookup.get(key) for key in (1, -1, 2, 3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [str, ValueError, str, str]
    with pytest.raises(ValueError, match="negative"):
        await lookup.get(-7)
    assert await lookup.get(4), "and the look-up goes on"


async def test_one_who_goes_away_takes_no_answer_from_the_others() -> None:
    lookup = SharedLookup(Source().load)
    tasks = [asyncio.create_task(lookup.get(key)) for key in (1, 2, 3)]
    await asyncio.sleep(0.001)
    tasks[0].cancel()
    tasks[1].cancel()
    assert (await tasks[2] or "").startswith("3")


async def test_a_crowd_is_asked_for_in_portions() -> None:
    source = Source()
    lookup = SharedLookup(source.load)
    await asyncio.gather(*(lookup.get(key) for key in range(MOST_AT_ONCE * 2 + 5)))
    assert [len(keys) for keys in source.asked] == [MOST_AT_ONCE, MOST_AT_ONCE, 5]
