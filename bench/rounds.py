"""Turns in paired rounds: every contender has one turn in each, and the order moves on by one from round to round.

A ratio is formed between two turns of the same round, seconds apart; what is told is the median over the rounds with
the least and the most.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import msgspec

from bench import meter
from bench.contenders import Contender, Turn
from bench.plan import Plan


class Spread(msgspec.Struct, frozen=True):
    median: float
    least: float
    most: float


class Row(msgspec.Struct, frozen=True):
    """One contender over all rounds. CPU is in seconds per GB, or per 1,000 requests; memory in MB."""

    contender: str
    rate: Spread
    ratios: dict[str, Spread]
    """To the limits, by their names."""
    p50: float
    p95: float
    server_cpu: Spread
    database_cpu: float
    store_cpu: float
    client_cpu: float
    resident_idle: float | None
    resident_peak: float | None
    workers_peak: float | None
    turns: list[Turn]


class Section(msgspec.Struct, frozen=True):
    name: str
    unit: str
    limits: list[str]
    rows: list[Row]


async def held(
    name: str,
    contenders: list[Contender],
    *,
    unit: str,
    limits: list[str],
    plan: Plan,
    server_pid: int,
    say: Callable[[str], None],
) -> Section:
    """One round that is not counted, while connections, plans and files are made; then at least one that is.

    No further one begins after the plan's time.
    """
    idle = meter.resident_mb(server_pid)
    turns: dict[str, list[Turn]] = {contender.name: [] for contender in contenders}
    for contender in contenders if plan.first_round_uncounted else ():
        await contender.turn(plan.rounds)
    began = perf_counter()
    for number in range(plan.rounds):
        if number and perf_counter() - began > plan.section_seconds:
            say(f"{name}: {number} of {plan.rounds} rounds, for want of time")
            break
        first = number % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            turn = await contender.turn(number)
            turns[contender.name].append(turn)
            say(f"{name} {number + 1}/{plan.rounds}  {contender.name:32} {turn.rate:9.1f} {unit}")
    return Section(
        name,
        unit,
        limits,
        [_row(contender, turns, limits, idle if contender.ours else None) for contender in contenders],
    )


def _row(contender: Contender, turns: dict[str, list[Turn]], limits: list[str], idle: float | None) -> Row:
    own = turns[contender.name]
    thousand = [turn.amount / 1000 for turn in own]
    return Row(
        contender.name,
        _spread([turn.rate for turn in own]),
        {
            limit: _spread([turn.rate / other.rate for turn, other in zip(own, turns[limit], strict=True)])
            for limit in limits
        },
        median(turn.p50 for turn in own),
        median(turn.p95 for turn in own),
        _spread([turn.cost.server_cpu / amount for turn, amount in zip(own, thousand, strict=True)]),
        median(turn.cost.database_cpu / amount for turn, amount in zip(own, thousand, strict=True)),
        median(turn.cost.store_cpu / amount for turn, amount in zip(own, thousand, strict=True)),
        median(turn.cost.client_cpu / amount for turn, amount in zip(own, thousand, strict=True)),
        idle,
        None if idle is None else max(turn.cost.resident_mb for turn in own),
        None if idle is None else max(turn.cost.workers_mb for turn in own),
        own,
    )


def _spread(values: list[float]) -> Spread:
    return Spread(median(values), min(values), max(values))
