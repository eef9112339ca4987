"""SQL of the inspection slice."""

from inspection.queries.inspections import (
    Current,
    Page,
    add_approval,
    changes_after,
    closing,
    inspections_by_id,
    keep_current,
    may_see,
    open_inspections,
    positions_of,
    tell_officers,
)
from inspection.queries.listing import Row, counts_within, inspections_within, waiting_for_people
from inspection.queries.operations import (
    Arrived,
    Known,
    add_operations,
    kept_as,
    known,
    one_by_one,
    operations_of,
)

__all__ = [
    "Arrived",
    "Current",
    "Known",
    "Page",
    "Row",
    "add_approval",
    "add_operations",
    "changes_after",
    "closing",
    "counts_within",
    "inspections_by_id",
    "inspections_within",
    "keep_current",
    "kept_as",
    "known",
    "may_see",
    "one_by_one",
    "open_inspections",
    "operations_of",
    "positions_of",
    "tell_officers",
    "waiting_for_people",
]
