"""SQL of planning."""

from inspection.planning.queries.merges import (
    add_answer,
    add_end,
    add_merge,
    join_visits,
    merge_by_id,
    merges_of,
    part_visits,
)
from inspection.planning.queries.plans import add_plan, keep_of_plan, plan_by_id, plans, targets_left
from inspection.planning.queries.tasks import (
    add_approval,
    begun_of,
    cap_of,
    listed,
    replace_officers,
    rows_by_id,
    set_cap,
    unapproved,
)

__all__ = [
    "add_answer",
    "add_approval",
    "add_end",
    "add_merge",
    "add_plan",
    "begun_of",
    "cap_of",
    "join_visits",
    "keep_of_plan",
    "listed",
    "merge_by_id",
    "merges_of",
    "part_visits",
    "plan_by_id",
    "plans",
    "replace_officers",
    "rows_by_id",
    "set_cap",
    "targets_left",
    "unapproved",
]
