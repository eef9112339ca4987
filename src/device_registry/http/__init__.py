"""The desk's routes for the register: managers add devices and facts, and whoever supervises or reviews reads them."""

from litestar import Router

from device_registry.http import devices, facts, imports

router = Router("/desk/v1", route_handlers=[*devices.ROUTES, *facts.ROUTES, *imports.ROUTES], tags=["devices"])
