"""Between Plumbline and the object store: passes every request on, and lets chosen ones go wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from io import BytesIO

import aiohttp
from aiohttp import web


class StoreFault(StrEnum):
    """What may become of a request, as its sender sees it."""

    REFUSED = "broken off before the store saw it"
    LOST = "done, but the answer is lost"
    ERROR = "answered 500"
    SLOW_DOWN = "answered 503 SlowDown"
    TRUNCATED = "done, but the answer ends in the middle"
    HANG = "never answered"


_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_HOP = {"connection", "keep-alive", "transfer-encoding"}

Choice = Callable[[int, str], StoreFault | None]
"""By the number of the request, from 1 on, and what it is: `PUT sha256/…?partNumber=1`."""


def nothing_wrong(_: int, __: str) -> StoreFault | None:
    return None


class StoreProxy:
    """`seen`: what was asked since `begin`, in order."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._choice: Choice = nothing_wrong
        self.seen: list[str] = []
        self.url = ""

    def begin(self, choice: Choice = nothing_wrong) -> None:
        """Counts from one again."""
        self._choice, self.seen = choice, []

    async def close(self) -> None:
        await self._session.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path_qs}")
        fault = self._choice(len(self.seen), self.seen[-1])
        match fault:
            case StoreFault.REFUSED:
                return _cut(request)
            case StoreFault.ERROR:
                return web.Response(status=500)
            case StoreFault.SLOW_DOWN:
                return web.Response(status=503, body=_SLOW_DOWN, headers={"Retry-After": "1"})
            case StoreFault.HANG:
                await asyncio.sleep(3600)
        body = await request.content.read()
        async with self._session.request(
            request.method,
            self._store + request.raw_path,
            headers=request.headers.items(),  # Host, too: it is signed
            data=BytesIO(body) if body else None,
            skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
        ) as told:
            whole = await told.read()
        headers = [(name, value) for name, value in told.headers.items() if name.lower() not in _HOP]
        if fault is StoreFault.LOST or (fault is StoreFault.TRUNCATED and not whole):
            return _cut(request)
        if fault is StoreFault.TRUNCATED:
            answer = web.StreamResponse(status=told.status, headers=dict(headers) | {"Content-Length": str(len(whole))})
            await answer.prepare(request)
            await answer.write(whole[: len(whole) // 2])
            return _cut(request)
        answer = web.StreamResponse(status=told.status, headers=dict(headers))
        await answer.prepare(request)
        if whole:
            await answer.write(whole)
        await answer.write_eof()
        return answer


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def before_store(store: str) -> AsyncIterator[StoreProxy]:
    """A proxy on a free port of this machine; `store` is the URL of the true one."""
    proxy = StoreProxy(store)
    runner = web.ServerRunner(web.Server(proxy.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    proxy.url = f"http://{host}:{port}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
        await proxy.close()
