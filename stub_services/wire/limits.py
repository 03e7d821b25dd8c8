"""What a client may take of the server: uvicorn waits for ever for a request's head, and for one of any size."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_BYTES = 32 * 1024
"""A request line with its headers; nginx takes as much (4 buffers of 8 KiB)."""
HEAD_SECONDS = 10.0
"""From the first byte of a head (or from connecting) to its last."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: 24\r\n\r\n"
    b"Request head too large.\n"
)


class LimitedState(ServerState):
    """What the connections of a server share."""

    draining = False
    """The server is about to stop: every answer asks to close the connection."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection with bounds on heads; bodies are bounded by the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head; what comes with its end may be a body, and is not counted twice."""
        if self._timer is None and self._waits_for_head():
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        in_head = self._timer is not None
        super().data_received(data)
        if in_head and self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_headers_complete(self) -> None:
        """Stop the clock, and hand the request over."""
        self._forget_head()
        super().on_headers_complete()
        if getattr(self.server_state, "draining", False):  # a plain uvicorn server never drains
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._forget_head()
        super().connection_lost(exc)

    def _forget_head(self) -> None:
        self._head_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _waits_for_head(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or not cycle.more_body
