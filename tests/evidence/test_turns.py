"""Facts go before files, a few at a time, and nobody waits for ever."""

import asyncio
from contextlib import AbstractAsyncContextManager

from evidence.turns import BATCHES, FILES, FILES_BESIDE_BATCHES, Turns


async def held(turn: AbstractAsyncContextManager[None], inside: list[None], until: asyncio.Event) -> None:
    async with turn:
        inside.append(None)
        await until.wait()
        inside.pop()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_batches_and_files_go_at_once() -> None:
    turns, batches, files, over = Turns(), list[None](), list[None](), asyncio.Event()
    async with asyncio.TaskGroup() as together:
        for _ in range(3 * FILES):
            together.create_task(held(turns.file(), files, over))
        await settled()
        for _ in range(3 * BATCHES):
            together.create_task(held(turns.batch(), batches, over))
        await settled()
        assert (len(batches), len(files)) == (BATCHES, FILES)
        over.set()


async def test_beside_a_batch_only_a_few_files_go_and_all_again_after_it() -> None:
    turns, batches, files = Turns(), list[None](), list[None]()
    told, over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(held(turns.batch(), batches, told))
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
    gone = [asyncio.create_task(held(turns.batch(), inside, over)) for _ in range(2 * BATCHES)]
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
