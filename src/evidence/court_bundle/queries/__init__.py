"""SQL of the court bundle."""

from evidence.court_bundle.queries.contents import Logged, Said, documents, said_of, verdicts_in_log
from evidence.court_bundle.queries.making import (
    Began,
    begin,
    drop,
    drop_missing,
    fail,
    finish,
    first_made,
    forward,
    keep_upload,
    order_again,
    standing_of,
    useless,
)
from evidence.court_bundle.queries.orders import (
    add_download,
    add_export,
    export_by_id,
    officers_of,
    settle_stamp,
    stamp_of,
)

__all__ = [
    "Began",
    "Logged",
    "Said",
    "add_download",
    "add_export",
    "begin",
    "documents",
    "drop",
    "drop_missing",
    "export_by_id",
    "fail",
    "finish",
    "first_made",
    "forward",
    "keep_upload",
    "officers_of",
    "order_again",
    "said_of",
    "settle_stamp",
    "stamp_of",
    "standing_of",
    "useless",
    "verdicts_in_log",
]
