"""A unit with monitoring devices that stood there before the register, and the people of a campaign."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

import pytest_asyncio

from agency import queries as agency
from agency.model import PersonKind, UnitKind
from device_registry.cleanup import campaign as use_cases
from device_registry.cleanup.model import Campaign
from device_registry.life_cycle import Desk
from device_registry.model import Device, Mounting
from device_registry.record import nobody_listens, record_facts
from device_registry.register import Registration, register_devices
from foundation.database import Database
from tests.device_registry.builders import a_pass
from tests.support import FixedClock


class Campaigning(NamedTuple):
    """Everything about one open campaign; the desks are those of different persons."""

    database: Database
    unit_id: UUID
    manager: Desk
    reviewer: Desk
    supervisor: Desk
    devices: list[Device]
    campaign: Campaign

    @property
    def reached(self) -> set[UUID]:
        return {self.unit_id}

    @property
    def ids(self) -> list[UUID]:
        return [device.id for device in self.devices]


async def campaigning_with(database: Database, clock: FixedClock, count: int) -> Campaigning:
    """`count` verified cameras without any life in the register, and one instrument that is held in the hand."""
    async with database.transaction() as db:
        unit = await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", date(2020, 1, 1), division_code="420100")
        manager, reviewer, supervisor = [
            Desk(
                database,
                clock,
                (await agency.add_person(db, PersonKind.STAFF, name, "Staff", unit.id)).id,
                nobody_listens,
            )
            for name in ("管理员", "审核员", "监督员")
        ]
        registered = await register_devices(
            db,
            clock,
            [
                Registration(
                    tag=f"SRF-{number:04}",
                    kind="SPEED_RADAR_FIXED",
                    serial_no=f"77{number:04}",
                    model="—",
                    maker="—",
                    unit_id=unit.id,
                    mounting=Mounting.FIXED,
                    address=f"解放大道 {number} 号",
                )
                for number in range(count)
            ],
        )
        await register_devices(
            db,
            clock,
            [
                Registration(
                    tag="SLM-001",
                    kind="SOUND_LEVEL",
                    serial_no="1",
                    model="—",
                    maker="—",
                    unit_id=unit.id,
                    mounting=Mounting.HANDHELD,
                )
            ],
        )
        verified = [(device.id, a_pass("2026-01-10", "2027-01-09")) for device in registered]
        await record_facts(db, clock, verified, recorded_by=manager.person_id)
    campaign = await use_cases.open_campaign(
        supervisor, unit.id, name="监控设备专项清理", basis="国发〔2024〕5号", deadline=date(2026, 12, 31)
    )
    return Campaigning(database, unit.id, manager, reviewer, supervisor, registered, campaign)


@pytest_asyncio.fixture
async def campaigning(database: Database, clock: FixedClock) -> Campaigning:
    return await campaigning_with(database, clock, 3)
