"""The desk's routes for the register: managers add devices and facts, and whoever supervises or reviews reads them."""

from litestar import Router

from device_registry.http import (
    cleanup,
    devices,
    digital_certificates,
    documents,
    facts,
    holdings,
    imports,
    labels,
    life_cycle,
    public,
)

_SUBJECTS = (devices, facts, life_cycle, holdings, imports, documents, digital_certificates, labels, cleanup)

router = Router(
    "/desk/v1",
    route_handlers=[route for subject in _SUBJECTS for route in subject.ROUTES],
    dependencies=life_cycle.DEPENDENCIES,
    tags=["devices"],
)

public_router = public.router
"""For anybody, without a sign-in."""
