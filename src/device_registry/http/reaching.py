"""What all of the desk's device routes ask: which units somebody reaches, and which device is meant."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from agency.model import Actor, Role
from agency.queries import reach
from device_registry import queries
from device_registry.model import (
    Device,
)
from device_registry.problems import (
    DeviceNotFound,
)
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection

READERS = (
    Role.DEVICE_MANAGER,
    Role.LEGAL_REVIEWER,
    Role.TECHNICAL_REVIEWER,
    Role.PUBLICITY_OFFICER,
    Role.ENTITY_HEAD,
    Role.REPORT_RECEIVER,
    Role.SUPERVISOR,
)
"""Who may read the register."""

DESK = tuple(role for role in Role if role is not Role.FIELD_OFFICER)
"""Everybody who works at a desk."""

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""One line of text; the spaces around and between its words are put in order."""


async def managed_units(db: Connection, actor: Actor, clock: Clock) -> frozenset[UUID]:
    """The units whose devices the actor manages today."""
    return await reach(db, actor, (Role.DEVICE_MANAGER,), day_of(clock.now()))


async def known_device(db: Connection, actor: Actor, roles: tuple[Role, ...], device_id: UUID, clock: Clock) -> Device:
    """Raises DeviceNotFound, also for a device beyond the units that these roles reach."""
    device = await queries.device_by_id(db, device_id)
    if device is None or device.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise DeviceNotFound
    return device


def tidy(text: str) -> str:
    return " ".join(text.split())
