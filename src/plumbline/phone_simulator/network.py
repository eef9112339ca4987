"""A network as basements have it: what it does to a request is drawn from the phone's own seed."""

from __future__ import annotations

from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import msgspec

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping
    from random import Random

    from plumbline.phone_simulator.plan import Trouble
    from plumbline.phone_simulator.tally import Tally

LONGEST_SECONDS = 300
"""For one answer: longer than a server may let anybody wait that is not broken."""


class NetworkGone(Exception):
    """No answer came; whether the request arrived, nobody on this side knows."""


class Cut(NetworkGone):
    """The connection broke while the request was being sent."""


class AnswerLost(NetworkGone):
    """The request arrived."""


class Answer(NamedTuple):
    """Read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_error(self) -> bool:
        return self.status >= HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class BadNetwork:
    """Between one phone and the server. What is answered is timed; what was broken off is counted."""

    def __init__(
        self, url: str, headers: Mapping[str, str], tls: ssl.SSLContext, trouble: Trouble, random: Random, tally: Tally
    ) -> None:
        self._session = aiohttp.ClientSession(
            url,
            headers=headers,
            connector=aiohttp.TCPConnector(limit=2, ssl=tls),
            timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._trouble, self._random, self._tally = trouble, random, tally
        self.calm = False
        """No troubles from here on: for the audit."""

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Raises NetworkGone."""
        trouble, drawn = self._trouble, self._random.random
        if self.calm:
            return await self._answered(method, path, headers, body)
        if drawn() < trouble.cut:
            self._tally.troubles["cut"] += 1
            await self._break_off(method, path, headers, body)
        if drawn() < trouble.twice:
            self._tally.troubles["twice"] += 1
            await self._answered(method, path, headers, body)
        answer = await self._answered(method, path, headers, body)
        if drawn() < trouble.lost:
            self._tally.troubles["answer lost"] += 1
            raise AnswerLost
        return answer

    async def _answered(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes) -> Answer:
        began = perf_counter()
        try:
            async with self._session.request(method, path, headers=headers, data=body or None) as answer:
                read = Answer(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NetworkGone(repr(error)) from error
        self._tally.times[_kind(method, path)].append(perf_counter() - began)
        return read

    async def _break_off(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes) -> None:
        if body:
            whole = {**(headers or {}), "Content-Length": str(len(body))}
            try:
                async with self._session.request(method, path, headers=whole, data=_half(body)):
                    pass
            except (Cut, aiohttp.ClientError, TimeoutError, OSError):
                pass
        raise Cut

    async def close(self) -> None:
        await self._session.close()


async def _half(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    raise Cut


def _kind(method: str, path: str) -> str:
    """`GET changes`, `PATCH uploads`: the method and the first part of the path below the version."""
    parts = path.partition("?")[0].split("/")
    return f"{method} {parts[-1] if parts[-1] == 'submission' else parts[3]}"
