"""Everything the pages of one device are made from: its facts, and what the rules say follows from them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agency.model import Actor, Role
from agency.queries import units_by_id
from device_registry import queries
from device_registry.http.reaching import known_device
from device_registry.life_cycle import OPEN_PROPOSAL
from device_registry.model import Announcement, Aspect, Device, Facts, Review, SiteVersion, State
from device_registry.rules import History, Status, life_cycle_state
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from foundation.words import Language


class DeviceFile(NamedTuple):
    """A device as of `now`, as it is known now."""

    device: Device
    facts: Facts
    history: History
    now: datetime
    unit: str | None

    @property
    def state(self) -> State:
        return life_cycle_state(self.facts, self.now)

    @property
    def status(self) -> Status:
        return self.history.at(self.now)

    @property
    def in_force(self) -> SiteVersion | None:
        """The version of its site that the device is, or was last, in service with."""
        version_id = self.status.site_version_id
        return self.history.siting.versions.get(version_id) if version_id else None

    @property
    def proposal(self) -> SiteVersion | None:
        """The version that is on its way into service."""
        newest = self.history.siting.newest()
        if newest is None or newest.id == self.status.site_version_id:
            return None
        return newest if self.version_state(newest) in OPEN_PROPOSAL else None

    @property
    def announced(self) -> SiteVersion | None:
        """The version in force, or else the newest, where the public has been told of it."""
        version = self.in_force or self.history.siting.newest()
        return version if version and self.announcement(version) else None

    def version_state(self, version: SiteVersion) -> State:
        return self.history.siting.state(version, self.now)

    def review(self, version: SiteVersion, aspect: Aspect) -> Review | None:
        return self.history.siting.review(version.id, aspect, self.now)

    def announcement(self, version: SiteVersion) -> Announcement | None:
        return self.history.siting.announcement(version.id, self.now)


async def device_file(
    db: Connection, actor: Actor, roles: tuple[Role, ...], device_id: UUID, clock: Clock, language: Language
) -> DeviceFile:
    """Raises DeviceNotFound, also for a device beyond the units that these roles reach."""
    device = await known_device(db, actor, roles, device_id, clock)
    facts = await queries.facts_of(db, device_id)
    units = await units_by_id(db, [device.unit_id], day_of(clock.now()))
    names = [unit.name_zh if language == "zh-CN" else unit.name_en for unit in units]
    return DeviceFile(device, facts, History(facts), clock.now(), names[0] if names else None)
