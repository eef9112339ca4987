"""The desk's routes for the register: managers add devices and facts, and whoever supervises or reviews reads them."""

from litestar import Router

from device_registry.http import devices, facts, holdings, imports, life_cycle

router = Router(
    "/desk/v1",
    route_handlers=[*devices.ROUTES, *facts.ROUTES, *life_cycle.ROUTES, *holdings.ROUTES, *imports.ROUTES],
    dependencies=life_cycle.DEPENDENCIES,
    tags=["devices"],
)
