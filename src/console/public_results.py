"""`/public/cleanup`: what became of each device in the clean-up campaigns that are closed."""

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from console.pages import page
from console.visit import Visit
from device_registry.http.public import published_results
from foundation.cacheable import cacheable
from foundation.database import Database


@get("/public/cleanup")
async def results_page(
    request: Request[Any, Any, State], visit: NamedDependency[Visit], database: NamedDependency[Database]
) -> Response[Any]:
    rendered = page(visit, "public/cleanup.html", campaigns=await published_results(database))
    rendered.cookies.clear()
    return cacheable(request, rendered, rendered.content.encode(), "Cookie")
