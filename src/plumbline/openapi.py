"""The API's description, and a viewer for it that works without the internet."""

from pathlib import Path
from typing import Any

import litestar_offline_docs
from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from agency.http import OPEN, SECURITY, SECURITY_COMPONENTS
from foundation.problem import NotFound
from plumbline.openapi_examples import with_examples

VIEWER = "/openapi-viewer"


class _Viewer(SwaggerRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, with_examples(openapi_schema))


class _Description(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, with_examples(openapi_schema))


def configuration() -> dict[str, Any]:
    """Keywords for the application: `/openapi` is the viewer, `/openapi/openapi.json` the description."""
    return {
        "openapi_config": OpenAPIConfig(
            title="Plumbline 准绳",
            version="1",
            description="`/mobile/v1`: the officer's phone. `/desk/v1`: managers and supervisors. "
            "`/public/v1`: anybody. Every failure is a problem (RFC 9457) in the reader's language; "
            "`/problems` explains each type.",
            path="/openapi",
            render_plugins=[
                _Viewer(
                    path="/",
                    favicon='<link rel="icon" href="data:,">',  # the default one comes from another host
                    js_url=f"{VIEWER}/swagger-ui-bundle.js",
                    css_url=f"{VIEWER}/swagger-ui.css",
                    standalone_preset_js_url=f"{VIEWER}/swagger-ui-standalone-preset.js",
                ),
                _Description(path="/openapi.json"),
            ],
            components=SECURITY_COMPONENTS,
            security=SECURITY,
        ),
    }


async def _a_file_name(request: Request[Any, Any, Any]) -> None:
    """The operating system takes no NUL in a name."""
    if "\0" in request.scope["path"]:
        raise NotFound


VIEWER_ROUTER = create_static_files_router(
    path=VIEWER,
    directories=[Path(litestar_offline_docs.__file__).parent / "static"],
    opt=OPEN,
    before_request=_a_file_name,
    include_in_schema=False,
)
"""Swagger UI's own files, which would otherwise come from the internet."""
