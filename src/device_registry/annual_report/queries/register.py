"""What the register knows for a report: the devices a unit held, and who held them, as known at an instant."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from device_registry.annual_report.model.movement import Held, Period
from device_registry.model import Device
from device_registry.queries.device import DEVICE, device_of
from foundation.database import Connection


async def devices_held(db: Connection, unit_id: UUID, period: Period, known_at: datetime) -> list[UUID]:
    """Devices that the unit held on some day from the eve of the period to its end, by what was known then.

    In the order of their ids. A holding that was ended by a move recorded later still ran on.
    """
    rows = await db.fetch(
        """
        select distinct device_id
          from device_holding as holding
         where unit_id = $1
           and known_from <= $4
           and daterange(
                   lower(span),
                   case when exists (select
                                       from device_holding as later
                                      where later.device_id = holding.device_id
                                        and later.span >> holding.span
                                        and later.known_from <= $4)
                        then upper(span) end) && daterange($2, $3)
         order by device_id
        """,
        unit_id,
        period.first - timedelta(days=1),
        period.last + timedelta(days=1),
        known_at,
    )
    return [row[0] for row in rows]


async def holdings_of_all(
    db: Connection, device_ids: Collection[UUID], known_at: datetime
) -> dict[UUID, tuple[Held, ...]]:
    """Who held each device when, oldest first. The last one known then had no end yet."""
    rows = await db.fetch(
        """
        select device_id, unit_id, lower(span), upper(span)
          from device_holding
         where device_id = any ($1)
           and known_from <= $2
         order by device_id, span
        """,
        list(device_ids),
        known_at,
    )
    found: dict[UUID, list[Held]] = {}
    for device_id, unit_id, begins, ends in rows:
        found.setdefault(device_id, []).append(Held(unit_id, begins, ends))
    return {device_id: (*held[:-1], held[-1]._replace(ends=None)) for device_id, held in found.items()}


async def devices_by_ids(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, Device]:
    """Index: device_pkey."""
    rows = await db.fetch(
        f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any ($1)
        """,  # noqa: S608 - a constant
        list(device_ids),
    )
    return {row[0]: device_of(row) for row in rows}


async def holders_on(db: Connection, device_ids: Collection[UUID], day: date, known_at: datetime) -> dict[UUID, UUID]:
    """Which unit holds each device on that day."""
    holdings = await holdings_of_all(db, device_ids, known_at)
    return {
        device_id: unit_id
        for device_id, held in holdings.items()
        if (unit_id := next((one.unit_id for one in held if one.on(day)), None))
    }


async def monitoring_devices_held(db: Connection, units: Collection[UUID], day: date) -> dict[UUID, int]:
    """How many each of the units holds on that day; those that hold none are left out."""
    rows = await db.fetch(
        """
        select holding.unit_id, count(*)
          from device_holding as holding
          join device on device.id = holding.device_id
         where holding.unit_id = any ($1)
           and holding.span @> $2::date
           and device.siting_needed
         group by holding.unit_id
        """,
        list(units),
        day,
    )
    return dict(tuple(row) for row in rows)
