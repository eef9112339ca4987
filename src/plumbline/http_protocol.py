"""uvicorn's HTTP protocol with limits on what a client may leave unfinished: how much, and for how long."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedHttpTools(HttpToolsProtocol):
    """httptools gathers request lines, headers and trailers of any length, and waits for them for ever.

    What counts is progress: headers handed to the application, a piece of a body, the end of a request or an answer.
    """

    most_unseen_bytes = 64 << 10
    """Bytes without progress; one read (256 KiB at most) may go beyond. A real request line with headers has 4 KiB."""

    silent_seconds = 60.0
    """How long we wait for progress by the client. A cut upload keeps what came, and can be resumed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unseen = 0
        self._progressed_at = self.loop.time()
        self._watching: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watching is not None:
            self._watching.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unseen += len(data)
        super().data_received(data)
        if self._unseen > self.most_unseen_bytes and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._progressed()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._progressed()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._progressed()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._progressed()
        super().on_response_complete()

    def _progressed(self) -> None:
        self._unseen = 0
        self._progressed_at = self.loop.time()

    def _watch(self) -> None:
        if not self._client_is_to_send():
            self._progressed_at = self.loop.time()
        elif self.loop.time() - self._progressed_at > self.silent_seconds:
            self.transport.abort()
            return
        self._watching = self.loop.call_later(self.silent_seconds / 2, self._watch)

    def _client_is_to_send(self) -> bool:
        """Not while we answer, nor while the application is behind with reading."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body and not self.flow.read_paused
