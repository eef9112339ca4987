"""The figures for people."""

import msgspec
from rich.console import Console
from rich.table import Table

from bench.plan import GOALS, Goal
from bench.rounds import Row, Section, Spread


class Judged(msgspec.Struct, frozen=True):
    """A goal and what was reached."""

    goal: Goal
    reached: Spread
    met: bool


def judged(sections: list[Section]) -> list[Judged]:
    """By the median; memory by its peak. Goals of a section that was left out are left out."""
    rows = {(section.name, row.contender): row for section in sections for row in section.rows}
    found = [(goal, _reached(goal, row)) for goal in GOALS if (row := rows.get((goal.section, goal.contender)))]
    return [Judged(goal, reached, goal.met(reached.median)) for goal, reached in found]


def show(out: Console, sections: list[Section], goals: list[Judged]) -> None:
    for section in sections:
        out.print(_section(section))
    if not goals:
        return
    table = Table("section", "goal", "reached", "least – most", "met", title="Goals", title_justify="left")
    for one in goals:
        sign, bound = ("≥", one.goal.least) if one.goal.least is not None else ("≤", one.goal.most)
        table.add_row(
            one.goal.section,
            f"{one.goal.of} {sign} {bound:g}",
            f"{one.reached.median:.2f}",
            f"{one.reached.least:.2f} – {one.reached.most:.2f}",
            "[green]yes[/]" if one.met else "[red]no[/]",
        )
    out.print(table)


def _section(section: Section) -> Table:
    per = "GB" if section.unit == "MB/s" else f"1,000 {section.unit.removesuffix('/s')}"
    table = Table(title=section.name, title_justify="left", caption=f"CPU: seconds per {per}", caption_justify="left")
    table.add_column("contender")
    for heading in (
        section.unit,
        *(f"to {limit}" for limit in section.limits),
        "p50 / p95 s",
        "CPU server",
        "database",
        "store",
        "client",
        "resident MB",
        "readers MB",
    ):
        table.add_column(heading, justify="right")
    for row in section.rows:
        table.add_row(row.contender, *_cells(section, row))
    return table


def _cells(section: Section, row: Row) -> list[str]:
    ratios = [row.ratios[limit] for limit in section.limits]
    return [
        f"{row.rate.median:,.{1 if row.rate.median < 10 else 0}f}",
        *(f"{ratio.median:.2f} ({ratio.least:.2f}–{ratio.most:.2f})" for ratio in ratios),
        f"{row.p50:.3f} / {row.p95:.3f}",
        *(f"{cpu:.2f}" for cpu in (row.server_cpu.median, row.database_cpu, row.store_cpu, row.client_cpu)),
        "–" if row.resident_idle is None else f"{row.resident_idle:.0f} → {row.resident_peak:.0f}",
        "–" if not row.workers_peak else f"{row.workers_peak:.0f}",
    ]


def _reached(goal: Goal, row: Row) -> Spread:
    match goal.of:
        case "server CPU s/GB":
            return row.server_cpu
        case "resident growth MB":
            growth = [turn.cost.resident_mb - (row.resident_idle or 0) for turn in row.turns]
            return Spread(max(growth), min(growth), max(growth))
        case ratio:
            return row.ratios[ratio.removeprefix("ratio to ")]
