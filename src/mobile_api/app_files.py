"""The officers' web app, served: its files compressed once, its words, and the service worker that keeps them."""

import gzip
import hashlib
import io
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple, get_args

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from litestar.response import Redirect
from PIL import Image, ImageDraw

from agency.http import OPEN
from foundation.problem import NotFound
from foundation.words import Language, catalogue

TYPES = {
    "html": "text/html",
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "png": "image/png",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)",
    "Cache-Control": "no-cache",
}
WORDS = ("app.", "gap.")
"""What of the catalogues the app speaks with: keys that begin so."""
INK, GOLD = "#0b3d63", "#f2b134"


class AppFile(NamedTuple):
    """A file as it is sent: `packed` is gzip, `etag` quoted."""

    media_type: str
    body: bytes
    packed: bytes
    etag: str


@cache
def app_files() -> dict[str, AppFile]:
    """Every file by its path below /app/; the index under ''."""
    found = {name: content for name, content in _below(files("mobile_api") / "app") if name.rpartition(".")[2] in TYPES}
    found[""] = found.pop("index.html")
    found |= {f"icon-{size}.png": _icon(size) for size in (192, 512)}
    found |= {f"words/{language}.json": _words(language) for language in get_args(Language)}
    worker = found.pop("service-worker.js").decode()
    names = '", "'.join(f"/app/{name}" for name in sorted(found))
    worker = worker.replace("%EDITION%", _edition(found)).replace("%FILES%", names)
    found["service-worker.js"] = worker.encode()
    return {name: _packed(name, content) for name, content in found.items()}


def first_load_bytes() -> int:
    """What a phone loads before it can work without a network: every file, compressed."""
    return sum(len(file.packed) for file in app_files().values())


@get(["/", "/{name:path}"], opt=OPEN, include_in_schema=False, sync_to_thread=False)
def app_file(request: Request[Any, Any, Any], name: FromPath[str] = "") -> Response[Any]:
    if not name and not request.scope["raw_path"].partition(b"?")[0].endswith(b"/"):
        return Redirect("/app/")  # below it lie its files, and what its service worker may answer
    file = app_files().get(name.strip("/"))
    if file is None:
        raise NotFound
    headers = HEADERS | {"ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=headers)


router = Router("/app", route_handlers=[app_file])


def _packed(name: str, content: bytes) -> AppFile:
    media_type = TYPES[name.rpartition(".")[2] or "html"]
    digest = hashlib.sha256(content).hexdigest()[:32]
    return AppFile(media_type, content, gzip.compress(content, 9, mtime=0), f'W/"{digest}"')


def _edition(found: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(found.items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:16]


def _words(language: Any) -> bytes:
    return msgspec.json.encode({key: words for key, words in catalogue(language).items() if key.startswith(WORDS)})


def _icon(size: int) -> bytes:
    """The plumb line as a picture, as icon.svg draws it: some phones take no SVG for the home screen."""
    picture = Image.new("RGB", (512, 512), INK)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 84, 312, 104), "white")
    draw.rectangle((248, 84, 264, 280), "white")
    draw.polygon(((208, 276), (304, 276), (304, 320), (256, 428), (208, 320)), GOLD)
    out = io.BytesIO()
    picture.resize((size, size)).save(out, "PNG", optimize=True)
    return out.getvalue()


def _below(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
