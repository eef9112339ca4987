"""What the commands share: settings from the environment, servers of the data folder, the console."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog
from rich.console import Console

from plumbline import serve as serving
from plumbline import settings as known_settings
from plumbline.embedded import services

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from plumbline.settings import Settings

out = Console()
data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the embedded servers' data."
)


def settings_of(**chosen: Any) -> Settings:
    """From the environment; what was given on the command line wins."""
    given = {known_settings.variable(name): str(value) for name, value in chosen.items() if value is not None}
    settings = known_settings.load({**os.environ, **given})
    _configure_logging(settings.log_level)
    return settings


async def on_servers(settings: Settings, work: Callable[[Settings], Coroutine[Any, Any, int]]) -> int:
    """On the configured servers, or on those of the data folder, which are started for it if need be."""
    async with services.reached(settings) as filled:
        return await work(filled)


def end_with(work: Coroutine[Any, Any, int]) -> None:
    sys.exit(serving.run_until_signal(work))


def _configure_logging(level: str) -> None:
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # its news of starting and stopping are told by us
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)  # tells each attempt with a traceback; we tell once
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
