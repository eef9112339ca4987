"""Every page of the desk under one router: signed in by cookie, forms with their token, outside the API's contract."""

from litestar import Router
from litestar.di import Provide

from agency.http import AT_A_PAGE
from console import assets, home, imports, sign_in
from console.devices import export, register
from console.forms import before_page
from console.pages import answered
from console.visit import HOME, visit

router = Router(
    HOME,
    route_handlers=[assets.asset, *sign_in.ROUTES, *home.ROUTES, *imports.ROUTES, *register.ROUTES, *export.ROUTES],
    opt=AT_A_PAGE,
    dependencies={"visit": Provide(visit)},
    before_request=before_page,
    include_in_schema=False,
)

__all__ = ["answered", "router"]
