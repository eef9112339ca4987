"""`/desk/v1/inspection-plans`, `/desk/v1/inspections`, `/desk/v1/visit-merges`: what happens before a visit."""

from litestar import Router

from inspection.planning.http import merges, plans, visits

router = Router("/desk/v1", route_handlers=[*plans.ROUTES, *visits.ROUTES, *merges.ROUTES], tags=["inspections"])
