"""The periods derived from the facts."""

from collections.abc import Collection, Mapping
from uuid import UUID

from asyncpg import Range

from device_registry.model import (
    Span,
    VerifiedPeriod,
)
from foundation.database import Connection, copy


async def verified_periods_of(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, list[VerifiedPeriod]]:
    """As they are kept, oldest first, for every device asked for. Index: verified_period_pkey."""
    rows = await db.fetch(
        """
        select device_id, lower(span), upper(span), certificates
          from verified_period
         where device_id = any($1)
         order by device_id, span
        """,
        list(device_ids),
    )
    found: dict[UUID, list[VerifiedPeriod]] = {device_id: [] for device_id in device_ids}
    for device_id, begins, ends, certificates in rows:
        found[device_id].append(VerifiedPeriod(begins, ends, tuple(certificates)))
    return found


async def service_periods_of(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, list[Span]]:
    """As they are kept, oldest first, for every device asked for. Index: service_period_pkey."""
    rows = await db.fetch(
        """
        select device_id, lower(span), upper(span)
          from service_period
         where device_id = any($1)
         order by device_id, span
        """,
        list(device_ids),
    )
    found: dict[UUID, list[Span]] = {device_id: [] for device_id in device_ids}
    for device_id, begins, ends in rows:
        found[device_id].append(Span(begins, ends))
    return found


async def let_periods_change(db: Connection) -> None:
    """The temporal foreign keys of admissions wait for the end of the transaction: two periods may replace one."""
    await db.execute("set constraints all deferred")


async def replace_verified_periods(
    db: Connection, kept: Mapping[UUID, list[VerifiedPeriod]], derived: Mapping[UUID, list[VerifiedPeriod]]
) -> None:
    """Turns the kept periods of devices into the derived ones, touching only what differs."""
    gone = [
        (device_id, period) for device_id in derived for period in kept[device_id] if period not in derived[device_id]
    ]
    new = [
        (device_id, period) for device_id in derived for period in derived[device_id] if period not in kept[device_id]
    ]
    await db.execute(
        """
        delete from verified_period
         using unnest($1::uuid[], $2::timestamptz[]) as gone (device_id, begins)
         where verified_period.device_id = gone.device_id
           and lower(verified_period.span) = gone.begins
        """,
        [device_id for device_id, _ in gone],
        [period.begins for _, period in gone],
    )
    await copy(
        db,
        "verified_period",
        ("device_id", "span", "certificates"),
        ((device_id, Range(period.begins, period.ends), list(period.certificates)) for device_id, period in new),
    )


async def replace_service_periods(
    db: Connection, kept: Mapping[UUID, list[Span]], derived: Mapping[UUID, list[Span]]
) -> None:
    """Turns the kept periods of devices into the derived ones, touching only what differs."""
    gone = [(device_id, span) for device_id in derived for span in kept[device_id] if span not in derived[device_id]]
    new = [(device_id, span) for device_id in derived for span in derived[device_id] if span not in kept[device_id]]
    await db.execute(
        """
        delete from service_period
         using unnest($1::uuid[], $2::timestamptz[]) as gone (device_id, begins)
         where service_period.device_id = gone.device_id
           and lower(service_period.span) = gone.begins
        """,
        [device_id for device_id, _ in gone],
        [span.begins for _, span in gone],
    )
    await copy(
        db,
        "service_period",
        ("device_id", "span"),
        ((device_id, Range(span.begins, span.ends)) for device_id, span in new),
    )
