"""What evidence reads and writes, one statement a function. Instants are UTC; capture intervals include both ends."""

from evidence.queries.commitments import add_commitment, evidence_by_id, receipt_of, receipts_of
from evidence.queries.judging import (
    Received,
    acknowledge,
    add_verdict,
    others_with_bytes,
    receive,
    verdicts_of,
    was_received,
)
from evidence.queries.judging_again import (
    Taken,
    lock_verdicts,
    received_by_device,
    remove_admission,
    suspend_admissions,
    with_evidence,
)
from evidence.queries.looking_up import Sought, Summary, content_of, counts_of_device, custody_of, search
from evidence.queries.reverse_trace import (
    Counts,
    answer,
    conclude,
    confirmed_conclusions,
    decisions_to_correct,
    join_queue,
    trace_counts,
    trace_items,
    trace_items_by_id,
    traces_with_work,
)

__all__ = [
    "Counts",
    "Received",
    "Sought",
    "Summary",
    "Taken",
    "acknowledge",
    "add_commitment",
    "add_verdict",
    "answer",
    "conclude",
    "confirmed_conclusions",
    "content_of",
    "counts_of_device",
    "custody_of",
    "decisions_to_correct",
    "evidence_by_id",
    "join_queue",
    "lock_verdicts",
    "others_with_bytes",
    "receipt_of",
    "receipts_of",
    "receive",
    "received_by_device",
    "remove_admission",
    "search",
    "suspend_admissions",
    "trace_counts",
    "trace_items",
    "trace_items_by_id",
    "traces_with_work",
    "verdicts_of",
    "was_received",
    "with_evidence",
]
