"""Answers that are the same for everybody and may be kept for a minute, by browsers and by whatever stands in front."""

import hashlib
from typing import Any, TypeVar

from litestar import Request, Response

SECONDS = 60
"""So old may what the public reads be."""

T = TypeVar("T")


def cacheable(
    request: Request[Any, Any, Any], response: Response[T], body: bytes, vary: str, *, shared: bool = True
) -> Response[Any]:
    """The answer with its tag; 304 without a body where the caller has it already (RFC 9110, 13.1.2).

    `body` is what is sent, `vary` the headers that decide what is sent. What is not `shared` is the caller's alone,
    and asked for anew each time.
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    kept = f"public, max-age={SECONDS}" if shared else "private, no-cache"
    response.headers.update({"Cache-Control": kept, "ETag": tag, "Vary": vary})
    known = request.headers.get("if-none-match", "")
    if tag not in [one.strip().removeprefix("W/") for one in known.split(",")]:
        return response
    return Response(None, status_code=304, headers=dict(response.headers))
