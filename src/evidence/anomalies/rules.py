"""When a weekly count is abnormally high: the modified z-score, and nothing that cannot be reckoned by hand.

z = 0.6745 (x - median) / MAD, told from 3.5 on (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Where
more than half of the values are the same, MAD is 0, and z = (x - median) / (1.253314 MeanAD). Where all are the same,
one count stands in for the deviation. 国发〔2024〕5号 asks about what is abnormally high (畸高): low counts are left
alone. Fines are not counted, and nothing is ranked.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from statistics import median
from uuid import UUID

import msgspec

CUT = 3.5
PAST_WEEKS = 26
FEWEST_WEEKS = 8
"""Of past; with less there is nothing to compare with. Design value: two months."""
FEWEST_OF_KIND = 8
"""Devices of a kind that were in use. Design value."""


class Measure(StrEnum):
    CAPTURES = "CAPTURES"
    HELD = "HELD"
    """Captures that were refused as evidence."""


FEWEST = {Measure.CAPTURES: 20, Measure.HELD: 5}
"""Counts below are never told, however unusual: a handful is no finding. Design values."""


class Deviation(StrEnum):
    """What stands for the usual deviation."""

    MEDIAN = "MEDIAN"
    MEAN = "MEAN"
    ONE = "ONE"


class Usual(msgspec.Struct, frozen=True):
    """What a count is compared with: `size` values, their median and how far they usually lie from it."""

    median: float
    deviation: float
    by: Deviation
    size: int

    def z(self, count: int) -> float:
        factor = {Deviation.MEDIAN: 0.6745, Deviation.MEAN: 1 / 1.253314, Deviation.ONE: 0.6745}[self.by]
        return factor * (count - self.median) / self.deviation


class Series(msgspec.Struct, frozen=True):
    """Of one device: its counts by week (Mondays in Beijing), weeks without any left out."""

    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    first_week: date
    counts: Mapping[Measure, Mapping[date, int]]

    def past(self, measure: Measure, week: date) -> list[int]:
        """The weeks before, oldest first, from the device's first week on; weeks without a capture are zeros."""
        weeks = [week - timedelta(weeks=back) for back in range(PAST_WEEKS, 0, -1)]
        return [self.counts[measure].get(one, 0) for one in weeks if one >= self.first_week]


class Compared(msgspec.Struct, frozen=True):
    usual: Usual
    z: float
    high: bool


class Anomaly(msgspec.Struct, frozen=True):
    """At least one of the comparisons is high; None: there is too little to compare with."""

    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    week: date
    measure: Measure
    count: int
    own: Compared | None
    same_kind: Compared | None


def usual(values: Sequence[int], fewest: int) -> Usual | None:
    """None: fewer values than that."""
    if len(values) < max(fewest, 1):
        return None
    middle = median(values)
    apart = [abs(value - middle) for value in values]
    if spread := median(apart):
        return Usual(middle, spread, Deviation.MEDIAN, len(values))
    if mean := sum(apart) / len(apart):
        return Usual(middle, mean, Deviation.MEAN, len(values))
    return Usual(middle, 1, Deviation.ONE, len(values))


def compared(count: int, values: Sequence[int], fewest: int) -> Compared | None:
    return _against(count, usual(values, fewest))


def anomalies(series: Sequence[Series], week: date) -> list[Anomaly]:
    """Of the week that begins on that Monday; in the order of the series."""
    kinds: dict[tuple[str, Measure], list[int]] = {}
    for one in series:
        for measure in Measure:
            kinds.setdefault((one.kind, measure), []).append(one.counts[measure].get(week, 0))
    of_kind = {key: usual(values, FEWEST_OF_KIND) for key, values in kinds.items()}
    found = []
    for one in series:
        for measure in Measure:
            count = one.counts[measure].get(week, 0)
            if count < FEWEST[measure]:
                continue
            own = compared(count, one.past(measure, week), FEWEST_WEEKS)
            same_kind = _against(count, of_kind[one.kind, measure])
            if (own and own.high) or (same_kind and same_kind.high):
                found.append(
                    Anomaly(one.device_id, one.tag, one.kind, one.unit_id, week, measure, count, own, same_kind)
                )
    return found


def _against(count: int, usual: Usual | None) -> Compared | None:
    if usual is None:
        return None
    z = usual.z(count)
    return Compared(usual, round(z, 2), z >= CUT)
