"""A network as basements have it: what it does to a request is drawn from the phone's own seed."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from random import Random

    from plumbline.phone_simulator.plan import Trouble
    from plumbline.phone_simulator.tally import Tally


class Cut(httpx.WriteError):
    """The connection broke while the request was being sent."""


class AnswerLost(httpx.ReadError):
    """The request arrived. Nobody on this side knows."""


class BadNetwork(httpx.AsyncBaseTransport):
    """Between one phone and the server. What is answered is timed; what was broken off is counted."""

    def __init__(self, inner: httpx.AsyncBaseTransport, trouble: Trouble, random: Random, tally: Tally) -> None:
        self._inner, self._trouble, self._random, self._tally = inner, trouble, random, tally
        self.calm = False
        """No troubles from here on: for the audit."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises Cut, AnswerLost, and what the network itself raises."""
        trouble, drawn = self._trouble, self._random.random
        if self.calm:
            return await self._answered(request)
        if drawn() < trouble.cut:
            self._tally.troubles["cut"] += 1
            await self._break_off(request)
        if drawn() < trouble.twice:
            self._tally.troubles["twice"] += 1
            await self._answered(request)
        answer = await self._answered(request)
        if drawn() < trouble.lost:
            self._tally.troubles["answer lost"] += 1
            raise AnswerLost("the answer was lost", request=request)
        return answer

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        began = perf_counter()
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        self._tally.times[_kind(request)].append(perf_counter() - began)
        return answer

    async def _break_off(self, request: httpx.Request) -> None:
        body = request.content
        if body:
            half = httpx.Request(
                request.method, request.url, headers=request.headers, stream=_Half(body), extensions=request.extensions
            )
            await self._inner.handle_async_request(half)
        raise Cut("the network is gone", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Half(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: len(self._body) // 2]
        raise Cut("the network is gone")


def _kind(request: httpx.Request) -> str:
    """`GET changes`, `PATCH uploads`: the method and the first part of the path below the version."""
    parts = request.url.path.split("/")
    return f"{request.method} {parts[-1] if parts[-1] == 'submission' else parts[3]}"
