"""`/desk/v1/case-file-reviews`, `/desk/v1/rectification-orders`, and what strangers need to reckon a sample again."""

from litestar import Router

from agency.http import FOR_ANYBODY
from evidence.case_file_review.http import campaigns, orders, public, sheets

__all__ = ["public_router", "router"]

router = Router(
    "/desk/v1", route_handlers=[*sheets.ROUTES, *campaigns.ROUTES, *orders.ROUTES], tags=["case-file reviews"]
)
public_router = Router("/public/v1", route_handlers=public.ROUTES, opt=FOR_ANYBODY, security=[{}], tags=["public"])
