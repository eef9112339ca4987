"""`/desk/v1/case-file-reviews`, `/desk/v1/rectification-orders`, and what strangers need to reckon a sample again."""

from litestar import Router

from agency.http import FOR_ANYBODY
from evidence.case_file_review.http import campaigns, orders

__all__ = ["public_router", "router"]

router = Router("/desk/v1", route_handlers=[*campaigns.ROUTES, *orders.ROUTES], tags=["case-file reviews"])
public_router = Router(
    "/public/v1", route_handlers=campaigns.PUBLIC_ROUTES, opt=FOR_ANYBODY, security=[{}], tags=["public"]
)
