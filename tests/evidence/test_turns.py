"""Facts go before files, a few at a time, and nobody waits for ever."""

import asyncio
from contextlib import AbstractAsyncContextManager

from evidence.turns import FILES, FILES_BESIDE_BATCHES, LARGE_BATCHES, SMALL, SMALL_BATCHES, Turns


async def held(turn: AbstractAsyncContextManager[None], inside: list[None], until: asyncio.Event) -> None:
    async with turn:
        inside.append(None)
        await until.wait()
        inside.pop()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_batches_and_files_go_at_once_and_small_batches_wait_for_no_large_ones() -> None:
    turns, over = Turns(), asyncio.Event()
    small, large, files = list[None](), list[None](), list[None]()
    async with asyncio.TaskGroup() as together:
        for _ in range(3 * FILES):
            together.create_task(held(turns.file(), files, over))
        await settled()
        for _ in range(3 * SMALL_BATCHES):
            together.create_task(held(turns.batch(SMALL + 1), large, over))
        for _ in range(3 * SMALL_BATCHES):
            together.create_task(held(turns.batch(SMALL), small, over))
        await settled()
        assert (len(small), len(large), len(files)) == (SMALL_BATCHES, LARGE_BATCHES, FILES)
        over.set()


async def test_beside_a_batch_only_a_few_files_go_and_all_again_after_it() -> None:
    turns, batches, files = Turns(), list[None](), list[None]()
    told, over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(held(turns.batch(1), batches, told))
        await settled()
        for _ in range(FILES_BESIDE_BATCHES):
            together.create_task(held(turns.file(), files, over))
        waiting = together.create_task(held(turns.file(), files, over))
        await settled()
        assert len(files) == FILES_BESIDE_BATCHES
        told.set()
        await settled()
        for _ in range(FILES - FILES_BESIDE_BATCHES - 1):
            together.create_task(held(turns.file(), files, over))
        await settled()
        assert len(files) == FILES - 1
        assert not waiting.done()
        over.set()


async def test_whoever_gives_up_takes_no_turn_with_them() -> None:
    turns, inside, over = Turns(), list[None](), asyncio.Event()
    gone = [asyncio.create_task(held(turns.batch(1), inside, over)) for _ in range(2 * SMALL_BATCHES)]
    await settled()
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    inside.clear()
    left = [asyncio.create_task(held(turns.file(), inside, over)) for _ in range(FILES)]
    await settled()
    assert len(inside) == FILES
    over.set()
    await asyncio.gather(*left)
