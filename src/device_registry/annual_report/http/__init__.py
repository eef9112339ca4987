"""The desk's routes for the annual report."""

from litestar import Router

from device_registry.annual_report.http import files, reports, roll_ups, steps

router = Router(
    "/desk/v1",
    route_handlers=[*reports.ROUTES, *steps.ROUTES, *files.ROUTES, *roll_ups.ROUTES],
    tags=["annual reports"],
)
