"""The standings that phones ask for, many at a time."""

from collections.abc import Mapping
from datetime import datetime

from device_registry import queries as registry
from device_registry.model import Interval, Standing
from foundation.clock import Clock
from foundation.database import Database
from foundation.shared_lookup import SharedLookup


class DeviceStandings:
    """Asked by every phone before every capture, so look-ups are shared."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._lookup = SharedLookup(self._load)

    async def at(self, tag: str, instant: datetime | None) -> tuple[Standing | None, datetime]:
        """The standing of the device with the tag (None: there is none) and the instant it is for, now unless given."""
        instant = instant or self._clock.now()
        return await self._lookup.get((tag, Interval(instant, instant))), instant

    async def _load(self, asked: list[tuple[str, Interval]]) -> Mapping[tuple[str, Interval], Standing]:
        async with self._database.connection() as db:
            return await registry.standings_of(db, asked)
