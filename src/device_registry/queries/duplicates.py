"""Numbers that several things bear: no mistake by themselves, and worth a look."""

from collections.abc import Collection
from uuid import UUID

from foundation.database import Connection


async def tags_by_serial_no(
    db: Connection, serial_nos: Collection[str], units: Collection[UUID]
) -> dict[str, list[str]]:
    """The devices of the units that bear one of the serial numbers. Index: device_serial."""
    rows = await db.fetch(
        """
        select serial_no, array_agg(tag order by tag)
          from device
         where serial_no = any($1)
           and unit_id = any($2)
         group by serial_no
        """,
        list(serial_nos),
        list(units),
    )
    return {serial_no: list(tags) for serial_no, tags in rows}


async def tags_by_certificate_no(
    db: Connection, certificate_nos: Collection[str], units: Collection[UUID]
) -> dict[str, list[str]]:
    """The devices of the units about which a certificate with one of the numbers is recorded."""
    rows = await db.fetch(
        """
        select certificate.certificate_no, array_agg(distinct device.tag)
          from verification_certificate as certificate
          join device on device.id = certificate.device_id
         where certificate.certificate_no = any($1)
           and device.unit_id = any($2)
         group by certificate.certificate_no
        """,
        list(certificate_nos),
        list(units),
    )
    return {certificate_no: list(tags) for certificate_no, tags in rows}
