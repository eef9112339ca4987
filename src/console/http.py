"""Every page of the desk under one router: signed in by cookie, forms with their token, outside the API's contract."""

from litestar import Router
from litestar.di import Provide

from agency.http import AT_A_PAGE
from console import (
    annual_reports,
    anomalies,
    assets,
    case_file_reviews,
    cleanup,
    clues,
    documents,
    drawings,
    enforcement_items,
    evidence,
    home,
    imports,
    inspection_notices,
    inspections,
    notices,
    phones,
    planning,
    policies,
    public,
    queues,
    retention,
    sign_in,
    traces,
    watches,
    working_days,
    working_lists,
)
from console.devices import correction, device_page, export, register, registration, step_page
from console.forms import before_page
from console.pages import answered
from console.visit import HOME, visit

_SUBJECTS = (
    sign_in,
    home,
    register,
    export,
    device_page,
    step_page,
    correction,
    registration,
    documents,
    queues,
    working_lists,
    notices,
    imports,
    policies,
    enforcement_items,
    working_days,
    annual_reports,
    traces,
    cleanup,
    anomalies,
    drawings,
    planning,
    inspections,
    inspection_notices,
    evidence,
    clues,
    case_file_reviews,
    retention,
    watches,
    phones,
)

router = Router(
    HOME,
    route_handlers=[assets.asset, *(route for subject in _SUBJECTS for route in subject.ROUTES)],
    opt=AT_A_PAGE,
    dependencies={"visit": Provide(visit)},
    before_request=before_page,
    include_in_schema=False,
)

public_router = public.router
"""The pages that anybody may read."""

__all__ = ["answered", "public_router", "router"]
