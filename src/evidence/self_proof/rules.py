"""What the last cycle says now."""

from datetime import datetime, timedelta

from evidence.self_proof.model import Cycle, Light, Step

OVERDUE = timedelta(hours=26)
"""A nightly cycle, and two hours for a worker that had other things to do."""


def light(last: Cycle | None, now: datetime) -> Light:
    """A guard that failed stays red until a cycle finds it holding; a cycle that left a step out is none."""
    if last is None:
        return Light.AMBER
    if last.failed:
        return Light.RED
    if {one.step for one in last.steps} != set(Step):
        return Light.RED
    return Light.AMBER if now - last.ended_at > OVERDUE else Light.GREEN
