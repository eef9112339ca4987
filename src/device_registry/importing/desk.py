"""A file that somebody brings to the desk: only for units whose devices they manage, previewed or taken in."""

from agency.model import Actor, Role
from agency.queries import reach, units_by_id
from device_registry.importing.certificates import import_certificates
from device_registry.importing.columns import ImportMapping
from device_registry.importing.devices import import_devices, units_by_any_word
from device_registry.importing.report import Report, Wish
from device_registry.queries.import_files import ImportSubject
from device_registry.record import StandingChanged
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database


async def import_for(
    actor: Actor,
    database: Database,
    clock: Clock,
    subject: ImportSubject,
    content: bytes,
    mapping: ImportMapping,
    wish: Wish,
    on_change: StandingChanged,
) -> Report:
    """Raises what import_devices and import_certificates raise."""
    day = day_of(clock.now())
    async with database.connection() as db:
        managed = await reach(db, actor, (Role.DEVICE_MANAGER,), day)
        units = await units_by_id(db, managed, day)
    if subject is ImportSubject.CERTIFICATES:
        return await import_certificates(
            database,
            clock,
            content,
            mapping,
            units=managed,
            recorded_by=actor.person_id,
            wish=wish,
            on_change=on_change,
        )
    return await import_devices(
        database,
        clock,
        content,
        mapping,
        units=units_by_any_word(units),
        default_unit=actor.unit_id if actor.unit_id in managed else None,
        registered_by=actor.person_id,
        wish=wish,
    )
