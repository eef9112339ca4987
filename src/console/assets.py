"""Style sheets, scripts and pictures of the pages, under an address that changes with their content."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type

from litestar import Response, get
from litestar.params import FromPath

from agency.http import OPEN
from foundation.problem import NotFound

FOR_EVER = "public, max-age=31536000, immutable"
LEAFLET = ("leaflet.js", "leaflet.css")
"""Of the wheel django-js-lib-leaflet, what a browser loads."""


@cache
def assets() -> dict[str, bytes]:
    """Every file by its name."""
    found = dict(_below(files("console") / "static"))
    leaflet = files("js_lib_leaflet") / "static" / "js_lib_leaflet"
    for name in LEAFLET:
        found[f"leaflet/{name}"] = leaflet.joinpath(*name.split("/")).read_bytes()
    return found


@cache
def edition() -> str:
    """One digest for all of them: modules and style sheets name each other by relative addresses."""
    digest = hashlib.sha256()
    for name, content in sorted(assets().items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Where a browser finds the file. Raises KeyError where there is none."""
    assets()[name]
    return f"/desk/static/{edition()}/{name}"


@get("/static/{given:str}/{name:path}", opt=OPEN)
async def asset(given: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """An address of another edition, as while servers are being replaced, gets what there is now, for the moment."""
    content = assets().get(name.lstrip("/"))
    if content is None:
        raise NotFound
    media_type = guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/") and media_type != "text/css":
        media_type = "text/javascript"
    return Response(
        content,
        media_type=media_type,
        headers={
            "Cache-Control": FOR_EVER if given == edition() else "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _below(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
