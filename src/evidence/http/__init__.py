"""The desk's routes for evidence: supervisors search and follow it, and conclude in reverse traces."""

from litestar import Router

from evidence.anomalies import http as anomalies
from evidence.http import evidence, traces
from evidence.http.evidence import next_mark, page_mark, receipt_keys

__all__ = ["next_mark", "page_mark", "receipt_keys", "router"]

router = Router(
    "/desk/v1", route_handlers=[*evidence.ROUTES, *traces.ROUTES, anomalies.list_anomalies], tags=["evidence"]
)
