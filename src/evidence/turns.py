"""Who goes first when everybody hands in at once: facts before files, and whoever only asks waits for neither."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SMALL = 50
"""Operations of a batch that is mostly waiting for the database."""

SMALL_BATCHES = 4
LARGE_BATCHES = 3
"""That one process records at the same time. A large one is mostly reckoning: more at once would end no sooner, and
whoever only asks what is new would wait for all of them. A small one asks the database a dozen times."""

FILES = 8
"""Small files that one process locks and judges at the same time: enough to keep the object store busy."""

FILES_BESIDE_BATCHES = 3
"""As long as a batch is there: it has to get its share of the same processor."""


class Turns:
    """Of one process."""

    def __init__(self) -> None:
        self._small, self._large = Semaphore(SMALL_BATCHES), Semaphore(LARGE_BATCHES)
        self._files, self._beside = Semaphore(FILES), Semaphore(FILES_BESIDE_BATCHES)
        self._batches_here = 0

    @asynccontextmanager
    async def batch(self, operations: int) -> AsyncIterator[None]:
        self._batches_here += 1
        try:
            async with self._small if operations <= SMALL else self._large:
                yield
        finally:
            self._batches_here -= 1

    @asynccontextmanager
    async def file(self) -> AsyncIterator[None]:
        async with self._files:
            if not self._batches_here:
                yield
                return
            async with self._beside:
                yield
