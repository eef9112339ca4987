"""uvicorn inside our own event loop: our signals, our sockets, our order of ending."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop

from plumbline.http_protocol import LimitedHttpTools

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from litestar import Litestar

GRACE_SECONDS = 10
"""How long requests under way may take to finish after we were asked to stop. A cut upload can be resumed."""


def run_until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop and return the exit status; SIGINT and SIGTERM cancel the work, which then ends what it started."""

    async def guarded() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(guarded())


def listen(host: str, port: int) -> tuple[socket.socket, bool]:
    """A listening socket, and whether it is on a free port because `port` was taken. Other errors are raised."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048), False
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    return socket.create_server((host, 0), family=family, backlog=2048), True


def address(listening: socket.socket) -> str:
    """URL under which a client on this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}"


class StartError(Exception):
    """The application did not start; the log tells why."""


async def serve(app: Litestar, listening: socket.socket, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled, then finish requests under way within the grace. Raises StartError."""
    server = _Server(
        uvicorn.Config(
            app,
            http=LimitedHttpTools,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        ready,
    )
    serving = asyncio.create_task(_served(server, listening))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    if not server.started:
        raise StartError("The application did not start; the reason stands above.")


async def _served(server: _Server, listening: socket.socket) -> None:
    """Uvicorn exits the process where the application does not start: out of a task that would end the event loop at
    once, and leave behind everything else that was started.
    """
    with suppress(SystemExit):
        await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What the program consists of stays for ever: never again looked through for what could go. Each time
            # stopped all requests for a fifth of a second, under load every ten seconds.
            gc.collect()
            gc.freeze()
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The original raises the signal again after serving, which would end the process before its children."""
        yield
