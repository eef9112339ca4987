"""The one derived row a device that lists are read from."""

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from device_registry.model import Device, Facts, Overview
from foundation.database import Connection, in_batches

BATCH = 1000
"""Rows a statement."""


async def keep_overviews(
    db: Connection, devices: Mapping[UUID, Device], facts: Mapping[UUID, Facts], overviews: Mapping[UUID, Overview]
) -> None:
    """Writes the rows of these devices anew. PostgreSQL's infinity stands for an open service period."""
    for some in in_batches([*overviews], BATCH):
        rows = [_row(devices[device_id], facts[device_id], overviews[device_id]) for device_id in some]
        await db.execute(
            """
            insert into device_overview (device_id, tag, kind, unit_id, requirement, siting_needed, state, awaiting,
                                         proposed_at, verified_until, last_result, last_certificate_no, in_service_from,
                                         in_service_until, first_in_service_at, announced_on, sign_checked_on, deadline,
                                         address, longitude, latitude, datum, search)
            select derived.device_id, tag, kind, unit_id, requirement, siting_needed, state,
                   string_to_array(awaiting, ' '), site_version.known_from, verified_until, last_result,
                   last_certificate_no, in_service_from,
                   case when in_service_until >= '9999-01-01' then 'infinity' else in_service_until end,
                   first_in_service_at, announced_on, sign_checked_on, deadline, derived.address, derived.longitude,
                   derived.latitude, derived.datum, lower(search)
              from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::bool[], $7::text[],
                          $8::text[], $9::int[], $10::timestamptz[], $11::text[], $12::text[], $13::timestamptz[],
                          $14::timestamptz[], $15::timestamptz[], $16::date[], $17::date[], $18::date[], $19::text[],
                          $20::float8[], $21::float8[], $22::text[], $23::text[])
                   as derived (device_id, tag, kind, unit_id, requirement, siting_needed, state, awaiting, number,
                               verified_until, last_result, last_certificate_no, in_service_from, in_service_until,
                               first_in_service_at, announced_on, sign_checked_on, deadline, address, longitude,
                               latitude, datum, search)
              left join site_version
                on site_version.device_id = derived.device_id and site_version.number = derived.number
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
            *(list(column) for column in zip(*rows, strict=True)),
        )


async def overview_versions(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, str]:
    """Another version of a device's row: something was recorded about it, or it moved. Index: device_overview_pkey."""
    rows = await db.fetch(
        "select device_id, xmin::text from device_overview where device_id = any($1)", list(device_ids)
    )
    return {device_id: version for device_id, version in rows}  # noqa: C416 - rows are no pairs to mypy


async def overview_versions_of(db: Connection, units: Collection[UUID]) -> dict[UUID, str]:
    """The same of every device that the units hold."""
    rows = await db.fetch("select device_id, xmin::text from device_overview where unit_id = any($1)", list(units))
    return {device_id: version for device_id, version in rows}  # noqa: C416 - rows are no pairs to mypy


MOST_CERTIFICATES = 1000


async def last_certificates(db: Connection, units: Collection[UUID]) -> dict[str, str]:
    """By tag the number of the last certificate of what the units carry about; of many those verified for longest."""
    rows = await db.fetch(
        """
        select overview.tag, last_certificate_no
          from device_overview as overview
          join device on device.id = overview.device_id
         where overview.unit_id = any ($1)
           and device.mounting <> 'FIXED'
           and last_certificate_no is not null
         order by verified_until desc nulls last, overview.tag
         limit $2
        """,
        list(units),
        MOST_CERTIFICATES,
    )
    return {tag: certificate_no for tag, certificate_no in rows}  # noqa: C416 - rows are no pairs to mypy


async def move_overview(db: Connection, device_id: UUID, unit_id: UUID) -> None:
    """The device is held by another unit; nothing else about it changes."""
    await db.execute("update device_overview set unit_id = $2 where device_id = $1", device_id, unit_id)


def _row(device: Device, facts: Facts, found: Overview) -> tuple[object, ...]:
    site = next((version for version in facts.site_versions if version.id == found.site_version_id), None)
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
        " ".join(found.awaiting),
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
