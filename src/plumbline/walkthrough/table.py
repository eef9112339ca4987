"""The shift as one table, for a terminal and for a page."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from foundation.words import Language, say
from plumbline.walkthrough.folding import Folded
from plumbline.walkthrough.incidents import USUAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumbline.walkthrough.shift import Played

COLOURS = {"ADMITTED": "green", "HELD": "yellow", "UNDETERMINED": "cyan", "REFUSED": "magenta"}
LONGEST_FILE_NAME = 22
"""Columns of the terminal; what is longer loses its middle."""
_CELL_WIDTH = 12.2
"""Of one column in an SVG of rich, in its units."""
_SVG_TEXT = re.compile(
    r'<text(?P<style>[^>]*?) x="(?P<x>[\d.]+)" y=(?P<y>"[\d.]+") textLength="[\d.]+"(?P<clip>[^>]*)>'
    r"(?P<words>[^<]*)</text>"
)
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: "Fira Code", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; \
font-size: {char_height}px; white-space: pre; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""rich's own asks a server elsewhere for a font."""


def report(rows: Sequence[Played], language: Language, *, seconds: float) -> RenderableType:
    """The table, a supervisor's look at one held piece, every difference, and one line that sums up."""

    def words(key: str, **values: object) -> str:
        return say(language, f"walkthrough.{key}", **values)

    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, expand=True,
        title=words("title"), title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column(words("column.file"), no_wrap=True)
    table.add_column(words("column.device"), no_wrap=True)
    table.add_column(words("column.shows"), ratio=5)
    table.add_column(words("column.verdict"), no_wrap=True)
    table.add_column(words("column.reasons"), ratio=7)
    table.add_column(words("column.expected"), justify="center", no_wrap=True)
    table.add_column(words("column.receipt"), justify="center", no_wrap=True)
    for number, row in enumerate(rows):
        before = rows[number - 1] if number else row
        if before.act.incident is USUAL and row.act.incident is not USUAL:
            table.add_section()
        table.add_row(*_cells(row, language))
    return Group(table, *_held_piece(rows, language), *_differences(rows, language), _summary(rows, language, seconds))


def svg(console: Console, title: str) -> str:
    """What a recording console printed."""
    drawn = console.export_svg(title=title, code_format=_SVG, unique_id="walkthrough")
    return _SVG_TEXT.sub(_measured, drawn)


def _measured(text: re.Match[str]) -> str:
    """The library gives a Chinese character the room of a Latin one. Here runs of either kind stand on their own."""
    at, drawn = float(text["x"]), ""
    for run in re.findall(r"[\u2e80-\uffef]+|[^\u2e80-\uffef]+", unescape(text["words"])):
        length = cell_len(run.rstrip()) * _CELL_WIDTH
        if run.strip():
            placed = f'x="{at:.1f}" y={text["y"]} textLength="{length:.1f}"'
            drawn += f"<text{text['style']} {placed}{text['clip']}>{escape(run.rstrip())}</text>"
        at += cell_len(run) * _CELL_WIDTH
    return drawn


def _cells(row: Played, language: Language) -> tuple[RenderableType, ...]:
    act = row.act
    shows = act.situation.words[language]
    if act.incident is not USUAL:
        shows = say(language, f"walkthrough.incident.{act.incident.name}")
    verdict = Text(say(language, f"walkthrough.verdict.{row.outcome}"), COLOURS.get(row.outcome, ""))
    receipt = "—" if row.seen and not row.receipts_checked else _mark(_receipts_good(row))
    return (
        Text(shortened(act.picture.name)),
        Text(act.situation.device_tag or "—"),
        Folded(shows),
        verdict,
        Folded("\n".join(_reasons(row, language))),
        _mark(not row.differences),
        receipt,
    )


def _reasons(row: Played, language: Language) -> list[str]:
    if row.seen is None:
        return list(row.differences)
    found = [reason.words for reason in row.seen.verdict.reasons] if row.seen.verdict else []
    refused = [say(language, "walkthrough.note.refused", title=refusal.title) for refusal in row.seen.refusals]
    note = [row.seen.note(language)] if row.seen.note else []
    return found + refused + note


def _receipts_good(row: Played) -> bool:
    return row.seen is not None and not any(one.startswith("receipt") for one in row.differences)


def _mark(good: bool) -> Text:
    return Text("✓", "green") if good else Text("✗", "bold red")


def shortened(name: str) -> str:
    """Beginning and end of a long name; both tell files apart."""
    if cell_len(name) <= LONGEST_FILE_NAME:
        return name
    tail = name[-8:]
    head = name
    while cell_len(head) + cell_len(tail) + 1 > LONGEST_FILE_NAME:
        head = head[:-1]
    return f"{head}…{tail}"


def _held_piece(rows: Sequence[Played], language: Language) -> list[Text]:
    """What the supervisor read about the first held evidence."""
    for row in rows:
        if row.custody is not None and row.outcome == "HELD":
            chain = " → ".join(row.custody.words)
            return [Text(say(language, "walkthrough.custody", file=row.act.picture.name, chain=chain)), Text()]
    return []


def _differences(rows: Sequence[Played], language: Language) -> list[Text]:
    told = [
        Text(f"✗ {row.act.picture.name} · {row.act.situation.device_tag or '—'}: {difference}", "red")
        for row in rows
        for difference in row.differences
    ]
    return [Text(say(language, "walkthrough.differences"), "bold red"), *told, Text()] if told else []


def _summary(rows: Sequence[Played], language: Language, seconds: float) -> Text:
    counts = {outcome: sum(row.outcome == outcome for row in rows) for outcome in COLOURS}
    told = say(language, "walkthrough.comma").join(
        f"{say(language, f'walkthrough.verdict.{outcome}')} {count}" for outcome, count in counts.items() if count
    )
    different = sum(bool(row.differences) for row in rows)
    receipts = sum(row.receipts_checked for row in rows)
    key = "walkthrough.red" if different else "walkthrough.green"
    line = say(
        language, key, total=len(rows), counts=told, receipts=receipts, different=different, seconds=f"{seconds:.1f}"
    )
    return Text(line, "bold red" if different else "bold green")
