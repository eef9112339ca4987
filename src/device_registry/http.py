"""The desk's routes for devices."""

from litestar import Router

router = Router("/desk/v1", route_handlers=[])
