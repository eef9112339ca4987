"""A verification is planned, the device sent, returned, or the plan given up: one step for many devices at once."""

from collections.abc import Collection
from uuid import UUID

from device_registry import queries as registry
from device_registry.problems import DeviceNotFound, DeviceRetired
from device_registry.working_lists import queries
from device_registry.working_lists.model import PlanEntry
from device_registry.working_lists.problems import PlanStepOutOfOrder
from device_registry.working_lists.rules import may_follow
from foundation.clock import Clock
from foundation.database import Database


async def take_step(
    database: Database,
    clock: Clock,
    device_ids: Collection[UUID],
    entry: PlanEntry,
    *,
    units: Collection[UUID],
    recorded_by: UUID,
) -> None:
    """All of the devices, or none. Raises DeviceNotFound (also beyond `units`), DeviceRetired, PlanStepOutOfOrder."""
    async with database.transaction() as db:
        held = await registry.locked_devices(db, device_ids)
        if any(device_id not in held or held[device_id].unit_id not in units for device_id in device_ids):
            raise DeviceNotFound(field="device_ids")
        stands = await queries.where_they_stand(db, device_ids)
        if any(state == "RETIRED" for state, _ in stands.values()):
            raise DeviceRetired(field="device_ids")
        against = sorted(
            held[device_id].tag for device_id in stands if not may_follow(stands[device_id][1], entry.step)
        )
        if against:
            raise PlanStepOutOfOrder(field="step", members={"tags": against})
        await queries.add_steps(db, device_ids, entry, clock.now(), recorded_by)
