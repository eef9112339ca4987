"""What a run has come to so far."""

from collections import Counter, defaultdict
from statistics import quantiles
from typing import Any

from msgspec import Struct, field


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

    def percentiles(self, kind: str) -> tuple[float, float]:
        """The 50th and the 95th of the times of one kind of request."""
        return percentiles(self.times.get(kind, []))

    @property
    def whole(self) -> bool:
        return not (self.refused or self.faults)


def percentiles(values: list[float]) -> tuple[float, float]:
    """The 50th and the 95th; zeros where there is nothing."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]
