"""The API and the jobs as processes of their own, which are brought back whenever one dies, by whatever it died."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from plumbline.embedded import processes
from plumbline.settings import PREFIX, variable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from plumbline.settings import Settings

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 5.0
"""Between a death and the next start; doubled while it dies young, as it does while the database is away."""
YOUNG_SECONDS = 10.0
PATIENCE_SECONDS = 15.0
"""With one that was asked to end: a little longer than it gives to requests under way."""


async def supervised(settings: Settings, listening: socket.socket, say: Callable[[str], None]) -> None:
    """So many API processes as the settings ask for, on one listening socket, and one of jobs; until cancelled.

    Must be called in the main thread, whose end takes them along.
    """
    listening.set_inheritable(True)
    api = ("api", "--listening", str(listening.fileno()))
    async with asyncio.TaskGroup() as together:
        for number in range(1, settings.api_processes + 1):
            kept = _kept_alive(f"API process {number}", api, settings, say, keep=(listening.fileno(),))
            together.create_task(kept)
        together.create_task(_kept_alive("job worker", ("worker",), settings, say))


async def _kept_alive(
    name: str, arguments: Sequence[str], settings: Settings, say: Callable[[str], None], *, keep: Sequence[int] = ()
) -> None:
    pause = PAUSE_SECONDS
    while True:
        begun = monotonic()
        process = processes.start(
            [sys.executable, "-m", "plumbline", *arguments],
            log=None,
            when_we_die=signal.SIGKILL,  # nobody must hold our port when we are started again; nothing is lost by it
            folder=None,
            environ=_environ(settings),
            keep=keep,
        )
        try:
            status = await processes.ended(process)
        finally:
            await processes.end(process, signal.SIGTERM, patience_seconds=PATIENCE_SECONDS)
        if monotonic() - begun > YOUNG_SECONDS:
            pause = PAUSE_SECONDS
        say(f"{name} ended unexpectedly (status {status}); started again in {pause:.1f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _environ(settings: Settings) -> dict[str, str]:
    """Ours, but with the settings as they are by now."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = msgspec.structs.asdict(settings)
    return others | {variable(name): str(value) for name, value in given.items() if value != ""}
