"""Who is compared in each section, and what each does in one turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import aiohttp
import msgspec

from bench import captures, phones, raw
from bench.captures import Capture
from bench.meter import Cost, Meter
from bench.phones import Evidence, Phone
from bench.plan import MB, RAW_LOCKED_PUT, RAW_PARTS, RAW_PUT, TO_RECEIPT, TO_SUBMISSION, Plan
from bench.raw import RawStore
from bench.servers import Server, Stage
from foundation.object_store import ObjectStore

DEVICE_TAG = "SLM-001"
"""Of the demonstration city: a verified sound level meter in service."""
PERSON = "officer-a"
VARIANT = 1_000_000
"""Added to the numbers of captures that must differ from another contender's: equal bytes would be told as copies."""

_WARMING = count(3 * VARIANT)
Item = TypeVar("Item")


class Turn(msgspec.Struct, frozen=True):
    """What one contender did once. `amount` is MB or requests; `p50` and `p95` are seconds of one item."""

    amount: float
    p50: float
    p95: float
    cost: Cost

    @property
    def rate(self) -> float:
        return self.amount / self.cost.seconds


class Contender(NamedTuple):
    """`turn` is given the number of the round. `ours`: the server under test takes part, so its memory is looked at."""

    name: str
    turn: Callable[[int], Awaitable[Turn]]
    ours: bool = False


class Field:
    """The stage with everybody who sends something to it."""

    def __init__(
        self,
        stage: Stage,
        plan: Plan,
        api: Server,
        session: aiohttp.ClientSession,
        store: ObjectStore,
        known: list[Phone],
    ) -> None:
        self._stage, self._plan, self._session, self._store, self._phones = stage, plan, session, store, known
        self.api = api
        self._raw = RawStore(stage.settings)

    async def warm_up(self) -> None:
        """One photograph from end to end: everything is loaded, and a process that reads pictures is up."""
        await self._photographs([captures.photograph(next(_WARMING), self._plan.photograph_bytes)], submit=True)

    def photographs(self) -> list[Contender]:
        plan = self._plan

        def ours(*, submit: bool) -> Callable[[int], Awaitable[Turn]]:
            return lambda number: self._photographs(self._taken(number, VARIANT * submit), submit=submit)

        async def straight(number: int) -> Turn:
            taken = self._taken(number)
            urls = [self._raw.presigned("PUT", f"raw/{number}/{index}") for index in range(len(taken))]
            return await self._timed(
                zip(urls, taken, strict=True),
                plan.photograph_clients,
                lambda one, _: raw.put(self._session, one[0], one[1].pieces),
                plan.photographs * plan.photograph_bytes,
            )

        async def locked(number: int) -> Turn:
            taken, until = self._taken(number, 2 * VARIANT), datetime.now(UTC) + timedelta(days=1)
            return await self._timed(
                taken,
                plan.photograph_clients,
                lambda one, _: self._store.put_locked(bytes.fromhex(one.sha256), one.pieces[0], until),
                plan.photographs * plan.photograph_bytes,
            )

        return [
            Contender(RAW_PUT, straight),
            Contender(RAW_LOCKED_PUT, locked),
            Contender(TO_RECEIPT, ours(submit=False), ours=True),
            Contender(TO_SUBMISSION, ours(submit=True), ours=True),
        ]

    def videos(self) -> list[Contender]:
        plan = self._plan
        amount = plan.videos * plan.video_bytes

        async def ours(number: int) -> Turn:
            async def send(one: Evidence, phone: Phone) -> None:
                await phones.commit(self._session, self.api.url, phone, one)
                await phones.upload_in_chunks(self._session, self.api.url, phone, one)

            return await self._timed(self._prepared(self._filmed(number)), plan.video_clients, send, amount)

        async def in_parts(number: int) -> Turn:
            work = []
            for index, video in enumerate(self._filmed(number)):
                key = f"raw/parts/{number}/{index}"
                upload = await self._raw.begin_parts(self._session, key)
                urls = [
                    self._raw.presigned("PUT", key, uploadId=upload, partNumber=str(part))
                    for part in range(1, len(video.pieces) + 1)
                ]
                work.append((urls, self._raw.presigned("POST", key, uploadId=upload), video))
            return await self._timed(
                work, plan.video_clients, lambda one, _: raw.put_parts(self._session, *one), amount
            )

        async def at_once(number: int) -> Turn:
            filmed = self._filmed(number)
            urls = [self._raw.presigned("PUT", f"raw/video/{number}/{index}") for index in range(len(filmed))]
            return await self._timed(
                zip(urls, filmed, strict=True),
                plan.video_clients,
                lambda one, _: raw.put(self._session, one[0], one[1].pieces),
                amount,
            )

        return [Contender(RAW_PARTS, in_parts), Contender(RAW_PUT, at_once), Contender(TO_RECEIPT, ours, ours=True)]

    async def _photographs(self, taken: list[Capture], *, submit: bool) -> Turn:
        async def send(one: Evidence, phone: Phone) -> None:
            await phones.commit(self._session, self.api.url, phone, one)
            await phones.upload_at_once(self._session, self.api.url, phone, one)
            if submit:
                await phones.submit(self._session, self.api.url, phone, one)

        amount = sum(capture.size for capture in taken)
        clients = min(self._plan.photograph_clients, len(taken))
        return await self._timed(self._prepared(taken), clients, send, amount)

    def _taken(self, number: int, variant: int = 0) -> list[Capture]:
        plan = self._plan
        first = variant + number * plan.photographs
        return [captures.photograph(first + index, plan.photograph_bytes) for index in range(plan.photographs)]

    def _filmed(self, number: int) -> list[Capture]:
        plan = self._plan
        first = number * plan.videos
        return [captures.video(first + index, plan.video_bytes, plan.chunk_bytes) for index in range(plan.videos)]

    def _prepared(self, taken: Sequence[Capture]) -> list[Evidence]:
        """Each signed by the phone that will send it: see `_timed`."""
        return [
            phones.prepared(self._phones[index % len(self._phones)], capture, DEVICE_TAG)
            for index, capture in enumerate(taken)
        ]

    async def _timed(
        self, work: Iterable[Item], clients: int, send: Callable[[Item, Phone], Awaitable[Any]], amount: float
    ) -> Turn:
        """Every client sends what is dealt to it, one after the other."""
        dealt = list(work)
        seconds: list[float] = []

        async def client(number: int) -> None:
            for item in dealt[number::clients]:
                began = perf_counter()
                await send(item, self._phones[number])
                seconds.append(perf_counter() - began)

        with Meter(self._stage.pids(self.api)) as meter:
            async with asyncio.TaskGroup() as together:
                for number in range(clients):
                    together.create_task(client(number))
        seconds.sort()
        return Turn(amount / MB, seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)], meter.cost)


@asynccontextmanager
async def field(stage: Stage, plan: Plan, clients: int) -> AsyncIterator[Field]:
    """A fresh API, warmed up, and a phone signed in for each client."""
    settings = stage.settings
    store = ObjectStore.open(
        settings.s3_endpoint, settings.s3_bucket, settings.s3_region, settings.s3_access_key, settings.s3_secret_key
    )
    person = next(person for person in stage.people if person.sign_in_name == PERSON)
    connector = aiohttp.TCPConnector(limit=0)
    async with stage.api() as api, aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        try:
            known = [await phones.sign_in(session, api.url, person, f"phone {number}") for number in range(clients)]
            ready = Field(stage, plan, api, session, store, known)
            await ready.warm_up()
            yield ready
        finally:
            await store.close()
