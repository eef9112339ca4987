"""What the registry reads and writes, one statement a function."""

from device_registry.queries.device import (
    add_devices,
    device_by_id,
    device_by_tag,
    device_kinds,
    devices,
    devices_by_tags,
    locked_devices,
    tags_taken,
)
from device_registry.queries.duplicates import tags_by_certificate_no, tags_by_serial_no
from device_registry.queries.facts import add_facts, facts_of, facts_of_all
from device_registry.queries.periods import (
    let_periods_change,
    replace_service_periods,
    replace_verified_periods,
    service_periods_of,
    verified_periods_of,
)
from device_registry.queries.standing import hold_standing, snapshot, standing_of, standings_of

__all__ = [
    "add_devices",
    "add_facts",
    "device_by_id",
    "device_by_tag",
    "device_kinds",
    "devices",
    "devices_by_tags",
    "facts_of",
    "facts_of_all",
    "hold_standing",
    "let_periods_change",
    "locked_devices",
    "replace_service_periods",
    "replace_verified_periods",
    "service_periods_of",
    "snapshot",
    "standing_of",
    "standings_of",
    "tags_by_certificate_no",
    "tags_by_serial_no",
    "tags_taken",
    "verified_periods_of",
]
