"""Pure decisions of the registry: no await, no clock, no I/O."""

from device_registry.rules.overview import overview, state_now
from device_registry.rules.public import use_of, validity_of
from device_registry.rules.reverse_trace import windows, withdrawn
from device_registry.rules.service import OPENING, History, Status, life_cycle_state, service_periods
from device_registry.rules.siting import Siting, signs_clear_on, usable_from
from device_registry.rules.spans import minus, overlap
from device_registry.rules.standing import RULE_VERSION, in_standing, outlook, standing, standing_spans, unknown
from device_registry.rules.verification import longest_valid_until, verified_periods

__all__ = [
    "OPENING",
    "RULE_VERSION",
    "History",
    "Siting",
    "Status",
    "in_standing",
    "life_cycle_state",
    "longest_valid_until",
    "minus",
    "outlook",
    "overlap",
    "overview",
    "service_periods",
    "signs_clear_on",
    "standing",
    "standing_spans",
    "state_now",
    "unknown",
    "usable_from",
    "use_of",
    "validity_of",
    "verified_periods",
    "windows",
    "withdrawn",
]
