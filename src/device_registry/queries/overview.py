"""The one derived row a device that lists are read from."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from device_registry.model import Device, Facts, Overview, SiteVersion
from foundation.database import Connection


async def keep_overviews(
    db: Connection, devices: Mapping[UUID, Device], facts: Mapping[UUID, Facts], overviews: Mapping[UUID, Overview]
) -> None:
    """Writes the rows of these devices anew. PostgreSQL's infinity stands for an open service period."""
    await db.executemany(
        """
        insert into device_overview (device_id, tag, kind, unit_id, requirement, siting_needed, state, awaiting,
                                     proposed_at, verified_until, last_result, last_certificate_no, in_service_from,
                                     in_service_until, first_in_service_at, announced_on, sign_checked_on, deadline,
                                     address, longitude, latitude, datum, search)
        values ($1, $2, $3, $4, $5, $6, $7, $8,
                (select known_from from site_version where device_id = $1 and number = $9),
                $10, $11, $12, $13, case when $14::timestamptz >= '9999-01-01' then 'infinity' else $14 end,
                $15, $16, $17, $18, $19, $20, $21, $22, lower($23))
        on conflict (device_id) do update
           set unit_id = excluded.unit_id, state = excluded.state, awaiting = excluded.awaiting,
               proposed_at = excluded.proposed_at, verified_until = excluded.verified_until,
               last_result = excluded.last_result, last_certificate_no = excluded.last_certificate_no,
               in_service_from = excluded.in_service_from, in_service_until = excluded.in_service_until,
               first_in_service_at = excluded.first_in_service_at, announced_on = excluded.announced_on,
               sign_checked_on = excluded.sign_checked_on, deadline = excluded.deadline, address = excluded.address,
               longitude = excluded.longitude, latitude = excluded.latitude, datum = excluded.datum,
               search = excluded.search
        """,
        [_row(devices[device_id], facts[device_id], found) for device_id, found in overviews.items()],
    )


async def move_overview(db: Connection, device_id: UUID, unit_id: UUID) -> None:
    """The device is held by another unit; nothing else about it changes."""
    await db.execute("update device_overview set unit_id = $2 where device_id = $1", device_id, unit_id)


def _row(device: Device, facts: Facts, found: Overview) -> tuple[object, ...]:
    site: SiteVersion | None = max(facts.site_versions, key=lambda version: version.number, default=None)
    address = site.address if site else device.address
    place = (site.place if site else None) or device.place
    words = (device.tag, device.serial_no, device.model, device.maker, address or "", found.last_certificate_no or "")
    return (
        device.id,
        device.tag,
        device.kind,
        device.unit_id,
        device.requirement,
        device.siting_needed,
        found.state,
        list(found.awaiting),
        found.proposed_number,
        found.verified_until,
        found.last_result,
        found.last_certificate_no,
        found.in_service_from,
        found.in_service_until,
        found.first_in_service_at,
        found.announced_on,
        found.sign_checked_on,
        found.deadline,
        address,
        *(msgspec.structs.astuple(place) if place else (None, None, None)),
        "\n".join(words),
    )
