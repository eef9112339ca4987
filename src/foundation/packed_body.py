"""Bodies that come compressed (RFC 9110, 8.4): a slow line carries facts in a sixth of the time."""

import zlib
from typing import cast

from litestar.datastructures import Headers
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send

from foundation.http import MAX_JSON_BYTES
from foundation.misfit import not_json
from foundation.problem import TooLarge


class PackedBody(ASGIMiddleware):
    """For a route that takes `Content-Encoding: gzip`. Reading raises TooLarge for what grows beyond a JSON body's
    size, long before it is unpacked, and Malformed for what is not whole.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        packed = Headers.from_scope(scope).get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
        await next_app(scope, _unpacked(receive) if packed else receive, send)


def _unpacked(receive: Receive) -> Receive:
    unpacker, room = zlib.decompressobj(wbits=31), MAX_JSON_BYTES

    async def unpacked() -> HTTPReceiveMessage:
        nonlocal room
        event = await receive()
        if event["type"] != "http.request":
            return cast("HTTPReceiveMessage", event)
        try:
            body = unpacker.decompress(event["body"], room + 1)
        except zlib.error:
            raise not_json() from None
        room -= len(body)
        if room < 0:
            raise TooLarge
        more = event.get("more_body", False)
        if unpacker.unused_data or (not more and not unpacker.eof):
            raise not_json()
        return HTTPRequestEvent(type="http.request", body=body, more_body=more)

    return unpacked
