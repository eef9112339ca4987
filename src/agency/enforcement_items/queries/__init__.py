"""What the catalogue reads and writes. Days are Beijing civil days, spans half-open."""

from agency.enforcement_items.queries.grants import add_grant, end_grant, grants, grants_by_id
from agency.enforcement_items.queries.items import (
    add_version,
    catalogue,
    end_version,
    items_of,
    unused,
    versions_of,
)
from agency.enforcement_items.queries.published import (
    add_checklist,
    add_no_penalty,
    all_checklists,
    checklist_publishers,
    checklist_versions,
    checklists_of,
    no_penalty_entries,
    no_penalty_kinds,
    no_penalty_list,
    no_penalty_publishers,
)
from agency.enforcement_items.queries.standing import change_item, hold_item, item_standings, standings_of
from agency.enforcement_items.queries.use import Visited, item_used, items_visited, last_used, uses_of

__all__ = [
    "Visited",
    "add_checklist",
    "add_grant",
    "add_no_penalty",
    "add_version",
    "all_checklists",
    "catalogue",
    "change_item",
    "checklist_publishers",
    "checklist_versions",
    "checklists_of",
    "end_grant",
    "end_version",
    "grants",
    "grants_by_id",
    "hold_item",
    "item_standings",
    "item_used",
    "items_of",
    "items_visited",
    "last_used",
    "no_penalty_entries",
    "no_penalty_kinds",
    "no_penalty_list",
    "no_penalty_publishers",
    "standings_of",
    "unused",
    "uses_of",
    "versions_of",
]
