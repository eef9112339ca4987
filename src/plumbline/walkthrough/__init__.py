"""`plumbline walkthrough`: a shift played through the public HTTP API as phones would, compared with what must come."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.theme import Theme

from foundation.words import Language
from plumbline.walkthrough import pictures, table
from plumbline.walkthrough.api import Api, CannotPlayError, Refused
from plumbline.walkthrough.phone import Phone
from plumbline.walkthrough.receipts import ReceiptKeys
from plumbline.walkthrough.shift import SITUATIONS, SUPERVISOR, Act, Played, planned, play
from plumbline.walkthrough.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WIDTH_WITHOUT_TERMINAL = 140
"""Columns of the table in a file or a picture."""
_PLAIN_PROGRESS = Theme(
    dict.fromkeys(("bar.complete", "bar.finished", "progress.download", "progress.elapsed"), "none")
)
"""Red, yellow and green are for verdicts."""


def run(
    server: str,
    photos: Path | None,
    passwords: Path,
    *,
    language: Language = "zh-CN",
    svg: Path | None = None,
) -> int:
    """Plays and prints; 1 where anything differs from what must come, else 0. Raises CannotPlayError.

    `passwords` is the JSON file that the demonstration city's seed wrote. `svg` is written as a picture of the table.
    """
    known = _passwords_in(passwords)
    acts = planned(pictures.in_folder(photos) if photos else _own_pictures())
    console = _console(recording=svg is not None)
    begun = time.monotonic()
    rows = _play(server, acts, known, language, console)
    console.print(table.report(rows, language, seconds=time.monotonic() - begun))
    if svg is not None:
        svg.write_text(table.svg(console, "plumbline walkthrough"), "utf-8")
    return 1 if any(row.differences for row in rows) else 0


def _play(
    server: str, acts: Sequence[Act], passwords: dict[str, str], language: Language, console: Console
) -> list[Played]:
    with ExitStack() as signed_in:

        def api() -> Api:
            return signed_in.enter_context(Api(server, language))

        try:
            keys = ReceiptKeys.published_by(api())
        except (Refused, ValueError) as error:
            raise CannotPlayError(f"{server} publishes no receipt keys ({error}). Is it a Plumbline server?") from error
        phones = {}
        for officer in dict.fromkeys(situation.officer for situation in SITUATIONS):
            phones[officer] = Phone(api(), officer, passwords)
            signed_in.callback(_politely, phones[officer].sign_out)
        supervisor = Supervisor(api(), SUPERVISOR, passwords)
        signed_in.callback(_politely, supervisor.sign_out)
        name = TextColumn(f"{{task.description:<{table.LONGEST_FILE_NAME}}}", markup=False)
        with Progress(
            name, BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
        ) as progress:
            task = progress.add_task("", total=len(acts))
            rows = []
            for act in acts:
                progress.update(task, description=table.shortened(act.picture.name))
                rows.append(play(act, phones, supervisor, keys))
                progress.advance(task)
            return rows


def _politely(sign_out: Callable[[], None]) -> None:
    """The shift is over, and its tokens run out by themselves."""
    with suppress(Refused, CannotPlayError):
        sign_out()


def _own_pictures() -> list[pictures.Picture]:
    return pictures.made_here([situation.device_tag or "PHONE" for situation in SITUATIONS])


def _passwords_in(file: Path) -> dict[str, str]:
    try:
        return {str(name): str(password) for name, password in json.loads(file.read_bytes()).items()}
    except OSError as error:
        raise CannotPlayError(
            f"The demonstration's passwords cannot be read ({error.strerror}: {file}). "
            "Name the data folder of the running server with --data DIR, or a copy of that file with --passwords FILE."
        ) from None
    except (ValueError, AttributeError) as error:
        raise CannotPlayError(f"{file} is not a JSON object of passwords by sign-in name.") from error


def _console(*, recording: bool) -> Console:
    """As wide as the terminal; where there is none, or for a picture, as wide as the table likes to be."""
    console = Console(record=recording, theme=_PLAIN_PROGRESS)
    if recording or not (console.is_terminal or "COLUMNS" in os.environ):
        console.width = WIDTH_WITHOUT_TERMINAL
    return console
