"""Lines of Chinese: they break between any two characters, but never before a closing mark or after an opening one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_HAN = "\u2e80-\u9fff"
_UNBROKEN = re.compile(
    rf"[（“《]*(?:[{_HAN}]{{1,4}}-[!-~]+|[{_HAN}]|[^\s{_HAN}（“《，。；：、）”》]+)[，。；：、）”》]*|\s+|."
)
"""What stays on one line, with its marks: a Chinese character, another script's word or number, both with a hyphen."""


class Folded:
    """Text broken to the width it gets; Rich by itself breaks at spaces, of which Chinese has few."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        for paragraph in self._text.splitlines():
            yield Text("\n".join(folded(paragraph, options.max_width)), overflow="fold")

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        widest = max((cell_len(line) for line in self._text.splitlines()), default=0)
        return Measurement(min(2, options.max_width), min(widest, options.max_width))


def folded(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns; only what has no place to break is longer."""
    lines = [""]
    for piece in _UNBROKEN.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]
