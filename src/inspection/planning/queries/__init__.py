"""SQL of planning."""

from inspection.planning.queries.merges import (
    add_answer,
    add_end,
    add_merge,
    is_proposed,
    join_visits,
    merge_by_id,
    merges_about,
    merges_of,
    one_visit_with,
    part_visits,
    unanswered,
)
from inspection.planning.queries.plans import add_plan, keep_of_plan, made_of, plan_by_id, plans, targets_left
from inspection.planning.queries.tasks import (
    cap_of,
    listed,
    one_enterprise_by_one,
    replace_officers,
    rows_by_id,
    set_cap,
    unapproved,
    visits_of,
)

__all__ = [
    "add_answer",
    "add_end",
    "add_merge",
    "add_plan",
    "cap_of",
    "is_proposed",
    "join_visits",
    "keep_of_plan",
    "listed",
    "made_of",
    "merge_by_id",
    "merges_about",
    "merges_of",
    "one_enterprise_by_one",
    "one_visit_with",
    "part_visits",
    "plan_by_id",
    "plans",
    "replace_officers",
    "rows_by_id",
    "set_cap",
    "targets_left",
    "unanswered",
    "unapproved",
    "visits_of",
]
