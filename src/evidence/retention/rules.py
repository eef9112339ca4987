"""How long evidence is kept: every category that applies, and the longest wins."""

from collections.abc import Mapping
from datetime import timedelta

from device_registry.queries import PolicyName
from evidence.retention.model import Basis, Category, Kept

DAYS = {
    Category.CAPTURE: PolicyName.RETENTION_CAPTURE_DAYS,
    Category.INSPECTION: PolicyName.RETENTION_INSPECTION_DAYS,
    Category.CASE: PolicyName.RETENTION_CASE_DAYS,
}
"""The policy that says for how many days."""


def bases(kept: Kept, days: Mapping[Category, int]) -> list[Basis]:
    """All that apply, in any order. An open case gives none: it holds."""
    starts = [(Category.CAPTURE, kept.captured)]
    if kept.in_inspection:
        starts.append((Category.INSPECTION, kept.captured))
    starts += [(Category.CASE, closed) for closed in kept.closed]
    return [Basis(category, start, start + timedelta(days=days[category])) for category, start in starts]
