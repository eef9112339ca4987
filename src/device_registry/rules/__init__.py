"""Pure decisions of the registry: no await, no clock, no I/O."""

from device_registry.rules.service import service_periods
from device_registry.rules.spans import minus, overlap
from device_registry.rules.standing import RULE_VERSION, in_standing, standing, standing_spans, unknown
from device_registry.rules.verification import longest_valid_until, verified_periods

__all__ = [
    "RULE_VERSION",
    "in_standing",
    "longest_valid_until",
    "minus",
    "overlap",
    "service_periods",
    "standing",
    "standing_spans",
    "unknown",
    "verified_periods",
]
