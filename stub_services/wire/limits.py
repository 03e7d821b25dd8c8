"""What a client may take of the server.

uvicorn waits for ever for a request's head, for one of any size, and for whoever does not read the answers.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from backends.errors import ShopError, Unavailable
from stub_services.wire.problems import Malformed, answered

HEAD_BYTES = 32 * 1024
"""A request line with its headers; nginx takes as much (4 buffers of 8 KiB)."""
HEAD_SECONDS = 10.0
"""From the first byte of a head (or from connecting) to its last."""
SEND_SECONDS = 30.0
"""How long a client may leave what was answered unread."""
_SEPARATORS = 4
"""Bytes around a header's name and value."""


class LimitedState(ServerState):
    """What the connections of a server share."""

    service = ""
    """Who answers what never reaches the application."""
    draining = False
    """The server is about to stop: every answer asks to close the connection."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection with bounds on heads and on reading the answers; bodies are bounded by the application."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take over what uvicorn does about too many connections: it answers in plain text."""
        super().__init__(config, server_state, app_state, _loop)
        self._application = self.app
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._service = getattr(server_state, "service", "")  # a plain uvicorn server has none
        self._seen_bytes = 0
        """Of this head, in parts that are complete."""
        self._read_bytes = 0
        """Of this head, in reads that did not bring its end."""
        self._has_head = False
        """Of the last read: it brought the end of a head."""
        self._refusal: ShopError | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None

    # --- the head ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head; what comes with its end may be a body, and is counted part by part."""
        in_head, self._has_head = self._waits_for_head(), False
        super().data_received(data)
        if in_head and not self._has_head:
            if self._head_timer is None:  # nearly every head comes at once and needs no clock
                self._wait_for_head()
            self._read_bytes += len(data)
            if self._read_bytes > HEAD_BYTES:
                self._refuse(_too_large())

    def on_url(self, url: bytes) -> None:
        """Count it."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count it."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + _SEPARATORS)

    def on_headers_complete(self) -> None:
        """Stop the clock, and hand the request over."""
        if self.parser.get_http_version() == "1.1" and [name for name, _ in self.headers].count(b"host") != 1:
            self._give_up(Malformed("a request names one host"))  # RFC 9112, 3.2
        self._forget_head()
        full = self._most is not None and max(len(self.connections), len(self.tasks)) >= self._most
        self.app = self._full if full else self._watched
        if full:
            self.logger.warning("Too many requests are under way.")
        super().on_headers_complete()
        if getattr(self.server_state, "draining", False):  # a plain uvicorn server never drains
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not read, or what we did not let it read on."""
        self._refuse(self._refusal or Malformed(msg))

    def _count(self, size: int) -> None:
        self._seen_bytes += size
        if self._seen_bytes > HEAD_BYTES:
            self._give_up(_too_large())

    def _give_up(self, error: ShopError) -> None:
        """Make the parser stop: uvicorn calls `send_400_response` then."""
        self._refusal = error
        raise error

    def _refuse(self, error: ShopError) -> None:
        """Say so and close; but an answer that is under way comes first, and then nothing else does."""
        if self._is_answering():
            self.cycle.keep_alive = False
        elif not self.transport.is_closing():
            if not self._has_begun():
                self.transport.write(_raw(error, self._service))
            self._close()

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._is_answering():
            self.cycle.keep_alive = False
        else:
            self._close()

    def _forget_head(self) -> None:
        self._has_head = True
        self._seen_bytes = self._read_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _waits_for_head(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or not cycle.more_body

    def _is_answering(self) -> bool:
        """Whether a request that is whole waits for its answer."""
        cycle: Any = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def _has_begun(self) -> bool:
        """Whether a part of an answer is out, or the next answer belongs to somebody else."""
        cycle: Any = self.cycle
        return bool(self.pipeline) or (cycle is not None and cycle.response_started and not cycle.response_complete)

    # --- the answer ----------------------------------------------------------------------------------------------

    async def _watched(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Let the application answer; uvicorn may close the connection behind it, whatever happened."""
        try:
            await self._application(scope, receive, send)
        except BaseException:
            self.loop.call_soon(self._bound_closing)
            raise
        self._bound_closing()

    async def _full(self, scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Answer a request beyond what the server takes: nothing of it was done."""
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        error = Unavailable("too many requests are under way here", retry_after=1.0)
        status, headers, content = answered(error, request_id, self._service)
        headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def pause_writing(self) -> None:
        """Wait for a client who does not read, but not for ever."""
        super().pause_writing()
        self._abort_later()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._forget_abort()

    def shutdown(self) -> None:
        """Close as soon as nothing is under way."""
        super().shutdown()
        self._bound_closing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._forget_head()
        self._forget_abort()
        super().connection_lost(exc)

    def _close(self) -> None:
        self.transport.close()
        self._bound_closing()

    def _bound_closing(self) -> None:
        """A transport that closes waits until the last byte is read."""
        if self.transport.is_closing() and self in self.connections:
            self._abort_later()

    def _abort_later(self) -> None:
        if self._send_timer is None:
            self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def _forget_abort(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None


def _too_large() -> Malformed:
    return Malformed("the request head is too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _raw(error: ShopError, service: str) -> bytes:
    """Return a whole answer for a request that never became one."""
    status, headers, content = answered(error, "", service)
    lines = b"".join(b"%b: %b\r\n" % header for header in (*headers, (b"connection", b"close")))
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() + lines + b"\r\n" + content
