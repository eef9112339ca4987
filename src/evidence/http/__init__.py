"""The desk's routes for evidence: supervisors search and follow it, and conclude in reverse traces."""

from litestar import Router

from evidence.anomalies import http as anomalies
from evidence.case_files import http as case_files
from evidence.clues import http as clues
from evidence.content_review import http as content_review
from evidence.court_bundle import http as court_bundle
from evidence.http import custody, evidence, refusals, traces
from evidence.http.evidence import next_mark, receipt_keys
from evidence.retention import http as retention

__all__ = ["next_mark", "receipt_keys", "router"]

router = Router(
    "/desk/v1",
    route_handlers=[
        *evidence.ROUTES,
        *custody.ROUTES,
        *traces.ROUTES,
        *refusals.ROUTES,
        anomalies.list_anomalies,
        *content_review.ROUTES,
        *case_files.ROUTES,
        *clues.ROUTES,
        *court_bundle.ROUTES,
        *retention.ROUTES,
    ],
    tags=["evidence"],
)
