"""How many devices are in standing at an instant, and why the others are not: the rules asked of every device."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from device_registry import queries
from device_registry.model import Interval, Outcome, Reason
from foundation.database import Database

BATCH = 1000


class Standings(msgspec.Struct, frozen=True):
    """Counts of devices. One with several reasons counts under each in `reasons`, and once in `together`."""

    devices: int
    in_standing: int
    reasons: dict[Reason, int]
    together: dict[tuple[Reason, ...], int]


async def standings_at(database: Database, units: Collection[UUID], at: datetime) -> Standings:
    """Of all devices of the units, in as many round trips as there are thousands."""
    total, in_standing = 0, 0
    reasons: Counter[Reason] = Counter()
    together: Counter[tuple[Reason, ...]] = Counter()
    after: str | None = None
    async with database.connection() as db:
        while devices := await queries.devices(db, units, after=after, most=BATCH):
            found = await queries.standings_of(db, [(device.tag, Interval(at, at)) for device in devices])
            for standing in found.values():
                why = tuple(sorted({finding.reason for finding in standing.reasons}, key=[*Reason].index))
                in_standing += standing.outcome is Outcome.IN_STANDING
                reasons.update(why)
                together.update([why] if why else [])
            total, after = total + len(devices), devices[-1].tag
    return Standings(total, in_standing, dict(reasons.most_common()), dict(together.most_common()))
