"""What of a device's state is told to the public. Pure."""

from datetime import date, datetime, timedelta

from device_registry.model import LastResult, Published, Requirement, State, Use, ValidityTold
from device_registry.rules.overview import state_now
from foundation.civil import day_of

_UNVERIFIED = {
    LastResult.FAIL: ValidityTold.FAILED,
    LastResult.VOIDED: ValidityTold.VOIDED,
    LastResult.NONE: ValidityTold.NEVER,
}
_STILL_TO_COME = frozenset({
    State.REGISTERED, State.PROPOSED, State.LEGAL_REVIEW, State.TECHNICAL_REVIEW, State.APPROVED, State.ANNOUNCED,
    State.REJECTED, State.WITHDRAWN,
})  # fmt: skip


def use_of(device: Published, now: datetime) -> Use:
    """Withdrawn and retired last for good; a lapse of verification suspends by itself."""
    if device.state is State.RETIRED:
        return Use.RETIRED
    if device.site.withdrawn:
        return Use.WITHDRAWN
    state = state_now(device.state, device.in_service_until, now)
    if state in _STILL_TO_COME or device.site.in_use_since is None:
        return Use.ANNOUNCED
    return Use.IN_SERVICE if state is State.IN_SERVICE else Use.SUSPENDED


def validity_of(device: Published, now: datetime) -> tuple[ValidityTold, date | None]:
    """With the last valid Beijing civil day, inclusive, where a day says something."""
    if device.last_result is LastResult.NONE and device.requirement is not Requirement.MANDATORY:
        return ValidityTold.CONCLUSION_MISSING, None
    if device.last_result in _UNVERIFIED:
        return _UNVERIFIED[device.last_result], None
    if device.last_result is LastResult.CONCLUDED:
        not_required = device.requirement is Requirement.NOT_REQUIRED
        return (ValidityTold.NOT_REQUIRED if not_required else ValidityTold.NO_REGULATION), None
    if device.verified_until is None:
        return ValidityTold.NEVER, None
    last_day = day_of(device.verified_until - timedelta(microseconds=1))
    return (ValidityTold.VALID if now < device.verified_until else ValidityTold.EXPIRED), last_day
