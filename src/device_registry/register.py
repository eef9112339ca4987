"""Devices come into the register, and move from unit to unit."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

import msgspec

from device_registry import queries
from device_registry.checks import check_day
from device_registry.model import Device, DeviceKind, Facts, Mounting, Place, Requirement
from device_registry.problems import DeviceKindUnknown, DeviceNotFound, MoveOutOfOrder, RequirementTooWeak
from device_registry.rules import overview
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a device when it is registered."""

    tag: str
    kind: str
    serial_no: str
    model: str
    maker: str
    unit_id: UUID
    mounting: Mounting
    address: str | None = None
    place: Place | None = None
    replaces: UUID | None = None
    """The device whose place it takes, like for like."""
    synthetic: bool = False
    requirement: Requirement | None = None
    """None: as its kind. MANDATORY where the kind asks for less: a camera that measures, a provincial regulation."""


async def register_device(
    database: Database, clock: Clock, registration: Registration, *, registered_by: UUID | None = None
) -> Device:
    """Raises DeviceTagTaken, DeviceKindUnknown, UnitUnknown, RequirementTooWeak."""
    async with database.transaction() as db:
        [device] = await register_devices(db, clock, [registration], registered_by=registered_by)
    return device


async def register_devices(
    db: Connection, clock: Clock, registrations: Sequence[Registration], *, registered_by: UUID | None = None
) -> list[Device]:
    """The same for many, all or none, inside the caller's transaction."""
    kinds = {kind.code: kind for kind in await queries.device_kinds(db)}
    now = clock.now()
    devices = []
    for registration in registrations:
        if registration.kind not in kinds:
            raise DeviceKindUnknown(field="kind", kind=registration.kind)
        kind = kinds[registration.kind]
        requirement = required(kind, registration.requirement)
        devices.append(
            Device(
                id=uuid4(),
                kind_zh=kind.name_zh,
                kind_en=kind.name_en,
                channels=kind.channels,
                max_interval_months=kind.max_interval_months,
                requirement=requirement,
                verification_needed=requirement is Requirement.MANDATORY,
                siting_needed=registration.mounting is not Mounting.HANDHELD,
                registered_at=now,
                **{
                    name: getattr(registration, name)
                    for name in Registration.__struct_fields__
                    if name != "requirement"
                },
            )
        )
    await queries.add_devices(db, devices, registered_by, now)
    nothing = {
        device.id: Facts(
            channels=device.channels,
            verification_needed=device.verification_needed,
            siting_needed=device.siting_needed,
        )
        for device in devices
    }
    views = {facts: overview(facts, [], [], now) for facts in {*nothing.values()}}
    by_id = {device.id: device for device in devices}
    await queries.keep_overviews(db, by_id, nothing, {device_id: views[facts] for device_id, facts in nothing.items()})
    return devices


async def move_device(
    database: Database, clock: Clock, device_id: UUID, unit_id: UUID, begins: date, *, recorded_by: UUID | None
) -> None:
    """Another unit holds the device from that Beijing day on.

    Raises DeviceNotFound, DateNotPlausible, MoveOutOfOrder, UnitUnknown.
    """
    async with database.transaction() as db:
        if device_id not in await queries.locked_devices(db, [device_id]):
            raise DeviceNotFound
        last = (await queries.holdings_of(db, device_id))[-1]
        now = clock.now()
        check_day("begins", begins)
        if begins > day_of(now) or (last.begins is not None and begins <= last.begins):
            raise MoveOutOfOrder(field="begins")
        await queries.move_holding(db, device_id, unit_id, begins, now, recorded_by)
        await queries.move_overview(db, device_id, unit_id)


def required(kind: DeviceKind, asked: Requirement | None) -> Requirement:
    """What the device will be held to. Raises RequirementTooWeak: only MANDATORY may differ from the kind."""
    if asked not in (None, kind.requirement, Requirement.MANDATORY):
        raise RequirementTooWeak(field="requirement", requirement=Spoken(f"device.requirement.{kind.requirement}"))
    return asked or kind.requirement
