"""What a run has come to so far."""

from collections import Counter, defaultdict
from statistics import quantiles
from typing import Any, NamedTuple

from msgspec import Struct, field


class Percentiles(NamedTuple):
    """Of times, in seconds; zeros where there is nothing."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    longest: float = 0.0


class Tally(Struct):
    """Of all phones together. Times in seconds."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Of each request that was answered, by method and route; what the network did not answer is not among them."""
    troubles: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)
    """What the server refused although nothing was wrong with it."""
    faults: list[str] = field(default_factory=list)
    """What is wrong at the end: lost, there twice, a receipt that does not hold."""
    facts: int = 0
    """Operations and commitments acknowledged."""
    photographs: int = 0
    """Received, with a receipt that holds."""
    facts_seconds: float = 0
    """From the first phone's return until the last phone's facts were all in."""
    facts_of_a_phone: list[float] = field(default_factory=list)
    """From each phone's return until all its facts were in."""
    seconds: float = 0
    """Until everything was in."""
    late: list[float] = field(default_factory=list)
    """How late the run itself was, looked at regularly: what it measured is too long by as much."""

    @property
    def whole(self) -> bool:
        return not (self.refused or self.faults)


def percentiles(values: list[float]) -> Percentiles:
    if len(values) < 2:
        return Percentiles(*values * 4)
    cuts = quantiles(values, n=100, method="inclusive")
    return Percentiles(cuts[49], cuts[94], cuts[98], max(values))
