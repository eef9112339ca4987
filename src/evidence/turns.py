"""Who goes first when everybody hands in at once: facts before files, and whoever only asks waits for neither."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BATCHES = 2
"""Batches of operations that one process records at the same time. Each is mostly reckoning: more at once would end no
sooner, and whoever only asks what is new would wait for all of them."""

FILES = 8
"""Small files that one process locks and judges at the same time: enough to keep the object store busy."""

FILES_BESIDE_BATCHES = 2
"""As long as a batch is there: it has to get its share of the same processor."""


class Turns:
    """Of one process."""

    def __init__(self) -> None:
        self._batches, self._files, self._beside = Semaphore(BATCHES), Semaphore(FILES), Semaphore(FILES_BESIDE_BATCHES)
        self._batches_here = 0

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[None]:
        self._batches_here += 1
        try:
            async with self._batches:
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
