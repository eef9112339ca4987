"""The API's description, and a viewer for it that works without the internet."""

from pathlib import Path
from typing import Any

import litestar_offline_docs
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from agency.http import OPEN, SECURITY, SECURITY_COMPONENTS

VIEWER = "/openapi-viewer"


def configuration() -> dict[str, Any]:
    """Keywords for the application: `/openapi` is the viewer, `/openapi/openapi.json` the description."""
    return {
        "openapi_config": OpenAPIConfig(
            title="Plumbline 准绳",
            version="1",
            description="`/mobile/v1`: the officer's phone. `/desk/v1`: managers and supervisors. Every failure is a "
            "problem (RFC 9457) in the reader's language; `/problems` explains each type.",
            path="/openapi",
            render_plugins=[
                SwaggerRenderPlugin(
                    path="/",
                    js_url=f"{VIEWER}/swagger-ui-bundle.js",
                    css_url=f"{VIEWER}/swagger-ui.css",
                    standalone_preset_js_url=f"{VIEWER}/swagger-ui-standalone-preset.js",
                ),
                JsonRenderPlugin(path="/openapi.json"),
            ],
            components=SECURITY_COMPONENTS,
            security=SECURITY,
        ),
    }


VIEWER_ROUTER = create_static_files_router(
    path=VIEWER,
    directories=[Path(litestar_offline_docs.__file__).parent / "static"],
    opt=OPEN,
    include_in_schema=False,
)
"""Swagger UI's own files, which would otherwise come from the internet."""
