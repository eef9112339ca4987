"""Which step of a planned verification may follow which."""

from device_registry.working_lists.model import PlanStep

_AFTER: dict[PlanStep, frozenset[PlanStep | None]] = {
    PlanStep.PLANNED: frozenset({None, PlanStep.PLANNED, PlanStep.RETURNED, PlanStep.CANCELLED}),
    PlanStep.SENT: frozenset({None, PlanStep.PLANNED, PlanStep.RETURNED, PlanStep.CANCELLED}),
    PlanStep.RETURNED: frozenset({PlanStep.SENT}),
    PlanStep.CANCELLED: frozenset({PlanStep.PLANNED}),
}
"""A device may be sent without having been planned for, and planned for another day; what is sent must come back."""


def may_follow(last: PlanStep | None, step: PlanStep) -> bool:
    return last in _AFTER[step]
